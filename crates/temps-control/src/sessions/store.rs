//! Sessions in the database.

use std::time::Duration;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::AppendHeaders,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{
        known_device, pending_login,
        session::{self, Proved},
        user,
    },
};
use temps_model::{SessionId, Timestamp, UserId};

use crate::{
    access::{Caller, RequestContext, SESSION_COOKIE, Token, set_cookie},
    app::App,
    instance::settings::SessionSettings,
    problem::Problem,
};

/// A session that was just started.
pub struct Started {
    pub token: Token,
    pub expires_at: Timestamp,
    /// For how long the browser is to keep the cookie; `None` for as long as it is open.
    pub kept: Option<Duration>,
}

impl Started {
    /// The cookie that carries it.
    pub fn cookie(&self) -> AppendHeaders<[(HeaderName, HeaderValue); 1]> {
        AppendHeaders([(header::SET_COOKIE, set_cookie(SESSION_COOKIE, &self.token, self.kept))])
    }
}

/// Starts a session for a user who has just proved who they are.
pub async fn start(
    transaction: &WriteTransaction,
    user: &user::Model,
    context: &RequestContext,
    proved: Proved,
    limits: &SessionSettings,
    remembered: bool,
) -> Result<Started, DbError> {
    let now = transaction.now();
    let kept = limits.remembered().filter(|_| remembered);
    let lifetime = kept.unwrap_or(limits.absolute());
    let idle = kept.unwrap_or(limits.idle(user.administrator));
    let (token, expires_at) = (Token::generate(), now.after(lifetime));
    let row = session::ActiveModel {
        id: Set(SessionId::generate(now)),
        user_id: Set(user.id),
        token_hash: Set(token.hash()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        revoked_at: Set(None),
        ip: Set(context.client.map(|client| client.to_string()).unwrap_or_default()),
        user_agent: Set(context.user_agent.to_string()),
        last_used_at: Set(now),
        idle_seconds: Set(i32::try_from(idle.as_secs()).unwrap_or(i32::MAX)),
        remembered: Set(kept.is_some()),
        proved_at: Set(now),
        proved_with: Set(proved),
        suspected: Set(false),
    };
    session::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(Started { token, expires_at, kept })
}

/// Notes a fresh proof and gives the session a new token, so that whoever knows the old one has nothing (R-AUTH-9).
pub async fn prove(transaction: &WriteTransaction, caller: &Caller, proved: Proved) -> Result<Started, Problem> {
    let fresh = session::ActiveModel {
        proved_at: Set(transaction.now()),
        proved_with: Set(proved),
        suspected: Set(false),
        ..Default::default()
    };
    renew(transaction, caller, fresh).await
}

/// Gives the session a new token, after a change that makes copies of the old one worth something.
pub async fn rotate(transaction: &WriteTransaction, caller: &Caller) -> Result<Started, Problem> {
    renew(transaction, caller, session::ActiveModel::default()).await
}

async fn renew(
    transaction: &WriteTransaction,
    caller: &Caller,
    changed: session::ActiveModel,
) -> Result<Started, Problem> {
    let token = Token::generate();
    let changed = session::ActiveModel { token_hash: Set(token.hash()), ..changed };
    let own = living().add(session::Column::Id.eq(caller.session));
    let renewed = session::Entity::update_many().set(changed).filter(own).exec(transaction).await;
    if renewed.map_err(DbError::from)?.rows_affected != 1 {
        return Err(Problem::unauthorised());
    }
    let own = session::Entity::find_by_id(caller.session).one(transaction).await.map_err(DbError::from)?;
    let own = own.ok_or_else(Problem::unauthorised)?;
    let kept = own.remembered.then(|| own.expires_at.since(transaction.now()));
    Ok(Started { token, expires_at: own.expires_at, kept })
}

/// Ends the caller's own session, with the next call at the latest.
pub async fn end(transaction: &WriteTransaction, caller: &Caller) -> Result<(), DbError> {
    end_where(transaction, session::Column::Id.eq(caller.session).into()).await.map(drop)
}

/// Ends one session of a user; `false` if it is none of theirs.
pub async fn end_one(transaction: &WriteTransaction, user: UserId, id: SessionId) -> Result<bool, DbError> {
    let one = Condition::all().add(session::Column::UserId.eq(user)).add(session::Column::Id.eq(id));
    Ok(end_where(transaction, one).await? == 1)
}

/// Ends all sessions of a user and half-finished logins, and forgets the browsers that they are known by.
pub async fn end_all(transaction: &WriteTransaction, user: UserId) -> Result<u64, DbError> {
    end_but(transaction, user, None, None).await
}

/// The same of a caller, but for the session and the browser that they call from, so that nobody takes from themselves what lets them in while
/// strangers guess.
pub async fn end_others(
    transaction: &WriteTransaction,
    caller: &Caller,
    context: &RequestContext,
) -> Result<u64, DbError> {
    end_but(transaction, caller.user, Some(caller.session), context.device.as_ref()).await
}

async fn end_but(
    transaction: &WriteTransaction,
    user: UserId,
    session: Option<SessionId>,
    device: Option<&Token>,
) -> Result<u64, DbError> {
    pending_login::Entity::delete_many().filter(pending_login::Column::UserId.eq(user)).exec(transaction).await?;
    let devices = Condition::all()
        .add(known_device::Column::UserId.eq(user))
        .add_option(device.map(|own| known_device::Column::TokenHash.ne(own.hash())));
    known_device::Entity::delete_many().filter(devices).exec(transaction).await?;
    let others = Condition::all()
        .add(session::Column::UserId.eq(user))
        .add_option(session.map(|own| session::Column::Id.ne(own)));
    end_where(transaction, others).await
}

async fn end_where(transaction: &WriteTransaction, which: Condition) -> Result<u64, DbError> {
    let ended = session::ActiveModel { revoked_at: Set(Some(transaction.now())), ..Default::default() };
    let ended = session::Entity::update_many().set(ended).filter(living()).filter(which).exec(transaction).await?;
    Ok(ended.rows_affected)
}

fn living() -> Condition {
    Condition::all().add(session::Column::RevokedAt.is_null())
}

/// The sessions of a user that have not ended, the latest first.
pub async fn list(app: &App, user: UserId) -> Result<Vec<session::Model>, DbError> {
    let sessions = session::Entity::find()
        .filter(session::Column::UserId.eq(user))
        .filter(living())
        .order_by_desc(session::Column::Id)
        .all(app.database.read())
        .await?;
    let living = sessions.into_iter().filter(|session| app.activity.lives(session, &*app.clock));
    Ok(living.map(|session| session::Model { last_used_at: app.activity.last_used(&session), ..session }).collect())
}

/// Makes sessions that may lie unused for longer than a new limit end by it.
pub async fn shorten(connection: &impl ConnectionTrait, limits: &SessionSettings) -> Result<(), DbError> {
    for administrator in [true, false] {
        let idle = i32::try_from(limits.idle(administrator).as_secs()).unwrap_or(i32::MAX);
        let of =
            sea_orm::QuerySelect::column(sea_orm::QuerySelect::select_only(user::Entity::find()), user::Column::Id)
                .filter(user::Column::Administrator.eq(administrator));
        session::Entity::update_many()
            .col_expr(session::Column::IdleSeconds, Expr::value(idle))
            .filter(session::Column::Remembered.eq(false))
            .filter(session::Column::IdleSeconds.gt(idle))
            .filter(session::Column::UserId.in_subquery(sea_orm::QueryTrait::into_query(of)))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Writes when sessions were last used.
pub async fn save_use(transaction: &WriteTransaction, used: &[(SessionId, Timestamp)]) -> Result<(), DbError> {
    for (id, at) in used {
        session::Entity::update_many()
            .col_expr(session::Column::LastUsedAt, Expr::value(*at))
            .filter(session::Column::Id.eq(*id))
            .filter(session::Column::LastUsedAt.lt(*at))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Forgets sessions that ended more than a day ago, and logins that were never finished.
pub async fn forget_ended(transaction: &WriteTransaction) -> Result<u64, DbError> {
    let limit = transaction.now().before(Duration::from_secs(86_400));
    let ended = Condition::any().add(session::Column::ExpiresAt.lt(limit)).add(session::Column::RevokedAt.lt(limit));
    let half = pending_login::Column::ExpiresAt.lt(transaction.now());
    let halves = pending_login::Entity::delete_many().filter(half).exec(transaction).await?;
    let ended = session::Entity::delete_many().filter(ended).exec(transaction).await?;
    Ok(ended.rows_affected + halves.rows_affected)
}
