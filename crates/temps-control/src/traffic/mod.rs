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

use axum::http::StatusCode;
use temps_db::{
    DbError,
    telemetry::{Counts, Kept, Latencies, Slot, Sum, Telemetry, Window, refusal},
};
use temps_model::{Clock, ProjectId, Timestamp};
use temps_policy::{Event, SiteId};
use tokio::sync::{RwLock, Semaphore, watch};

use crate::problem::Problem;

pub use ending::Ending;
use preview::Comparing;
pub use preview::{Preview, TrafficPreview};
use recent::Recent;
pub use told::RequestBody;
use told::Told;

/// How long refusals are kept.
pub const REFUSALS_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// How long minutes are kept: a day and the day before it, which it is compared with, and some time more.
const MINUTES_KEPT: Duration = Duration::from_secs(3 * 86_400);
/// How long hours are kept: a week and the week before it.
const HOURS_KEPT: Duration = Duration::from_secs(15 * 86_400);
/// Refusals of one project that are kept between two writings of the file. The rest of a flood is counted and not told one by one.
const REFUSALS_AT_ONCE: usize = 500;
/// Refusals that wait for a disk that takes nothing.
const REFUSALS_WAITING: usize = 20 * REFUSALS_AT_ONCE;
/// Counts that wait for a disk that takes nothing; what does not fit is counted as missing.
const WAITING: usize = 100_000;
/// Charts that are added up at a time, so that some of the connections stay free for everything else.
const CHARTS: usize = 2;

/// Everything that is known of past requests.
pub struct Traffic {
    recent: Mutex<Recent>,
    unsaved: Mutex<Unsaved>,
    file: Telemetry,
    /// Held while what is unsaved is on its way into the file, so that whoever adds up the two counts nothing twice.
    saving: RwLock<()>,
    /// The number of events that have arrived.
    arrived: watch::Sender<u64>,
    /// Events that the edge could not hand over, or that there was no room for.
    missing: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    charts: Semaphore,
    comparing: Comparing,
    /// Tells the numbers of events from those of another start of the program.
    started: Timestamp,
}

/// What the file does not have yet.
#[derive(Default)]
struct Unsaved {
    counts: HashMap<Slot, Counts>,
    refusals: Vec<refusal::Model>,
    /// Refusals by project since the last writing.
    taken: HashMap<ProjectId, usize>,
    /// Projects of which some refusals are not kept.
    flooded: HashSet<ProjectId>,
    /// Projects that were deleted while requests of theirs may still arrive.
    deleted: HashSet<ProjectId>,
    /// How many events had been lost when that was last looked at.
    lost: u64,
}

impl Traffic {
    /// `missing` is where the edge counts the events that it could not hand over.
    pub fn new(file: Telemetry, missing: Arc<AtomicU64>, clock: Arc<dyn Clock>) -> Self {
        let started = clock.now();
        Self {
            recent: Mutex::new(Recent::new(started)),
            unsaved: Mutex::default(),
            file,
            saving: RwLock::default(),
            arrived: watch::Sender::new(0),
            missing,
            clock,
            charts: Semaphore::new(CHARTS),
            comparing: Comparing::default(),
            started,
        }
    }

    /// Takes what the edge reports, in memory.
    pub fn take(&self, mut batch: Vec<Event>) {
        let now = self.clock.now();
        {
            let mut unsaved = lock(&self.unsaved);
            batch.retain(|event| project_of(event).is_none_or(|project| !unsaved.deleted.contains(&project)));
            let left_out = batch.iter().filter(|event| !unsaved.count(event, now)).count();
            self.missing.fetch_add(left_out as u64, Ordering::Relaxed);
        }
        let arrived = lock(&self.recent).take(batch, now);
        self.arrived.send_replace(arrived);
    }

    /// Writes what is unsaved into the file. What cannot be written is kept for the next time.
    pub async fn save(&self) {
        let now = self.clock.now();
        let _alone = self.saving.write().await;
        let (counts, refusals, flooded) = {
            let mut unsaved = lock(&self.unsaved);
            unsaved.taken.clear();
            let lost = self.missing.load(Ordering::Relaxed);
            if lost > std::mem::replace(&mut unsaved.lost, lost) {
                lock(&self.recent).lost(now);
            }
            (mem::take(&mut unsaved.counts), mem::take(&mut unsaved.refusals), mem::take(&mut unsaved.flooded))
        };
        if counts.is_empty() {
            return;
        }
        if let Err(error) = self.file.save(&counts, &refusals, flooded.iter().copied(), now).await {
            tracing::error!(%error, "traffic could not be counted in the file; it is tried again");
            lock(&self.unsaved).restore(counts, refusals, flooded);
        }
    }

    /// Forgets what is too old or too much.
    pub async fn forget_old(&self) {
        let now = self.clock.now();
        lock(&self.recent).expire(now);
        let kept = Kept {
            minutes: now.before(MINUTES_KEPT),
            hours: now.before(HOURS_KEPT),
            refusals: now.before(REFUSALS_KEPT),
        };
        if let Err(error) = self.file.forget_old(kept).await {
            tracing::error!(%error, "old traffic could not be forgotten");
        }
    }

    /// Forgets a project that was deleted, and what may still arrive of it.
    pub async fn forget_project(&self, project: ProjectId) {
        let _alone = self.saving.write().await;
        lock(&self.recent).forget(project);
        lock(&self.unsaved).forget(project);
        if let Err(error) = self.file.forget_project(project).await {
            tracing::error!(%error, %project, "the traffic of a deleted project could not be forgotten; it is tried again");
        }
    }

    /// The projects that the file knows. One that does not exist afterwards was deleted, perhaps just before the program was killed.
    pub async fn projects(&self) -> Result<HashSet<ProjectId>, DbError> {
        self.file.projects().await
    }

    /// What was counted, step by step: in the file, and on its way there. With `durations` the histograms too, which cost more to read.
    pub async fn sums(&self, window: &Window<'_>, durations: bool) -> Result<Vec<Sum>, Problem> {
        let _turn = self.charts.acquire().await.map_err(Problem::internal)?;
        // The view of the file and the copy of the rest are of one moment; afterwards nobody has to wait.
        let (view, unsaved) = {
            let _stable = self.saving.read().await;
            let view = self.file.view().await.map_err(unreadable)?;
            let unsaved: Vec<(Slot, Counts)> = lock(&self.unsaved)
                .counts
                .iter()
                .filter(|(slot, _)| window.includes(slot))
                .map(|(slot, counts)| (*slot, counts.clone()))
                .collect();
            (view, unsaved)
        };
        let mut sums = view.sums(window).await.map_err(unreadable)?;
        if durations {
            let mut latencies: HashMap<i64, Latencies> = HashMap::new();
            let add = |step: i64, more: Latencies| latencies.entry(step).or_default().add(&more);
            view.latencies(window, add).await.map_err(unreadable)?;
            // Whose durations they are is not asked for: with several projects nobody shows them.
            for sum in &mut sums {
                sum.counts.latencies = latencies.remove(&sum.step).unwrap_or_default();
            }
        }
        sums.extend(unsaved.into_iter().map(|(slot, counts)| Sum {
            project: slot.project,
            step: (slot.minute - window.since) / window.step,
            counts,
        }));
        Ok(sums)
    }

    /// Whether there are events that are in no chart and no list, since the start.
    pub fn is_missing_some(&self) -> bool {
        self.missing.load(Ordering::Relaxed) > 0
    }

    /// Writes what is left and closes the file.
    pub async fn close(&self) {
        self.save().await;
        if let Err(error) = self.file.close().await {
            tracing::error!(%error, "the file of traffic could not be closed");
        }
    }

    /// The id of an event on the wire.
    fn id_of(&self, number: u64) -> String {
        format!("{}.{number}", self.started.micros())
    }

    /// The number of an event; `None` if its id is of another start of the program.
    fn number_of(&self, id: &str) -> Option<u64> {
        let (started, number) = id.split_once('.')?;
        (started == self.started.micros().to_string()).then(|| number.parse().ok()).flatten()
    }
}

impl Unsaved {
    /// Whether there was room for it.
    fn count(&mut self, event: &Event, now: Timestamp) -> bool {
        let Some(SiteId::Environment { project, environment }) = event.site else { return true };
        let slot = Slot { project, environment, minute: now.seconds() / 60 };
        if self.counts.len() >= WAITING && !self.counts.contains_key(&slot) {
            return false;
        }
        counted::count(self.counts.entry(slot).or_default(), event);
        if matches!(Ending::of(event.outcome), Ending::Refused | Ending::Throttled) {
            let taken = self.taken.entry(project).or_default();
            *taken += 1;
            match *taken <= REFUSALS_AT_ONCE && self.refusals.len() < REFUSALS_WAITING {
                true => self.refusals.push(told::saved(event, project, environment)),
                false => drop(self.flooded.insert(project)),
            }
        }
        true
    }

    fn restore(
        &mut self,
        counts: HashMap<Slot, Counts>,
        mut refusals: Vec<refusal::Model>,
        flooded: HashSet<ProjectId>,
    ) {
        for (slot, counts) in counts {
            self.counts.entry(slot).or_default().add(&counts);
        }
        self.flooded.extend(flooded);
        refusals.append(&mut self.refusals);
        let rest = refusals.split_off(refusals.len().min(REFUSALS_WAITING));
        self.flooded.extend(rest.into_iter().map(|refusal| refusal.project_id));
        self.refusals = refusals;
    }

    fn forget(&mut self, project: ProjectId) {
        self.counts.retain(|slot, _| slot.project != project);
        self.refusals.retain(|refusal| refusal.project_id != project);
        self.flooded.remove(&project);
        self.deleted.insert(project);
    }
}

fn project_of(event: &Event) -> Option<ProjectId> {
    match event.site? {
        SiteId::Environment { project, .. } => Some(project),
        SiteId::Console => None,
    }
}

/// The charts cannot be read, and everything else goes on.
fn unreadable(error: DbError) -> Problem {
    tracing::error!(%error, "the file of past traffic cannot be read");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "traffic_unreadable",
        "Past traffic cannot be read",
        "The file of past traffic cannot be read. Sites and their protections are not concerned.",
    )
    .hint("Try again in a moment. If it stays so, the operator stops Temps and moves `telemetry.db` away; the log has the reason.")
}

/// A panic while a lock was held has lost at most a count.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
