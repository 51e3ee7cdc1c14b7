//! `POST /session/step-up`: who is logged in proves anew who they are.

use axum::{extract::State, response::IntoResponse};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use temps_db::{
    DbError,
    entities::{
        session::Proved,
        user::{self, SecondFactor},
    },
};
use temps_model::{Secret, Timestamp};
use utoipa::ToSchema;

use super::finish::authentication;
use crate::{
    access::{Caller, Proof, User, method_name},
    app::App,
    change::Change,
    factors::{self, Given},
    guesses::{self, Attempt, Guess, Subject},
    password::{Password, Verified},
    problem::Problem,
    sessions, users,
    wire::Json,
};

/// One of the three. The password is for who has no second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret<String>>,
    /// The six digits that the authenticator shows.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Option<Secret<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    recovery_code: Option<Secret<String>>,
}

/// The session has a new cookie and a fresh proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvedBody {
    #[schema(value_type = String, format = DateTime)]
    proved_at: Timestamp,
    /// `password`, `totp`, `passkey` or `recovery_code`.
    proved_with: &'static str,
}

pub async fn create(
    State(app): State<App>,
    user: User,
    Json(body): Json<ProofBody>,
) -> Result<impl IntoResponse, Problem> {
    let given = Given::one_of(body.password, body.code, body.recovery_code)?;
    let caller = &user.caller;
    if given.proves() == Proved::Password && caller.second_factor != SecondFactor::None {
        return Err(Problem::invalid("password", "is not enough: you have a second factor, give that"));
    }
    let attempt = Attempt::new(given.factor(), Subject::User(caller.user)).in_session(caller.session);
    let guess = guesses::reserve(&app, &user, attempt).await?;
    // Hashing takes time, so it is not done while the change holds the database.
    let knows_password = match &given {
        Given::Password(text) => knows_password(&app, caller, text, &guess).await?,
        _ => false,
    };
    let change = Change::begin(&app, &user).await?;
    let right = knows_password || factors::consume(&app, &change, caller.user, &given, &guess).await?;
    if !right {
        drop(change);
        app.attempts.note(Some(caller.user), false, method_name(given.proves()), user.context(), app.clock.now());
        app.denials.failed(&app, user.evidence(), None).await;
        return Err(Problem::forbidden("proof_wrong", "That was not right, was used before, or is too old."));
    }
    guess.was_right(&change).await?;
    proved(change, caller, given.proves()).await
}

/// Notes the proof and hands out the session's new cookie.
pub async fn proved(change: Change, caller: &Caller, proved: Proved) -> Result<impl IntoResponse + use<>, Problem> {
    let started = sessions::store::prove(&change, caller, proved).await?;
    let now = change.now();
    let with = authentication(proved).name();
    change
        .commit(|record| record.target("session", caller.session).change("proved_with", serde_json::Value::Null, with))
        .await?;
    let body = ProvedBody { proved_at: now, proved_with: method_name(proved) };
    Ok((started.cookie(), Json(body)))
}

async fn knows_password(app: &App, caller: &Caller, text: &Secret<String>, guess: &Guess) -> Result<bool, Problem> {
    let user = user::Entity::find_by_id(caller.user).one(app.database.read()).await.map_err(DbError::from)?;
    let user = user.ok_or_else(Problem::unauthorised)?;
    let hash = users::store::open_hash(app, &user).await?;
    let verified = match Password::typed(text) {
        Some(password) => app.passwords.verify(password, hash, guess).await?,
        None => Verified::Wrong,
    };
    Ok(verified != Verified::Wrong && guess.counts())
}
