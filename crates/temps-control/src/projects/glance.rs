//! What is known of projects at a glance: with as many queries for a hundred as for one.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use temps_db::{
    DbError,
    entities::{deployment, domain, environment},
};
use temps_model::{EnvironmentId, ProjectId};

use super::api::LastDeployment;
use crate::{app::App, deployments, problem::Problem};

/// What a card shows.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    pub live: bool,
    pub urls: Vec<String>,
    pub last_deployment: Option<LastDeployment>,
}

pub async fn of(
    app: &App,
    projects: impl IntoIterator<Item = ProjectId>,
) -> Result<HashMap<ProjectId, Glance>, Problem> {
    let reader = app.database.read();
    let environments = environment::Entity::find()
        .filter(environment::Column::ProjectId.is_in(projects))
        .all(reader)
        .await
        .map_err(DbError::from)?;
    let production: HashMap<EnvironmentId, ProjectId> =
        environments.iter().filter(|row| row.slug.is_production()).map(|row| (row.id, row.project_id)).collect();
    let mut glances: HashMap<ProjectId, Glance> = HashMap::new();
    for row in environments.iter().filter(|row| row.slug.is_production()) {
        glances.entry(row.project_id).or_default().live = row.live_deployment_id.is_some();
    }
    let domains = domain::Entity::find()
        .filter(domain::Column::EnvironmentId.is_in(production.keys().copied()))
        .order_by_asc(domain::Column::Id)
        .all(reader)
        .await
        .map_err(DbError::from)?;
    for domain in domains {
        let urls = &mut glances.entry(domain.project_id).or_default().urls;
        urls.push(app.settings.url_of(&domain.host));
    }
    let live = deployment::Entity::find()
        .filter(deployment::Column::Id.is_in(environments.iter().filter_map(|row| row.live_deployment_id)))
        .order_by_asc(deployment::Column::Id)
        .all(reader)
        .await
        .map_err(DbError::from)?;
    let slugs: HashMap<EnvironmentId, _> = environments.into_iter().map(|row| (row.id, row.slug)).collect();
    // In the order of their making, so that the newest is what remains.
    for deployment in live {
        let Some(environment) = slugs.get(&deployment.environment_id).cloned() else { continue };
        glances.entry(deployment.project_id).or_default().last_deployment = Some(LastDeployment {
            id: deployment.id,
            number: deployment.number,
            environment,
            kind: deployments::kind_name(deployment.kind),
            created_at: deployment.created_at,
        });
    }
    Ok(glances)
}
