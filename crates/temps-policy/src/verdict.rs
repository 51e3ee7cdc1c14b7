//! What the protections decide.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use temps_model::RuleId;

/// The answer of the pipeline for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request may go on.
    Pass,
    /// The request is answered with a constant page that does not say why (R-IP-7).
    Refuse(Refusal),
    /// The client is too fast and may try again after the duration.
    Throttle { retry_after: Duration },
}

/// Why a request was refused. For the owner's eyes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A block entry covers the client.
    Blocked { scope: FirewallScope, rule: RuleId },
    /// The scope admits only what is on its allow list, and the client is not.
    NotAllowed { scope: FirewallScope },
}

/// Where a firewall applies. The order is the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirewallScope {
    /// Every host name, unknown ones included.
    Instance,
    /// The dashboard and the API.
    Console,
    /// Every environment of one project.
    Project,
    /// One environment.
    Environment,
}

impl FirewallScope {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Console => "console",
            Self::Project => "project",
            Self::Environment => "environment",
        }
    }
}

impl fmt::Display for FirewallScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
