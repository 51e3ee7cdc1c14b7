//! What other rules would have made of the requests that came.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::Serialize;
use temps_model::{ClientIp, Timestamp, UserId};
use temps_policy::{EdgeSnapshot, Event, Outcome, SiteId, Verdict, pipeline::judge, protections::limits::Counters};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};
use utoipa::ToSchema;

use super::{Traffic, lock, recent::KEPT};
use crate::{
    firewall::Scope,
    problem::Problem,
    seats::{Seat, Seats},
};

/// Addresses that are told one by one.
const TOLD: usize = 5;
/// Clients whose rates are counted at a time, as at the edge.
const COUNTED_CLIENTS: usize = 262_144;

/// Calls of one user that wait or compare at a time.
const WAITING: usize = 2;
/// How long a call waits for its turn before it answers without a comparison.
const PATIENCE: Duration = Duration::from_secs(2);

/// Two sets of rules to be compared.
pub struct Preview {
    /// Whose requests are looked at.
    pub scope: Scope,
    pub before: EdgeSnapshot,
    pub after: EdgeSnapshot,
    /// The address of who asks.
    pub caller: Option<ClientIp>,
}

/// How recent requests would have ended with a change, compared with the rules that hold now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrafficPreview {
    /// From when on requests were looked at.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// How many.
    considered: u64,
    /// Of these, the ones that would have been refused, and are not now.
    refused: u64,
    /// That would have been over the rate limit, and are not now.
    throttled: u64,
    /// That would have passed, and do not now.
    admitted: u64,
    /// From how many addresses all these came.
    clients: u64,
    /// How many of all these came from the caller's own address.
    yours: u64,
    /// Up to five of the addresses, those with the most requests first.
    examples: Vec<ClientRequests>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClientRequests {
    client: String,
    requests: u64,
}

/// Who compares rules: one call at a time, and few of each user wait, so that nobody keeps all processors busy or others waiting.
#[derive(Debug)]
pub struct Comparing {
    turn: Arc<Semaphore>,
    waiting: Seats,
}

impl Default for Comparing {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), waiting: Seats::new(WAITING) }
    }
}

/// The turn of one call.
pub struct Turn {
    _turn: OwnedSemaphorePermit,
    _seat: Seat,
}

impl Traffic {
    /// A turn to compare rules; `None` if too many others do.
    pub async fn turn_to_compare(&self, user: UserId) -> Option<Turn> {
        let seat = self.comparing.waiting.take(user)?;
        let turn = timeout(PATIENCE, Arc::clone(&self.comparing.turn).acquire_owned()).await.ok()?.ok()?;
        Some(Turn { _turn: turn, _seat: seat })
    }

    /// Asks the code of the edge about every request of the last hour, under both sets of rules. There may be 100,000, so this is done away from
    /// the threads that answer calls; the turn lasts until it is done, also if nobody waits for it any more.
    pub async fn preview(self: &Arc<Self>, preview: Preview, turn: Turn) -> Result<TrafficPreview, Problem> {
        let traffic = Arc::clone(self);
        let comparing = spawn_blocking(move || {
            let compared = traffic.compare(&preview);
            drop(turn);
            compared
        });
        comparing.await.map_err(Problem::internal)
    }

    fn compare(&self, preview: &Preview) -> TrafficPreview {
        let now = self.clock.now();
        // Copied, so that nothing that arrives meanwhile waits.
        let (events, since) = {
            let recent = lock(&self.recent);
            let events: Vec<Event> = recent.all(now).filter(|event| preview.concerns(event)).cloned().collect();
            (events, recent.since(now))
        };
        preview.compare(&events, since)
    }
}

impl Preview {
    fn concerns(&self, event: &Event) -> bool {
        match (self.scope, event.site) {
            (Scope::Instance, _) => true,
            (Scope::Console, site) => site == Some(SiteId::Console),
            (Scope::Project(own), Some(SiteId::Environment { project, .. })) => own == project,
            (Scope::Environment(_, own), Some(SiteId::Environment { environment, .. })) => own == environment,
            _ => false,
        }
    }

    fn compare(&self, events: &[Event], since: Timestamp) -> TrafficPreview {
        let mut events: Vec<&Event> = events.iter().collect();
        events.sort_by_key(|event| event.received);
        let first = events.first().map_or(since, |event| event.received);
        let (before, after) = (Counters::new(COUNTED_CLIENTS), Counters::new(COUNTED_CLIENTS));
        let (mut refused, mut throttled, mut admitted, mut yours) = (0, 0, 0, 0);
        let mut concerned: HashMap<ClientIp, u64> = HashMap::new();
        for event in &events {
            let uptime = event.received.since(first) + KEPT;
            let was = verdict(&self.before, &before, event, uptime);
            let would_be = verdict(&self.after, &after, event, uptime);
            match (was, would_be) {
                // Whatever the rules say, it gets nothing.
                _ if is_unfit(event.outcome) => continue,
                (was, would_be) if same(was, would_be) => continue,
                (_, Verdict::Refuse(_)) => refused += 1,
                (_, Verdict::Throttle { .. }) => throttled += 1,
                (_, Verdict::Pass) => admitted += 1,
            }
            yours += u64::from(Some(event.client) == self.caller);
            *concerned.entry(event.client).or_default() += 1;
        }
        let clients = concerned.len() as u64;
        let mut most: Vec<(ClientIp, u64)> = concerned.into_iter().collect();
        most.sort_by_key(|(client, requests)| (std::cmp::Reverse(*requests), *client));
        let examples = most.into_iter().take(TOLD);
        let examples = examples.map(|(client, requests)| ClientRequests { client: client.to_string(), requests });
        TrafficPreview {
            since,
            considered: events.len() as u64,
            refused,
            throttled,
            admitted,
            clients,
            yours,
            examples: examples.collect(),
        }
    }
}

fn verdict(snapshot: &EdgeSnapshot, counters: &Counters, event: &Event, uptime: Duration) -> Verdict {
    let site = event.host.as_ref().and_then(|host| snapshot.sites.get(host));
    let site = site.filter(|site| Some(site.id) == event.site);
    judge(snapshot, site.map(AsRef::as_ref), event.client, event.received, counters, uptime)
}

/// Whether a request was refused for what it is, whoever sends it.
fn is_unfit(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Malformed | Outcome::TooLarge | Outcome::Misdirected)
}

/// Whether two verdicts are one to the visitor: which list refuses makes no difference, nor how long to wait.
fn same(a: Verdict, b: Verdict) -> bool {
    matches!(
        (a, b),
        (Verdict::Pass, Verdict::Pass)
            | (Verdict::Refuse(_), Verdict::Refuse(_))
            | (Verdict::Throttle { .. }, Verdict::Throttle { .. })
    )
}
