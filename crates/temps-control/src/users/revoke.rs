//! `POST /revoke`: "this was not me", from a notice.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use temps_db::{
    audit::{Actor, Authentication},
    entities::link::LinkPurpose,
};
use temps_model::Secret;
use utoipa::ToSchema;

use super::links;
use crate::{
    access::{Proof, Public, Token},
    app::App,
    change::Change,
    guesses::{self, Attempt, Factor, Subject},
    problem::Problem,
    sessions,
    wire::Json,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// What stands behind `#token=` in the link.
    #[schema(value_type = String)]
    token: Secret<String>,
}

/// Spends the link and ends all sessions of the account. It lets nobody in.
pub async fn create(
    State(app): State<App>,
    public: Public,
    Json(body): Json<Revocation>,
) -> Result<StatusCode, Problem> {
    let guess = guesses::reserve(&app, &public, Attempt::new(Factor::Token, Subject::Token)).await?;
    let token = Token::parse(body.token.expose()).filter(|_| guess.counts());
    let user = match &token {
        Some(token) => links::user_of(&app, token, LinkPurpose::Revoke).await?,
        None => None,
    };
    let (Some(token), Some(user)) = (token, user) else {
        app.denials.failed(&app, public.evidence(), None).await;
        return Err(gone());
    };
    let change = Change::begin_as(&app, &public, Actor::User(user.id), Authentication::Link).await?;
    if !links::spend(&change, &token, LinkPurpose::Revoke).await? {
        return Err(gone());
    }
    guess.was_right(&change).await?;
    let ended = sessions::store::end_all(&change, user.id).await?;
    change
        .commit(|record| record.target("user", user.id).change("sessions_ended", serde_json::Value::Null, ended))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn gone() -> Problem {
    Problem::forbidden("link", "This link is unknown, was used or has expired.")
        .hint("Log in, end your sessions under Account, Security, and change your password.")
}
