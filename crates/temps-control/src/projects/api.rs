//! `/projects` and `/projects/{project}`.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use temps_db::entities::project;
use temps_model::{
    DeploymentId, EnvironmentSlug, ProjectId, ProjectSlug, Role, Text, Timestamp,
    proof::{ProjectsDelete, ProjectsRead},
};
use utoipa::ToSchema;

use super::{
    glance::{self, Glance},
    store,
};
use crate::{
    access::{Grant, User},
    app::App,
    change::Change,
    edge::{EffectiveMs, Touched},
    environments::{self, EnvironmentBody},
    instance, members,
    problem::Problem,
    wire::{Answer, Expected, Json, Page, PageQuery, Query},
};

/// A project in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectBody {
    #[schema(value_type = String, format = Uuid)]
    id: ProjectId,
    #[schema(value_type = String)]
    slug: ProjectSlug,
    name: String,
    /// What the caller is in this project.
    #[schema(value_type = String)]
    role: Role,
    /// What the caller may do in it.
    permissions: Vec<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    version: i32,
}

/// A project in a list, with what is known at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedProject {
    #[serde(flatten)]
    project: ProjectBody,
    /// Whether something answers in production.
    live: bool,
    /// Where production is reached.
    urls: Vec<String>,
    /// The newest deployment that answers in any environment.
    last_deployment: Option<LastDeployment>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LastDeployment {
    #[schema(value_type = String, format = Uuid)]
    pub id: DeploymentId,
    pub number: i32,
    #[schema(value_type = String)]
    pub environment: EnvironmentSlug,
    /// `static` or `upstream`.
    pub kind: &'static str,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A project with its environments.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectDetails {
    #[serde(flatten)]
    project: ProjectBody,
    environments: Vec<EnvironmentBody>,
    /// Milliseconds until the change was in force on every worker; `null` if some worker did not report in time. Only after a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_ms: Option<EffectiveMs>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// Short name, part of host names: 2 to 40 of a to z, 0 to 9 and hyphens.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]
    slug: ProjectSlug,
    /// The name for people; the short one unless told.
    #[serde(default)]
    #[schema(value_type = String, max_length = 80)]
    name: Text<80>,
}

/// How long a change took to be in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Effective {
    /// Milliseconds until the change was in force on every worker; `null` if some worker did not report in time.
    #[schema(value_type = Option<f64>)]
    pub effective_ms: EffectiveMs,
}

impl ProjectBody {
    fn new(project: project::Model, role: Role) -> Self {
        let project::Model { id, slug, name, created_at, version, .. } = project;
        Self { id, slug, name, role, permissions: members::permissions(role), created_at, version }
    }
}

pub async fn list(
    State(app): State<App>,
    user: User,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ListedProject>>, Problem> {
    let projects = store::list(&app, &user, &page).await?;
    let Page { items, next } = page.page(projects, |(project, _)| project.id.uuid())?;
    let mut glances = glance::of(&app, items.iter().map(|(project, _)| project.id)).await?;
    let listed = |(project, role): (project::Model, Role)| {
        let Glance { live, urls, last_deployment } = glances.remove(&project.id).unwrap_or_default();
        ListedProject { project: ProjectBody::new(project, role), live, urls, last_deployment }
    };
    Ok(Json(Page { items: items.into_iter().map(listed).collect(), next }))
}

pub async fn create(
    State(app): State<App>,
    user: User,
    Json(body): Json<NewProject>,
) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &user).await?;
    instance::store::may_create_projects(&change, &user).await?;
    let project = store::insert(&change, &user, body.slug, body.name).await?;
    let environment = environments::store::insert_production(&app, &change, &project).await?;
    let slug = project.slug.to_string();
    change.commit(|record| record.project(project.id).target("project", project.id).change("slug", (), slug)).await?;
    let effective_ms = app.edge.refresh([Touched::Environment(environment.id)]).await;
    let environments = environments::of_project(&app, project.id).await?;
    let body = ProjectDetails {
        project: ProjectBody::new(project, Role::Owner),
        environments,
        effective_ms: Some(effective_ms),
    };
    Ok(Answer::created(1, body))
}

pub async fn show(State(app): State<App>, grant: Grant<ProjectsRead>) -> Result<impl IntoResponse, Problem> {
    let project = store::show(app.database.read(), &grant).await?;
    let environments = environments::of_project(&app, project.id).await?;
    let version = project.version;
    Ok(Answer::new(
        version,
        ProjectDetails { project: ProjectBody::new(project, grant.role), environments, effective_ms: None },
    ))
}

pub async fn delete(
    State(app): State<App>,
    grant: Grant<ProjectsDelete>,
    expected: Expected,
) -> Result<Json<Effective>, Problem> {
    let change = Change::begin(&app, &grant).await?;
    let project = store::lock(&change, &grant).await?;
    expected.check(project.version)?;
    store::delete(&change, &grant).await?;
    let slug = project.slug.to_string();
    change.commit(|record| record.target("project", project.id).change("slug", slug, ())).await?;
    let effective_ms = app.edge.refresh([Touched::ProjectRemoved(project.id)]).await;
    app.traffic.forget_project(project.id).await;
    Ok(Json(Effective { effective_ms }))
}
