//! The end of a login: a session, or the question for the second factor.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde::Serialize;
use temps_db::{
    DbError,
    audit::{Actor, Authentication},
    entities::{
        pending_login,
        session::Proved,
        user::{self, SecondFactor},
    },
};
use temps_model::{PendingLoginId, Timestamp};
use utoipa::ToSchema;

use super::devices;
use crate::{
    access::{DEVICE_COOKIE, PENDING_COOKIE, Proof, SESSION_COOKIE, Token, clear_cookie, method_name, set_cookie},
    action::Action,
    app::App,
    change::Change,
    factors,
    guesses::Guess,
    instance,
    mail::{self, Notice},
    problem::Problem,
    sessions::{self, store::Started},
    users::{self, UserBody},
    wire::Json,
};

/// How long a login waits for its second factor.
const PATIENCE: Duration = Duration::from_secs(600);

/// How far a login got with its first factor.
pub enum Progress {
    Finished(Box<Finished>),
    SecondFactor(SecondFactorNeeded),
}

/// A session was started.
pub struct Finished {
    status: StatusCode,
    user: user::Model,
    started: Started,
    device: Option<Token>,
}

/// The body of the answer to a login.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoggedInBody {
    user: UserBody,
    /// When the session ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The first factor was right. What was given is no session; the answer's cookie is good for the second factor only.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorNeeded {
    /// What can be given: `totp`, `passkey`, `recovery_code`.
    methods: Vec<&'static str>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[serde(skip)]
    #[schema(ignore)]
    token: Option<Token>,
}

/// Whoever has a second factor is asked for it; everybody else is logged in (R-AUTH-4).
pub async fn after_first_factor(
    app: &App,
    proof: &impl Proof,
    user: user::Model,
    first: Proved,
    remembered: bool,
    guess: Guess,
) -> Result<Progress, Problem> {
    let (actor, authentication) = (Actor::User(user.id), authentication(first));
    let is_whole = user.second_factor == SecondFactor::None;
    let methods = factors::store::methods(app, user.id).await?.into_iter().map(method_name).collect();
    let change = match is_whole {
        true => Change::begin_as(app, proof, actor, authentication).await?,
        false => Change::begin_named(app, proof, Action::SessionFirstFactor, actor, authentication).await?,
    };
    let user = users::store::unchanged(&change, &user).await?.ok_or_else(Problem::login_failed)?;
    guess.was_right(&change).await?;
    if is_whole {
        let finished = start(app, proof, change, StatusCode::CREATED, user, first, remembered).await?;
        return Ok(Progress::Finished(Box::new(finished)));
    }
    devices::forget_halves(&change, user.id).await?;
    let now = change.now();
    let (token, expires_at) = (Token::generate(), now.after(PATIENCE));
    let row = pending_login::ActiveModel {
        id: Set(PendingLoginId::generate(now)),
        user_id: Set(user.id),
        token_hash: Set(token.hash()),
        first_factor: Set(first),
        remembered: Set(remembered),
        created_at: Set(now),
        expires_at: Set(expires_at),
    };
    pending_login::Entity::insert(row).exec_without_returning(&*change).await.map_err(DbError::from)?;
    change.commit(|record| record.target("user", user.id)).await?;
    Ok(Progress::SecondFactor(SecondFactorNeeded { methods, expires_at, token: Some(token) }))
}

/// Commits a change that makes or proves a user, and logs them in.
pub async fn start(
    app: &App,
    proof: &impl Proof,
    change: Change,
    status: StatusCode,
    user: user::Model,
    proved: Proved,
    remembered: bool,
) -> Result<Finished, Problem> {
    let context = proof.context();
    let limits = instance::store::read(&*change).await?.settings.sessions;
    let started = sessions::store::start(&change, &user, context, proved, &limits, remembered).await?;
    let device = devices::note(&change, context, user.id).await?;
    if device.is_some() && devices::has_others(&change, user.id).await? {
        mail::notify(app, &change, user.id, &user.email, Notice::NewDevice, context).await?;
    }
    let (id, now) = (user.id, change.now());
    change.commit(|record| record.target("user", id)).await?;
    app.attempts.note(Some(id), true, method_name(proved), context, now);
    Ok(Finished { status, user, started, device })
}

/// What the audit log calls it.
pub fn authentication(proved: Proved) -> Authentication {
    match proved {
        Proved::Link => Authentication::Link,
        Proved::Password => Authentication::Password,
        Proved::Totp => Authentication::Totp,
        Proved::Passkey => Authentication::Passkey,
        Proved::RecoveryCode => Authentication::RecoveryCode,
    }
}

impl IntoResponse for Finished {
    fn into_response(self) -> Response {
        let session = set_cookie(SESSION_COOKIE, &self.started.token, self.started.kept);
        let device = self.device.map(|token| set_cookie(DEVICE_COOKIE, &token, Some(devices::LIFETIME)));
        let cookies: Vec<(header::HeaderName, HeaderValue)> =
            [Some(session), device, Some(clear_cookie(PENDING_COOKIE))]
                .into_iter()
                .flatten()
                .map(|cookie| (header::SET_COOKIE, cookie))
                .collect();
        let body = LoggedInBody { user: self.user.into(), expires_at: self.started.expires_at };
        (self.status, AppendHeaders(cookies), Json(body)).into_response()
    }
}

impl IntoResponse for Progress {
    fn into_response(self) -> Response {
        match self {
            Self::Finished(finished) => finished.into_response(),
            Self::SecondFactor(mut needed) => {
                let cookie = needed.token.take().map(|token| set_cookie(PENDING_COOKIE, &token, Some(PATIENCE)));
                let cookies = AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
                (StatusCode::ACCEPTED, cookies, Json(needed)).into_response()
            }
        }
    }
}
