//! Third stage: whose request it is. Rules belong to a site, so this comes before the guard.

use std::sync::Arc;

use temps_policy::{EdgeSnapshot, Site, SiteId};

use crate::facts::Reading;

/// The site of a request; `None` if its host is unknown, an address, or another project's than the handshake's (R-TLS-11), so that a
/// connection for one project never reaches another.
///
/// A request that will be refused because its host cannot be read belongs to the site that the handshake named, whose rules then hold.
pub fn find<'a>(snapshot: &'a EdgeSnapshot, reading: &Reading) -> Option<&'a Arc<Site>> {
    let facts = &reading.facts;
    let sni = facts.tls.as_ref().and_then(|tls| tls.sni.as_ref());
    if facts.host.is_none() && reading.fault.is_some() {
        return snapshot.sites.get(sni?);
    }
    let site = snapshot.sites.get(facts.host.as_ref()?)?;
    if let Some(sni) = sni
        && *sni != site.host
    {
        let asked_for = snapshot.sites.get(sni)?;
        if !is_same_owner(asked_for.id, site.id) {
            return None;
        }
    }
    Some(site)
}

fn is_same_owner(one: SiteId, other: SiteId) -> bool {
    match (one, other) {
        (SiteId::Console, SiteId::Console) => true,
        (SiteId::Environment { project: one, .. }, SiteId::Environment { project: other, .. }) => one == other,
        _ => false,
    }
}
