//! What the edge reports becomes the access log, the metrics, and what the owners of sites see.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use temps_control::Traffic;
use temps_policy::{Event, Outcome};
use tokio::{sync::mpsc, time};

use crate::metrics;

const UPKEEP: Duration = Duration::from_secs(5);

/// Takes events until the edge is gone. `version` tells the snapshot that was sent last.
pub async fn record(
    mut events: mpsc::Receiver<Vec<Event>>,
    traffic: Arc<Traffic>,
    dropped: Arc<AtomicU64>,
    version: impl Fn() -> u64,
) {
    let mut upkeep = time::interval(UPKEEP);
    upkeep.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            batch = events.recv() => match batch {
                Some(batch) => {
                    batch.iter().for_each(|event| {
                        metrics::count(event);
                        log(event);
                    });
                    traffic.take(batch);
                }
                None => return,
            },
            _ = upkeep.tick() => {
                metrics::dropped(dropped.load(Ordering::Relaxed));
                metrics::snapshot(version());
                metrics::upkeep();
            }
        }
    }
}

/// One line of the access log. The query is left out, because it often holds what must not be kept.
fn log(event: &Event) {
    let (scope, rule) = match event.outcome {
        Outcome::Blocked { scope, rule } => (Some(scope.name()), Some(rule.to_string())),
        Outcome::NotAllowed { scope } => (Some(scope.name()), None),
        _ => (None, None),
    };
    tracing::info!(
        target: "access",
        request_id = %event.id,
        client = %event.client,
        method = event.method.as_str(),
        host = event.host.as_ref().map(|host| host.as_str()),
        path = &*event.path,
        status = event.status,
        outcome = event.outcome.name(),
        scope,
        rule,
        ms = u64::try_from(event.duration.as_millis()).unwrap_or(u64::MAX),
        bytes = event.sent,
    );
}

#[cfg(test)]
mod tests;
