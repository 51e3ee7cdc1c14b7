//! `GET /analytics`: the last hour of all projects of a user.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use temps_db::telemetry::{Sum, Window};
use temps_model::{ProjectId, ProjectSlug, Timestamp};
use utoipa::ToSchema;

use super::analytics::at_minute;
use crate::{access::User, app::App, problem::Problem, projects, wire::Json};

const MINUTES: usize = 60;

/// The last hour, minute by minute.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// The beginning of the first minute.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    step_seconds: u32,
    /// The projects that had any requests.
    projects: Vec<ProjectTraffic>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectTraffic {
    #[schema(value_type = String)]
    project: ProjectSlug,
    /// 60 numbers, the oldest first.
    requests: Vec<i64>,
    /// Those of them that were refused or throttled.
    refused: Vec<i64>,
}

pub async fn show(State(app): State<App>, user: User) -> Result<Json<Overview>, Problem> {
    let until = app.clock.now().seconds() / 60 + 1;
    let since = until - MINUTES as i64;
    let mine = projects::store::with_analytics(&app, &user).await?;
    let ids: Vec<ProjectId> = mine.keys().copied().collect();
    let mut projects: BTreeMap<ProjectId, ProjectTraffic> = BTreeMap::new();
    let window = Window { projects: &ids, environment: None, since, until, step: 1 };
    for Sum { project, step, counts } in app.traffic.sums(&window, false).await? {
        let (Some(slug), Ok(minute)) = (mine.get(&project), usize::try_from(step)) else { continue };
        let traffic = projects.entry(project).or_insert_with(|| ProjectTraffic {
            project: slug.clone(),
            requests: vec![0; MINUTES],
            refused: vec![0; MINUTES],
        });
        traffic.requests[minute] += counts.requests();
        traffic.refused[minute] += counts.refused + counts.throttled;
    }
    Ok(Json(Overview { since: at_minute(since), step_seconds: 60, projects: projects.into_values().collect() }))
}
