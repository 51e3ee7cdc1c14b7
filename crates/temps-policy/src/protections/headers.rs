//! # Security headers
//!
//! Every response carries exactly one value of each of these headers (R-APP-1). The application's own value wins unless the project
//! says `enforce`; an override sets another value or, with `null`, leaves the header to the application.
//!
//! | header | preset `standard` | preset `strict` |
//! |---|---|---|
//! | `X-Content-Type-Options` | `nosniff` | `nosniff` |
//! | `X-Frame-Options` | `DENY` | `DENY` |
//! | `Content-Security-Policy` | `frame-ancestors 'none'` | `frame-ancestors 'none'` |
//! | `X-XSS-Protection` | `1; mode=block` | `0` |
//! | `Referrer-Policy` | `strict-origin-when-cross-origin` | `strict-origin-when-cross-origin` |
//! | `Cross-Origin-Opener-Policy` | `same-origin-allow-popups` | `same-origin` |
//! | `Cross-Origin-Resource-Policy` | – | `same-origin` |
//! | `Permissions-Policy` | – | sensors, camera, microphone, location, payment and USB off |
//! | `Strict-Transport-Security` | over TLS, one year | over TLS, one year |
//!
//! **Framing.** `X-Frame-Options` and the `frame-ancestors` directive always say the same. If the application sets one of the two, the other
//! is derived from it; if it sets neither, the directive is appended to its own policy.
//!
//! **X-XSS-Protection.** Chrome 78, Edge 17 and Safari 15.4 dropped the filter that this header controls, and Firefox never had it; where it
//! still runs, it can be abused to leak content across sites. The default turns it on in blocking mode, which is what scanners ask for;
//! `strict` sends `0`, which is what OWASP recommends.
//!
//! **Strict-Transport-Security** (RFC 6797). Under `.localhost` it lasts 300 seconds and never includes subdomains. Turned off, `max-age=0`
//! is sent for as long as it is off, so that browsers forget what they were told.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use temps_model::HostName;

mod framing;
mod settings;

pub use settings::{HeaderSettingsError, managed_headers};

/// The saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderSettings {
    pub preset: Preset,
    /// Whether these values replace what the application sets.
    pub enforce: bool,
    /// Another value for a header of the table, or `null` to leave it to the application.
    pub overrides: BTreeMap<String, Option<String>>,
    pub hsts: Hsts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    #[default]
    Standard,
    Strict,
}

/// What `Strict-Transport-Security` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hsts {
    pub enabled: bool,
    /// Seconds.
    pub max_age: u32,
    pub include_subdomains: bool,
    pub preload: bool,
}

impl Default for Hsts {
    fn default() -> Self {
        Self { enabled: true, max_age: 31_536_000, include_subdomains: false, preload: false }
    }
}

/// The compiled form.
#[derive(Debug)]
pub struct HeaderPolicy {
    enforce: bool,
    values: Vec<(HeaderName, HeaderValue)>,
    frame: framing::FramePolicy,
    hsts: HeaderValue,
    hsts_on_loopback: HeaderValue,
}

impl HeaderPolicy {
    pub fn new(settings: &HeaderSettings) -> Result<Self, HeaderSettingsError> {
        settings::compile(settings)
    }

    /// Sets the security headers of a response. `host` is `None` if the request named no host.
    pub fn apply(&self, headers: &mut HeaderMap, tls: bool, host: Option<&HostName>) {
        for (name, value) in &self.values {
            set(headers, name, value, self.enforce);
        }
        self.frame.apply(headers, self.enforce);
        headers.remove(http::header::STRICT_TRANSPORT_SECURITY);
        if let (true, Some(host)) = (tls, host) {
            let value = match (host.as_str(), host.is_loopback()) {
                ("localhost", _) => return,
                (_, true) => &self.hsts_on_loopback,
                (_, false) => &self.hsts,
            };
            headers.insert(http::header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
    }
}

impl Default for HeaderPolicy {
    fn default() -> Self {
        Self::new(&HeaderSettings::default()).expect("the default settings are sound")
    }
}

/// Leaves exactly one value: ours, or the first of the application's if it has one and may keep it.
fn set(headers: &mut HeaderMap, name: &HeaderName, ours: &HeaderValue, enforce: bool) {
    let theirs = headers.get(name).filter(|value| !enforce && !value.is_empty()).cloned();
    headers.insert(name, theirs.unwrap_or_else(|| ours.clone()));
}

#[cfg(test)]
mod tests;
