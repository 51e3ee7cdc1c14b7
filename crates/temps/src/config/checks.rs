//! Defaults, and what several keys together must fulfil.

use std::{net::SocketAddr, time::Duration};

use temps_model::HostName;

use super::{
    Config, Problem, Sources,
    parse::{LogFormat, PublicUrl, Values},
};

/// The data directory, unless another one is named.
pub const DATA_DIR: &str = "data";
const MAX_UPLOAD: u64 = 512 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// The configuration, unless something that it cannot do without is missing. Adds to `problems` what is impossible.
pub(super) fn check(values: Values, sources: &Sources, problems: &mut Vec<Problem>) -> Option<Config> {
    let public_url_was_bad = problems.iter().any(|problem| problem.text.starts_with("public_url:"));
    let mut complain =
        |key: &str, text: String| problems.push(Problem::new(sources.origin(key), format!("{key}: {text}")));
    let http_addr = values.http_addr.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
    let https_addr = values.https_addr.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8443)));
    if collide(http_addr, https_addr) {
        complain(
            "https_addr",
            format!("{https_addr} is the same as http_addr ({http_addr}); plain HTTP and HTTPS need a port each"),
        );
    }
    let local = http_addr.ip().is_loopback() && https_addr.ip().is_loopback();
    let localhost = || "localhost".parse::<HostName>().ok().filter(|_| local);

    for network in values.trusted_proxies.iter().filter(|network| network.net().prefix_len() == 0) {
        complain("trusted_proxies", format!("{network} is everybody; then every client could choose its own address"));
    }
    let apps_domain = values.apps_domain.or_else(localhost);
    let Some(public_url) = values.public_url.or_else(|| default_public_url(local, https_addr)) else {
        if !public_url_was_bad {
            complain(
                "public_url",
                "is required unless both addresses are loopback; for example https://temps.example.com".into(),
            );
        }
        return None;
    };
    if let Some(text) = apps_domain.as_ref().and_then(|domain| shares_cookies(&public_url.host, domain)) {
        complain("public_url", text);
    }
    if values.mail_user.is_some() != values.mail_password.is_some() {
        complain("mail_user", "and mail_password belong together".into());
    }
    if values.mail_server.is_none() && (values.mail_user.is_some() || values.mail_ca.is_some()) {
        complain("mail_server", "is missing; mail_user, mail_password and mail_ca are for a mail server".into());
    }
    let mail_from = values.mail_from.unwrap_or_else(|| format!("Temps <temps@{}>", public_url.host));
    Some(Config {
        mail_server: values.mail_server,
        mail_from,
        mail_user: values.mail_user,
        mail_password: values.mail_password,
        mail_ca: values.mail_ca,
        data_dir: values.data_dir.unwrap_or_else(|| DATA_DIR.into()),
        public_url,
        http_addr,
        https_addr,
        database: values.database,
        trusted_proxies: values.trusted_proxies,
        upstream_networks: values.upstream_networks,
        apps_domain,
        max_upload: values.max_upload.unwrap_or(MAX_UPLOAD),
        security_contact: values.security_contact,
        metrics_token: values.metrics_token,
        log_format: values.log_format.unwrap_or(LogFormat::Text),
        drain_timeout: values.drain_timeout.unwrap_or(DRAIN_TIMEOUT),
        demo: values.demo.unwrap_or(false),
    })
}

fn default_public_url(local: bool, https_addr: SocketAddr) -> Option<PublicUrl> {
    let host = "temps.localhost".parse().ok().filter(|_| local)?;
    Some(PublicUrl { host, port: https_addr.port() })
}

fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let overlap = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && overlap
}

/// Applications live on other origins than the console, so that none can set cookies that reach it (R-APP-8). `localhost` itself is the
/// one parent that two names may share: it is a top-level domain, and browsers let nobody set a cookie for one.
fn shares_cookies(console: &HostName, apps_domain: &HostName) -> Option<String> {
    if console == apps_domain {
        return Some(format!("{console} is also apps_domain; applications and the console need names apart"));
    }
    if apps_domain.is_within(console) {
        return Some(format!(
            "{console} lies above apps_domain ({apps_domain}); then cookies of the console could reach applications"
        ));
    }
    if console.is_within(apps_domain) && apps_domain.as_str() != "localhost" {
        return Some(format!(
            "{console} lies under apps_domain ({apps_domain}); then an application could set cookies for the console"
        ));
    }
    None
}
