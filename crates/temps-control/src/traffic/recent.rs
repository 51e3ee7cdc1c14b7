//! The requests of the last hour, in memory.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use temps_model::{ProjectId, RequestId, Timestamp};
use temps_policy::{Event, SiteId};

use super::Ending;

/// How long a request is kept.
pub const KEPT: Duration = Duration::from_secs(3_600);
/// How many are kept at most (about 300 bytes each).
const CAPACITY: usize = 100_000;

/// Requests in the order in which they ended, each with a number that counts from 1.
#[derive(Debug, Default)]
pub struct Recent {
    events: VecDeque<(Timestamp, Event)>,
    /// The number of the last one.
    last: u64,
    /// Whether requests of the last hour had to make room.
    crowded_out: Option<Timestamp>,
}

impl Recent {
    /// Takes requests that ended about `now`, and forgets old ones. Returns the number of the last one.
    pub fn take(&mut self, batch: Vec<Event>, now: Timestamp) -> u64 {
        self.last += batch.len() as u64;
        self.events.extend(batch.into_iter().map(|event| (now, event)));
        let oldest = now.before(KEPT);
        while let Some((at, _)) = self.events.front()
            && (*at < oldest || self.events.len() > CAPACITY)
        {
            if *at >= oldest {
                self.crowded_out = Some(*at);
            }
            self.events.pop_front();
        }
        self.last
    }

    /// From when on nothing is missing.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        self.crowded_out.map_or(now.before(KEPT), |at| at.max(now.before(KEPT)))
    }

    /// The oldest first, as far as they are not older than an hour.
    pub fn all(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Event> {
        let oldest = now.before(KEPT);
        self.events.iter().filter(move |(at, _)| *at >= oldest).map(|(_, event)| event)
    }

    pub fn of_project(&self, project: ProjectId, now: Timestamp) -> impl DoubleEndedIterator<Item = &Event> {
        self.all(now).filter(move |event| is_of(event, project))
    }

    pub fn find(&self, project: ProjectId, id: RequestId, now: Timestamp) -> Option<&Event> {
        self.of_project(project, now).rev().find(|event| event.id == id)
    }

    /// The requests of a project behind the number `after`, and whether some of them are here no more.
    pub fn after(&self, project: ProjectId, after: u64) -> (impl Iterator<Item = &Event>, bool) {
        let first = self.last - self.events.len() as u64;
        let skipped = usize::try_from(after.saturating_sub(first)).unwrap_or(usize::MAX).min(self.events.len());
        let events = self.events.range(skipped..).map(|(_, event)| event).filter(move |event| is_of(event, project));
        (events, after < first)
    }

    pub fn last(&self) -> u64 {
        self.last
    }

    /// Projects of which requests were refused.
    pub fn refused_projects(&self) -> Vec<ProjectId> {
        let refused = self
            .events
            .iter()
            .map(|(_, event)| event)
            .filter(|event| matches!(Ending::of(event.outcome), Ending::Refused | Ending::Throttled));
        let projects: HashSet<ProjectId> = refused.filter_map(project_of).collect();
        projects.into_iter().collect()
    }

    /// Makes the requests of a project nobody's, so that the numbers of all others stay.
    pub fn forget(&mut self, project: ProjectId) {
        for (_, event) in self.events.iter_mut().filter(|(_, event)| is_of(event, project)) {
            (event.site, event.host, event.path) = (None, None, "".into());
        }
    }
}

fn project_of(event: &Event) -> Option<ProjectId> {
    match event.site? {
        SiteId::Environment { project, .. } => Some(project),
        SiteId::Console => None,
    }
}

fn is_of(event: &Event, project: ProjectId) -> bool {
    project_of(event) == Some(project)
}
