//! What the operator may set, from `temps.toml`, the environment and flags, in rising precedence.
//!
//! Everything that is wrong is reported at once, each with the place it came from, and nothing starts.

mod checks;
mod keys;
mod parse;
mod problem;
mod sources;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use temps_model::{HostName, Network, Secret};

pub use checks::DATA_DIR;
pub use keys::{KEYS, Key, Kind};
pub use parse::{DatabaseUrl, LogFormat, MailServer, PublicUrl, SecurityContact};
pub use problem::{Origin, Problem, Problems};
pub use sources::{Given, Sources};

/// A sound configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything lives that Temps keeps.
    pub data_dir: PathBuf,
    /// Under which address dashboard and API are reached.
    pub public_url: PublicUrl,
    pub http_addr: SocketAddr,
    pub https_addr: SocketAddr,
    /// `None`: SQLite in the data directory.
    pub database: Option<DatabaseUrl>,
    pub trusted_proxies: Vec<Network>,
    pub upstream_networks: Vec<Network>,
    /// `None`: environments get no host name by themselves.
    pub apps_domain: Option<HostName>,
    /// Bytes.
    pub max_upload: u64,
    pub security_contact: Option<SecurityContact>,
    /// `None`: there are no metrics.
    pub metrics_token: Option<Secret<String>>,
    pub log_format: LogFormat,
    pub drain_timeout: Duration,
    /// Whether the first user gets a project to try things with.
    pub demo: bool,
    /// `None`: mail is written into a folder.
    pub mail_server: Option<MailServer>,
    pub mail_from: String,
    pub mail_user: Option<String>,
    pub mail_password: Option<Secret<String>>,
    pub mail_ca: Option<PathBuf>,
}

/// A configuration and where each value came from.
#[derive(Debug)]
pub struct Resolved {
    pub config: Config,
    pub values: Vec<Effective>,
}

/// One value that is in force.
#[derive(Debug, serde::Serialize)]
pub struct Effective {
    pub key: &'static str,
    /// As it was written; `(hidden)` for a secret, empty if there is none.
    pub value: String,
    pub origin: String,
}

impl Config {
    /// Puts the sources together.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, also with values that a stronger source replaces.
    pub fn resolve(sources: &Sources) -> Result<Resolved, Problems> {
        let mut problems = sources.problems.clone();
        let mut values = parse::Values::default();
        let mut effective = Vec::new();
        for key in KEYS {
            let given: Vec<&Given> = sources.given.iter().filter(|given| given.key == key.name).collect();
            for overridden in given.iter().rev().skip(1) {
                apply(key, overridden, &mut parse::Values::default(), &mut problems);
            }
            if let Some(winner) = given.last() {
                apply(key, winner, &mut values, &mut problems);
            }
            effective.push((key, given.last().copied()));
        }
        let config = checks::check(values, sources, &mut problems);
        match config {
            Some(config) if problems.is_empty() => {
                let values = effective.into_iter().map(|(key, given)| key.effective(given, &config)).collect();
                Ok(Resolved { config, values })
            }
            _ => Err(Problems::new(problems)),
        }
    }
}

fn apply(key: &Key, given: &Given, values: &mut parse::Values, problems: &mut Vec<Problem>) {
    for (text, origin) in &given.items {
        if let Err(message) = key.read(values, text) {
            problems.push(Problem::new(origin.clone(), format!("{}: {message}", key.name)));
        }
    }
}

#[cfg(test)]
mod tests;
