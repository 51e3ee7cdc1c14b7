//! Deployments in the database.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{
        deployment::{self, DeploymentKind},
        environment,
    },
};
use temps_model::{
    DeploymentId, EnvironmentId,
    proof::{DeploymentsCreate, DeploymentsRead, DeploymentsRollback, Granted},
};
use temps_policy::{BlobId, Upstream};

use crate::{access::Grant, environments, problem::Problem, wire::PageQuery};

/// What a deployment consists of.
#[derive(Clone, Debug)]
pub enum Content {
    /// A manifest whose blobs are settled.
    Static {
        manifest: BlobId,
        files: i32,
        bytes: i64,
    },
    Upstream(Upstream),
}

/// A deployment that was made live, its environment as it is now, and what was live before.
#[derive(Debug)]
pub struct MadeLive {
    pub deployment: deployment::Model,
    pub environment: environment::Model,
    pub before: Option<DeploymentId>,
}

/// A page of deployments with their environments, the newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    grant: &Grant<DeploymentsRead>,
    environment: Option<&environment::Model>,
    page: &PageQuery,
) -> Result<Vec<(deployment::Model, environment::Model)>, Problem> {
    let mut query = deployment::Entity::find().filter(deployment::Column::ProjectId.eq(grant.project));
    if let Some(environment) = environment {
        query = query.filter(deployment::Column::EnvironmentId.eq(environment.id));
    }
    if let Some(after) = page.after()? {
        query = query.filter(deployment::Column::Id.lt(after));
    }
    let query = query.find_also_related(environment::Entity).order_by_desc(deployment::Column::Id).limit(page.fetch()?);
    let found = query.all(connection).await.map_err(DbError::from)?;
    Ok(found.into_iter().filter_map(|(deployment, environment)| Some((deployment, environment?))).collect())
}

/// A deployment of the grant's project, with its environment.
pub async fn find<P: Granted>(
    connection: &impl ConnectionTrait,
    grant: &Grant<P>,
    id: DeploymentId,
) -> Result<(deployment::Model, environment::Model), Problem> {
    let query = deployment::Entity::find_by_id(id).filter(deployment::Column::ProjectId.eq(grant.project));
    match query.find_also_related(environment::Entity).one(connection).await.map_err(DbError::from)? {
        Some((deployment, Some(environment))) => Ok((deployment, environment)),
        _ => Err(Problem::not_found()),
    }
}

/// Adds a deployment to the environment of this slug or id, under its next number, and makes it live.
pub async fn create(
    transaction: &WriteTransaction,
    grant: &Grant<DeploymentsCreate>,
    environment: &str,
    content: &Content,
) -> Result<MadeLive, Problem> {
    let environment = environments::store::find(transaction, grant, environment).await?;
    let environment = lock(transaction, grant, environment.id).await?;
    let last: Option<i32> = deployment::Entity::find()
        .select_only()
        .column(deployment::Column::Number)
        .filter(deployment::Column::EnvironmentId.eq(environment.id))
        .order_by_desc(deployment::Column::Number)
        .into_tuple()
        .one(transaction)
        .await
        .map_err(DbError::from)?;
    let now = transaction.now();
    let (kind, manifest, upstream_url, files, bytes) = match content {
        Content::Static { manifest, files, bytes } => {
            (DeploymentKind::Static, Some(manifest.to_string()), None, *files, *bytes)
        }
        Content::Upstream(upstream) => (DeploymentKind::Upstream, None, Some(upstream.to_string()), 0, 0),
    };
    let deployment = deployment::Model {
        id: DeploymentId::generate(now),
        project_id: grant.project,
        environment_id: environment.id,
        number: last.unwrap_or(0) + 1,
        kind,
        manifest,
        upstream_url,
        files,
        bytes,
        created_by: grant.user,
        created_at: now,
    };
    let row = deployment::ActiveModel::from(deployment.clone());
    deployment::Entity::insert(row).exec_without_returning(transaction).await.map_err(DbError::from)?;
    make_live(transaction, environment, deployment).await
}

/// Makes an earlier deployment live again.
pub async fn roll_back(
    transaction: &WriteTransaction,
    grant: &Grant<DeploymentsRollback>,
    id: DeploymentId,
) -> Result<MadeLive, Problem> {
    let (deployment, environment) = find(transaction, grant, id).await?;
    let environment = lock(transaction, grant, environment.id).await?;
    if environment.live_deployment_id == Some(deployment.id) {
        let detail =
            format!("Deployment {} is what `{}` serves; nothing was changed.", deployment.number, environment.slug);
        return Err(Problem::conflict("already_live", "Live already", detail));
    }
    make_live(transaction, environment, deployment).await
}

/// Holds the environment, so that deployments to it come one after another.
async fn lock<P: Granted>(
    transaction: &WriteTransaction,
    grant: &Grant<P>,
    id: EnvironmentId,
) -> Result<environment::Model, Problem> {
    let query = environment::Entity::find_by_id(id).filter(environment::Column::ProjectId.eq(grant.project));
    let found = query.lock_exclusive().one(transaction).await.map_err(DbError::from)?;
    found.ok_or_else(Problem::not_found)
}

async fn make_live(
    transaction: &WriteTransaction,
    environment: environment::Model,
    deployment: deployment::Model,
) -> Result<MadeLive, Problem> {
    let before = environment.live_deployment_id;
    let version = environment.version + 1;
    let mut row = environment::ActiveModel::from(environment);
    row.live_deployment_id = Set(Some(deployment.id));
    row.version = Set(version);
    let environment = row.update(transaction).await.map_err(DbError::from)?;
    Ok(MadeLive { deployment, environment, before })
}
