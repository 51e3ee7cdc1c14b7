//! What machines ask: is it alive, is it ready, how is it doing, whom to tell about a hole.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sea_orm::ConnectionTrait;
use std::time::Duration;
use subtle::ConstantTimeEq;
use temps_model::Timestamp;

use crate::{app::App, problem::Problem};

/// How long the contact in `security.txt` is good for; RFC 9116 §2.5.5 recommends less than a year.
const CONTACT_LIFETIME: Duration = Duration::from_secs(300 * 86_400);

/// The console's paths outside the API. They reveal nothing of any project and are not reachable on project hosts (R-MON-7).
pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/.well-known/security.txt", get(security_txt))
}

/// Whether calls can be answered: the database answers.
async fn ready(State(app): State<App>) -> Response {
    match app.database.read().execute_unprepared("SELECT 1").await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// Metrics in Prometheus' text format, for who holds the token of the configuration. Without a token there are none.
async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<impl IntoResponse, Problem> {
    let token = app
        .settings
        .metrics_token
        .as_ref()
        .ok_or_else(|| Problem::no_such_path("Metrics are off: `metrics_token` is not configured."))?;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let is_right = given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && given.as_bytes().ct_eq(token.expose().as_bytes()).into()
    });
    match is_right {
        true => Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (app.metrics)())),
        false => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "metrics_token",
            "Token needed",
            "This needs the `metrics_token` of the configuration as bearer token.",
        )
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
    }
}

/// How to report a vulnerability (RFC 9116).
async fn security_txt(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let contact = app
        .settings
        .security_contact
        .as_ref()
        .ok_or_else(|| Problem::no_such_path("No `security_contact` is configured."))?;
    let midnight = Timestamp::from_micros(app.clock.now().seconds() / 86_400 * 86_400 * 1_000_000);
    let expires = midnight.after(CONTACT_LIFETIME);
    let origin = &app.settings.public_origin;
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\nCanonical: {origin}/.well-known/security.txt\n"
    );
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}
