//! The operator's own socket: the way in when nobody can log in (break-glass).
//!
//! It is a Unix socket in the data directory with mode 0600. Besides, every connection is asked whose it is: only the user that runs Temps and root
//! are answered, whatever the modes of files have become.

mod emergency;
mod peers;

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderValue,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use temps_model::RequestId;

pub use peers::OwnersOnly;

use crate::{app::App, problem, problem::Problem, server};

/// What the operator can ask for.
pub fn router(app: &App) -> Router {
    let emergency = get(emergency::list).post(emergency::allow).delete(emergency::end);
    Router::new()
        .route("/emergency-allow", emergency)
        .fallback(async || Problem::not_found().into_response())
        .layer(middleware::from_fn(server::detach))
        .layer(middleware::from_fn(problem::render))
        .layer(middleware::from_fn_with_state(app.clone(), number))
        .with_state(app.clone())
}

/// No edge stands before this socket, so its requests get their ids here.
async fn number(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::generate(app.clock.now()).to_string();
    if let Ok(id) = HeaderValue::try_from(id) {
        request.headers_mut().insert("x-request-id", id);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests;
