//! `GET` and `DELETE /users/{user}/sessions`: the sessions of somebody else, for administrators.

use axum::extract::{Path, State};
use serde::Deserialize;
use temps_db::entities::user;
use temps_model::UserId;

use super::store;
use crate::{
    access::Administrator,
    app::App,
    change::Change,
    problem::Problem,
    sessions::{
        self,
        api::{EndedSessions, Sessions, listed},
    },
    wire::Json,
};

#[derive(Debug, Deserialize)]
pub struct UserPath {
    user: String,
}

pub async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Path(UserPath { user }): Path<UserPath>,
) -> Result<Json<Sessions>, Problem> {
    let user = find(&app, &administrator, &user).await?;
    Ok(Json(listed(sessions::store::list(&app, user.id).await?, None)))
}

pub async fn end(
    State(app): State<App>,
    administrator: Administrator,
    Path(UserPath { user }): Path<UserPath>,
) -> Result<Json<EndedSessions>, Problem> {
    let user = find(&app, &administrator, &user).await?;
    let change = Change::begin(&app, &administrator).await?;
    let ended = sessions::store::end_all(&change, user.id).await?;
    change
        .commit(|record| record.target("user", user.id).change("sessions_ended", serde_json::Value::Null, ended))
        .await?;
    Ok(Json(EndedSessions { ended }))
}

async fn find(app: &App, administrator: &Administrator, user: &str) -> Result<user::Model, Problem> {
    let id: UserId = user.parse().map_err(|_| Problem::not_found())?;
    store::find(app, administrator, id).await?.ok_or_else(Problem::not_found)
}
