//! From what a person wrote to entries that can be saved.

use std::collections::HashMap;

use temps_model::{Network, NetworkNotice, RuleId, Text, Timestamp};
use temps_policy::protections::firewall::{Action, Entry};

use super::{
    super::{Scope, authority::Environments},
    wire::{Brought, NewRule, Notice},
};
use crate::problem::{FieldError, Problem};

/// An entry that can be saved.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Its position in the call.
    pub position: usize,
    pub scope: Scope,
    pub note: Text<200>,
    pub entry: Entry,
}

/// What entries are read against.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The scope that the call's path names.
    pub scope: Scope,
    pub environments: &'a Environments,
    pub now: Timestamp,
}

/// Entries with what is worth knowing about them.
#[derive(Debug, Default)]
pub struct Entries {
    pub entries: Vec<NewEntry>,
    pub notices: Vec<Notice>,
}

impl Reader<'_> {
    /// Reads all entries, or tells of every one of them what is wrong with it (R-IP-4). What is said twice is taken once.
    pub fn read(&self, brought: Brought) -> Result<Entries, Problem> {
        let (rules, is_one) = match brought {
            Brought::One(rule) => (vec![rule], true),
            Brought::Many(rules) => (rules, false),
        };
        let (mut read, mut errors) = (Entries::default(), Vec::new());
        let mut said: HashMap<(Scope, Action, Network), usize> = HashMap::new();
        for (position, rule) in rules.iter().enumerate() {
            let path = |field: &str| if is_one { field.to_owned() } else { format!("entries[{position}].{field}") };
            let Some((new, notice)) = self.read_one(position, rule, &path, &mut errors) else { continue };
            if let Some(NetworkNotice::HostBitsDropped) = notice {
                let message = format!(
                    "`{}` has bits behind its prefix; it is saved as `{}`",
                    rule.network.trim(),
                    new.entry.network
                );
                read.notices.push(Notice { entry: position, message });
            }
            let first = *said.entry((new.scope, new.entry.action, new.entry.network)).or_insert(position);
            match first == position {
                true => read.entries.push(new),
                false => read.notices.push(Notice {
                    entry: position,
                    message: format!("says the same as entry {first} and is left out"),
                }),
            }
        }
        match errors.is_empty() {
            true => Ok(read),
            false => Err(Problem::invalid_fields(errors)),
        }
    }

    fn read_one(
        &self,
        position: usize,
        rule: &NewRule,
        path: &impl Fn(&str) -> String,
        errors: &mut Vec<FieldError>,
    ) -> Option<(NewEntry, Option<NetworkNotice>)> {
        let mut fail = |field: &str, message: String| errors.push(FieldError { field: path(field), message });
        let network =
            Network::parse_with_notice(&rule.network).map_err(|error| fail("network", error.to_string())).ok();
        let note = rule.note.parse::<Text<200>>().map_err(|error| fail("note", error.to_string())).ok();
        let expires_at =
            self.read_expiry(rule.expires_at.as_deref()).map_err(|message| fail("expires_at", message)).ok();
        let scope = self.read_scope(rule.environment.as_deref()).map_err(|message| fail("environment", message)).ok();
        let (network, notice) = network?;
        let entry = Entry { id: RuleId::generate(self.now), action: rule.action, network, expires_at: expires_at? };
        Some((NewEntry { position, scope: scope?, note: note?, entry }, notice))
    }

    fn read_expiry(&self, text: Option<&str>) -> Result<Option<Timestamp>, String> {
        let Some(text) = text else { return Ok(None) };
        match Timestamp::parse_rfc3339(text) {
            Some(at) if at > self.now => Ok(Some(at)),
            Some(at) => Err(format!("has to be in the future; {at} has passed")),
            None => Err("has to be a time such as 2026-01-31T12:00:00Z (RFC 3339)".to_owned()),
        }
    }

    fn read_scope(&self, environment: Option<&str>) -> Result<Scope, String> {
        match (environment, self.scope) {
            (None, scope) => Ok(scope),
            (Some(name), Scope::Project(project)) => match self.environments.find(name) {
                Some(id) => Ok(Scope::Environment(project, id)),
                None => Err("is no environment of this project".to_owned()),
            },
            (Some(_), _) => Err("can only be told in a project's firewall".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
