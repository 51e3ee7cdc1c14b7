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

/// The environments of a project, the oldest first.
pub(crate) async fn bodies(app: &App, project: ProjectId) -> Result<Vec<EnvironmentBody>, Problem> {
    let environments = environment::Entity::find()
        .filter(environment::Column::ProjectId.eq(project))
        .order_by_asc(environment::Column::Id)
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let ids = environments.iter().filter_map(|environment| environment.live_deployment_id);
    let live = deployment::Entity::find()
        .filter(deployment::Column::Id.is_in(ids))
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let numbers: HashMap<DeploymentId, i32> =
        live.into_iter().map(|deployment| (deployment.id, deployment.number)).collect();
    let domains = domain::Entity::find()
        .filter(domain::Column::ProjectId.eq(project))
        .order_by_asc(domain::Column::Id)
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let body = |environment: environment::Model| EnvironmentBody {
        live: environment.live_deployment_id.and_then(|id| Some(LiveDeployment { id, number: *numbers.get(&id)? })),
        urls: domains
            .iter()
            .filter(|domain| domain.environment_id == environment.id)
            .map(|domain| app.settings.url_of(&domain.host))
            .collect(),
        id: environment.id,
        slug: environment.slug,
        created_at: environment.created_at,
        version: environment.version,
    };
    Ok(environments.into_iter().map(body).collect())
}
