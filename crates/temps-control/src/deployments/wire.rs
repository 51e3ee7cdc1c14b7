//! Deployments as the API shows them.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use temps_db::{
    DbError,
    entities::{
        deployment::{self, DeploymentKind},
        domain, environment, user,
    },
};
use temps_model::{DeploymentId, EmailAddress, EnvironmentId, EnvironmentSlug, ProjectId, Timestamp, UserId};
use temps_policy::Upstream;
use utoipa::{IntoParams, ToSchema};

use crate::{app::App, edge::EffectiveMs, problem::Problem};

/// An application that runs elsewhere, to be put behind an environment's host names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeployment {
    /// Scheme, host and port, such as `http://127.0.0.1:3000`.
    #[schema(value_type = String)]
    pub upstream_url: Upstream,
    /// Slug or id of the environment; `production` unless told.
    pub environment: Option<String>,
}

/// Which deployments are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeploymentQuery {
    /// Slug or id of the environment; all environments unless told.
    pub environment: Option<String>,
    /// Entries a page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// One version of an environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeploymentBody {
    #[schema(value_type = uuid::Uuid)]
    id: DeploymentId,
    /// Counts the deployments of one environment from 1.
    number: i32,
    #[schema(value_type = String)]
    environment: EnvironmentSlug,
    /// `static` or `upstream`.
    kind: &'static str,
    /// Where the application runs; only of kind `upstream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_url: Option<String>,
    /// Files, and bytes of their content as uploaded; 0 of kind `upstream`.
    files: i32,
    bytes: i64,
    /// `null` if that user was removed.
    created_by: Option<Creator>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether this is what answers for its environment.
    live: bool,
    /// Where its environment is reached.
    urls: Vec<String>,
}

/// Who deployed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Creator {
    #[schema(value_type = uuid::Uuid)]
    id: UserId,
    #[schema(value_type = String)]
    email: EmailAddress,
}

/// A deployment that was just made live.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveDeploymentBody {
    #[serde(flatten)]
    pub deployment: DeploymentBody,
    /// Milliseconds until every worker served it; `null` if some worker did not report in time.
    #[schema(value_type = Option<f64>)]
    pub effective_ms: EffectiveMs,
}

/// Deployments of a project with their environments, in the same order.
pub(super) async fn bodies(
    app: &App,
    project: ProjectId,
    deployments: Vec<(deployment::Model, environment::Model)>,
) -> Result<Vec<DeploymentBody>, Problem> {
    let creators = creators(app, deployments.iter().map(|(deployment, _)| deployment.created_by).collect()).await?;
    let urls = urls(app, project, deployments.iter().map(|(_, environment)| environment.id).collect()).await?;
    let body = |(deployment, environment): (deployment::Model, environment::Model)| DeploymentBody {
        id: deployment.id,
        number: deployment.number,
        kind: kind_name(deployment.kind),
        upstream_url: deployment.upstream_url,
        files: deployment.files,
        bytes: deployment.bytes,
        created_by: creators
            .get(&deployment.created_by)
            .map(|email| Creator { id: deployment.created_by, email: email.clone() }),
        created_at: deployment.created_at,
        live: environment.live_deployment_id == Some(deployment.id),
        urls: urls.get(&environment.id).cloned().unwrap_or_default(),
        environment: environment.slug,
    };
    Ok(deployments.into_iter().map(body).collect())
}

/// The word of the API.
pub fn kind_name(kind: DeploymentKind) -> &'static str {
    match kind {
        DeploymentKind::Static => "static",
        DeploymentKind::Upstream => "upstream",
    }
}

async fn creators(app: &App, users: HashSet<UserId>) -> Result<HashMap<UserId, EmailAddress>, Problem> {
    let found = user::Entity::find()
        .select_only()
        .columns([user::Column::Id, user::Column::Email])
        .filter(user::Column::Id.is_in(users))
        .into_tuple::<(UserId, EmailAddress)>()
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    Ok(found.into_iter().collect())
}

async fn urls(
    app: &App,
    project: ProjectId,
    environments: HashSet<EnvironmentId>,
) -> Result<HashMap<EnvironmentId, Vec<String>>, Problem> {
    let domains = domain::Entity::find()
        .filter(domain::Column::ProjectId.eq(project))
        .filter(domain::Column::EnvironmentId.is_in(environments))
        .order_by_asc(domain::Column::Id)
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let mut urls: HashMap<EnvironmentId, Vec<String>> = HashMap::new();
    for domain in domains {
        urls.entry(domain.environment_id).or_default().push(app.settings.url_of(&domain.host));
    }
    Ok(urls)
}
