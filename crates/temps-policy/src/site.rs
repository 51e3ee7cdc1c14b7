//! What the edge knows of one host name.

use std::{path::PathBuf, sync::Arc};

use rustls::sign::CertifiedKey;
use temps_model::{EnvironmentId, HostName, ProjectId};

use crate::{
    FirewallScope, StaticSite, Upstream,
    protections::{firewall::Firewall, headers::HeaderPolicy, limits::Limits},
};

/// One host name, its target and its compiled protections.
#[derive(Debug)]
pub struct Site {
    pub id: SiteId,
    pub host: HostName,
    pub target: Target,
    /// `None` makes handshakes for this name get the default certificate.
    pub certificate: Option<Arc<CertifiedKey>>,
    /// The firewalls below the instance's, in the order in which they are asked.
    pub firewalls: Vec<(FirewallScope, Arc<Firewall>)>,
    pub headers: Arc<HeaderPolicy>,
    pub limits: Limits,
}

/// Whose site it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SiteId {
    Console,
    Environment { project: ProjectId, environment: EnvironmentId },
}

/// What answers for a site.
#[derive(Clone, Debug)]
pub enum Target {
    /// Nothing was deployed yet.
    Empty,
    /// What was deployed could not be compiled; this site alone refuses, with 503.
    Unavailable,
    Files(Arc<StaticSite>),
    Upstream(Arc<Upstream>),
    Console(Arc<Console>),
}

/// The control plane, over a private Unix socket.
#[derive(Debug)]
pub struct Console {
    pub socket: PathBuf,
}
