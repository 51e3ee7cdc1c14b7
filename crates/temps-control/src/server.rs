//! The HTTP server behind the edge: the table of routes, what stands around it, and its private socket.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::UnixListener;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    app::App,
    browse, dashboard,
    demo::{self, Demo},
    health, openapi, problem,
    problem::Problem,
    remainder, router,
};

/// The whole of the console's host name.
pub fn router(app: &App) -> Router {
    let routes = router::routes();
    let document = openapi::document(&routes);
    let page = browse::page(&document);
    let document = Arc::<str>::from(document.to_string());
    let api = routes.into_iter().fold(Router::new(), |router, route| route.mount(router, app));
    let json = [(header::CONTENT_TYPE, "application/json")];
    let router = api
        .merge(health::routes())
        .merge(browse::routes(page))
        .route("/api/openapi.json", get(move || async move { (json, document.to_string()) }))
        .fallback(dashboard::serve)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal("a handler panicked").into_response()
        }))
        .with_state(app.clone());
    let demo = Demo { app: app.clone(), api: router.clone() };
    let router = match app.settings.demo {
        true => router.layer(middleware::from_fn_with_state(demo, demo::after_setup)),
        false => router,
    };
    router
        .layer(middleware::from_fn(detach))
        .layer(middleware::from_fn(remainder::read))
        .layer(middleware::from_fn(problem::render))
        .layer(middleware::map_response(no_store))
}

/// Whether a call only asks what it would do.
pub fn is_dry_run(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "dry_run=true"))
}

/// Runs calls that change something to their end, even if the client goes away: what was committed also comes into force. A dry run that nobody
/// waits for ends.
pub async fn detach(request: Request, next: Next) -> Response {
    if is_dry_run(request.uri()) || matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let call = tokio::spawn(next.run(request));
    call.await.unwrap_or_else(|error| Problem::internal(error).into_response())
}

/// Nothing of the console is kept by caches unless it says so itself.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Listens on a Unix socket that only its owner can open. One that a killed process left behind is replaced: the data directory's lock says
/// that nobody else is running.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
