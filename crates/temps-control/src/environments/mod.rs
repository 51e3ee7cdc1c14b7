//! Running copies of an application, each with its own deployments, domains and rules.

pub mod api;
pub mod store;

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use temps_db::{
    DbError,
    entities::{deployment, domain, environment},
};
use temps_model::{DeploymentId, EnvironmentId, EnvironmentSlug, ProjectId, Timestamp};
use utoipa::ToSchema;

use crate::{app::App, problem::Problem};

/// An environment, as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnvironmentBody {
    #[schema(value_type = String, format = Uuid)]
    pub id: EnvironmentId,
    #[schema(value_type = String)]
    pub slug: EnvironmentSlug,
    /// The deployment that answers; `null` before the first one.
    pub live: Option<LiveDeployment>,
    /// Where it is reached.
    pub urls: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    pub version: i32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LiveDeployment {
    #[schema(value_type = String, format = Uuid)]
    pub id: DeploymentId,
    pub number: i32,
}

/// All environments of a project, the oldest first; there are at most [`store::MAX_IN_PROJECT`].
pub(crate) async fn of_project(app: &App, project: ProjectId) -> Result<Vec<EnvironmentBody>, Problem> {
    let environments = environment::Entity::find()
        .filter(environment::Column::ProjectId.eq(project))
        .order_by_asc(environment::Column::Id)
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    bodies(app, environments).await
}

/// Environments as the API shows them: with one query for all their deployments and one for all their host names.
pub(crate) async fn bodies(app: &App, rows: Vec<environment::Model>) -> Result<Vec<EnvironmentBody>, Problem> {
    let live = deployment::Entity::find()
        .filter(deployment::Column::Id.is_in(rows.iter().filter_map(|row| row.live_deployment_id)))
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let numbers: HashMap<DeploymentId, i32> =
        live.into_iter().map(|deployment| (deployment.id, deployment.number)).collect();
    let domains = domain::Entity::find()
        .filter(domain::Column::EnvironmentId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(domain::Column::Id)
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let mut urls: HashMap<EnvironmentId, Vec<String>> = HashMap::new();
    for domain in domains {
        urls.entry(domain.environment_id).or_default().push(app.settings.url_of(&domain.host));
    }
    let body = |row: environment::Model| EnvironmentBody {
        live: row.live_deployment_id.and_then(|id| Some(LiveDeployment { id, number: *numbers.get(&id)? })),
        urls: urls.remove(&row.id).unwrap_or_default(),
        id: row.id,
        slug: row.slug,
        created_at: row.created_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(body).collect())
}

#[cfg(test)]
mod tests;
