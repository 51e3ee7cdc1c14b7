//! JSON and query strings, read strictly (R-APP-7).

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::problem::Problem;

/// A JSON body. The type says which fields there may be; anything else is refused with the path of the field.
/// The media type has to be `application/json`, which no HTML form can send (R-APP-3).
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A query string. Parameters that the type does not name are refused.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                "Unsupported media type",
                "The body has to be JSON with `Content-Type: application/json`.",
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "Too large",
                "The body is larger than this call takes.",
            ),
            _ => Problem::bad_request("body", "The body ended before it was complete."),
        })?;
        read(&body).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if holds_nul(body) {
        return Err(Problem::bad_request("json", "The body contains the character U+0000, which no field takes."));
    }
    // Types are read from arrays too, field by field in their order; the document promises objects.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::bad_request("json", "The body has to be a JSON object."));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let field = if field == "." { String::new() } else { field };
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => Problem::invalid(field, message(&inner)),
            _ => Problem::bad_request("json", format!("The body is not JSON: {inner}.")),
        }
    })?;
    json.end().map_err(|error| Problem::bad_request("json", format!("The body is not JSON: {error}.")))?;
    Ok(value)
}

/// Whether a text has an escaped NUL, which PostgreSQL cannot store. An even number of backslashes before `u0000` is text about one.
fn holds_nul(body: &[u8]) -> bool {
    let escapes = body.windows(5).enumerate().filter(|(_, bytes)| *bytes == b"u0000").map(|(at, _)| at);
    escapes
        .map(|at| body[..at].iter().rev().take_while(|byte| **byte == b'\\').count())
        .any(|backslashes| backslashes % 2 == 1)
}

/// The message without its position: the field is named beside it.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::bad_request("query", "The query string contains the character U+0000."));
        }
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
                Err(Problem::bad_request("query", format!("The query string is wrong: {reason}.")))
            }
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shop {
        #[expect(dead_code, reason = "only its reading is tested")]
        slug: temps_model::ProjectSlug,
    }

    #[test]
    fn r_app_7_json_is_read_strictly() {
        for (body, says) in [
            (r#"{"slug":"shop","x":1}"#, "unknown field `x`"),
            (r#"{"slug":"shop","slug":"shop"}"#, "duplicate field `slug`"),
            (r#"{"slug":"a\u0000b"}"#, "U+0000"),
            (r#"{"slug":"Shop"}"#, "may contain only letters"),
            (r#"{"slug":1}"#, "invalid type"),
            (r#"{}"#, "missing field `slug`"),
            (r#"{"slug":"shop"} x"#, "not JSON"),
            (r#"{"slug":"#, "not JSON"),
            ("", "not JSON"),
            (r#" ["shop"]"#, "JSON object"),
            (r#"{"slug":"\\\u0000"}"#, "U+0000"),
        ] {
            let problem = read::<Shop>(body.as_bytes()).unwrap_err();
            assert!(format!("{problem:?}").contains(says), "{body} gave {problem:?}");
        }
        assert!(read::<Shop>(br#"{"slug":"shop"}"#).is_ok());
        let about_nul = read::<Shop>(br#"{"slug":"a\\u0000b"}"#).unwrap_err();
        assert!(
            format!("{about_nul:?}").contains("may contain only letters"),
            "a backslash and some characters are no NUL"
        );
        let deep = "[".repeat(100_000);
        assert!(read::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
