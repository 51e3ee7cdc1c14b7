//! The immutable, compiled form of everything the edge needs.

use std::{collections::HashMap, sync::Arc};

use rustls::sign::CertifiedKey;
use temps_model::HostName;

use crate::{
    Site,
    protections::{
        firewall::{Firewall, NetworkTable},
        headers::HeaderPolicy,
        limits::Limits,
    },
};

/// Host names and their sites.
pub type SiteTable = HashMap<HostName, Arc<Site>>;

/// Everything that decides about a request, at one moment. Made by the control plane, never changed afterwards.
#[derive(Clone, Debug)]
pub struct EdgeSnapshot {
    /// Grows by one with every snapshot; workers report the one that they run.
    pub version: u64,
    pub instance: Arc<InstancePolicy>,
    pub sites: Arc<SiteTable>,
}

/// What applies whatever the host name is.
#[derive(Debug)]
pub struct InstancePolicy {
    pub firewall: Arc<Firewall>,
    /// Networks that the server's own operator let in with the break-glass command.
    pub emergency: NetworkTable,
    /// For requests that belong to no site.
    pub limits: Limits,
    /// For answers that belong to no site.
    pub headers: Arc<HeaderPolicy>,
    /// Shown to handshakes that name no known host.
    pub default_certificate: Arc<CertifiedKey>,
}
