//! `POST /session/second-factor`: the only thing that half a login can do.

use axum::{extract::State, http::StatusCode};
use sea_orm::EntityTrait;
use serde::Deserialize;
use temps_db::{DbError, audit::Actor, entities::pending_login};
use temps_model::Secret;
use utoipa::ToSchema;

use super::finish::{self, Finished, authentication};
use crate::{
    access::{HalfAuthenticated, Proof, method_name},
    app::App,
    change::Change,
    factors::{self, Given},
    guesses::{self, Attempt, Subject},
    login::devices,
    problem::Problem,
    users,
    wire::Json,
};

/// One of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorBody {
    /// The six digits that the authenticator shows.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Option<Secret<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    recovery_code: Option<Secret<String>>,
}

pub async fn create(
    State(app): State<App>,
    half: HalfAuthenticated,
    Json(body): Json<SecondFactorBody>,
) -> Result<Finished, Problem> {
    let given = Given::one_of(None, body.code, body.recovery_code)?;
    let login = half.login.clone();
    let device = devices::of(&app, half.context(), Some(login.user.id)).await?;
    let attempt = Attempt::new(given.factor(), Subject::User(login.user.id)).from_device(device);
    let guess = guesses::reserve(&app, &half, attempt).await?;
    let proved = given.proves();
    let change = Change::begin_as(&app, &half, Actor::User(login.user.id), authentication(proved)).await?;
    if !factors::consume(&app, &change, login.user.id, &given, &guess).await? {
        drop(change);
        app.attempts.note(Some(login.user.id), false, method_name(proved), half.context(), app.clock.now());
        app.denials.failed(&app, half.evidence(), None).await;
        return Err(wrong());
    }
    guess.was_right(&change).await?;
    // It is finished once, and not after its user was disabled or has ended all that was begun.
    let half_ended = pending_login::Entity::delete_by_id(login.id).exec(&*change).await.map_err(DbError::from)?;
    let user = users::store::unchanged(&change, &login.user).await?;
    let user = user.filter(|_| half_ended.rows_affected == 1).ok_or_else(Problem::login_begins_anew)?;
    finish::start(&app, &half, change, StatusCode::CREATED, user, proved, login.remembered).await
}

fn wrong() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "second_factor_failed",
        "Not right",
        "This code is wrong, was used, or is too old.",
    )
    .hint("Wait for the next code of your authenticator, or use a recovery code.")
}
