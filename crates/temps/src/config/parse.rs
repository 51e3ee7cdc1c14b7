//! Values of configuration keys, correct by construction.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use temps_model::{EmailAddress, HostName, Network, Secret};
use url::{Host, Url};

use crate::units;

/// What was given, before defaults and the checks that concern several keys.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub data_dir: Option<PathBuf>,
    pub public_url: Option<PublicUrl>,
    pub http_addr: Option<SocketAddr>,
    pub https_addr: Option<SocketAddr>,
    pub database: Option<DatabaseUrl>,
    pub trusted_proxies: Vec<Network>,
    pub upstream_networks: Vec<Network>,
    pub apps_domain: Option<HostName>,
    pub max_upload: Option<u64>,
    pub security_contact: Option<SecurityContact>,
    pub metrics_token: Option<Secret<String>>,
    pub log_format: Option<LogFormat>,
    pub drain_timeout: Option<Duration>,
    pub demo: Option<bool>,
    pub mail_server: Option<MailServer>,
    pub mail_from: Option<String>,
    pub mail_user: Option<String>,
    pub mail_password: Option<Secret<String>>,
    pub mail_ca: Option<PathBuf>,
}

pub(super) fn set<T>(slot: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *slot = Some(value?);
    Ok(())
}

pub(super) fn add<T>(list: &mut Vec<T>, value: Result<T, String>) -> Result<(), String> {
    list.push(value?);
    Ok(())
}

pub(super) fn shown<T: fmt::Display>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

pub(super) fn shown_if(present: bool, text: &str) -> String {
    if present { text.to_owned() } else { String::new() }
}

pub(super) fn join(networks: &[Network]) -> String {
    networks.iter().map(Network::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    match text {
        "" => Err("is empty; write the path of a directory".into()),
        text => Ok(text.into()),
    }
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "{text:?} is not an address with a port, such as 127.0.0.1:8443, 0.0.0.0:443 or [::]:443 for all addresses"
        )
    })
}

pub(super) fn host(text: &str) -> Result<HostName, String> {
    text.parse().map_err(|error| format!("{text:?} {error}"))
}

pub(super) fn network(text: &str) -> Result<Network, String> {
    text.parse().map_err(|error| format!("{text:?} {error}"))
}

pub(super) fn upload_limit(text: &str) -> Result<u64, String> {
    match units::parse_size(text)? {
        bytes if (1 << 20..=64 << 30).contains(&bytes) => Ok(bytes),
        _ => Err(format!("{text:?} is out of range: 1 MiB to 64 GiB")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
}

pub(super) fn drain_timeout(text: &str) -> Result<Duration, String> {
    match units::parse_duration(text)? {
        limit if limit <= Duration::from_secs(600) => Ok(limit),
        _ => Err(format!("{text:?} is out of range: 0s to 10m")),
    }
}

/// A bearer token (RFC 6750 §2.1). The text is never part of the complaint.
pub(super) fn token(text: &str) -> Result<Secret<String>, String> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/' | '=');
    match text.len() >= 16 && text.chars().all(sound) {
        true => Ok(Secret::new(text.to_owned())),
        false => Err("must have at least 16 characters, only letters, digits and - . _ ~ + / =".into()),
    }
}

/// The console's own address: `https`, a host name, a port, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    pub host: HostName,
    pub port: u16,
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| format!("{text:?} is not a URL such as https://temps.example.com"))?;
        if url.scheme() != "https" {
            return Err(format!("{text:?} must begin with https://, because sessions are never sent in the clear"));
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{text:?} may hold a host name and a port only"));
        }
        let Some(Host::Domain(domain)) = url.host() else {
            return Err(format!(
                "{text:?} needs a host name, not an address, because certificates and cookies belong to names"
            ));
        };
        let host: HostName = domain.parse().map_err(|error| format!("{domain:?} {error}"))?;
        if host.as_str() == "localhost" {
            let reason = "cookies ignore ports, so any other server on this machine would receive the session";
            return Err(format!("bare localhost is not possible ({reason}); use https://temps.localhost:8443"));
        }
        Ok(Self { host, port: url.port_or_known_default().unwrap_or(443) })
    }
}

/// The origin as browsers write it (RFC 6454 §6.2): without the port if it is 443.
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => write!(f, "https://{}", self.host),
            port => write!(f, "https://{}:{port}", self.host),
        }
    }
}

/// A mail server: `smtps://` for TLS from the first byte, `smtp://` for STARTTLS, which is then demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    pub host: HostName,
    pub port: u16,
    pub implicit_tls: bool,
}

impl FromStr for MailServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint =
            || format!("{text:?} is no mail server such as smtps://mail.example.com or smtp://mail.example.com:587");
        let (scheme, rest) = text.split_once("://").ok_or_else(complaint)?;
        let implicit_tls = match scheme {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(complaint()),
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let port =
            port.map_or(Ok(if implicit_tls { 465 } else { 587 }), |port| port.parse().map_err(|_| complaint()))?;
        Ok(Self { host: host.parse().map_err(|_| complaint())?, port, implicit_tls })
    }
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.implicit_tls { "smtps" } else { "smtp" }, self.host, self.port)
    }
}

/// Anything but nothing and control characters.
pub(super) fn text(text: &str) -> Result<String, String> {
    match text.is_empty() || text.chars().any(char::is_control) {
        true => Err("must be a text of one line".into()),
        false => Ok(text.to_owned()),
    }
}

/// The same for a secret, which is never part of the complaint.
pub(super) fn secret(given: &str) -> Result<Secret<String>, String> {
    text(given).map(Secret::new)
}

/// Where a PostgreSQL database is; it may hold a password.
#[derive(Clone, Debug)]
pub struct DatabaseUrl(pub Secret<String>);

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url =
            Url::parse(text).map_err(|_| "is not a URL such as postgres://temps@db.example.com/temps".to_owned())?;
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self(Secret::new(text.to_owned()))),
            _ => Err("must begin with postgres://; without it Temps uses SQLite in the data directory".into()),
        }
    }
}

/// A contact as security.txt wants it: a URI (RFC 9116 §2.5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityContact(String);

impl SecurityContact {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecurityContact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint = || format!("{text:?} is neither an e-mail address nor a mailto: or https: URL");
        if let Ok(address) = text.strip_prefix("mailto:").unwrap_or(text).parse::<EmailAddress>() {
            return Ok(Self(format!("mailto:{address}")));
        }
        match Url::parse(text) {
            Ok(url) if url.scheme() == "https" => Ok(Self(url.into())),
            _ => Err(complaint()),
        }
    }
}

impl fmt::Display for SecurityContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} can be text or json")),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}
