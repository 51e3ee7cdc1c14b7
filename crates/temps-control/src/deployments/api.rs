//! `/projects/{project}/deployments`.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{FromRequest, Path, Request, State},
    http::StatusCode,
    response::IntoResponse,
};
use temps_model::{
    DeploymentId, EnvironmentSlug,
    proof::{DeploymentsCreate, DeploymentsRead, DeploymentsRollback},
};
use temps_policy::{Upstream, UpstreamHost};

use super::{
    archive::{self, ArchiveError, Limits},
    store::{self, Content, MadeLive},
    upload::{Upload, is_form},
    wire::{DeploymentBody, DeploymentQuery, LiveDeploymentBody, NewDeployment, bodies},
};
use crate::{
    access::Grant,
    app::App,
    blobs::Intake,
    change::Change,
    edge::Touched,
    environments,
    live::News,
    problem::Problem,
    wire::{Json, Page, PageQuery, Query},
};

const PRODUCTION: &str = "production";
/// The least time between two reports of how far unpacking is.
const BETWEEN_NEWS: Duration = Duration::from_millis(200);

pub async fn list(
    State(app): State<App>,
    grant: Grant<DeploymentsRead>,
    Query(query): Query<DeploymentQuery>,
) -> Result<Json<Page<DeploymentBody>>, Problem> {
    let reader = app.database.read();
    let environment = match &query.environment {
        Some(name) => Some(environments::store::find(reader, &grant, name).await?),
        None => None,
    };
    let page = PageQuery::new(query.limit, query.cursor);
    let found = store::list(reader, &grant, environment.as_ref(), &page).await?;
    let Page { items, next } = page.page(found, |(deployment, _)| deployment.id.uuid())?;
    Ok(Json(Page { items: bodies(&app, grant.project, items).await?, next }))
}

pub async fn show(
    State(app): State<App>,
    grant: Grant<DeploymentsRead>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<DeploymentBody>, Problem> {
    let found = store::find(app.database.read(), &grant, parse(&id)?).await?;
    bodies(&app, grant.project, vec![found]).await?.pop().map(Json).ok_or_else(Problem::not_found)
}

/// Deploys an uploaded archive, or the URL of an application.
pub async fn create(
    State(app): State<App>,
    grant: Grant<DeploymentsCreate>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let (environment, content, intake) = match is_form(&request) {
        true => {
            let Upload { archive, environment } = Upload::receive(request, app.settings.max_upload, &app.blobs).await?;
            let environment = environment.unwrap_or_else(|| PRODUCTION.to_owned());
            // Asked before the work of unpacking, and again when the deployment is made.
            let found = environments::store::find(app.database.read(), &grant, &environment).await?;
            let (content, intake) = unpack(&app, &grant, found.slug, archive).await?;
            (environment, content, Some(intake))
        }
        false => {
            let Json(body) = Json::<NewDeployment>::from_request(request, &app).await?;
            check_permitted(&app, &body.upstream_url)?;
            (body.environment.unwrap_or_else(|| PRODUCTION.to_owned()), Content::Upstream(body.upstream_url), None)
        }
    };
    let change = Change::begin(&app, &grant).await?;
    let made = store::create(&change, &grant, &environment, &content).await?;
    let body = publish(&app, change, made).await?;
    // Until here no sweep could take the blobs away.
    drop(intake);
    Ok((StatusCode::CREATED, Json(body)))
}

/// Makes an earlier deployment live again.
pub async fn roll_back(
    State(app): State<App>,
    grant: Grant<DeploymentsRollback>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<LiveDeploymentBody>, Problem> {
    let change = Change::begin(&app, &grant).await?;
    let made = store::roll_back(&change, &grant, parse(&id)?).await?;
    Ok(Json(publish(&app, change, made).await?))
}

/// Commits what was made live and brings it into force.
async fn publish(app: &App, change: Change, made: MadeLive) -> Result<LiveDeploymentBody, Problem> {
    let MadeLive { deployment, environment, before } = made;
    let (id, project) = (deployment.id, deployment.project_id);
    let (slug, upstream) = (environment.slug.to_string(), deployment.upstream_url.clone());
    change
        .commit(|record| {
            let record = record.target("deployment", id).change("environment", (), slug);
            let record = record.change("live", before.map(|id| id.to_string()), id.to_string());
            match upstream {
                Some(url) => record.change("upstream_url", (), url),
                None => record,
            }
        })
        .await?;
    let effective_ms = app.edge.refresh([Touched::Environment(environment.id)]).await;
    let deployment =
        bodies(app, project, vec![(deployment, environment)]).await?.pop().ok_or_else(Problem::not_found)?;
    let told = serde_json::to_value(&deployment).map_err(Problem::internal)?;
    app.live.tell(project, News::Deployment { deployment: told });
    Ok(LiveDeploymentBody { deployment, effective_ms })
}

/// Takes the files of an archive in, away from the threads that answer calls, and makes them last.
async fn unpack(
    app: &App,
    grant: &Grant<DeploymentsCreate>,
    environment: EnvironmentSlug,
    archive: std::fs::File,
) -> Result<(Content, Intake), Problem> {
    let mut intake = Arc::clone(&app.blobs).intake().await?;
    intake.tell(progress(app, grant, environment));
    let unpacking = tokio::task::spawn_blocking(move || {
        let manifest = archive::unpack(archive, &Limits::DEFAULT, &mut intake)?;
        let id = intake.put_manifest(&manifest)?;
        intake.settle()?;
        let files = i32::try_from(manifest.files.len()).unwrap_or(i32::MAX);
        let bytes = manifest.files.values().map(|file| file.size).sum::<u64>();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        Ok::<_, ArchiveError>((Content::Static { manifest: id, files, bytes }, intake))
    });
    unpacking.await.map_err(Problem::internal)?.map_err(|error| match error {
        ArchiveError::Store(error) => error.into(),
        refusal => Problem::invalid("archive", refusal.to_string()),
    })
}

/// Tells whoever looks at the project how far unpacking is, a few times a second.
fn progress(
    app: &App,
    grant: &Grant<DeploymentsCreate>,
    environment: EnvironmentSlug,
) -> impl Fn(u64, u64) + Send + 'static {
    let (app, project, by) = (app.clone(), grant.project, grant.user);
    let told = Cell::new(None::<Instant>);
    move |files, bytes| {
        let now = app.clock.monotonic();
        if told.get().is_none_or(|told| now.duration_since(told) >= BETWEEN_NEWS) {
            told.set(Some(now));
            app.live.tell(project, News::Unpacking { environment: environment.clone(), files, bytes, by });
        }
    }
}

/// An address is checked now, so that a mistake is told at once; a name is resolved and checked at every connection.
fn check_permitted(app: &App, upstream: &Upstream) -> Result<(), Problem> {
    match upstream.host {
        UpstreamHost::Address(address) => {
            let permitted = app.settings.upstream_networks.permit(address);
            permitted.map_err(|error| Problem::invalid("upstream_url", error.to_string()))
        }
        UpstreamHost::Name(ref name) if *name == app.settings.console_host => {
            Err(Problem::invalid("upstream_url", "is Temps itself"))
        }
        UpstreamHost::Name(_) => Ok(()),
    }
}

fn parse(id: &str) -> Result<DeploymentId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
