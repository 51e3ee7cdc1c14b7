//! What people who look at a project are told as it happens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use temps_model::{EnvironmentSlug, ProjectId, UserId};
use tokio::sync::broadcast;

use crate::action::Action;

/// News that a listener may fall behind by before it misses some.
const WAITING: usize = 256;
/// Streams that one user can have open: each asks the database once a second whether it may go on.
const MAX_OF_USER: usize = 32;

/// Something that happened in a project.
#[derive(Clone, Debug)]
pub enum News {
    /// Something was made live.
    Deployment { deployment: Value },
    /// An upload is being unpacked.
    Unpacking { environment: EnvironmentSlug, files: u64, bytes: u64, by: UserId },
    /// Somebody saved a change.
    Changed { what: &'static str },
}

impl News {
    /// The name of the event on the wire, and its data.
    pub fn event(&self) -> (&'static str, Value) {
        match self {
            Self::Deployment { deployment } => ("deployment", deployment.clone()),
            Self::Unpacking { environment, files, bytes, by } => {
                ("unpacking", json!({ "environment": environment, "files": files, "bytes": bytes, "by": by }))
            }
            Self::Changed { what } => ("changed", json!({ "what": what })),
        }
    }

    /// What of a project a recorded action changes, as its pages are divided.
    pub fn of_action(action: Action) -> Option<Self> {
        let what = match action.name().split_once('.').map_or("", |(thing, _)| thing) {
            "project" | "environment" if action.name().contains("firewall") => "firewall",
            "environment" => "environments",
            "headers" => "headers",
            "domain" => "domains",
            _ => return None,
        };
        Some(Self::Changed { what })
    }
}

/// Tells news to whoever listens.
#[derive(Debug)]
pub struct Live {
    news: broadcast::Sender<(ProjectId, Arc<News>)>,
    /// How many streams each user has open.
    seats: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// One open stream; it is given back when this is dropped.
#[derive(Debug)]
pub struct Seat {
    user: UserId,
    seats: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { news: broadcast::Sender::new(WAITING), seats: Arc::default() }
    }
}

impl Live {
    pub fn tell(&self, project: ProjectId, news: News) {
        // Nobody listening is no failure.
        drop(self.news.send((project, Arc::new(news))));
    }

    pub fn listen(&self) -> broadcast::Receiver<(ProjectId, Arc<News>)> {
        self.news.subscribe()
    }

    /// A place for one more stream of a user; `None` if they have as many as anybody can have.
    pub fn seat(&self, user: UserId) -> Option<Seat> {
        let mut taken = lock(&self.seats);
        let taken = taken.entry(user).or_default();
        (*taken < MAX_OF_USER).then(|| {
            *taken += 1;
            Seat { user, seats: Arc::clone(&self.seats) }
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.seats);
        if let Some(taken) = seats.get_mut(&self.user) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&self.user);
            }
        }
    }
}

/// A number is never left half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use temps_model::Timestamp;

    use super::*;

    #[test]
    fn a_user_has_so_many_streams_and_gets_a_place_back_when_one_ends() {
        let (live, user) = (Live::default(), UserId::generate(Timestamp::from_micros(0)));
        let mut seats: Vec<Seat> = (0..MAX_OF_USER).filter_map(|_| live.seat(user)).collect();
        assert_eq!((seats.len(), live.seat(user).is_some()), (MAX_OF_USER, false));
        assert!(live.seat(UserId::generate(Timestamp::from_micros(0))).is_some(), "others are not concerned");
        seats.pop();
        assert!(live.seat(user).is_some());
        drop(seats);
        assert!(lock(&live.seats).is_empty());
    }

    #[test]
    fn every_change_that_a_page_shows_is_told_under_the_name_of_the_page() {
        let told = |action| News::of_action(action).map(|news| news.event().1["what"].clone());
        assert_eq!(told(Action::ProjectFirewallRuleChange), Some(json!("firewall")));
        assert_eq!(told(Action::EnvironmentFirewall), Some(json!("firewall")));
        assert_eq!(told(Action::EnvironmentCreate), Some(json!("environments")));
        assert_eq!(told(Action::HeadersChange), Some(json!("headers")));
        assert_eq!(told(Action::DomainRemove), Some(json!("domains")));
        assert_eq!(told(Action::DeploymentCreate), None, "deployments are told when they are live");
    }
}
