//! `/session`, `/sessions` and `/me`.

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use serde::{Deserialize, Serialize};
use temps_db::entities::{
    session::{self, Proved},
    user,
};
use temps_model::{EmailAddress, Secret, SessionId, Timestamp, UserId};
use utoipa::ToSchema;

use super::store;
use crate::{
    access::{PENDING_COOKIE, Proof, Public, SESSION_COOKIE, User, clear_cookie, method_name},
    app::App,
    change::Change,
    denials::Tried,
    guesses::{self, Attempt, Factor, Subject},
    instance,
    login::{Progress, attempts, devices, finish::after_first_factor},
    password::{Password, Verified},
    problem::Problem,
    users::{self, UserBody},
    wire::Json,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Compared in canonical form; a text that is no e-mail address is an unknown one.
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// Whether this device stays logged in for as long as the instance allows.
    #[serde(default)]
    remember: bool,
    /// The solution of a `challenge` that was demanded, in base64 (ALTCHA).
    #[serde(default)]
    proof: Option<String>,
}

/// Logs in with e-mail and password. Whatever is wrong, the answer and the work are the same (R-AUTH-7).
pub async fn create(
    State(app): State<App>,
    public: Public,
    Json(body): Json<Credentials>,
) -> Result<Progress, Problem> {
    let email = body.email.parse::<EmailAddress>().ok();
    let known = users::store::find_for_login(&app, email.as_ref()).await?;
    let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), hash));
    let id = user.as_ref().map(|user| user.id);
    let device = devices::of(&app, public.context(), id).await?;
    let attempt = Attempt::new(Factor::Password, Subject::typed(email.as_ref(), &body.email));
    let attempt = attempt.from_device(device).paying(body.proof.as_deref());
    let guess = guesses::reserve(&app, &public, attempt).await?;
    let verified = match Password::typed(&body.password) {
        Some(password) => app.passwords.verify(password, hash, &guess).await?,
        None => Verified::Wrong,
    };
    let right = verified != Verified::Wrong && guess.counts();
    let Some(mut user) = user.filter(|_| right) else {
        let early = verified != Verified::Wrong;
        failed(&app, &public, id, email.as_ref(), &body.email, early).await;
        return Err(Problem::login_failed());
    };
    if verified == Verified::RightButOutdated {
        user = upgrade(&app, &user, &body.password).await?;
    }
    after_first_factor(&app, &public, user, Proved::Password, body.remember, guess).await
}

/// Takes note of a failed login, or of one that was right and came too early: in the audit log, with the user, and for the detection of stuffing.
async fn failed(
    app: &App,
    public: &Public,
    user: Option<UserId>,
    email: Option<&EmailAddress>,
    typed: &str,
    early: bool,
) {
    let text = || typed.chars().filter(|c| !c.is_control()).take(254).collect();
    let text: String = email.map_or_else(text, |email| email.to_string());
    let now = app.clock.now();
    app.attempts.failed_password(user, early, public.context(), now);
    if let Some(pattern) = app.stuffing.failed(public.context().client, &text, now) {
        tracing::warn!(pattern = pattern.name(), request = %public.context().request_id, "logins are being guessed");
    }
    app.denials.failed(app, public.evidence(), Some(Tried { field: "email", text })).await;
}

/// Hashes a password as it would be hashed today.
async fn upgrade(app: &App, user: &user::Model, password: &Secret<String>) -> Result<user::Model, Problem> {
    let Some(password) = Password::typed(password) else { return Ok(user.clone()) };
    let hash = app.passwords.hash(password).await?;
    let renewed =
        app.database.write(async |transaction| users::store::renew_hash(&transaction, user, &hash).await).await;
    Ok(renewed?)
}

/// Logs out: the session ends on the server, and the browser forgets its cookie.
pub async fn end(State(app): State<App>, user: User) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &user).await?;
    store::end(&change, &user.caller).await?;
    change.commit(|record| record.target("session", user.caller.session)).await?;
    let forgotten = [SESSION_COOKIE, PENDING_COOKIE].map(|name| (header::SET_COOKIE, clear_cookie(name)));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(forgotten)))
}

/// Sessions, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    items: Vec<ListedSession>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ListedSession {
    #[schema(value_type = String, format = Uuid)]
    id: SessionId,
    /// Whether it is the one of this call.
    current: bool,
    /// The browser or program, in its own words.
    user_agent: String,
    /// The address that logged in.
    ip: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether the person asked to stay logged in there.
    remembered: bool,
    /// With what the person last proved who they are.
    proved_with: &'static str,
}

/// How many were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedSessions {
    pub ended: u64,
}

#[derive(Debug, Deserialize)]
pub struct SessionPath {
    session: String,
}

/// Sessions as the API lists them.
pub fn listed(sessions: Vec<session::Model>, current: Option<SessionId>) -> Sessions {
    let listed = |session: session::Model| ListedSession {
        current: Some(session.id) == current,
        id: session.id,
        user_agent: session.user_agent,
        ip: session.ip,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        remembered: session.remembered,
        proved_with: method_name(session.proved_with),
    };
    Sessions { items: sessions.into_iter().map(listed).collect() }
}

pub async fn list(State(app): State<App>, user: User) -> Result<Json<Sessions>, Problem> {
    let sessions = store::list(&app, user.caller.user).await?;
    Ok(Json(listed(sessions, Some(user.caller.session))))
}

/// Ends one of the user's own sessions.
pub async fn end_one(
    State(app): State<App>,
    user: User,
    Path(SessionPath { session }): Path<SessionPath>,
) -> Result<StatusCode, Problem> {
    let session: SessionId = session.parse().map_err(|_| Problem::not_found())?;
    let change = Change::begin(&app, &user).await?;
    if !store::end_one(&change, user.caller.user, session).await? {
        return Err(Problem::not_found());
    }
    change.commit(|record| record.target("session", session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the user's sessions but this one, and forgets the browsers that they are known by but this one.
pub async fn end_others(State(app): State<App>, user: User) -> Result<Json<EndedSessions>, Problem> {
    let change = Change::begin(&app, &user).await?;
    let ended = store::end_others(&change, &user.caller, user.context()).await?;
    change
        .commit(|record| {
            record.target("user", user.caller.user).change("sessions_ended", serde_json::Value::Null, ended)
        })
        .await?;
    Ok(Json(EndedSessions { ended }))
}

/// The latest logins, the last first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Logins {
    items: Vec<LoginBody>,
}

/// A login, or failures of one network that followed each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    succeeded: bool,
    /// With what: `password`, `totp`, `passkey`, `recovery_code` or `link`.
    method: String,
    ip: String,
    user_agent: String,
    /// How many attempts this stands for.
    attempts: i32,
}

pub async fn logins(State(app): State<App>, user: User) -> Result<Json<Logins>, Problem> {
    app.attempts.save(&app).await;
    let items = attempts::list(&app, user.caller.user).await?;
    let told = items.into_iter().map(|row| LoginBody {
        at: row.at,
        succeeded: row.succeeded,
        method: row.method,
        ip: row.ip,
        user_agent: row.user_agent,
        attempts: row.attempts,
    });
    Ok(Json(Logins { items: told.collect() }))
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    #[serde(flatten)]
    user: UserBody,
    session: SessionBody,
    /// What the user may do in the instance, beyond their projects: `projects:create`, `instance:administer`.
    permissions: Vec<&'static str>,
    /// Whether a second factor has to be added before anything else.
    must_enrol: bool,
    /// Whether the session has to be proved anew before anything else, because it was used in two places at once.
    must_prove: bool,
    /// The address from which this call came.
    client_ip: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    #[schema(value_type = String, format = Uuid)]
    id: SessionId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

pub async fn me(State(app): State<App>, user: User) -> Result<Json<Me>, Problem> {
    let caller = &user.caller;
    let session =
        SessionBody { id: caller.session, created_at: caller.session_created, expires_at: caller.session_expires };
    let creates = instance::store::lets_create_projects(app.database.read(), &user).await?;
    let permissions = [("projects:create", creates), ("instance:administer", caller.administrator)];
    Ok(Json(Me {
        user: UserBody::of_caller(caller),
        permissions: permissions.into_iter().filter(|(_, may)| *may).map(|(name, _)| name).collect(),
        must_enrol: caller.must_enrol,
        must_prove: caller.suspected,
        session,
        client_ip: user.context().client.map(|client| client.to_string()),
    }))
}
