//! The one visible list of protections, in the order in which they are asked (R-IP-1).

use std::time::Duration;

use temps_model::{ClientIp, Timestamp};

use crate::{
    EdgeSnapshot, FirewallScope, Refusal, Site, SiteId, Verdict,
    protections::{
        firewall::{Firewall, check_allow_lists, check_block_lists},
        limits::{Counted, Counters, check_rate},
    },
};

/// Decides whether a request of `client`, received at `received`, may pass. `site` is `None` for an unknown host name, for which the
/// instance's own rules hold. `uptime` is the moment on a clock that never goes back. That these are all it asks for is what makes it
/// possible to say of a request that was served what other rules would have made of it.
pub fn judge(
    snapshot: &EdgeSnapshot,
    site: Option<&Site>,
    client: ClientIp,
    received: Timestamp,
    counters: &Counters,
    uptime: Duration,
) -> Verdict {
    if is_emergency(snapshot, client, received) {
        return Verdict::Pass;
    }
    if let Err(refusal) = check_lists(snapshot, site, client, received) {
        return Verdict::Refuse(refusal);
    }
    let limits = site.map_or(&snapshot.instance.limits, |site| &site.limits);
    if let Err(retry_after) = check_rate(counters, counted(site, client), limits.rate, uptime) {
        return Verdict::Throttle { retry_after };
    }
    Verdict::Pass
}

/// Whether a client that passed before may keep what it has open, after the rules changed.
pub fn still_admitted(snapshot: &EdgeSnapshot, site: Option<&Site>, client: ClientIp, now: Timestamp) -> bool {
    is_emergency(snapshot, client, now) || check_lists(snapshot, site, client, now).is_ok()
}

fn check_lists(snapshot: &EdgeSnapshot, site: Option<&Site>, client: ClientIp, now: Timestamp) -> Result<(), Refusal> {
    let firewalls = firewalls(snapshot, site);
    check_block_lists(firewalls.clone(), client, now)?;
    check_allow_lists(firewalls, client, now)
}

fn is_emergency(snapshot: &EdgeSnapshot, client: ClientIp, now: Timestamp) -> bool {
    snapshot.instance.emergency.find(client, now).is_some()
}

/// All firewalls that apply, widest scope first.
fn firewalls<'a>(
    snapshot: &'a EdgeSnapshot,
    site: Option<&'a Site>,
) -> impl Iterator<Item = (FirewallScope, &'a Firewall)> + Clone {
    let below = site.map_or(&[][..], |site| &site.firewalls);
    let below = below.iter().map(|(scope, firewall)| (*scope, firewall.as_ref()));
    std::iter::once((FirewallScope::Instance, snapshot.instance.firewall.as_ref())).chain(below)
}

fn counted(site: Option<&Site>, client: ClientIp) -> Counted {
    let site = match site.map(|site| site.id) {
        None => 0,
        Some(SiteId::Console) => 1,
        Some(SiteId::Environment { environment, .. }) => environment.uuid().as_u128(),
    };
    Counted::new(site, client)
}

#[cfg(test)]
mod tests;
