//! The latest logins of each user and those that failed, for the user to see.
//!
//! They are written in the background, and failures for accounts that do not exist pass through the same queue and are dropped only there, so
//! that the time of an answer tells nothing (R-AUTH-7).

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{login_attempt, session::Proved, user},
};
use temps_model::{LoginAttemptId, Timestamp, UserId};

use crate::{
    access::{RequestContext, method_name},
    app::App,
    mail::{self, Notice},
};

/// Attempts that wait to be written; those beyond are not told, and counted all the same by their counters.
const WAITING: usize = 4_096;
/// Logins of one user that are kept, and as many failures.
pub const KEPT: u64 = 100;
/// Failures of one network within this time are one entry.
const TOGETHER: Duration = Duration::from_secs(3_600);

/// What waits to be written.
#[derive(Debug, Default)]
pub struct Attempts {
    waiting: Mutex<Vec<Tried>>,
    /// When users were last told that their password came too early.
    told: Mutex<HashMap<UserId, Timestamp>>,
}

#[derive(Clone, Debug)]
struct Tried {
    user: Option<UserId>,
    at: Timestamp,
    succeeded: bool,
    method: &'static str,
    ip: String,
    user_agent: String,
    /// Whether the password was right and came too early.
    early: bool,
    context: RequestContext,
}

impl Attempts {
    /// Takes note of a login, in memory.
    pub fn note(
        &self,
        user: Option<UserId>,
        succeeded: bool,
        method: &'static str,
        context: &RequestContext,
        at: Timestamp,
    ) {
        self.push(user, succeeded, method, context, at, false);
    }

    /// Takes note of a password that was wrong, or right and too early: then its owner is told, once an hour (R-SESS-4).
    pub fn failed_password(&self, user: Option<UserId>, early: bool, context: &RequestContext, at: Timestamp) {
        self.push(user, false, method_name(Proved::Password), context, at, early);
    }

    fn push(
        &self,
        user: Option<UserId>,
        succeeded: bool,
        method: &'static str,
        context: &RequestContext,
        at: Timestamp,
        early: bool,
    ) {
        // Failures of one network are told together, so that an IPv6 subscriber cannot fill the list with addresses.
        let told = |client: temps_model::ClientIp| match succeeded {
            true => client.to_string(),
            false => client.counted_as().to_string(),
        };
        let ip = context.client.map(told).unwrap_or_default();
        let tried = Tried {
            user,
            at,
            succeeded,
            method,
            ip,
            user_agent: context.user_agent.to_string(),
            early,
            context: context.clone(),
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING {
            waiting.push(tried);
        }
    }

    /// Writes what waits. What cannot be written is lost: the audit log has it too.
    pub async fn save(&self, app: &App) {
        let waiting = mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let of_users: Vec<(UserId, Tried)> =
            waiting.into_iter().filter_map(|tried| Some((tried.user?, tried))).collect();
        if of_users.is_empty() {
            return;
        }
        let saved = app.database.write(async |transaction| {
            for (user, tried) in &of_users {
                save(&transaction, *user, tried).await?;
            }
            Ok::<_, DbError>(())
        });
        if let Err(error) = saved.await {
            tracing::error!(%error, "the latest logins could not be saved");
        }
        for (user, tried) in of_users.iter().filter(|(_, tried)| tried.early) {
            if self.is_to_be_told(*user, tried.at)
                && let Err(error) = tell(app, *user, &tried.context).await
            {
                tracing::error!(%error, "a user could not be told that their password was given");
            }
        }
    }

    /// Once an hour. Only users are remembered here, and they are few.
    fn is_to_be_told(&self, user: UserId, at: Timestamp) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.get(&user).is_none_or(|before| at.since(*before) >= TOGETHER);
        if due {
            told.insert(user, at);
        }
        due
    }
}

async fn tell(app: &App, user: UserId, context: &RequestContext) -> Result<(), DbError> {
    app.database
        .write(async |transaction| {
            let Some(user) = user::Entity::find_by_id(user).one(&transaction).await? else { return Ok(()) };
            let notice = Notice::RightPasswordTooEarly;
            mail::notify(app, &transaction, user.id, &user.email, notice, context).await
        })
        .await
}

async fn save(transaction: &WriteTransaction, user: UserId, tried: &Tried) -> Result<(), DbError> {
    if !tried.succeeded && add_to_latest(transaction, user, tried).await? {
        return Ok(());
    }
    let row = login_attempt::ActiveModel {
        id: Set(LoginAttemptId::generate(tried.at)),
        user_id: Set(user),
        at: Set(tried.at),
        succeeded: Set(tried.succeeded),
        method: Set(tried.method.to_owned()),
        ip: Set(tried.ip.clone()),
        user_agent: Set(tried.user_agent.clone()),
        attempts: Set(1),
    };
    login_attempt::Entity::insert(row).exec_without_returning(transaction).await?;
    forget_oldest(transaction, user, tried.succeeded).await
}

/// Adds a failure to the entry of its network, if there is a fresh one.
async fn add_to_latest(transaction: &WriteTransaction, user: UserId, tried: &Tried) -> Result<bool, DbError> {
    let added = login_attempt::Entity::update_many()
        .col_expr(login_attempt::Column::Attempts, Expr::col(login_attempt::Column::Attempts).add(1))
        .col_expr(login_attempt::Column::At, Expr::value(tried.at))
        .filter(login_attempt::Column::UserId.eq(user))
        .filter(login_attempt::Column::Succeeded.eq(false))
        .filter(login_attempt::Column::Ip.eq(&*tried.ip))
        .filter(login_attempt::Column::Method.eq(tried.method))
        .filter(login_attempt::Column::At.gt(tried.at.before(TOGETHER)))
        .exec(transaction)
        .await?;
    Ok(added.rows_affected > 0)
}

/// Of those that succeeded and of those that failed, so that neither washes the other out.
async fn forget_oldest(transaction: &WriteTransaction, user: UserId, succeeded: bool) -> Result<(), DbError> {
    let of_user = || {
        let all = login_attempt::Entity::find().filter(login_attempt::Column::UserId.eq(user));
        all.filter(login_attempt::Column::Succeeded.eq(succeeded))
    };
    if of_user().count(transaction).await? <= KEPT {
        return Ok(());
    }
    let oldest_kept = of_user()
        .order_by_desc(login_attempt::Column::At)
        .offset(KEPT - 1)
        .one(transaction)
        .await?
        .map_or(Timestamp::default(), |row| row.at);
    login_attempt::Entity::delete_many()
        .filter(login_attempt::Column::UserId.eq(user))
        .filter(login_attempt::Column::Succeeded.eq(succeeded))
        .filter(login_attempt::Column::At.lt(oldest_kept))
        .exec(transaction)
        .await?;
    Ok(())
}

/// The latest attempts of a user, the last first.
pub async fn list(app: &App, user: UserId) -> Result<Vec<login_attempt::Model>, DbError> {
    Ok(login_attempt::Entity::find()
        .filter(login_attempt::Column::UserId.eq(user))
        .order_by_desc(login_attempt::Column::At)
        .limit(2 * KEPT)
        .all(app.database.read())
        .await?)
}
