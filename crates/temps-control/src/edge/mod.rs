//! What the edge runs, compiled from what is saved.
//!
//! After a committed change [`Edge::refresh`] reads again what the change touched, compiles it and sends a new snapshot. What cannot be read is
//! tried again until it can; meanwhile the edge keeps the last good form.

mod kept;
mod load;
mod parts;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use temps_db::DbError;
use temps_model::{Clock, EnvironmentId, HostName, Network, ProjectId};
use temps_policy::{
    EdgeSnapshot, SiteId,
    link::Publisher,
    protections::{
        firewall::{Entry, Mode},
        limits::LimitSettings,
    },
};
use tokio::sync::Mutex;

use crate::firewall::Scope;

pub use kept::Kept;
pub use load::Sources;
pub use parts::Parts;

/// How long a call waits for the workers before it answers `effective_ms: null`.
const PATIENCE: Duration = Duration::from_secs(2);

/// Networks that are read one by one; if a change touches more, the whole firewall is read.
const FEW: usize = 500;

/// What a change touched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Touched {
    /// Mode or limits of a firewall, or very many of its entries.
    Firewall(Scope),
    /// Entries of a firewall for these networks, whether they were added or removed.
    Rules(Scope, Vec<Network>),
    /// The operator's break-glass list.
    Emergency,
    /// Header settings of a project.
    Headers(ProjectId),
    /// What is live in an environment, or its host names; also when it was removed.
    Environment(EnvironmentId),
    /// A project that was removed with all that it had.
    ProjectRemoved(ProjectId),
    /// The console's certificate.
    ConsoleCertificate,
}

impl Touched {
    pub fn rules(scope: Scope, networks: Vec<Network>) -> Self {
        if networks.len() > FEW { Self::Firewall(scope) } else { Self::Rules(scope, networks) }
    }
}

/// A change that is not saved.
#[derive(Clone, Debug)]
pub enum Proposed {
    /// Of these networks exactly these entries would be listed.
    Rules(Scope, Vec<Network>, Vec<Entry>),
    /// Mode and limits would be these.
    Settings(Scope, Mode, LimitSettings),
}

/// The control plane's hold on the edge.
pub struct Edge {
    state: Mutex<State>,
    publisher: Publisher,
    sources: Sources,
    clock: Arc<dyn Clock>,
}

struct State {
    parts: Parts,
    /// What was touched but could not be read.
    owed: HashSet<Touched>,
}

/// How long a change took to be in force on every worker, in milliseconds; `None` if some worker did not report within two seconds.
pub type EffectiveMs = Option<f64>;

impl Edge {
    /// Compiles everything that is saved into the first snapshot.
    pub async fn first(sources: &Sources) -> Result<(Parts, EdgeSnapshot), DbError> {
        let parts = Parts::load(sources).await?;
        let snapshot = parts.snapshot(1);
        Ok((parts, snapshot))
    }

    pub fn new(parts: Parts, publisher: Publisher, sources: Sources, clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::new(State { parts, owed: HashSet::new() }), publisher, sources, clock }
    }

    /// Brings what a committed change touched into force and waits for every worker.
    pub async fn refresh(&self, touched: impl IntoIterator<Item = Touched>) -> EffectiveMs {
        let started = self.clock.monotonic();
        let touched: Vec<Touched> = touched.into_iter().collect();
        // What takes long is done before the lock is taken, and held until it has been used.
        let ahead = self.sources.compile_ahead(&touched).await;
        let version = {
            let mut state = self.state.lock().await;
            state.owed.extend(touched);
            state.settle(&self.sources).await;
            self.publisher.send(|current| state.parts.snapshot(current.version + 1))
        };
        drop(ahead);
        self.in_force(version, started).await
    }

    /// Brings renewed certificates into force, and touches no other site.
    pub async fn renewed(&self, hosts: &[HostName]) -> EffectiveMs {
        let sites = Arc::clone(&self.current().sites);
        let site = |host: &HostName| sites.get(host).map(|site| site.id);
        let touched: HashSet<Touched> = hosts
            .iter()
            .filter_map(site)
            .map(|site| match site {
                SiteId::Console => Touched::ConsoleCertificate,
                SiteId::Environment { environment, .. } => Touched::Environment(environment),
            })
            .collect();
        self.refresh(touched).await
    }

    /// What the edge runs, and what it would run with some changes.
    pub async fn with(&self, proposed: Vec<Proposed>) -> (EdgeSnapshot, EdgeSnapshot) {
        let mut parts = self.state.lock().await.parts.clone();
        let before = parts.snapshot(0);
        proposed.into_iter().for_each(|proposed| parts.propose(proposed));
        (before, parts.snapshot(0))
    }

    /// Tries again to read what could not be read.
    pub async fn settle(&self) {
        let owes = !self.state.lock().await.owed.is_empty();
        if owes {
            self.refresh([]).await;
        }
    }

    /// The snapshot that was sent last.
    pub fn current(&self) -> Arc<EdgeSnapshot> {
        self.publisher.current()
    }

    async fn in_force(&self, version: u64, started: Instant) -> EffectiveMs {
        match tokio::time::timeout(PATIENCE, self.publisher.in_force(version)).await {
            Ok(()) => Some(self.clock.monotonic().duration_since(started).as_secs_f64() * 1_000.0),
            Err(_) => {
                let laggards = self.publisher.laggards(version);
                tracing::error!(version, ?laggards, "workers do not report the snapshot that they were sent");
                None
            }
        }
    }
}

impl State {
    async fn settle(&mut self, sources: &Sources) {
        for touched in self.owed.clone() {
            match self.parts.reload(sources, &touched).await {
                Ok(()) => drop(self.owed.remove(&touched)),
                Err(error) => {
                    tracing::error!(?touched, %error, "a committed change could not be read; it is tried again")
                }
            }
        }
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

#[cfg(test)]
mod tests;
