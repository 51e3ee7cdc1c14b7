//! One-time links in the database.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use temps_db::{
    DbError, WriteTransaction,
    entities::{
        link::{self, LinkPurpose},
        user,
    },
};
use temps_model::{LinkId, Timestamp, UserId};

use crate::{access::Token, app::App};

/// How long a link for this can be used.
pub fn lifetime(purpose: LinkPurpose) -> Duration {
    match purpose {
        LinkPurpose::Activate => Duration::from_secs(72 * 3_600),
        LinkPurpose::Revoke => Duration::from_secs(7 * 86_400),
    }
}

/// Makes a link. An invitation voids the earlier ones of the same user.
pub async fn make(
    transaction: &WriteTransaction,
    user: UserId,
    purpose: LinkPurpose,
    by: UserId,
) -> Result<(Token, Timestamp), DbError> {
    if purpose == LinkPurpose::Activate {
        let earlier = link::Entity::delete_many().filter(link::Column::UserId.eq(user));
        earlier.filter(link::Column::Purpose.eq(purpose)).exec(transaction).await?;
    }
    let now = transaction.now();
    let (token, expires_at) = (Token::generate(), now.after(lifetime(purpose)));
    let row = link::ActiveModel {
        id: Set(LinkId::generate(now)),
        user_id: Set(user),
        purpose: Set(purpose),
        token_hash: Set(token.hash()),
        expires_at: Set(expires_at),
        used_at: Set(None),
        created_at: Set(now),
        created_by: Set(by),
    };
    link::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok((token, expires_at))
}

/// The user whose unspent link this is.
pub async fn user_of(app: &App, token: &Token, purpose: LinkPurpose) -> Result<Option<user::Model>, DbError> {
    let link = link::Entity::find()
        .filter(link::Column::TokenHash.eq(token.hash()))
        .filter(link::Column::Purpose.eq(purpose))
        .filter(link::Column::UsedAt.is_null())
        .filter(link::Column::ExpiresAt.gt(app.clock.now()))
        .find_also_related(user::Entity)
        .one(app.database.read())
        .await?;
    Ok(link.and_then(|(_, user)| user))
}

/// Spends a link by one conditional update, so that of several attempts exactly one succeeds.
pub async fn spend(transaction: &WriteTransaction, token: &Token, purpose: LinkPurpose) -> Result<bool, DbError> {
    let now = transaction.now();
    let spent = link::Entity::update_many()
        .set(link::ActiveModel { used_at: Set(Some(now)), ..Default::default() })
        .filter(link::Column::TokenHash.eq(token.hash()))
        .filter(link::Column::Purpose.eq(purpose))
        .filter(link::Column::UsedAt.is_null())
        .filter(link::Column::ExpiresAt.gt(now))
        .exec(transaction)
        .await?;
    Ok(spent.rows_affected == 1)
}

/// Forgets links that nobody can use any more.
pub async fn forget_expired(transaction: &WriteTransaction) -> Result<u64, DbError> {
    let expired = link::Column::ExpiresAt.lt(transaction.now().before(Duration::from_secs(86_400)));
    Ok(link::Entity::delete_many().filter(expired).exec(transaction).await?.rows_affected)
}
