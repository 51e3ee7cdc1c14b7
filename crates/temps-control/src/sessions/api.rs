//! `POST` and `DELETE /session`, `GET /me`.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use temps_db::audit::{Actor, Authentication};
use temps_model::{EmailAddress, Secret, Timestamp};
use utoipa::ToSchema;

use super::store;
use crate::{
    access::{Proof, Public, User, clear_session_cookie},
    app::App,
    change::Change,
    denials::Tried,
    instance,
    password::Password,
    problem::Problem,
    users::{self, LoggedIn, UserBody},
    wire::Json,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Compared in canonical form; a text that is no e-mail address is an unknown one.
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// Logs in with e-mail and password. Whatever is wrong, the answer and the work are the same (R-AUTH-7).
pub async fn create(
    State(app): State<App>,
    public: Public,
    Json(body): Json<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let email = body.email.parse::<EmailAddress>().ok();
    let known = users::store::find_for_login(&app, email.as_ref()).await?;
    let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), hash));
    let verified = match Password::typed(&body.password) {
        Some(password) => app.passwords.verify(password, hash).await?,
        None => false,
    };
    let Some(user) = user.filter(|_| verified) else {
        let typed = || body.email.chars().filter(|c| !c.is_control()).take(254).collect();
        let text = email.map_or_else(typed, |email| email.to_string());
        app.denials.failed(&app, public.evidence(), Some(Tried { field: "email", text })).await;
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "login_failed",
            "Login failed",
            "E-mail or password is wrong.",
        ));
    };
    let change = Change::begin_as(&app, &public, Actor::User(user.id), Authentication::Password).await?;
    let started = store::start(&change, user.id, public.context()).await?;
    change.commit(|record| record.target("user", user.id)).await?;
    Ok(LoggedIn::new(StatusCode::CREATED, user, started))
}

/// Logs out: the session ends on the server, and the browser forgets its cookie.
pub async fn end(State(app): State<App>, user: User) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &user).await?;
    store::end(&change, &user.caller).await?;
    change.commit(|record| record.target("session", user.caller.session)).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_session_cookie())]))
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    #[serde(flatten)]
    user: UserBody,
    session: SessionBody,
    /// What the user may do in the instance, beyond their projects: `projects:create`, `instance:administer`.
    permissions: Vec<&'static str>,
    /// The address from which this call came.
    client_ip: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    #[schema(value_type = String, format = Uuid)]
    id: temps_model::SessionId,
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
        session,
        client_ip: user.context().client.map(|client| client.to_string()),
    }))
}
