//! Whom a change would shut out: its own author, or everybody (R-IP-3, R-IP-9).
//!
//! A change counts as shutting somebody out if they were let in before it and would not be afterwards, so that repairing one of two mistakes is
//! never refused. Block entries are the exception: one that covers the author is refused even where another refuses them already, because
//! it may outlast the other. The operator's break-glass list does not count as being let in: it ends.

use std::collections::BTreeMap;

use temps_model::{ClientIp, Network, Timestamp};
use temps_policy::{
    Refusal,
    protections::firewall::{Action, Entry, Firewall, Mode, check_block_lists},
};

use super::{Scope, authority::Authority, places::Places};
use crate::{problem::Problem, wire::ChangeQuery};

/// Who would be refused, and at whose sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutOut {
    pub everybody: Vec<Scope>,
    pub author: Option<SelfDenial>,
}

/// The author of a change, refused by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfDenial {
    pub client: ClientIp,
    pub at: Vec<Scope>,
    /// The block entry that does it; `None` if it is allow-list mode.
    pub block: Option<Network>,
}

impl ShutOut {
    /// What a change of modes or allow entries does.
    pub fn by_lists(before: &Authority, after: &Authority, author: Option<ClientIp>, now: Timestamp) -> Self {
        let newly = |before: Vec<Scope>, after: Vec<Scope>| {
            after.into_iter().filter(|scope| !before.contains(scope)).collect::<Vec<_>>()
        };
        let denied = author.and_then(|client| {
            let at = newly(before.refusing(client, now), after.refusing(client, now));
            (!at.is_empty()).then_some(SelfDenial { client, at, block: None })
        });
        Self { everybody: newly(before.closed(now), after.closed(now)), author: denied }
    }

    /// What new entries do.
    pub fn by_entries(added: &[(Scope, Entry)], author: Option<ClientIp>, now: Timestamp) -> Self {
        let Some(client) = author else { return Self::default() };
        let mut blocks: BTreeMap<String, (Scope, Vec<Entry>)> = BTreeMap::new();
        for (scope, entry) in added.iter().filter(|(_, entry)| entry.action == Action::Block) {
            blocks.entry(scope.to_string()).or_insert_with(|| (*scope, Vec::new())).1.push(*entry);
        }
        let mut denied: Option<SelfDenial> = None;
        for (scope, entries) in blocks.into_values() {
            let firewall = Firewall::new(Mode::Open, entries.iter().copied());
            if let Err(Refusal::Blocked { rule, .. }) = check_block_lists([(scope.at_edge(), &firewall)], client, now) {
                let block = entries.iter().find(|entry| entry.id == rule).map(|entry| entry.network);
                denied.get_or_insert(SelfDenial { client, at: Vec::new(), block }).at.push(scope);
            }
        }
        Self { everybody: Vec::new(), author: denied }
    }

    /// What a change of both does.
    pub fn or(self, other: Self) -> Self {
        Self { everybody: [self.everybody, other.everybody].concat(), author: self.author.or(other.author) }
    }

    /// Refuses the change unless whom it shuts out is confirmed. Who confirms that everybody is refused has confirmed it for themselves too.
    pub fn permit(&self, query: &ChangeQuery, places: &Places) -> Result<(), Problem> {
        if !self.everybody.is_empty() {
            return match query.accepts_deny_all() {
                true => Ok(()),
                false => Err(Problem::conflict(
                    "would_deny_everybody",
                    "This would shut everybody out",
                    self.sentence_about_everybody(places),
                )
                .hint(
                    "Add an allow entry first, or repeat the call with `confirm=deny-all` if this is what you want.",
                )),
            };
        }
        match &self.author {
            Some(denial) if !query.accepts_self_denial() => {
                Err(Problem::conflict("would_deny_you", "This would shut you out", denial.sentence(places))
                    .hint("Leave your own address out of it, or repeat the call with `override=self-denial` if this is what you want."))
            }
            _ => Ok(()),
        }
    }

    /// The same as sentences, for a dry run.
    pub fn sentences(&self, places: &Places) -> Vec<String> {
        let everybody = (!self.everybody.is_empty()).then(|| self.sentence_about_everybody(places));
        everybody.into_iter().chain(self.author.as_ref().map(|denial| denial.sentence(places))).collect()
    }

    fn sentence_about_everybody(&self, places: &Places) -> String {
        format!("The allow list would be empty, so everybody would be refused at {}.", places.name(&self.everybody))
    }
}

impl SelfDenial {
    fn sentence(&self, places: &Places) -> String {
        let reason = match self.block {
            Some(network) => format!("the entry `block {network}` covers that address"),
            None => "it is on no allow list".to_owned(),
        };
        format!("{} – you – would be refused at {}: {reason}.", self.client, places.name(&self.at))
    }
}

#[cfg(test)]
mod tests;
