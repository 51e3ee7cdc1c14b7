//! From saved header settings to compiled ones.

use http::{HeaderName, HeaderValue, header};

use super::{HeaderPolicy, HeaderSettings, Hsts, Preset, framing::FramePolicy};

/// Why header settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderSettingsError {
    #[error("`overrides.{0}`: Temps does not manage this header; it manages {list}", list = managed_headers().join(", "))]
    Unmanaged(String),
    #[error("`overrides.Strict-Transport-Security`: use `hsts` instead")]
    HstsOverride,
    #[error(
        "`overrides.{0}`: the value is empty, longer than 4,096 characters, or has characters other than printable ASCII"
    )]
    Value(String),
    #[error("`overrides.{0}`: the header is named twice")]
    Duplicate(String),
    #[error(
        "`overrides.X-Frame-Options`: can be DENY or SAMEORIGIN, not {0:?}; for other origins set `frame-ancestors` in Content-Security-Policy"
    )]
    FrameOptions(String),
    #[error(
        "`overrides`: X-Frame-Options and the `frame-ancestors` of Content-Security-Policy say different things; set only one, the other follows"
    )]
    FrameConflict,
    #[error("`hsts.preload`: needs `include_subdomains` and a `max_age` of at least 31536000 (one year)")]
    Preload,
    #[error("`hsts.max_age`: can be at most 63072000 (two years); to turn the header off set `enabled` to false")]
    MaxAge,
}

const PERMISSIONS: &str =
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()";
const TWO_YEARS: u32 = 63_072_000;
const ONE_YEAR: u32 = 31_536_000;

/// Canonical name, value of `standard`, value of `strict`.
const TABLE: [(&str, Option<&str>, Option<&str>); 8] = [
    ("X-Content-Type-Options", Some("nosniff"), Some("nosniff")),
    ("Content-Security-Policy", None, None),
    ("X-XSS-Protection", Some("1; mode=block"), Some("0")),
    ("Referrer-Policy", Some("strict-origin-when-cross-origin"), Some("strict-origin-when-cross-origin")),
    ("Cross-Origin-Opener-Policy", Some("same-origin-allow-popups"), Some("same-origin")),
    ("Cross-Origin-Resource-Policy", None, Some("same-origin")),
    ("Cross-Origin-Embedder-Policy", None, None),
    ("Permissions-Policy", None, Some(PERMISSIONS)),
];

/// The headers that an override may name.
pub fn managed_headers() -> Vec<&'static str> {
    TABLE.iter().map(|(name, ..)| *name).chain(["X-Frame-Options"]).collect()
}

pub(super) fn compile(settings: &HeaderSettings) -> Result<HeaderPolicy, HeaderSettingsError> {
    check_names(settings)?;
    let mut values = Vec::new();
    for (name, standard, strict) in TABLE {
        let preset = match settings.preset {
            Preset::Standard => standard,
            Preset::Strict => strict,
        };
        let value = match find(settings, name) {
            Some(overridden) => overridden.as_deref(),
            None => preset,
        };
        if let Some(value) = value.filter(|_| name != "Content-Security-Policy") {
            values.push((
                HeaderName::from_bytes(name.as_bytes()).expect("names of the table are sound"),
                checked(name, value)?,
            ));
        }
    }
    Ok(HeaderPolicy {
        enforce: settings.enforce,
        values,
        frame: frame(settings)?,
        hsts: hsts(&settings.hsts)?,
        hsts_on_loopback: HeaderValue::from_static(if settings.hsts.enabled { "max-age=300" } else { "max-age=0" }),
    })
}

fn check_names(settings: &HeaderSettings) -> Result<(), HeaderSettingsError> {
    for name in settings.overrides.keys() {
        if name.eq_ignore_ascii_case(header::STRICT_TRANSPORT_SECURITY.as_str()) {
            return Err(HeaderSettingsError::HstsOverride);
        }
        if !managed_headers().iter().any(|managed| managed.eq_ignore_ascii_case(name)) {
            return Err(HeaderSettingsError::Unmanaged(name.chars().take(80).collect()));
        }
        if settings.overrides.keys().filter(|other| other.eq_ignore_ascii_case(name)).count() > 1 {
            return Err(HeaderSettingsError::Duplicate(name.clone()));
        }
    }
    Ok(())
}

fn find<'a>(settings: &'a HeaderSettings, name: &str) -> Option<&'a Option<String>> {
    settings.overrides.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn checked(name: &str, value: &str) -> Result<HeaderValue, HeaderSettingsError> {
    let sound = (1..=4_096).contains(&value.len())
        && value.bytes().all(|b| (0x20..=0x7e).contains(&b))
        && value.trim() == value;
    match HeaderValue::from_str(value) {
        Ok(value) if sound => Ok(value),
        _ => Err(HeaderSettingsError::Value(name.to_owned())),
    }
}

fn frame(settings: &HeaderSettings) -> Result<FramePolicy, HeaderSettingsError> {
    let csp = match find(settings, "Content-Security-Policy") {
        Some(Some(policy)) => Some(checked("Content-Security-Policy", policy)?),
        _ => None,
    };
    match find(settings, "X-Frame-Options") {
        Some(None) => Ok(FramePolicy::left_to_application(csp)),
        Some(Some(value)) if !value.eq_ignore_ascii_case("DENY") && !value.eq_ignore_ascii_case("SAMEORIGIN") => {
            Err(HeaderSettingsError::FrameOptions(value.chars().take(80).collect()))
        }
        Some(Some(value)) => FramePolicy::new(Some(value), csp).ok_or(HeaderSettingsError::FrameConflict),
        None => FramePolicy::new(None, csp).ok_or(HeaderSettingsError::FrameConflict),
    }
}

fn hsts(hsts: &Hsts) -> Result<HeaderValue, HeaderSettingsError> {
    if hsts.max_age > TWO_YEARS {
        return Err(HeaderSettingsError::MaxAge);
    }
    if hsts.preload && !(hsts.include_subdomains && hsts.max_age >= ONE_YEAR) {
        return Err(HeaderSettingsError::Preload);
    }
    if !hsts.enabled {
        return Ok(HeaderValue::from_static("max-age=0"));
    }
    let mut value = format!("max-age={}", hsts.max_age);
    if hsts.include_subdomains {
        value.push_str("; includeSubDomains");
    }
    if hsts.preload {
        value.push_str("; preload");
    }
    Ok(HeaderValue::try_from(value).expect("digits and known words make a header value"))
}
