//! The requests of the last hour, in memory.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use temps_model::{ProjectId, RequestId, Timestamp};
use temps_policy::Event;

use super::project_of;

/// How long a request is kept.
pub const KEPT: Duration = Duration::from_secs(3_600);
/// How many are kept at most (about 300 bytes each).
const CAPACITY: usize = 100_000;

/// Requests in the order in which they ended. Those of each project have numbers of their own, from 1, which tell nothing of others.
#[derive(Debug)]
pub struct Recent {
    events: VecDeque<Numbered>,
    tallies: HashMap<ProjectId, Tally>,
    /// How many have ever arrived.
    arrived: u64,
    /// From when on nothing is missing, but for what is too old.
    complete_since: Timestamp,
}

#[derive(Debug)]
struct Numbered {
    at: Timestamp,
    number: u64,
    event: Event,
}

/// The numbers of one project.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    last: u64,
    /// The last one that is here no more.
    gone: u64,
}

impl Recent {
    /// Begins empty: what was before is missing.
    pub fn new(started: Timestamp) -> Self {
        Self { events: VecDeque::new(), tallies: HashMap::new(), arrived: 0, complete_since: started }
    }

    /// Takes requests that ended about `now`, and forgets old ones. Returns how many have ever arrived.
    pub fn take(&mut self, batch: Vec<Event>, now: Timestamp) -> u64 {
        self.arrived += batch.len() as u64;
        for event in batch {
            let number = project_of(&event).map_or(0, |project| {
                let tally = self.tallies.entry(project).or_default();
                tally.last += 1;
                tally.last
            });
            self.events.push_back(Numbered { at: now, number, event });
        }
        self.expire(now);
        while self.events.len() > CAPACITY {
            if let Some(at) = self.drop_oldest() {
                self.complete_since = self.complete_since.max(at);
            }
        }
        self.arrived
    }

    /// Forgets what is older than an hour.
    pub fn expire(&mut self, now: Timestamp) {
        let oldest = now.before(KEPT);
        while self.events.front().is_some_and(|kept| kept.at < oldest) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> Option<Timestamp> {
        let Numbered { at, number, event } = self.events.pop_front()?;
        if let Some(tally) = project_of(&event).and_then(|project| self.tallies.get_mut(&project)) {
            tally.gone = number;
        }
        Some(at)
    }

    /// Some requests of before `now` never arrived.
    pub fn lost(&mut self, now: Timestamp) {
        self.complete_since = self.complete_since.max(now);
    }

    /// From when on nothing is missing.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        self.complete_since.max(now.before(KEPT))
    }

    /// The oldest first, as far as they are not older than an hour.
    pub fn all(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Event> {
        self.numbered(now).map(|kept| &kept.event)
    }

    pub fn of_project(&self, project: ProjectId, now: Timestamp) -> impl DoubleEndedIterator<Item = &Event> {
        self.all(now).filter(move |event| project_of(event) == Some(project))
    }

    pub fn find(&self, project: ProjectId, id: RequestId, now: Timestamp) -> Option<&Event> {
        self.of_project(project, now).rev().find(|event| event.id == id)
    }

    /// The requests of a project behind the number `after`, and whether some of them are here no more.
    pub fn after(&self, project: ProjectId, after: u64, now: Timestamp) -> (Vec<&Event>, bool) {
        let is_wanted = |kept: &&Numbered| kept.number > after && project_of(&kept.event) == Some(project);
        // The newest are looked at first, because there are seldom more than a few new ones.
        let newest =
            self.numbered(now).rev().take_while(|kept| project_of(&kept.event) != Some(project) || kept.number > after);
        let mut events: Vec<&Event> = newest.filter(is_wanted).map(|kept| &kept.event).collect();
        events.reverse();
        let gone = self.tallies.get(&project).map_or(0, |tally| tally.gone);
        (events, after < gone)
    }

    /// The number of a project's last request.
    pub fn last(&self, project: ProjectId) -> u64 {
        self.tallies.get(&project).map_or(0, |tally| tally.last)
    }

    /// Takes the requests of a project away.
    pub fn forget(&mut self, project: ProjectId) {
        self.events.retain(|kept| project_of(&kept.event) != Some(project));
        self.tallies.remove(&project);
    }

    fn numbered(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Numbered> {
        let oldest = now.before(KEPT);
        self.events.iter().filter(move |kept| kept.at >= oldest)
    }
}
