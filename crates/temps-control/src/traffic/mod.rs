//! What becomes of requests, for the people who own the sites.
//!
//! The program hands over what the edge reports. The last hour is kept in memory, whole and bounded; refusals are kept for a week in a file, and
//! every minute of an environment is one row of counts there, so that charts survive a restart and cost grows with minutes and
//! environments, not with requests.

pub mod analytics;
mod counted;
mod ending;
pub mod overview;
mod preview;
mod recent;
pub mod requests;
pub mod stream;
#[cfg(test)]
mod tests;
mod told;

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use temps_db::{
    DbError,
    telemetry::{Counts, Slot, Telemetry, refusal},
};
use temps_model::{Clock, EnvironmentId, ProjectId, Timestamp};
use temps_policy::{Event, SiteId};
use tokio::sync::{RwLock, Semaphore, watch};

pub use ending::Ending;
pub use preview::{Preview, TrafficPreview};
use recent::Recent;
pub use told::RequestBody;
use told::Told;

/// How long refusals are kept.
pub const REFUSALS_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// How long minutes are kept: a week and the week before it, which it is compared with.
const MINUTES_KEPT: Duration = Duration::from_secs(15 * 86_400);
/// Refusals of one environment that are kept between two writings of the file. The rest of a flood is counted and not told one by one.
const REFUSALS_AT_ONCE: usize = 500;
/// Counts that wait for a disk that takes nothing; further ones are dropped with a line in the log.
const WAITING: usize = 100_000;

/// Everything that is known of past requests.
pub struct Traffic {
    recent: Mutex<Recent>,
    unsaved: Mutex<Unsaved>,
    file: Telemetry,
    /// Held while what is unsaved is on its way into the file, so that whoever adds up the two counts nothing twice.
    saving: RwLock<()>,
    /// The number of events that have arrived.
    arrived: watch::Sender<u64>,
    /// Events that the edge could not hand over.
    missing: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    /// Whose turn it is to compare rules: one at a time, so that nobody keeps all processors busy.
    turn: Semaphore,
    /// Tells the numbers of events from those of another start of the program.
    started: i64,
}

/// What the file does not have yet.
#[derive(Default)]
struct Unsaved {
    counts: HashMap<Slot, Counts>,
    refusals: Vec<refusal::Model>,
    /// Refusals by environment since the last writing.
    taken: HashMap<EnvironmentId, usize>,
}

impl Traffic {
    /// `missing` is where the edge counts the events that it could not hand over.
    pub fn new(file: Telemetry, missing: Arc<AtomicU64>, clock: Arc<dyn Clock>) -> Self {
        Self {
            recent: Mutex::default(),
            unsaved: Mutex::default(),
            file,
            saving: RwLock::default(),
            turn: Semaphore::new(1),
            arrived: watch::Sender::new(0),
            missing,
            started: clock.now().micros(),
            clock,
        }
    }

    /// Takes what the edge reports, in memory.
    pub fn take(&self, batch: Vec<Event>) {
        let now = self.clock.now();
        {
            let mut unsaved = lock(&self.unsaved);
            batch.iter().for_each(|event| unsaved.count(event, now));
        }
        let arrived = lock(&self.recent).take(batch, now);
        self.arrived.send_replace(arrived);
    }

    /// Writes what is unsaved into the file. What cannot be written is kept for the next time.
    pub async fn save(&self) {
        let _alone = self.saving.write().await;
        let (counts, refusals) = {
            let mut unsaved = lock(&self.unsaved);
            unsaved.taken.clear();
            (mem::take(&mut unsaved.counts), mem::take(&mut unsaved.refusals))
        };
        if counts.is_empty() {
            return;
        }
        if let Err(error) = self.file.save(&counts, &refusals).await {
            tracing::error!(%error, "traffic could not be counted in the file; it is tried again");
            lock(&self.unsaved).restore(counts, refusals);
        }
    }

    /// Forgets what is too old or too much, of every project that has refusals in memory.
    pub async fn forget_old(&self) {
        let now = self.clock.now();
        let crowded: Vec<ProjectId> = lock(&self.recent).refused_projects();
        let forgotten = self.file.forget_old(now.before(MINUTES_KEPT), now.before(REFUSALS_KEPT), &crowded).await;
        if let Err(error) = forgotten {
            tracing::error!(%error, "old traffic could not be forgotten");
        }
    }

    /// Forgets a project that was deleted.
    pub async fn forget_project(&self, project: ProjectId) {
        let _alone = self.saving.write().await;
        lock(&self.recent).forget(project);
        lock(&self.unsaved).forget(project);
        if let Err(error) = self.file.forget_project(project).await {
            tracing::error!(%error, %project, "the traffic of a deleted project could not be forgotten");
        }
    }

    /// Counts of some projects, or of one of their environments, in minutes since 1970: what is in the file and what is on its way there.
    pub async fn counts(
        &self,
        projects: &[ProjectId],
        environment: Option<EnvironmentId>,
        since: i64,
        until: i64,
    ) -> Result<Vec<(Slot, Counts)>, DbError> {
        let _stable = self.saving.read().await;
        let wanted: HashSet<ProjectId> = projects.iter().copied().collect();
        let unsaved: Vec<(Slot, Counts)> = lock(&self.unsaved)
            .counts
            .iter()
            .filter(|(slot, _)| wanted.contains(&slot.project) && (since..until).contains(&slot.minute))
            .filter(|(slot, _)| environment.is_none_or(|environment| environment == slot.environment))
            .map(|(slot, counts)| (*slot, counts.clone()))
            .collect();
        let mut counts = self.file.counts(projects, environment, since, until).await?;
        counts.extend(unsaved);
        Ok(counts)
    }

    /// The id of an event on the wire.
    fn id_of(&self, number: u64) -> String {
        format!("{}.{number}", self.started)
    }

    /// The number of an event; `None` if its id is of another start of the program.
    fn number_of(&self, id: &str) -> Option<u64> {
        let (started, number) = id.split_once('.')?;
        (started == self.started.to_string()).then(|| number.parse().ok()).flatten()
    }

    /// Events that are in no chart and no list, since the start.
    pub fn missing(&self) -> u64 {
        self.missing.load(Ordering::Relaxed)
    }

    /// Writes what is left and closes the file.
    pub async fn close(&self) {
        self.save().await;
        if let Err(error) = self.file.close().await {
            tracing::error!(%error, "the file of traffic could not be closed");
        }
    }
}

impl Unsaved {
    fn count(&mut self, event: &Event, now: Timestamp) {
        let Some(SiteId::Environment { project, environment }) = event.site else { return };
        let slot = Slot { project, environment, minute: now.seconds() / 60 };
        if self.counts.len() >= WAITING && !self.counts.contains_key(&slot) {
            return;
        }
        counted::count(self.counts.entry(slot).or_default(), event);
        if matches!(Ending::of(event.outcome), Ending::Refused | Ending::Throttled) {
            let taken = self.taken.entry(environment).or_default();
            *taken += 1;
            if *taken <= REFUSALS_AT_ONCE {
                self.refusals.push(told::saved(event, project, environment));
            }
        }
    }

    fn restore(&mut self, counts: HashMap<Slot, Counts>, refusals: Vec<refusal::Model>) {
        for (slot, counts) in counts {
            self.counts.entry(slot).or_default().add(&counts);
        }
        let room = (20 * REFUSALS_AT_ONCE).saturating_sub(self.refusals.len());
        self.refusals.extend(refusals.into_iter().take(room));
    }

    fn forget(&mut self, project: ProjectId) {
        self.counts.retain(|slot, _| slot.project != project);
        self.refusals.retain(|refusal| refusal.project_id != project);
    }
}

/// A panic while a lock was held has lost at most a count.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
