//! `POST /activation`: an invited user chooses a password.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use temps_db::audit::{Actor, Authentication};
use temps_model::Secret;
use utoipa::ToSchema;

use super::{LoggedIn, store};
use crate::{
    access::{Proof, Public, Token},
    app::App,
    change::Change,
    password::Password,
    problem::Problem,
    sessions,
    wire::Json,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// What stands behind `#token=` in the link.
    #[schema(value_type = String)]
    token: Secret<String>,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// Spends the link, sets the password and logs in. A refused password does not spend the link.
pub async fn create(
    State(app): State<App>,
    public: Public,
    Json(body): Json<Activation>,
) -> Result<impl IntoResponse, Problem> {
    let token = Token::parse(body.token.expose());
    let user = match &token {
        Some(token) => store::of_link(&app, token).await?,
        None => None,
    };
    let (Some(token), Some(user)) = (token, user) else {
        app.denials.failed(&app, public.evidence(), None).await;
        return Err(gone());
    };
    let password =
        Password::chosen(&body.password, &user.email, &[app.settings.console_host.as_str(), user.name.as_str()])?;
    let hash = app.passwords.hash(password).await?;
    let change = Change::begin_as(&app, &public, Actor::User(user.id), Authentication::Link).await?;
    if !store::spend_link(&change, &token).await? {
        return Err(gone());
    }
    store::activate(&change, user.id, &hash).await?;
    let started = sessions::store::start(&change, user.id, public.context()).await?;
    change.commit(|record| record.target("user", user.id)).await?;
    Ok(LoggedIn::new(StatusCode::CREATED, user, started))
}

fn gone() -> Problem {
    Problem::forbidden("link", "This link is unknown, was used or has expired.")
        .hint("Ask an administrator for a new one.")
}
