//! Projects in the database.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::LockType,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{domain, member, project, user},
    vault::KeyOwner,
};
use temps_model::{
    Permission, ProjectId, ProjectSlug, Role, Text, grants,
    proof::{ProjectsDelete, ProjectsRead},
};

use crate::{
    access::{Grant, User},
    app::App,
    certificates,
    problem::{Problem, or_taken},
    wire::PageQuery,
};

/// Projects that exist and one user created.
const MAX_OF_USER: u64 = 1_000;

/// The projects that a user is a member of, with their role in each.
pub async fn list(app: &App, user: &User, page: &PageQuery) -> Result<Vec<(project::Model, Role)>, Problem> {
    let mut mine = member::Entity::find().filter(member::Column::UserId.eq(user.caller.user));
    if let Some(after) = page.after()? {
        mine = mine.filter(member::Column::ProjectId.gt(after));
    }
    let mine = mine.find_also_related(project::Entity).order_by_asc(member::Column::ProjectId).limit(page.fetch()?);
    let rows = mine.all(app.database.read()).await.map_err(DbError::from)?;
    Ok(rows.into_iter().filter_map(|(member, project)| Some((project?, member.role))).collect())
}

/// The projects whose traffic a user may see.
pub async fn with_analytics(app: &App, user: &User) -> Result<HashMap<ProjectId, ProjectSlug>, Problem> {
    let mine = member::Entity::find().filter(member::Column::UserId.eq(user.caller.user));
    let rows = mine.find_also_related(project::Entity).all(app.database.read()).await.map_err(DbError::from)?;
    let readable = rows.into_iter().filter(|(member, _)| grants(member.role, Permission::AnalyticsRead));
    Ok(readable.filter_map(|(_, project)| project.map(|project| (project.id, project.slug))).collect())
}

/// The ids of all projects, for jobs.
pub async fn all(connection: &impl ConnectionTrait) -> Result<HashSet<ProjectId>, DbError> {
    let ids = project::Entity::find().select_only().column(project::Column::Id).into_tuple::<ProjectId>();
    Ok(ids.all(connection).await?.into_iter().collect())
}

/// Makes a project that the user owns.
pub async fn insert(
    transaction: &WriteTransaction,
    user: &User,
    slug: ProjectSlug,
    name: Text<80>,
) -> Result<project::Model, Problem> {
    let creator = user.caller.user;
    user::Entity::find_by_id(creator).lock(LockType::NoKeyUpdate).one(transaction).await.map_err(DbError::from)?;
    let own = project::Entity::find().filter(project::Column::CreatedBy.eq(creator));
    if own.count(transaction).await.map_err(DbError::from)? >= MAX_OF_USER {
        let detail = format!("A user can have created {MAX_OF_USER} projects that exist, and you have.");
        return Err(Problem::conflict("too_many_projects", "Too many projects", detail)
            .hint("Delete one that is not needed any more."));
    }
    let now = transaction.now();
    let name = if name.is_empty() { slug.to_string() } else { name.into() };
    let project =
        project::Model { id: ProjectId::generate(now), slug, name, created_by: creator, created_at: now, version: 1 };
    let inserted =
        project::Entity::insert(project::ActiveModel::from(project.clone())).exec_without_returning(transaction).await;
    or_taken(inserted, || {
        Problem::conflict("slug_taken", "Name taken", format!("There is a project named `{}` already.", project.slug))
            .field("slug", "is taken")
    })?;
    let owner = member::ActiveModel {
        project_id: Set(project.id),
        user_id: Set(creator),
        role: Set(Role::Owner),
        created_at: Set(now),
    };
    owner.insert(transaction).await.map_err(DbError::from)?;
    Ok(project)
}

pub async fn show(connection: &impl ConnectionTrait, grant: &Grant<ProjectsRead>) -> Result<project::Model, Problem> {
    find(connection, grant.project).await
}

/// Holds a project until the transaction ends against others who do the same, so that what is counted in it stays so. Others may refer to it.
pub async fn hold(transaction: &WriteTransaction, id: ProjectId) -> Result<(), Problem> {
    let found = project::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(transaction).await;
    found.map_err(DbError::from)?.map(drop).ok_or_else(Problem::not_found)
}

/// The project, locked until the transaction ends.
pub async fn lock(transaction: &WriteTransaction, grant: &Grant<ProjectsDelete>) -> Result<project::Model, Problem> {
    let found =
        project::Entity::find_by_id(grant.project).lock_exclusive().one(transaction).await.map_err(DbError::from)?;
    found.ok_or_else(Problem::not_found)
}

/// Removes a project with all that it has, and destroys the key of its secrets (R-SEC-8).
pub async fn delete(transaction: &WriteTransaction, grant: &Grant<ProjectsDelete>) -> Result<(), Problem> {
    certificates::forget(transaction, domain::Entity::find().filter(domain::Column::ProjectId.eq(grant.project)))
        .await?;
    project::Entity::delete_by_id(grant.project).exec(transaction).await.map_err(DbError::from)?;
    transaction.vault().destroy(transaction, KeyOwner::Project(grant.project)).await?;
    Ok(())
}

/// The slugs of projects by id, for records that name a project.
pub async fn slugs(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ProjectId>,
) -> Result<HashMap<ProjectId, ProjectSlug>, Problem> {
    let rows =
        project::Entity::find().filter(project::Column::Id.is_in(ids)).all(connection).await.map_err(DbError::from)?;
    Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
}

async fn find(connection: &impl ConnectionTrait, id: ProjectId) -> Result<project::Model, Problem> {
    let found = project::Entity::find_by_id(id).one(connection).await.map_err(DbError::from)?;
    found.ok_or_else(Problem::not_found)
}
