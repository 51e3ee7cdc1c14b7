//! A past request, as the API tells of it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use temps_db::{
    DbError,
    entities::{environment, firewall_rule},
    telemetry::refusal,
};
use temps_model::{EnvironmentId, EnvironmentSlug, Network, ProjectId, RequestId, RuleId, Timestamp};
use temps_policy::{Event, FirewallScope, Outcome, SiteId, protections::firewall::Action};
use utoipa::ToSchema;

use super::Ending;
use crate::firewall::action_of;

/// A request, whichever way it was kept.
#[derive(Clone, Debug)]
pub struct Told {
    pub id: RequestId,
    pub at: Timestamp,
    pub environment: Option<EnvironmentId>,
    pub client: String,
    pub method: String,
    pub host: String,
    pub path: String,
    pub status: u16,
    pub ending: Ending,
    pub outcome: String,
    pub scope: Option<String>,
    pub rule: Option<RuleId>,
    pub duration: Duration,
    pub bytes: u64,
}

/// A request on the wire.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RequestBody {
    #[schema(value_type = String, format = Uuid)]
    id: RequestId,
    /// When it was received.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `null` if the environment is gone.
    #[schema(value_type = Option<String>)]
    environment: Option<EnvironmentSlug>,
    /// The address that it came from.
    client: String,
    method: String,
    host: String,
    /// Without its query; long ones are cut.
    path: String,
    status: u16,
    /// What became of it, in a word: `passed`, `throttled`, `refused`, `failed` or `abandoned`.
    #[schema(value_type = String, pattern = "^(passed|throttled|refused|failed|abandoned)$")]
    verdict: Ending,
    /// The word of the access log, such as `blocked`.
    outcome: String,
    /// Why, as a part of a sentence.
    reason: String,
    /// The entry of a block list that refused it.
    rule: Option<RequestRule>,
    duration_ms: f64,
    /// Of the response's body.
    bytes: u64,
}

/// The rule that decided about a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RequestRule {
    #[schema(value_type = String, format = Uuid)]
    id: RuleId,
    /// Whose rule it is: `instance`, `console`, `project` or `environment`.
    scope: String,
    #[schema(value_type = String, pattern = "^(block|allow)$")]
    action: Action,
    /// `null` if the rule was changed since or is gone, or is not the project's to see.
    #[schema(value_type = Option<String>)]
    network: Option<Network>,
    note: Option<String>,
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        let (scope, rule) = decided_by(event.outcome);
        Self {
            id: event.id,
            at: event.received,
            environment: match event.site {
                Some(SiteId::Environment { environment, .. }) => Some(environment),
                _ => None,
            },
            client: event.client.to_string(),
            method: event.method.to_string(),
            host: event.host.as_ref().map(ToString::to_string).unwrap_or_default(),
            path: event.path.to_string(),
            status: event.status,
            ending: Ending::of(event.outcome),
            outcome: event.outcome.name().to_owned(),
            scope: scope.map(|scope| scope.name().to_owned()),
            rule,
            duration: event.duration,
            bytes: event.sent,
        }
    }
}

impl From<refusal::Model> for Told {
    fn from(saved: refusal::Model) -> Self {
        let ending = if saved.outcome == Outcome::Throttled.name() { Ending::Throttled } else { Ending::Refused };
        Self {
            id: saved.id,
            at: saved.at,
            environment: Some(saved.environment_id),
            client: saved.client,
            method: saved.method,
            host: saved.host,
            path: saved.path,
            status: u16::try_from(saved.status).unwrap_or_default(),
            ending,
            outcome: saved.outcome,
            scope: saved.scope,
            rule: saved.rule_id,
            duration: Duration::from_micros(u64::try_from(saved.duration_us).unwrap_or_default()),
            bytes: u64::try_from(saved.bytes).unwrap_or_default(),
        }
    }
}

/// The form in which a refusal is kept.
pub fn saved(event: &Event, project: ProjectId, environment: EnvironmentId) -> refusal::Model {
    let told = Told::from(event);
    refusal::Model {
        id: told.id,
        at: told.at,
        project_id: project,
        environment_id: environment,
        client: told.client,
        method: told.method,
        host: told.host,
        path: told.path,
        status: told.status.into(),
        outcome: told.outcome,
        scope: told.scope,
        rule_id: told.rule,
        duration_us: i64::try_from(told.duration.as_micros()).unwrap_or(i64::MAX),
        bytes: i64::try_from(told.bytes).unwrap_or(i64::MAX),
    }
}

/// Requests of a project on the wire, with the names of their environments and the rules that decided: one query for each.
pub async fn bodies(
    connection: &impl ConnectionTrait,
    project: ProjectId,
    requests: Vec<Told>,
) -> Result<Vec<RequestBody>, DbError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let named: HashSet<EnvironmentId> = requests.iter().filter_map(|request| request.environment).collect();
    let environments = environment::Entity::find()
        .filter(environment::Column::ProjectId.eq(project))
        .filter(environment::Column::Id.is_in(named));
    let environments = environments.all(connection).await?.into_iter().map(|row| (row.id, row.slug));
    let environments: HashMap<EnvironmentId, EnvironmentSlug> = environments.collect();
    let named: HashSet<RuleId> = requests.iter().filter_map(|request| request.rule).collect();
    let own = Condition::all()
        .add(firewall_rule::Column::ProjectId.eq(project))
        .add(firewall_rule::Column::Id.is_in(named.iter().copied()));
    let rules: HashMap<RuleId, firewall_rule::Model> = match named.is_empty() {
        true => HashMap::new(),
        false => {
            let rules = firewall_rule::Entity::find().filter(own).all(connection).await?;
            rules.into_iter().map(|rule| (rule.id, rule)).collect()
        }
    };
    let body = |request: Told| {
        // What the rule says now is no reason for what it refused before it said so.
        let found = request.rule.and_then(|id| rules.get(&id)).filter(|rule| rule.changed_at <= request.at);
        let rule = request.rule.map(|id| RequestRule {
            id,
            scope: request.scope.clone().unwrap_or_default(),
            action: found.map_or(Action::Block, |rule| action_of(rule.action)),
            network: found.map(|rule| rule.network),
            note: found.map(|rule| rule.note.clone()),
        });
        RequestBody {
            reason: reason(&request, rule.as_ref()),
            id: request.id,
            at: request.at,
            environment: request.environment.and_then(|id| environments.get(&id).cloned()),
            client: request.client,
            method: request.method,
            host: request.host,
            path: request.path,
            status: request.status,
            verdict: request.ending,
            outcome: request.outcome,
            rule,
            duration_ms: request.duration.as_micros() as f64 / 1_000.0,
            bytes: request.bytes,
        }
    };
    Ok(requests.into_iter().map(body).collect())
}

fn decided_by(outcome: Outcome) -> (Option<FirewallScope>, Option<RuleId>) {
    match outcome {
        Outcome::Blocked { scope, rule } => (Some(scope), Some(rule)),
        Outcome::NotAllowed { scope } => (Some(scope), None),
        _ => (None, None),
    }
}

fn reason(request: &Told, rule: Option<&RequestRule>) -> String {
    let scope = request.scope.as_deref().unwrap_or("instance");
    match request.outcome.as_str() {
        "blocked" => {
            let list = format!("block list of the {scope}");
            match rule.and_then(|rule| Some((rule.network?, rule.note.as_deref().unwrap_or_default()))) {
                None => list,
                Some((network, "")) => format!("{list}: {network}"),
                Some((network, note)) => format!("{list}: {network} “{note}”"),
            }
        }
        "not_allowed" => format!("not on the allow list of the {scope}"),
        "throttled" => "over the rate limit".to_owned(),
        "too_large" => "the body is larger than the site takes".to_owned(),
        "malformed" => "the request has no single meaning, or its method is never accepted".to_owned(),
        "misdirected" => "the host name is not the one of the connection".to_owned(),
        "redirected" => "sent to HTTPS".to_owned(),
        "upstream_failed" => "the application could not be reached or answered nonsense".to_owned(),
        "failed" => "Temps failed; the log has the reason under this id".to_owned(),
        "abandoned" => "the client went away before it was answered".to_owned(),
        _ => "passed every protection".to_owned(),
    }
}
