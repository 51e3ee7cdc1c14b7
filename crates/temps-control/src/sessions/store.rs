//! Sessions in the database.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use temps_db::{DbError, WriteTransaction, entities::session};
use temps_model::{SessionId, Timestamp, UserId};

use crate::access::{Caller, RequestContext, Token};

/// How long a login lasts (R-SESS-6).
const LIFETIME: Duration = Duration::from_secs(12 * 3_600);

/// A session that was just started.
pub struct Started {
    pub token: Token,
    pub expires_at: Timestamp,
}

/// Starts a session for a user who has just proved who they are.
pub async fn start(transaction: &WriteTransaction, user: UserId, context: &RequestContext) -> Result<Started, DbError> {
    let now = transaction.now();
    let (token, expires_at) = (Token::generate(), now.after(LIFETIME));
    let row = session::ActiveModel {
        id: Set(SessionId::generate(now)),
        user_id: Set(user),
        token_hash: Set(token.hash()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        revoked_at: Set(None),
        ip: Set(context.client.map(|client| client.to_string()).unwrap_or_default()),
        user_agent: Set(context.user_agent.to_string()),
    };
    session::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(Started { token, expires_at })
}

/// Ends the caller's own session, with the next call at the latest.
pub async fn end(transaction: &WriteTransaction, caller: &Caller) -> Result<(), DbError> {
    let ended = session::ActiveModel { revoked_at: Set(Some(transaction.now())), ..Default::default() };
    session::Entity::update_many().set(ended).filter(session::Column::Id.eq(caller.session)).exec(transaction).await?;
    Ok(())
}

/// Forgets sessions that ended more than a day ago.
pub async fn forget_ended(transaction: &WriteTransaction) -> Result<u64, DbError> {
    let limit = transaction.now().before(Duration::from_secs(86_400));
    let ended = Condition::any().add(session::Column::ExpiresAt.lt(limit)).add(session::Column::RevokedAt.lt(limit));
    Ok(session::Entity::delete_many().filter(ended).exec(transaction).await?.rows_affected)
}
