//! Header settings on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use temps_policy::protections::headers::{HeaderPolicy, HeaderSettings, Hsts, Preset};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The security headers of a project. What is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderSettingsBody {
    #[schema(value_type = String, pattern = "^(standard|strict)$")]
    preset: Preset,
    /// Whether these values replace what the application sets.
    enforce: bool,
    /// Another value for a header, or `null` to leave it to the application.
    overrides: BTreeMap<String, Option<String>>,
    hsts: HstsBody,
}

/// What `Strict-Transport-Security` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HstsBody {
    enabled: bool,
    /// Seconds, up to two years.
    #[schema(maximum = 63_072_000)]
    max_age: u32,
    include_subdomains: bool,
    /// Needs `include_subdomains` and a `max_age` of a year or more.
    preload: bool,
}

impl TryFrom<HeaderSettingsBody> for HeaderSettings {
    type Error = Problem;

    /// Settings are sound if they compile.
    fn try_from(body: HeaderSettingsBody) -> Result<Self, Problem> {
        let HeaderSettingsBody { preset, enforce, overrides, hsts } = body;
        let HstsBody { enabled, max_age, include_subdomains, preload } = hsts;
        let settings =
            Self { preset, enforce, overrides, hsts: Hsts { enabled, max_age, include_subdomains, preload } };
        match HeaderPolicy::new(&settings) {
            Ok(_) => Ok(settings),
            Err(error) => {
                let text = error.to_string();
                let (field, message) = field_of(&text);
                Err(Problem::invalid(field, message))
            }
        }
    }
}

/// The policy's errors begin with the field, as in "`hsts.max_age`: can be at most …".
fn field_of(error: &str) -> (&str, &str) {
    error.strip_prefix('`').and_then(|text| text.split_once("`: ")).unwrap_or(("", error))
}

impl From<HeaderSettings> for HeaderSettingsBody {
    fn from(settings: HeaderSettings) -> Self {
        let HeaderSettings { preset, enforce, overrides, hsts } = settings;
        Self { preset, enforce, overrides, hsts: hsts.into() }
    }
}

impl From<Hsts> for HstsBody {
    fn from(hsts: Hsts) -> Self {
        let Hsts { enabled, max_age, include_subdomains, preload } = hsts;
        Self { enabled, max_age, include_subdomains, preload }
    }
}

impl Default for HstsBody {
    fn default() -> Self {
        Hsts::default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<HeaderSettings, String> {
        let body = serde_json::from_str::<HeaderSettingsBody>(text).map_err(|error| error.to_string())?;
        HeaderSettings::try_from(body).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn what_does_not_compile_names_its_field() {
        for (text, field) in [
            (r#"{"overrides":{"Server":"x"}}"#, "overrides.Server"),
            (r#"{"overrides":{"Strict-Transport-Security":"max-age=1"}}"#, "overrides.Strict-Transport-Security"),
            (r#"{"overrides":{"Referrer-Policy":""}}"#, "overrides.Referrer-Policy"),
            (r#"{"overrides":{"Referrer-Policy":"a\r\nSet-Cookie: b"}}"#, "overrides.Referrer-Policy"),
            (r#"{"overrides":{"X-Frame-Options":"ALLOWALL"}}"#, "overrides.X-Frame-Options"),
            (r#"{"hsts":{"max_age":63072001}}"#, "hsts.max_age"),
            (r#"{"hsts":{"preload":true}}"#, "hsts.preload"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(&format!("field: {field:?}")), "{text} gave {error}");
        }
        let conflict = r#"{"overrides":{"X-Frame-Options":"DENY","Content-Security-Policy":"frame-ancestors 'self'"}}"#;
        assert!(read(conflict).unwrap_err().contains(r#"field: "overrides""#));
    }

    #[test]
    fn settings_survive_the_way_there_and_back() {
        let text = r#"{"preset":"strict","enforce":true,"overrides":{"Permissions-Policy":null},"hsts":{"enabled":true,"max_age":31536000,"include_subdomains":true,"preload":true}}"#;
        let settings = read(text).unwrap();
        assert_eq!(serde_json::to_string(&HeaderSettingsBody::from(settings)).unwrap(), text);
        assert_eq!(read("{}").unwrap(), HeaderSettings::default());
    }

    #[test]
    fn unknown_settings_are_refused() {
        for text in [r#"{"csp":"x"}"#, r#"{"hsts":{"age":1}}"#, r#"{"preset":"lax"}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
