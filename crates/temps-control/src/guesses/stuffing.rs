//! Credential stuffing: many accounts tried from one network, or one account from many.
//!
//! What is remembered is bounded and only of the last hour; the counters that slow guesses down are elsewhere and last.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use temps_model::{ClientIp, Timestamp};

/// So many accounts from one network, or networks for one account, are no person who mistypes.
const MANY: usize = 8;
const WINDOW: Duration = Duration::from_secs(3_600);
/// Networks and accounts that are remembered.
const CAPACITY: usize = 8_192;

/// Which accounts were tried in vain from which networks.
#[derive(Debug, Default)]
pub struct Stuffing(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    accounts_of: HashMap<IpAddr, Others<String>>,
    networks_of: HashMap<String, Others<IpAddr>>,
}

#[derive(Debug)]
struct Others<T> {
    since: Timestamp,
    others: HashSet<T>,
}

/// What a failure was part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    ManyAccounts,
    ManyNetworks,
}

impl Pattern {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ManyAccounts => "many accounts from one network",
            Self::ManyNetworks => "one account from many networks",
        }
    }
}

impl Stuffing {
    /// Takes note of a failure. The answer is there once, when a pattern becomes visible.
    pub fn failed(&self, client: Option<ClientIp>, account: &str, now: Timestamp) -> Option<Pattern> {
        let network = client?.counted_as();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let accounts = note(&mut seen.accounts_of, network, account.to_owned(), now);
        let networks = note(&mut seen.networks_of, account.to_owned(), network, now);
        match (accounts, networks) {
            (true, _) => Some(Pattern::ManyAccounts),
            (_, true) => Some(Pattern::ManyNetworks),
            _ => None,
        }
    }

    /// Whether this client's network has tried many accounts.
    pub fn is_suspicious(&self, client: Option<ClientIp>, now: Timestamp) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = client.and_then(|client| seen.accounts_of.get(&client.counted_as()));
        others.is_some_and(|others| others.others.len() >= MANY && now.since(others.since) < WINDOW)
    }
}

/// Whether with this one they have become many.
fn note<K: std::hash::Hash + Eq + Clone, T: std::hash::Hash + Eq>(
    all: &mut HashMap<K, Others<T>>,
    key: K,
    other: T,
    now: Timestamp,
) -> bool {
    if all.len() >= CAPACITY && !all.contains_key(&key) {
        all.retain(|_, others| now.since(others.since) < WINDOW);
        // Somebody has to make room; it is never the one who comes now.
        if all.len() >= CAPACITY
            && let Some(smallest) = all.iter().min_by_key(|(_, others)| others.others.len()).map(|(key, _)| key.clone())
        {
            all.remove(&smallest);
        }
    }
    let entry = all.entry(key).or_insert_with(|| Others { since: now, others: HashSet::new() });
    if now.since(entry.since) >= WINDOW {
        *entry = Others { since: now, others: HashSet::new() };
    }
    entry.others.len() < MANY && entry.others.insert(other) && entry.others.len() == MANY
}
