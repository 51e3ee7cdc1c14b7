//! Optimistic locking (`If-Match`, RFC 9110 §13.1.1) and dry runs (R-UX-1).

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Json;
use crate::{problem::Problem, traffic::TrafficPreview};

/// The version that the caller saw, from `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Version(i32),
    /// `If-Match: *`: whatever it is now.
    Any,
}

impl Expected {
    /// Refuses with 412 unless `current` is the version that the caller saw.
    pub fn check(self, current: i32) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::Version(seen) if seen == current => Ok(()),
            Self::Version(_) => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "stale",
                "Changed meanwhile",
                "Somebody changed this since you read it; nothing was saved.",
            )
            .hint("Read it again, look at the difference, and repeat your change.")
            .header(header::ETAG, etag(current))),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "precondition_required",
                "Version needed",
                "This change needs `If-Match` with the version that you saw, so that nobody's work is lost.",
            )
            .hint("Send the `ETag` of the last answer, or `*` for whatever it is now."));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        version.map(Self::Version).ok_or_else(|| {
            Problem::bad_request("if_match", "`If-Match` has to be an `ETag` that this API gave, or `*`.")
        })
    }
}

/// The entity tag of a version.
pub fn etag(version: i32) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes make a header value")
}

/// An answer with its version as `ETag`.
#[derive(Debug)]
pub struct Answer<T> {
    pub status: StatusCode,
    pub version: i32,
    pub body: T,
}

impl<T> Answer<T> {
    pub fn new(version: i32, body: T) -> Self {
        Self { status: StatusCode::OK, version, body }
    }

    pub fn created(version: i32, body: T) -> Self {
        Self { status: StatusCode::CREATED, version, body }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        (self.status, [(header::ETAG, etag(self.version))], Json(self.body)).into_response()
    }
}

/// What a change of a rule or a setting may be told.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Answer what would change, and change nothing.
    pub dry_run: bool,
    /// `self-denial`: save although it would refuse the caller.
    #[serde(rename = "override")]
    #[param(value_type = Option<String>)]
    pub overrides: Option<Override>,
    /// `deny-all`: save although it would refuse everybody.
    #[param(value_type = Option<String>)]
    pub confirm: Option<Confirm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Override {
    SelfDenial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    DenyAll,
}

impl ChangeQuery {
    pub fn accepts_self_denial(&self) -> bool {
        self.overrides == Some(Override::SelfDenial)
    }

    pub fn accepts_deny_all(&self) -> bool {
        self.confirm == Some(Confirm::DenyAll)
    }
}

/// What a dry run answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRun {
    /// Always true.
    pub dry_run: bool,
    pub changes: Vec<Difference>,
    /// What the change would do, in words.
    pub consequences: Vec<String>,
    /// Whether the caller would be refused, so that saving needs `override=self-denial`.
    pub denies_you: bool,
    /// Whether everybody would be refused, so that saving needs `confirm=deny-all`.
    pub denies_everybody: bool,
    /// What it would have done to the requests of the last hour; `null` for a change that is not about who may pass, and
    /// when so many ask that this cannot be told now.
    pub traffic: Option<TrafficPreview>,
}

impl DryRun {
    /// Of a change that is not about who may pass.
    pub fn new(changes: Vec<Difference>, consequences: Vec<String>) -> Self {
        Self { dry_run: true, changes, consequences, denies_you: false, denies_everybody: false, traffic: None }
    }
}

/// One value before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    pub field: String,
    pub from: serde_json::Value,
    pub to: serde_json::Value,
}

impl Difference {
    /// The differences between two forms of one thing, field by field.
    pub fn between(before: &serde_json::Value, after: &serde_json::Value) -> Vec<Self> {
        let mut differences = Vec::new();
        collect("", before, after, &mut differences);
        differences
    }
}

fn collect(path: &str, before: &serde_json::Value, after: &serde_json::Value, differences: &mut Vec<Difference>) {
    use serde_json::Value::{Null, Object};
    if before == after {
        return;
    }
    if let (Object(before), Object(after)) = (before, after) {
        let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            collect(&path, before.get(key).unwrap_or(&Null), after.get(key).unwrap_or(&Null), differences);
        }
        return;
    }
    differences.push(Difference { field: path.to_owned(), from: before.clone(), to: after.clone() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_words_of_a_confirmation_are_one() {
        let read = |query: &str| {
            let uri = format!("/?{query}").parse().unwrap();
            axum::extract::Query::<ChangeQuery>::try_from_uri(&uri).map(|query| query.0)
        };
        assert!(read("override=self-denial&confirm=deny-all&dry_run=true").is_ok());
        for query in [
            "override=yes",
            "override=",
            "confirm=1",
            "dry_run=1",
            "dryrun=true",
            "override=self-denial&override=self-denial",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
