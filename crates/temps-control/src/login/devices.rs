//! Browsers from which a user has logged in before. Their cookie lets nobody in; guesses from them are counted apart, so that strangers who guess
//! cannot keep the owner out (R-SESS-3).

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use temps_db::{
    DbError, WriteTransaction,
    entities::{known_device, pending_login},
};
use temps_model::{DeviceId, UserId};

use crate::{
    access::{RequestContext, Token},
    app::App,
};

/// How long a browser is told to keep the cookie.
pub const LIFETIME: Duration = Duration::from_secs(400 * 86_400);

/// Devices of one user that are known at a time.
const DEVICES: u64 = 50;
/// Half-finished logins of one user at a time.
const HALVES: u64 = 60;

/// The device of this user that a request comes from. Without a user the same is asked, and nothing found.
pub async fn of(app: &App, context: &RequestContext, user: Option<UserId>) -> Result<Option<DeviceId>, DbError> {
    let Some(token) = &context.device else { return Ok(None) };
    let user = user.unwrap_or(UserId::from_uuid(uuid::Uuid::nil()));
    let device = known_device::Entity::find()
        .filter(known_device::Column::TokenHash.eq(token.hash()))
        .filter(known_device::Column::UserId.eq(user))
        .one(app.database.read())
        .await?;
    Ok(device.map(|device| device.id))
}

/// A login succeeded from here: the token for a device that was not known, nothing for one that was.
pub async fn note(
    transaction: &WriteTransaction,
    context: &RequestContext,
    user: UserId,
) -> Result<Option<Token>, DbError> {
    let now = transaction.now();
    let ip = context.client.map(|client| client.to_string()).unwrap_or_default();
    if let Some(token) = &context.device {
        let seen = known_device::ActiveModel {
            last_used_at: Set(now),
            ip: Set(ip.clone()),
            user_agent: Set(context.user_agent.to_string()),
            ..Default::default()
        };
        let known = known_device::Entity::update_many()
            .set(seen)
            .filter(known_device::Column::TokenHash.eq(token.hash()))
            .filter(known_device::Column::UserId.eq(user))
            .exec(transaction)
            .await?;
        if known.rows_affected == 1 {
            return Ok(None);
        }
    }
    let token = Token::generate();
    let row = known_device::ActiveModel {
        id: Set(DeviceId::generate(now)),
        user_id: Set(user),
        token_hash: Set(token.hash()),
        created_at: Set(now),
        last_used_at: Set(now),
        ip: Set(ip),
        user_agent: Set(context.user_agent.to_string()),
    };
    known_device::Entity::insert(row).exec_without_returning(transaction).await?;
    forget_beyond(transaction, user).await?;
    Ok(Some(token))
}

/// Forgets the devices that were used least recently, where there are too many.
async fn forget_beyond(transaction: &WriteTransaction, user: UserId) -> Result<(), DbError> {
    let of_user = known_device::Entity::find().filter(known_device::Column::UserId.eq(user));
    let beyond =
        of_user.order_by_desc(known_device::Column::LastUsedAt).offset(DEVICES).limit(1_000).all(transaction).await?;
    let ids = beyond.into_iter().map(|device| device.id);
    known_device::Entity::delete_many().filter(known_device::Column::Id.is_in(ids)).exec(transaction).await?;
    Ok(())
}

/// Makes room for half a login of a user: whoever knows the password can begin as many as they like.
pub async fn forget_halves(transaction: &WriteTransaction, user: UserId) -> Result<(), DbError> {
    let of_user = pending_login::Entity::find().filter(pending_login::Column::UserId.eq(user));
    let beyond = of_user.order_by_desc(pending_login::Column::Id).offset(HALVES).limit(1_000).all(transaction).await?;
    let ids = beyond.into_iter().map(|half| half.id);
    pending_login::Entity::delete_many().filter(pending_login::Column::Id.is_in(ids)).exec(transaction).await?;
    Ok(())
}

/// Whether more than one device is known of a user.
pub async fn has_others(transaction: &WriteTransaction, user: UserId) -> Result<bool, DbError> {
    Ok(known_device::Entity::find().filter(known_device::Column::UserId.eq(user)).count(transaction).await? > 1)
}

/// Forgets devices that have not been used for as long as a browser keeps the cookie.
pub async fn forget_unused(transaction: &WriteTransaction) -> Result<u64, DbError> {
    let unused = known_device::Column::LastUsedAt.lt(transaction.now().before(LIFETIME));
    Ok(known_device::Entity::delete_many().filter(unused).exec(transaction).await?.rows_affected)
}
