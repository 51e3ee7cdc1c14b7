//! `PUT /me/password`: a user changes their own password.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use temps_model::Secret;
use utoipa::ToSchema;

use super::store;
use crate::{
    access::{Proof, User},
    app::App,
    change::Change,
    mail::{self, Notice},
    password,
    problem::Problem,
    sessions,
    wire::Json,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// Changes the password, ends all other sessions and gives this one a new token. That it is the user who asks, the route's step-up has found out.
pub async fn change(
    State(app): State<App>,
    user: User,
    Json(body): Json<NewPassword>,
) -> Result<impl IntoResponse, Problem> {
    let caller = &user.caller;
    let password = password::policy::chosen(&app, &body.password, &caller.email, &caller.name).await?;
    let hash = app.passwords.hash(password).await?;
    let change = Change::begin(&app, &user).await?;
    store::set_hash(&change, caller.user, &hash).await?;
    mail::notify(&app, &change, caller.user, &caller.email, Notice::PasswordChanged, user.context()).await?;
    let ended = sessions::store::end_others(&change, caller, user.context()).await?;
    let started = sessions::store::rotate(&change, caller).await?;
    change
        .commit(|record| record.target("user", caller.user).change("sessions_ended", serde_json::Value::Null, ended))
        .await?;
    Ok((StatusCode::NO_CONTENT, started.cookie()))
}
