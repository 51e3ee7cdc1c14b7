//! # IP block list and allow-list mode
//!
//! A **block** entry refuses an address or network. In **allow-list mode** everybody is refused who is not covered by an **allow**
//! entry; an empty allow list then refuses everybody, and removing the last entry never turns the mode off (R-IP-9). A block entry
//! always wins over an allow entry. Entries may expire; an expired entry counts for nothing and never hides a wider one (R-IP-1).
//!
//! There are four scopes: instance (every host name, unknown ones included), console (dashboard and API), project, environment.
//! A client is refused if any scope that applies blocks it. Allow-list mode is asked of each authority by itself: what the instance's
//! administrator closed, no project opens. A project and its environments are one authority: whichever of the two is in allow-list mode,
//! the allow entries of both count.

use std::collections::HashMap;

use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use serde::{Deserialize, Serialize};
use temps_model::{ClientIp, Network, RuleId, Timestamp};

use crate::{FirewallScope, Refusal};

/// Whom a firewall lets in who is on none of its lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everybody.
    #[default]
    Open,
    /// Nobody.
    AllowList,
}

/// What an entry does to the clients that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Block,
    Allow,
}

/// The saved form of an entry, as far as the edge is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub id: RuleId,
    pub action: Action,
    pub network: Network,
    pub expires_at: Option<Timestamp>,
}

/// The compiled firewall of one scope.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    mode: Mode,
    block: NetworkTable,
    allow: NetworkTable,
}

impl Firewall {
    pub fn new(mode: Mode, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut firewall = Self { mode, ..Self::default() };
        entries.into_iter().for_each(|entry| firewall.insert(entry));
        firewall
    }

    /// The same firewall, except that of these networks exactly `entries` are listed.
    pub fn with(&self, networks: &[Network], entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut firewall = self.clone();
        for network in networks {
            firewall.block.remove(*network);
            firewall.allow.remove(*network);
        }
        entries.into_iter().for_each(|entry| firewall.insert(entry));
        firewall
    }

    /// The same lists in another mode.
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self { mode, ..self.clone() }
    }

    fn insert(&mut self, entry: Entry) {
        let table = match entry.action {
            Action::Block => &mut self.block,
            Action::Allow => &mut self.allow,
        };
        table.insert(entry.network, entry.id, entry.expires_at);
    }
}

/// The block lists of all scopes that apply, widest first.
pub fn check_block_lists<'a>(
    firewalls: impl IntoIterator<Item = (FirewallScope, &'a Firewall)>,
    client: ClientIp,
    now: Timestamp,
) -> Result<(), Refusal> {
    for (scope, firewall) in firewalls {
        if let Some(rule) = firewall.block.find(client, now) {
            return Err(Refusal::Blocked { scope, rule });
        }
    }
    Ok(())
}

/// The allow lists of all scopes that are in allow-list mode, widest first.
pub fn check_allow_lists<'a>(
    firewalls: impl IntoIterator<Item = (FirewallScope, &'a Firewall)> + Clone,
    client: ClientIp,
    now: Timestamp,
) -> Result<(), Refusal> {
    for (scope, firewall) in firewalls.clone() {
        let allowed_by_authority = || {
            firewalls
                .clone()
                .into_iter()
                .filter(|(other, _)| authority(*other) == authority(scope))
                .any(|(_, other)| other.allow.find(client, now).is_some())
        };
        if firewall.mode == Mode::AllowList && !allowed_by_authority() {
            return Err(Refusal::NotAllowed { scope });
        }
    }
    Ok(())
}

/// Scopes of one authority share their allow entries.
fn authority(scope: FirewallScope) -> FirewallScope {
    match scope {
        FirewallScope::Environment => FirewallScope::Project,
        other => other,
    }
}

/// Networks in a longest-prefix-match trie, looked up in a time that does not grow with their number (R-IP-5).
#[derive(Clone, Debug, Default)]
pub struct NetworkTable(JointPrefixMap<IpNet, Listed>);

/// What is known of a listed network. Of several entries for one network the one that lasts longest is kept.
#[derive(Clone, Copy, Debug)]
struct Listed {
    rule: RuleId,
    expires_at: Option<Timestamp>,
}

impl NetworkTable {
    pub fn insert(&mut self, network: Network, rule: RuleId, expires_at: Option<Timestamp>) {
        let lasts_longer = |old: &Listed| match (old.expires_at, expires_at) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(old), Some(new)) => new > old,
        };
        if self.0.get(&network.net()).is_none_or(lasts_longer) {
            self.0.insert(network.net(), Listed { rule, expires_at });
        }
    }

    pub fn remove(&mut self, network: Network) {
        self.0.remove(&network.net());
    }

    /// The narrowest entry that covers the client and has not expired.
    pub fn find(&self, client: ClientIp, now: Timestamp) -> Option<RuleId> {
        if self.0.is_empty() {
            return None;
        }
        let covering = self.0.cover_values(&IpNet::from(client.addr()));
        covering.filter(|listed| listed.expires_at.is_none_or(|at| now < at)).last().map(|listed| listed.rule)
    }

    /// The entry other than `network` itself that covers all of it, if there is one.
    pub fn covering(&self, network: Network) -> Option<Network> {
        let (found, _) = self.0.cover(&network.net()).filter(|(net, _)| *net != network.net()).last()?;
        found.to_string().parse().ok()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Network, RuleId, Option<Timestamp>)> for NetworkTable {
    fn from_iter<I: IntoIterator<Item = (Network, RuleId, Option<Timestamp>)>>(entries: I) -> Self {
        let mut table = Self::default();
        entries.into_iter().for_each(|(network, rule, expires_at)| table.insert(network, rule, expires_at));
        table
    }
}

/// Which of a set of entries say the same thing twice: each entry that a wider one of the same action covers, with that one (R-IP-4).
pub fn covered_entries(entries: &[Entry]) -> HashMap<RuleId, Network> {
    let table =
        |action| entries.iter().filter(move |e| e.action == action).map(|e| (e.network, e.id, e.expires_at)).collect();
    let (block, allow): (NetworkTable, NetworkTable) = (table(Action::Block), table(Action::Allow));
    let covering = |entry: &Entry| match entry.action {
        Action::Block => block.covering(entry.network),
        Action::Allow => allow.covering(entry.network),
    };
    entries.iter().filter_map(|entry| Some((entry.id, covering(entry)?))).collect()
}

#[cfg(test)]
mod tests;
