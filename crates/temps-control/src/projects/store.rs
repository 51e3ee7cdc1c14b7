//! Projects in the database.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{certificate, domain, member, project},
    vault::KeyOwner,
};
use temps_model::{
    ProjectId, ProjectSlug, Role, Text,
    proof::{ProjectsDelete, ProjectsRead},
};

use crate::{
    access::{Grant, User},
    app::App,
    problem::Problem,
    wire::PageQuery,
};

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

/// Makes a project that the user owns.
pub async fn insert(
    transaction: &WriteTransaction,
    user: &User,
    slug: ProjectSlug,
    name: Text<80>,
) -> Result<project::Model, Problem> {
    let now = transaction.now();
    let name = if name.is_empty() { slug.to_string() } else { name.into() };
    let project = project::Model {
        id: ProjectId::generate(now),
        slug,
        name,
        created_by: user.caller.user,
        created_at: now,
        version: 1,
    };
    match project::Entity::insert(project::ActiveModel::from(project.clone()))
        .exec_without_returning(transaction)
        .await
        .map_err(DbError::from)
    {
        Ok(_) => {}
        Err(DbError::Conflict) => {
            return Err(Problem::conflict(
                "slug_taken",
                "Name taken",
                format!("There is a project named `{}` already.", project.slug),
            )
            .field("slug", "is taken"));
        }
        Err(error) => return Err(error.into()),
    }
    let owner = member::ActiveModel {
        project_id: Set(project.id),
        user_id: Set(user.caller.user),
        role: Set(Role::Owner),
        created_at: Set(now),
    };
    owner.insert(transaction).await.map_err(DbError::from)?;
    Ok(project)
}

pub async fn show(connection: &impl ConnectionTrait, grant: &Grant<ProjectsRead>) -> Result<project::Model, Problem> {
    find(connection, grant.project).await
}

/// The project, locked until the transaction ends.
pub async fn lock(transaction: &WriteTransaction, grant: &Grant<ProjectsDelete>) -> Result<project::Model, Problem> {
    let found =
        project::Entity::find_by_id(grant.project).lock_exclusive().one(transaction).await.map_err(DbError::from)?;
    found.ok_or_else(Problem::not_found)
}

/// Removes a project with all that it has, and destroys the key of its secrets (R-SEC-8).
pub async fn delete(transaction: &WriteTransaction, grant: &Grant<ProjectsDelete>) -> Result<(), Problem> {
    let domains = domain::Entity::find()
        .filter(domain::Column::ProjectId.eq(grant.project))
        .all(transaction)
        .await
        .map_err(DbError::from)?;
    let hosts = domains.into_iter().map(|domain| domain.host);
    certificate::Entity::delete_many()
        .filter(certificate::Column::Host.is_in(hosts))
        .exec(transaction)
        .await
        .map_err(DbError::from)?;
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
