//! `GET …/requests`, `…/requests/{request}` and `…/refusals`.

use axum::extract::{Path, State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use temps_db::telemetry::refusal;
use temps_model::{ClientIp, EnvironmentId, ProjectId, RequestId, Timestamp, proof::RequestsRead};
use temps_policy::{Event, Outcome, SiteId};
use utoipa::{IntoParams, ToSchema};

use super::{
    Ending, REFUSALS_KEPT, Told, Traffic, lock,
    told::{RequestBody, bodies},
    unreadable,
};
use crate::{
    access::Grant,
    app::App,
    environments,
    problem::Problem,
    wire::{Json, Page, PageQuery, Query},
};

/// Which requests are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Only those that ended so: `passed`, `throttled`, `refused`, `failed` or `abandoned`.
    #[param(value_type = Option<String>)]
    verdict: Option<Ending>,
    /// Only those of this address.
    #[param(value_type = Option<String>)]
    client: Option<ClientIp>,
    /// Slug or id of an environment.
    environment: Option<String>,
    /// Entries a page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// A part of the requests that are kept, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Requests {
    items: Vec<RequestBody>,
    /// Where the next page begins; `null` on the last one.
    next: Option<String>,
    /// From when on nothing is missing.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// What a query comes down to.
struct Wanted {
    project: ProjectId,
    verdict: Option<Ending>,
    client: Option<ClientIp>,
    environment: Option<EnvironmentId>,
    page: PageQuery,
    before: Option<RequestId>,
}

impl Wanted {
    async fn read(app: &App, grant: &Grant<RequestsRead>, query: RequestQuery) -> Result<Self, Problem> {
        let environment = match &query.environment {
            Some(name) => Some(environments::store::find(app.database.read(), grant, name).await?.id),
            None => None,
        };
        let page = PageQuery::new(query.limit, query.cursor);
        let before = page.after()?.map(RequestId::from_uuid);
        Ok(Self { project: grant.project, verdict: query.verdict, client: query.client, environment, page, before })
    }

    /// Asked of every request in memory, so it makes no texts of it.
    fn includes_event(&self, event: &Event) -> bool {
        let environment = match event.site {
            Some(SiteId::Environment { environment, .. }) => Some(environment),
            _ => None,
        };
        self.verdict.is_none_or(|verdict| verdict == Ending::of(event.outcome))
            && self.client.is_none_or(|client| client == event.client)
            && self.environment.is_none_or(|wanted| Some(wanted) == environment)
    }

    fn includes(&self, request: &Told) -> bool {
        self.verdict.is_none_or(|verdict| verdict == request.ending)
            && self.client.is_none_or(|client| client.to_string() == request.client)
            && self.environment.is_none_or(|environment| Some(environment) == request.environment)
    }

    fn fetch(&self) -> Result<usize, Problem> {
        Ok(usize::try_from(self.page.fetch()?).unwrap_or(usize::MAX))
    }
}

/// Every request of the last hour, as far as it is in memory.
pub async fn list(
    State(app): State<App>,
    grant: Grant<RequestsRead>,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Requests>, Problem> {
    let wanted = Wanted::read(&app, &grant, query).await?;
    let (found, since) = app.traffic.recent(&wanted, app.clock.now())?;
    answer(&app, &wanted, found, since).await
}

/// Refused and throttled requests of the last week.
pub async fn refusals(
    State(app): State<App>,
    grant: Grant<RequestsRead>,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Requests>, Problem> {
    if matches!(query.verdict, Some(Ending::Passed | Ending::Failed | Ending::Abandoned)) {
        return Err(Problem::bad_request("query", "`verdict` of refusals can be refused or throttled."));
    }
    let wanted = Wanted::read(&app, &grant, query).await?;
    let (found, complete) = app.traffic.refusals(&wanted).await?;
    let since = complete.max(app.clock.now().before(REFUSALS_KEPT));
    answer(&app, &wanted, found, since).await
}

/// One request, wherever it is kept.
pub async fn show(
    State(app): State<App>,
    grant: Grant<RequestsRead>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<RequestBody>, Problem> {
    let found = match id.parse::<RequestId>() {
        Ok(id) => app.traffic.find(grant.project, id, app.clock.now()).await?,
        Err(_) => None,
    };
    let body = bodies(app.database.read(), grant.project, found.into_iter().collect()).await?.pop();
    body.map(Json).ok_or_else(|| {
        Problem::not_found()
            .hint("Requests are kept for an hour, refusals for seven days, and of a flood only a part. Check the id and the project.")
    })
}

async fn answer(app: &App, wanted: &Wanted, found: Vec<Told>, since: Timestamp) -> Result<Json<Requests>, Problem> {
    let Page { items, next } = wanted.page.page(found, |request| request.id.uuid())?;
    let items = bodies(app.database.read(), wanted.project, items).await?;
    Ok(Json(Requests { items, next, since }))
}

impl Traffic {
    /// Requests in the order in which they ended, the latest first.
    fn recent(&self, wanted: &Wanted, now: Timestamp) -> Result<(Vec<Told>, Timestamp), Problem> {
        let recent = lock(&self.recent);
        let mut skips = wanted.before.is_some();
        let rest = recent.of_project(wanted.project, now).rev().filter(|event| {
            let is_behind = !skips;
            skips = skips && Some(event.id) != wanted.before;
            is_behind
        });
        let found = rest.filter(|event| wanted.includes_event(event)).take(wanted.fetch()?).map(Told::from).collect();
        Ok((found, recent.since(now)))
    }

    /// The latest first, and from when on none is missing.
    async fn refusals(&self, wanted: &Wanted) -> Result<(Vec<Told>, Timestamp), Problem> {
        use refusal::Column;
        let fetch = wanted.fetch()?;
        let _stable = self.saving.read().await;
        let mut complete = self.file.complete_since(wanted.project).await.map_err(unreadable)?;
        if lock(&self.unsaved).flooded.contains(&wanted.project) {
            complete = self.clock.now();
        }
        let mut found: Vec<Told> = lock(&self.unsaved)
            .refusals
            .iter()
            .filter(|refusal| refusal.project_id == wanted.project)
            .filter(|refusal| wanted.before.is_none_or(|before| refusal.id < before))
            .map(|refusal| Told::from(refusal.clone()))
            .filter(|request| wanted.includes(request))
            .collect();
        let mut saved = refusal::Entity::find().filter(Column::ProjectId.eq(wanted.project));
        saved = match wanted.verdict {
            Some(Ending::Throttled) => saved.filter(Column::Outcome.eq(Outcome::Throttled.name())),
            Some(_) => saved.filter(Column::Outcome.ne(Outcome::Throttled.name())),
            None => saved,
        };
        if let Some(client) = wanted.client {
            saved = saved.filter(Column::Client.eq(client.to_string()));
        }
        if let Some(environment) = wanted.environment {
            saved = saved.filter(Column::EnvironmentId.eq(environment));
        }
        if let Some(before) = wanted.before {
            saved = saved.filter(Column::Id.lt(before));
        }
        let saved = saved.order_by_desc(Column::Id).limit(fetch as u64).all(self.file.read()).await;
        let saved = saved.map_err(|error| unreadable(error.into()))?;
        found.extend(saved.into_iter().map(Told::from));
        found.sort_by_key(|request| std::cmp::Reverse(request.id));
        found.truncate(fetch);
        Ok((found, complete))
    }

    async fn find(&self, project: ProjectId, id: RequestId, now: Timestamp) -> Result<Option<Told>, Problem> {
        let _stable = self.saving.read().await;
        if let Some(event) = lock(&self.recent).find(project, id, now) {
            return Ok(Some(event.into()));
        }
        let unsaved = lock(&self.unsaved).refusals.iter().find(|refusal| refusal.id == id).cloned();
        let found = match unsaved {
            Some(refusal) => Some(refusal),
            None => {
                let saved = refusal::Entity::find_by_id(id).one(self.file.read()).await;
                saved.map_err(|error| unreadable(error.into()))?
            }
        };
        Ok(found.filter(|refusal| refusal.project_id == project).map(Told::from))
    }
}
