//! `GET /audit` for administrators, `GET /projects/{project}/audit` for those who may read a project's.

use std::collections::HashMap;

use axum::extract::State;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use temps_db::{
    DbError,
    audit::{self, Body},
    entities::{audit_record, user},
};
use temps_model::{AuditId, ProjectId, RequestId, Timestamp, UserId, proof::AuditRead};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Administrator, Grant},
    app::App,
    problem::Problem,
    projects,
    wire::{Json, Page, PageQuery, Query},
};

/// Which records are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    limit: Option<u64>,
    cursor: Option<String>,
    /// The id of the user who acted.
    #[param(value_type = Option<String>)]
    actor: Option<UserId>,
    /// The name of the action, such as `deployment.create`.
    action: Option<String>,
    /// `done`, `denied` or `failed`.
    result: Option<String>,
    /// Not before this time (RFC 3339).
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Before this time (RFC 3339).
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
}

/// A record, with its personal fields in the clear as long as their keys exist.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordBody {
    #[schema(value_type = String, format = Uuid)]
    id: AuditId,
    /// Its place in the hash chain; `null` for about a second, until it is sealed.
    seq: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: ActorBody,
    action: String,
    /// The slug of the project, or its id if it is gone.
    project: Option<String>,
    target: Option<TargetBody>,
    /// `done`, `denied` or `failed`.
    result: String,
    /// How many times it happened, where one record stands for several.
    count: u32,
    #[schema(value_type = Option<String>, format = Uuid)]
    request_id: Option<RequestId>,
    /// Personal fields such as `ip`; `null` where they were erased.
    personal: std::collections::BTreeMap<String, Option<String>>,
    /// Fields before and after.
    #[schema(value_type = Object)]
    changes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ActorBody {
    /// `user`, `anonymous`, `console` (the operator of the server) or `system`.
    kind: String,
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Option<UserId>,
    email: Option<String>,
    /// How they proved who they are.
    authentication: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TargetBody {
    kind: String,
    id: String,
}

pub async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<RecordBody>>, Problem> {
    app.denials.read(&app, &administrator).await?;
    read(&app, query, None).await
}

pub async fn list_of_project(
    State(app): State<App>,
    grant: Grant<AuditRead>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<RecordBody>>, Problem> {
    app.denials.read(&app, &grant).await?;
    read(&app, query, Some(grant.project)).await
}

async fn read(app: &App, query: AuditQuery, project: Option<ProjectId>) -> Result<Json<Page<RecordBody>>, Problem> {
    let page = PageQuery::new(query.limit, query.cursor.clone());
    let rows = audit_record::Entity::find()
        .filter(condition(&query, project, &page)?)
        .order_by_desc(audit_record::Column::Id)
        .limit(page.fetch()?)
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let Page { items, next } = page.page(rows, |row| row.id.uuid())?;
    let bodies =
        items.iter().map(|row| Body::parse(&row.body).map_err(Problem::internal)).collect::<Result<Vec<_>, _>>()?;
    let names = Names::of(app, &bodies).await?;
    let personal = audit::personal_fields(app.database.read(), app.database.vault(), &bodies).await?;
    let records = items.iter().zip(bodies).zip(personal);
    let records = records.map(|((row, body), personal)| names.record(row.seq, body, personal)).collect();
    Ok(Json(Page { items: records, next }))
}

fn condition(query: &AuditQuery, project: Option<ProjectId>, page: &PageQuery) -> Result<Condition, Problem> {
    use audit_record::Column;
    let outcomes = ["done", "denied", "failed"];
    let outcome = match query.result.as_deref() {
        None => None,
        Some(result) if outcomes.contains(&result) => Some(Column::Outcome.eq(result)),
        Some(_) => return Err(Problem::bad_request("query", "`result` can be done, denied or failed.")),
    };
    Ok(Condition::all()
        .add_option(project.map(|project| Column::ProjectId.eq(project)))
        .add_option(query.actor.map(|actor| Column::ActorId.eq(actor)))
        .add_option(query.action.as_ref().map(|action| Column::Action.eq(action)))
        .add_option(outcome)
        .add_option(query.since.map(|since| Column::CreatedAt.gte(since)))
        .add_option(query.until.map(|until| Column::CreatedAt.lt(until)))
        .add_option(page.after()?.map(|after| Column::Id.lt(after))))
}

/// What the people and projects in records are called today.
struct Names {
    emails: HashMap<UserId, String>,
    slugs: HashMap<ProjectId, temps_model::ProjectSlug>,
}

impl Names {
    async fn of(app: &App, bodies: &[Body]) -> Result<Self, Problem> {
        let actors = bodies.iter().filter_map(|body| body.actor.id);
        let users = user::Entity::find()
            .filter(user::Column::Id.is_in(actors))
            .all(app.database.read())
            .await
            .map_err(DbError::from)?;
        let emails = users.into_iter().map(|user| (user.id, user.email.to_string())).collect();
        let slugs = projects::store::slugs(app.database.read(), bodies.iter().filter_map(|body| body.project)).await?;
        Ok(Self { emails, slugs })
    }

    fn record(
        &self,
        seq: Option<i64>,
        body: Body,
        personal: std::collections::BTreeMap<String, Option<String>>,
    ) -> RecordBody {
        let project = body.project.map(|id| self.slugs.get(&id).map_or_else(|| id.to_string(), ToString::to_string));
        let email = body.actor.id.and_then(|id| self.emails.get(&id).cloned());
        RecordBody {
            id: body.id,
            seq,
            at: body.time,
            actor: ActorBody { kind: body.actor.kind, id: body.actor.id, email, authentication: body.authentication },
            action: body.action,
            project,
            target: body.target.map(|target| TargetBody { kind: target.kind, id: target.id }),
            result: body.outcome,
            count: body.count,
            request_id: body.request,
            personal,
            changes: body.changes,
        }
    }
}
