//! Which firewall is meant.

use std::fmt;

use temps_db::entities::{firewall::FirewallScope as SavedScope, firewall_rule::RuleScope};
use temps_model::{EnvironmentId, ProjectId};
use temps_policy::FirewallScope;

/// The firewall of one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Instance,
    Console,
    Project(ProjectId),
    Environment(ProjectId, EnvironmentId),
}

impl Scope {
    pub fn project(self) -> Option<ProjectId> {
        match self {
            Self::Instance | Self::Console => None,
            Self::Project(project) | Self::Environment(project, _) => Some(project),
        }
    }

    pub fn environment(self) -> Option<EnvironmentId> {
        match self {
            Self::Environment(_, environment) => Some(environment),
            _ => None,
        }
    }

    /// The scope that decides together with this one: a project and its environments share their allow entries.
    pub fn authority(self) -> Self {
        match self {
            Self::Environment(project, _) => Self::Project(project),
            other => other,
        }
    }

    /// The scope of an environment in a project; where there is none, the scope itself.
    pub fn narrowed(self, environment: Option<EnvironmentId>) -> Self {
        match (self, environment) {
            (Self::Project(project), Some(environment)) => Self::Environment(project, environment),
            (scope, _) => scope,
        }
    }

    pub fn at_edge(self) -> FirewallScope {
        match self {
            Self::Instance => FirewallScope::Instance,
            Self::Console => FirewallScope::Console,
            Self::Project(_) => FirewallScope::Project,
            Self::Environment(..) => FirewallScope::Environment,
        }
    }

    pub fn saved(self) -> SavedScope {
        match self {
            Self::Instance => SavedScope::Instance,
            Self::Console => SavedScope::Console,
            Self::Project(_) => SavedScope::Project,
            Self::Environment(..) => SavedScope::Environment,
        }
    }

    pub fn saved_for_rules(self) -> RuleScope {
        match self {
            Self::Instance => RuleScope::Instance,
            Self::Console => RuleScope::Console,
            Self::Project(_) => RuleScope::Project,
            Self::Environment(..) => RuleScope::Environment,
        }
    }
}

/// The unique key of the scope in the database.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => f.write_str("instance"),
            Self::Console => f.write_str("console"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Environment(_, id) => write!(f, "environment:{id}"),
        }
    }
}
