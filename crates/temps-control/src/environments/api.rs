//! `/projects/{project}/environments`.

use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use temps_db::entities::environment;
use temps_model::{
    EnvironmentSlug,
    proof::{EnvironmentsRead, EnvironmentsWrite},
};
use utoipa::ToSchema;

use super::{EnvironmentBody, bodies, store};
use crate::{
    access::Grant,
    app::App,
    change::Change,
    edge::{EffectiveMs, Touched},
    problem::Problem,
    projects::api::Effective,
    wire::{Answer, Expected, Json, Page, PageQuery, Query},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnvironment {
    /// Short name, part of host names: 2 to 40 of a to z, 0 to 9 and hyphens.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]
    slug: EnvironmentSlug,
}

/// An environment that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedEnvironment {
    #[serde(flatten)]
    environment: EnvironmentBody,
    /// Milliseconds until it was known to every worker; `null` if some worker did not report in time.
    #[schema(value_type = Option<f64>)]
    effective_ms: EffectiveMs,
}

pub async fn list(
    State(app): State<App>,
    grant: Grant<EnvironmentsRead>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<EnvironmentBody>>, Problem> {
    let rows = store::list(app.database.read(), &grant, &page).await?;
    let Page { items, next } = page.page(rows, |row| row.id.uuid())?;
    Ok(Json(Page { items: bodies(&app, items).await?, next }))
}

pub async fn create(
    State(app): State<App>,
    grant: Grant<EnvironmentsWrite>,
    Json(body): Json<NewEnvironment>,
) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &grant).await?;
    let environment = store::create(&app, &change, &grant, body.slug).await?;
    let slug = environment.slug.to_string();
    change.commit(|record| record.target("environment", environment.id).change("slug", (), slug)).await?;
    let effective_ms = app.edge.refresh([Touched::Environment(environment.id)]).await;
    Ok(Answer::created(1, CreatedEnvironment { environment: body_of(&app, environment).await?, effective_ms }))
}

pub async fn show(
    State(app): State<App>,
    grant: Grant<EnvironmentsRead>,
    Path((_, name)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let environment = store::find(app.database.read(), &grant, &name).await?;
    Ok(Answer::new(environment.version, body_of(&app, environment).await?))
}

pub async fn delete(
    State(app): State<App>,
    grant: Grant<EnvironmentsWrite>,
    Path((_, name)): Path<(String, String)>,
    expected: Expected,
) -> Result<Json<Effective>, Problem> {
    let change = Change::begin(&app, &grant).await?;
    let environment = store::find(&*change, &grant, &name).await?;
    expected.check(environment.version)?;
    store::delete(&change, &grant, &environment).await?;
    let slug = environment.slug.to_string();
    change.commit(|record| record.target("environment", environment.id).change("slug", slug, ())).await?;
    let effective_ms = app.edge.refresh([Touched::Environment(environment.id)]).await;
    Ok(Json(Effective { effective_ms }))
}

async fn body_of(app: &App, row: environment::Model) -> Result<EnvironmentBody, Problem> {
    bodies(app, vec![row]).await?.pop().ok_or_else(Problem::not_found)
}
