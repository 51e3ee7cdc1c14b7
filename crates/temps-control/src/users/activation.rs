//! `POST /activation`: an invited user chooses a password.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use temps_db::{
    audit::{Actor, Authentication},
    entities::{link::LinkPurpose, session::Proved, user::UserState},
};
use temps_model::Secret;
use utoipa::ToSchema;

use super::{links, store};
use crate::{
    access::{Proof, Public, Token},
    app::App,
    change::Change,
    guesses::{self, Attempt, Factor, Subject},
    login::finish::{self, Finished},
    password,
    problem::Problem,
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
pub async fn create(State(app): State<App>, public: Public, Json(body): Json<Activation>) -> Result<Finished, Problem> {
    let guess = guesses::reserve(&app, &public, Attempt::new(Factor::Token, Subject::Token)).await?;
    let token = Token::parse(body.token.expose());
    let user = match &token {
        Some(token) => links::user_of(&app, token, LinkPurpose::Activate).await?,
        None => None,
    };
    let (Some(token), Some(user)) = (token, user.filter(|user| guess.counts() && user.state == UserState::Invited))
    else {
        app.denials.failed(&app, public.evidence(), None).await;
        return Err(gone());
    };
    let password = password::policy::chosen(&app, &body.password, &user.email, &user.name).await?;
    let hash = app.passwords.hash(password).await?;
    let change = Change::begin_as(&app, &public, Actor::User(user.id), Authentication::Link).await?;
    if !links::spend(&change, &token, LinkPurpose::Activate).await? {
        return Err(gone());
    }
    store::activate(&change, user.id, &hash).await?;
    guess.was_right(&change).await?;
    finish::start(&app, &public, change, StatusCode::CREATED, user, Proved::Password, false).await
}

fn gone() -> Problem {
    Problem::forbidden("link", "This link is unknown, was used or has expired.")
        .hint("Ask an administrator for a new one.")
}
