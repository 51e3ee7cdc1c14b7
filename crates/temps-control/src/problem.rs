//! What goes wrong, in the form in which a person reads it: problem details (RFC 9457) with the request id (R-UX-2).

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;
use serde::Serialize;
use temps_db::DbError;
use utoipa::ToSchema;

use crate::access::RequestContext;

/// An answer other than success. Its text is for the person who asked; what happened inside goes to the log only.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    hint: Option<String>,
    errors: Vec<FieldError>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    challenge: Option<serde_json::Value>,
    methods: Vec<&'static str>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// The path of the field, such as `entries[3].network`.
    pub field: String,
    pub message: String,
}

/// The body of every answer that is no success (`application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    /// What happened and why.
    detail: String,
    /// The kind of problem, for programs.
    code: &'static str,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// What has to be solved first, in the form of the ALTCHA protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    challenge: Option<serde_json::Value>,
    /// By what the caller can prove who they are: `password`, `totp`, `passkey`, `recovery_code`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    methods: Vec<&'static str>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            status,
            code,
            title,
            detail: detail.into(),
            hint: None,
            errors: Vec::new(),
            headers: Vec::new(),
            challenge: None,
            methods: Vec::new(),
        }))
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    pub fn fields(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.0.errors.extend(errors);
        self
    }

    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// What has to be solved first.
    pub fn challenge(mut self, challenge: serde_json::Value) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// By what the caller can prove who they are.
    pub fn methods(mut self, methods: impl IntoIterator<Item = &'static str>) -> Self {
        self.0.methods.extend(methods);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Something with this name does not exist, or the caller may not know that it does (R-RBAC-2).
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", "There is nothing here that you can see.")
            .hint("Check the spelling, and that you are a member of the project.")
    }

    /// Nothing of this instance is at this path, whoever asks.
    pub fn no_such_path(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// One field is wrong.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields([FieldError { field: field.into(), message: message.into() }])
    }

    /// Several fields are wrong.
    pub fn invalid_fields(errors: impl IntoIterator<Item = FieldError>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid input", "Nothing was saved.").fields(errors)
    }

    pub fn conflict(code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, title, detail)
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "Bad request", detail)
    }

    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "Forbidden", detail)
    }

    pub fn unauthorised() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "login_required",
            "Login required",
            "This needs a login, and there is none or it has ended.",
        )
        .hint("Log in, for example with `temps login`.")
    }

    /// The one answer to everything that can be wrong with e-mail and password.
    pub fn login_failed() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "login_failed", "Login failed", "E-mail or password is wrong.")
    }

    /// Half a login that is unknown, too old, or none.
    pub fn login_begins_anew() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "login_begins_anew",
            "Log in again",
            "This login was not finished in time, or it is none.",
        )
        .hint("Begin with e-mail and password.")
    }

    /// The instance demands a second factor of this user, who has none yet.
    pub fn must_enrol() -> Self {
        Self::forbidden("second_factor_required", "This instance asks you for a second factor before anything else.")
            .hint("Add an authenticator to your account; then everything is open.")
    }

    /// A fault of Temps itself. The reason goes to the log under the request id and nowhere else.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(reason = %reason, "a call failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Temps failed",
            "Something went wrong inside Temps; nothing was saved.",
        )
        .hint("The log has the reason under the request id.")
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::not_found(),
            DbError::Full => Self::storage_full(),
            DbError::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy", "The database is busy; nothing was saved.")
                    .hint("Try again in a moment.")
            }
            DbError::Conflict => {
                Self::conflict("conflict", "Conflict", "Somebody else saved the same thing first; nothing was saved.")
            }
            other => Self::internal(other),
        }
    }
}

/// The result of an insert whose row may be there already; what it then means, only the caller can say.
pub fn or_taken<T>(inserted: Result<T, DbErr>, taken: impl FnOnce() -> Problem) -> Result<(), Problem> {
    match inserted.map_err(DbError::from) {
        Ok(_) => Ok(()),
        Err(DbError::Conflict) => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

impl Problem {
    pub fn storage_full() -> Self {
        tracing::error!("a change was refused because the disk is full");
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            "Disk full",
            "The server's disk is full; nothing was saved. Sites keep being served.",
        )
        .hint("Free some space in the data directory's file system and try again.")
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::storage_full(),
            _ => Self::internal(error),
        }
    }
}

/// Carries the problem to [`render`], which alone knows the request id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes every problem as JSON, also those of the framework (unknown paths, wrong methods, panics).
pub async fn render(request: Request, next: Next) -> Response {
    let request_id = RequestContext::of(request.headers()).request_id.to_string();
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| foreign(&response));
    let Some(Problem(problem)) = problem else { return response };
    let details = ProblemDetails {
        kind: format!("urn:temps:problem:{}", problem.code),
        title: problem.title,
        status: problem.status.as_u16(),
        detail: problem.detail,
        code: problem.code,
        hint: problem.hint,
        request_id,
        errors: problem.errors,
        challenge: problem.challenge,
        methods: problem.methods,
    };
    let body = serde_json::to_vec(&details).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.remove(header::CONTENT_LENGTH);
    *response.body_mut() = body.into();
    response
}

/// A problem for an error that the framework answered by itself.
fn foreign(response: &Response) -> Option<Problem> {
    let is_plain =
        response.headers().get(header::CONTENT_TYPE).is_none_or(|value| value.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        status if !is_plain || !(status.is_client_error() || status.is_server_error()) => None,
        StatusCode::NOT_FOUND => Some(Problem::no_such_path("There is nothing at this path.")),
        StatusCode::METHOD_NOT_ALLOWED => Some(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "Method not allowed",
            "This path exists, but not for this method.",
        )),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Too large",
            "The request is larger than this call takes.",
        )),
        status if status.is_client_error() => {
            Some(Problem::new(status, "bad_request", "Bad request", "The request could not be read."))
        }
        status => Some(Problem::new(status, "internal", "Temps failed", "Something went wrong inside Temps.")),
    }
}
