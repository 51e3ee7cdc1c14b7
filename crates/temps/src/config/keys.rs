//! The one table of configuration keys. Flags, environment variables, `temps config` and the documentation come from it.

use super::{
    Config, Effective, Given, Origin,
    parse::{self, Values},
};

/// One key: `http_addr` in `temps.toml`, `TEMPS_HTTP_ADDR` in the environment, `--http-addr` as flag.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub meaning: &'static str,
    /// The default as it is documented.
    pub default: &'static str,
    pub kind: Kind,
    read: fn(&mut Values, &str) -> Result<(), String>,
    show: fn(&Config) -> String,
}

/// What shape a value has and where it may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    One,
    /// An array in TOML, a text with commas elsewhere.
    Many,
    /// `true` or `false`; the flag alone means `true`.
    Switch,
    /// Never shown, and no flag: other users of the machine can read the arguments of a process.
    Secret,
}

use Kind::{Many, One, Secret, Switch};

/// In the order in which the documentation lists them.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    Key { name: "data_dir", kind: One, default: "data",
        meaning: "Directory of everything that Temps keeps: database, keys, uploaded files. Only its user may open it.",
        read: |v, t| parse::set(&mut v.data_dir, parse::path(t)), show: |c| c.data_dir.display().to_string() },
    Key { name: "public_url", kind: One, default: "https://temps.localhost:PORT on loopback addresses, otherwise required",
        meaning: "Address under which people reach dashboard and API. Needs a host name of its own.",
        read: |v, t| parse::set(&mut v.public_url, t.parse()), show: |c| c.public_url.to_string() },
    Key { name: "http_addr", kind: One, default: "127.0.0.1:8080",
        meaning: "Address and port for plain HTTP, which redirects to HTTPS except for names under localhost.",
        read: |v, t| parse::set(&mut v.http_addr, parse::socket_address(t)), show: |c| c.http_addr.to_string() },
    Key { name: "https_addr", kind: One, default: "127.0.0.1:8443",
        meaning: "Address and port for HTTPS.",
        read: |v, t| parse::set(&mut v.https_addr, parse::socket_address(t)), show: |c| c.https_addr.to_string() },
    Key { name: "database_url", kind: Secret, default: "SQLite in the data directory",
        meaning: "PostgreSQL database to use, such as postgres://temps@db.example.com/temps.",
        read: |v, t| parse::set(&mut v.database, t.parse()), show: |c| parse::shown_if(c.database.is_some(), "(hidden)") },
    Key { name: "trusted_proxies", kind: Many, default: "none",
        meaning: "Networks of reverse proxies in front of Temps whose X-Forwarded-For is believed.",
        read: |v, t| parse::add(&mut v.trusted_proxies, parse::network(t)), show: |c| parse::join(&c.trusted_proxies) },
    Key { name: "upstream_networks", kind: Many, default: "none",
        meaning: "Loopback, private and link-local networks that applications given as upstream may be in.",
        read: |v, t| parse::add(&mut v.upstream_networks, parse::network(t)), show: |c| parse::join(&c.upstream_networks) },
    Key { name: "apps_domain", kind: One, default: "localhost on loopback addresses, otherwise none",
        meaning: "Domain under which every environment gets a host name by itself.",
        read: |v, t| parse::set(&mut v.apps_domain, parse::host(t)), show: |c| parse::shown(c.apps_domain.as_ref()) },
    Key { name: "max_upload", kind: One, default: "512 MiB",
        meaning: "Largest archive that may be uploaded: 1 MiB to 64 GiB.",
        read: |v, t| parse::set(&mut v.max_upload, parse::upload_limit(t)), show: |c| crate::units::size(c.max_upload) },
    Key { name: "security_contact", kind: One, default: "none",
        meaning: "Whom to tell about a vulnerability of this installation (e-mail address or https URL), shown in /.well-known/security.txt.",
        read: |v, t| parse::set(&mut v.security_contact, t.parse()), show: |c| parse::shown(c.security_contact.as_ref()) },
    Key { name: "metrics_token", kind: Secret, default: "none: /metrics answers 404",
        meaning: "Bearer token that /metrics asks for, at least 16 characters.",
        read: |v, t| parse::set(&mut v.metrics_token, parse::token(t)), show: |c| parse::shown_if(c.metrics_token.is_some(), "(hidden)") },
    Key { name: "log_format", kind: One, default: "text",
        meaning: "text for people, json for programs.",
        read: |v, t| parse::set(&mut v.log_format, t.parse()), show: |c| c.log_format.to_string() },
    Key { name: "drain_timeout", kind: One, default: "30s",
        meaning: "How long open requests may take to end when Temps is stopped: 0s to 10m.",
        read: |v, t| parse::set(&mut v.drain_timeout, parse::drain_timeout(t)), show: |c| format!("{}s", c.drain_timeout.as_secs()) },
    Key { name: "demo", kind: Switch, default: "false",
        meaning: "Whether the first user gets a project named demo with an example site.",
        read: |v, t| parse::set(&mut v.demo, parse::switch(t)), show: |c| c.demo.to_string() },
    Key { name: "mail_server", kind: One, default: "none: mail is written into outbox in the data directory and shown on the terminal",
        meaning: "Mail server: smtps://HOST[:465] for TLS, smtp://HOST[:587] for STARTTLS. Its certificate is verified.",
        read: |v, t| parse::set(&mut v.mail_server, t.parse()), show: |c| parse::shown(c.mail_server.as_ref()) },
    Key { name: "mail_from", kind: One, default: "Temps <temps@HOST>, with the host of public_url",
        meaning: "Sender of mail: an address, or Name <address>.",
        read: |v, t| parse::set(&mut v.mail_from, parse::text(t)), show: |c| c.mail_from.clone() },
    Key { name: "mail_user", kind: One, default: "none",
        meaning: "User name for the mail server.",
        read: |v, t| parse::set(&mut v.mail_user, parse::text(t)), show: |c| parse::shown(c.mail_user.as_ref()) },
    Key { name: "mail_password", kind: Secret, default: "none",
        meaning: "Password for the mail server.",
        read: |v, t| parse::set(&mut v.mail_password, parse::secret(t)), show: |c| parse::shown_if(c.mail_password.is_some(), "(hidden)") },
    Key { name: "mail_ca", kind: One, default: "none: the system's authorities",
        meaning: "File with certificates in PEM form that the mail server is verified against, beside the system's.",
        read: |v, t| parse::set(&mut v.mail_ca, parse::path(t)), show: |c| c.mail_ca.as_ref().map(|path| path.display().to_string()).unwrap_or_default() },
];

impl Key {
    /// The key of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// `TEMPS_HTTP_ADDR`
    pub fn environment(&self) -> String {
        format!("TEMPS_{}", self.name.to_ascii_uppercase())
    }

    /// `http-addr`, or `None` for a secret.
    pub fn flag(&self) -> Option<String> {
        (self.kind != Secret).then(|| self.name.replace('_', "-"))
    }

    pub(super) fn read(&self, values: &mut Values, text: &str) -> Result<(), String> {
        (self.read)(values, text)
    }

    pub(super) fn effective(&self, given: Option<&Given>, config: &Config) -> Effective {
        let origin = given.and_then(|given| given.items.first()).map_or(Origin::Default, |(_, origin)| origin.clone());
        Effective { key: self.name, value: (self.show)(config), origin: origin.to_string() }
    }
}
