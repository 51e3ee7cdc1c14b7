//! `GET …/analytics`: requests over time.

use std::{collections::HashMap, time::Duration};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use temps_db::telemetry::{Counts, Window};
use temps_model::{EnvironmentSlug, Timestamp, proof::AnalyticsRead};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::Grant,
    app::App,
    environments,
    problem::Problem,
    wire::{Json, Query},
};

/// Which time is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnalyticsQuery {
    /// `hour` (a point a minute), `day` (one every 15 minutes) or `week` (one an hour); `hour` unless told.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    range: Range,
    /// Slug or id of an environment; all of them unless told.
    environment: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Range {
    #[default]
    Hour,
    Day,
    Week,
}

impl Range {
    /// How many points there are, and how many minutes each has.
    const fn points(self) -> (i64, i64) {
        match self {
            Self::Hour => (60, 1),
            Self::Day => (96, 15),
            Self::Week => (168, 60),
        }
    }
}

/// What became of the requests to a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct Analytics {
    #[schema(value_type = String, pattern = "^(hour|day|week)$")]
    range: Range,
    #[schema(value_type = Option<String>)]
    environment: Option<EnvironmentSlug>,
    /// The beginning of the first point and the end of the last one, which is not over yet.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    step_seconds: i64,
    /// The oldest first, without gaps.
    points: Vec<Point>,
    totals: Totals,
    /// The same time before.
    previous: Previous,
    /// Whether some requests of the instance are counted nowhere, because there were too many at a time since the start of the program.
    missing: bool,
}

/// Requests that ended in one step of time, by what became of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Point {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Numbers {
    passed: i64,
    throttled: i64,
    refused: i64,
    failed: i64,
    abandoned: i64,
    /// Of response bodies.
    bytes: i64,
    /// Milliseconds that half of the requests did not exceed, at most 10 % off; `null` without requests.
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Totals {
    requests: i64,
    #[serde(flatten)]
    numbers: Numbers,
    statuses: Statuses,
}

/// Requests by the class of their status.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statuses {
    #[serde(rename = "1xx")]
    informational: i64,
    #[serde(rename = "2xx")]
    successful: i64,
    #[serde(rename = "3xx")]
    redirected: i64,
    #[serde(rename = "4xx")]
    wrong: i64,
    #[serde(rename = "5xx")]
    failed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Previous {
    requests: i64,
    refused: i64,
    throttled: i64,
}

pub async fn show(
    State(app): State<App>,
    grant: Grant<AnalyticsRead>,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<Analytics>, Problem> {
    let environment = match &query.environment {
        Some(name) => Some(environments::store::find(app.database.read(), &grant, name).await?),
        None => None,
    };
    let (points, minutes) = query.range.points();
    let now = app.clock.now();
    let until = (now.seconds() / 60).div_euclid(minutes) * minutes + minutes;
    let since = until - points * minutes;
    let before = since - points * minutes;
    let id = environment.as_ref().map(|environment| environment.id);
    let projects = [grant.project];
    let window = Window { projects: &projects, environment: id, since, until, step: minutes };
    let (mut steps, mut total, mut previous) = (HashMap::<i64, Counts>::new(), Counts::default(), Counts::default());
    for sum in app.traffic.sums(&window, true).await? {
        total.add(&sum.counts);
        steps.entry(sum.step).or_default().add(&sum.counts);
    }
    let before = Window { since: before, until: since, step: since - before, ..window };
    app.traffic.sums(&before, false).await?.iter().for_each(|sum| previous.add(&sum.counts));
    let point = |step: i64| Point {
        at: at_minute(since + step * minutes),
        numbers: Numbers::from(&steps.remove(&step).unwrap_or_default()),
    };
    Ok(Json(Analytics {
        range: query.range,
        environment: environment.map(|environment| environment.slug),
        since: at_minute(since),
        until: at_minute(until),
        step_seconds: minutes * 60,
        points: (0..points).map(point).collect(),
        totals: Totals::from(&total),
        previous: Previous { requests: previous.requests(), refused: previous.refused, throttled: previous.throttled },
        missing: app.traffic.is_missing_some(),
    }))
}

/// The moment at which a minute since 1970 begins.
pub fn at_minute(minute: i64) -> Timestamp {
    Timestamp::from_micros(0).after(Duration::from_secs(u64::try_from(minute * 60).unwrap_or_default()))
}

impl From<&Counts> for Numbers {
    fn from(counts: &Counts) -> Self {
        Self {
            passed: counts.passed,
            throttled: counts.throttled,
            refused: counts.refused,
            failed: counts.failed,
            abandoned: counts.abandoned,
            bytes: counts.bytes,
            p50_ms: counts.latencies.percentile(0.5),
            p95_ms: counts.latencies.percentile(0.95),
            p99_ms: counts.latencies.percentile(0.99),
        }
    }
}

impl From<&Counts> for Totals {
    fn from(counts: &Counts) -> Self {
        let [informational, successful, redirected, wrong, failed] = counts.statuses;
        let statuses = Statuses { informational, successful, redirected, wrong, failed };
        Self { requests: counts.requests(), numbers: counts.into(), statuses }
    }
}
