//! What people who look at a project are told as it happens.

use std::sync::Arc;

use serde_json::{Value, json};
use temps_model::{EnvironmentSlug, ProjectId, UserId};
use tokio::sync::broadcast;

use crate::{action::Action, seats::Seats};

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
    /// A place for each open stream.
    pub seats: Seats,
}

impl Default for Live {
    fn default() -> Self {
        Self { news: broadcast::Sender::new(WAITING), seats: Seats::new(MAX_OF_USER) }
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
