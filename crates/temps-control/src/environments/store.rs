//! Environments in the database.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{domain, environment, project},
};
use temps_model::{
    EnvironmentId, EnvironmentSlug, ProjectId,
    proof::{EnvironmentsRead, EnvironmentsWrite, Granted},
};

use crate::{
    access::Grant,
    app::App,
    certificates, domains,
    problem::{Problem, or_taken},
    projects,
    wire::PageQuery,
};

/// Environments that a project can have.
pub const MAX_IN_PROJECT: u64 = 100;

/// Makes the environment that every project has.
pub async fn insert_production(
    app: &App,
    transaction: &WriteTransaction,
    project: &project::Model,
) -> Result<environment::Model, Problem> {
    insert(app, transaction, project.id, project.slug.as_str(), EnvironmentSlug::production()).await
}

/// The environments of a project, the oldest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    grant: &Grant<EnvironmentsRead>,
    page: &PageQuery,
) -> Result<Vec<environment::Model>, Problem> {
    let mut query = environment::Entity::find().filter(environment::Column::ProjectId.eq(grant.project));
    if let Some(after) = page.after()? {
        query = query.filter(environment::Column::Id.gt(after));
    }
    let query = query.order_by_asc(environment::Column::Id).limit(page.fetch()?);
    Ok(query.all(connection).await.map_err(DbError::from)?)
}

/// Makes a further environment.
pub async fn create(
    app: &App,
    transaction: &WriteTransaction,
    grant: &Grant<EnvironmentsWrite>,
    slug: EnvironmentSlug,
) -> Result<environment::Model, Problem> {
    projects::store::hold(transaction, grant.project).await?;
    let own = environment::Entity::find().filter(environment::Column::ProjectId.eq(grant.project));
    if own.count(transaction).await.map_err(DbError::from)? >= MAX_IN_PROJECT {
        let detail = format!("A project can have {MAX_IN_PROJECT} environments, and this one has them.");
        return Err(Problem::conflict("too_many_environments", "Too many environments", detail)
            .hint("Delete one that is not needed any more."));
    }
    insert(app, transaction, grant.project, grant.slug.as_str(), slug).await
}

/// The environment of this name or id in the project of the grant.
pub async fn find<P: Granted>(
    connection: &impl ConnectionTrait,
    grant: &Grant<P>,
    name: &str,
) -> Result<environment::Model, Problem> {
    // A name that no environment can have is not asked for: PostgreSQL takes no NUL.
    if name.contains('\0') {
        return Err(Problem::not_found());
    }
    let by_name = match name.parse::<EnvironmentId>() {
        Ok(id) => Condition::all().add(environment::Column::Id.eq(id)),
        Err(_) => Condition::all().add(environment::Column::Slug.eq(name)),
    };
    let found = environment::Entity::find().filter(environment::Column::ProjectId.eq(grant.project)).filter(by_name);
    found.one(connection).await.map_err(DbError::from)?.ok_or_else(Problem::not_found)
}

/// Removes an environment with its deployments, domains and rules.
pub async fn delete(
    transaction: &WriteTransaction,
    _: &Grant<EnvironmentsWrite>,
    environment: &environment::Model,
) -> Result<(), Problem> {
    if environment.slug.is_production() {
        return Err(Problem::conflict(
            "production",
            "Production stays",
            "Every project has the environment `production`; it goes with the project.",
        ));
    }
    certificates::forget(transaction, domain::Entity::find().filter(domain::Column::EnvironmentId.eq(environment.id)))
        .await?;
    // Of two who delete it at the same time, the second finds nothing here.
    match environment::Entity::delete_by_id(environment.id)
        .exec(transaction)
        .await
        .map_err(DbError::from)?
        .rows_affected
    {
        0 => Err(Problem::not_found()),
        _ => Ok(()),
    }
}

async fn insert(
    app: &App,
    transaction: &WriteTransaction,
    project: ProjectId,
    project_slug: &str,
    slug: EnvironmentSlug,
) -> Result<environment::Model, Problem> {
    let now = transaction.now();
    let row = environment::Model {
        id: EnvironmentId::generate(now),
        project_id: project,
        slug,
        live_deployment_id: None,
        created_at: now,
        version: 1,
    };
    let active = environment::ActiveModel { live_deployment_id: Set(None), ..row.clone().into() };
    let inserted = environment::Entity::insert(active).exec_without_returning(transaction).await;
    or_taken(inserted, || {
        Problem::conflict(
            "slug_taken",
            "Name taken",
            format!("This project has an environment named `{}` already.", row.slug),
        )
        .field("slug", "is taken")
    })?;
    domains::store::generate(app, transaction, &row, project_slug).await?;
    Ok(row)
}
