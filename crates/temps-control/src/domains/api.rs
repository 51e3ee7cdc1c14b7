//! `/projects/{project}/domains`.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use temps_db::entities::{
    domain::{self, DomainKind},
    environment,
};
use temps_model::{
    DomainId, EnvironmentSlug, HostName, Timestamp,
    proof::{DomainsRead, DomainsWrite},
};
use utoipa::ToSchema;

use super::store;
use crate::{
    access::Grant,
    app::App,
    change::Change,
    edge::{EffectiveMs, Touched},
    environments,
    problem::Problem,
    projects::api::Effective,
    wire::{Json, Page, PageQuery, Query},
};

/// A host name, as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainBody {
    #[schema(value_type = String, format = Uuid)]
    id: DomainId,
    #[schema(value_type = String)]
    host: HostName,
    #[schema(value_type = String)]
    environment: EnvironmentSlug,
    /// `generated` or `custom`.
    kind: &'static str,
    url: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomain {
    /// A host name such as `shop.example.com`.
    #[schema(value_type = String)]
    host: HostName,
    /// Slug or id of the environment; `production` unless told.
    environment: Option<String>,
}

/// A host name that was just added.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedDomain {
    #[serde(flatten)]
    domain: DomainBody,
    /// Milliseconds until it was known to every worker; `null` if some worker did not report in time.
    #[schema(value_type = Option<f64>)]
    effective_ms: EffectiveMs,
}

impl DomainBody {
    fn new(app: &App, domain: domain::Model, environment: EnvironmentSlug) -> Self {
        let kind = match domain.kind {
            DomainKind::Generated => "generated",
            DomainKind::Custom => "custom",
        };
        let url = app.settings.url_of(&domain.host);
        Self { id: domain.id, host: domain.host, environment, kind, url, created_at: domain.created_at }
    }
}

pub async fn list(
    State(app): State<App>,
    grant: Grant<DomainsRead>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<DomainBody>>, Problem> {
    let domains = store::list(&app, &grant, &page).await?;
    let Page { items, next } = page.page(domains, |(domain, _)| domain.id.uuid())?;
    let body = |(domain, environment): (domain::Model, Option<environment::Model>)| {
        Some(DomainBody::new(&app, domain, environment?.slug))
    };
    Ok(Json(Page { items: items.into_iter().filter_map(body).collect(), next }))
}

pub async fn add(
    State(app): State<App>,
    grant: Grant<DomainsWrite>,
    Json(body): Json<NewDomain>,
) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &grant).await?;
    let environment =
        environments::store::find(&*change, &grant, body.environment.as_deref().unwrap_or("production")).await?;
    let domain = store::add(&app, &change, &grant, &environment, body.host).await?;
    let host = domain.host.to_string();
    change.commit(|record| record.target("domain", domain.id).change("host", (), host)).await?;
    let effective_ms = app.edge.refresh([Touched::Environment(environment.id)]).await;
    Ok((
        StatusCode::CREATED,
        Json(AddedDomain { domain: DomainBody::new(&app, domain, environment.slug), effective_ms }),
    ))
}

pub async fn remove(
    State(app): State<App>,
    grant: Grant<DomainsWrite>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Effective>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let change = Change::begin(&app, &grant).await?;
    let domain = store::remove(&change, &grant, id).await?;
    let host = domain.host.to_string();
    change.commit(|record| record.target("domain", domain.id).change("host", host, ())).await?;
    let effective_ms = app.edge.refresh([Touched::Environment(domain.environment_id)]).await;
    Ok(Json(Effective { effective_ms }))
}
