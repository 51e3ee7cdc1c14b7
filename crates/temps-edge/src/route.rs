//! Third stage: whose request it is. Rules belong to a site, so this comes before the guard.

use std::sync::Arc;

use temps_policy::{EdgeSnapshot, Facts, Site, SiteId};

/// The site of a request; `None` if its host is unknown, an address, or another project's than the handshake's (R-TLS-11), so that a
/// connection for one project never reaches another.
pub fn find<'a>(snapshot: &'a EdgeSnapshot, facts: &Facts) -> Option<&'a Arc<Site>> {
    let site = snapshot.sites.get(facts.host.as_ref()?)?;
    if let Some(sni) = facts.tls.as_ref().and_then(|tls| tls.sni.as_ref())
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
