//! The project that the first user of a demonstration finds.
//!
//! It is made by the same calls that anybody would make, in the name of the new owner and with their session: there is no second way to make
//! a project or a deployment.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use http_body_util::BodyExt;
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::ToSchema;

use crate::{app::App, built_in::Files};

/// The slug of the project.
const PROJECT: &str = "demo";
const BOUNDARY: &str = "temps-demo";

/// What was made for the first user to try things with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DemoBody {
    /// The slug of the project.
    project: &'static str,
    /// Where its site is.
    url: Option<String>,
}

/// What [`after_setup`] calls.
#[derive(Clone)]
pub struct Demo {
    pub app: App,
    /// The API without this.
    pub api: Router,
}

/// Follows the call that makes the first user: if it did, makes the project and says so in the answer.
pub async fn after_setup(State(demo): State<Demo>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || request.uri().path() != "/api/v1/setup" {
        return next.run(request).await;
    }
    let caller = request.headers().clone();
    let response = next.run(request).await;
    if response.status() != StatusCode::CREATED {
        return response;
    }
    let cookie = response.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok()?.split(';').next());
    let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) else { return response };
    match demo.make(&caller, cookie).await {
        Ok(made) => with(response, &made).await,
        Err(reason) => {
            tracing::error!(reason, "the demo project could not be made");
            response
        }
    }
}

impl Demo {
    async fn make(&self, caller: &HeaderMap, cookie: HeaderValue) -> Result<DemoBody, String> {
        let files = self.app.built_in.example.as_deref().ok_or("there is no example built in")?;
        let project = json!({ "slug": PROJECT, "name": "Demo" }).to_string();
        self.call("/api/v1/projects", "application/json", project.into(), caller, &cookie).await?;
        let form = form(&archive(files).map_err(|error| error.to_string())?);
        let path = format!("/api/v1/projects/{PROJECT}/deployments");
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let deployed = self.call(&path, &media_type, form.into(), caller, &cookie).await?;
        let url = deployed["urls"][0].as_str().map(ToOwned::to_owned);
        Ok(DemoBody { project: PROJECT, url })
    }

    /// Calls the API as whoever set the instance up.
    async fn call(
        &self,
        path: &str,
        media_type: &str,
        body: Body,
        caller: &HeaderMap,
        cookie: &HeaderValue,
    ) -> Result<Value, String> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().map_err(|_| format!("{path} is no path"))?;
        let headers = request.headers_mut();
        for name in ["x-request-id", "x-forwarded-for", "user-agent"] {
            if let Some(value) = caller.get(name) {
                headers.insert(name, value.clone());
            }
        }
        let value = |text: &str| HeaderValue::try_from(text).map_err(|error| error.to_string());
        headers.insert(header::ORIGIN, value(&self.app.settings.public_origin)?);
        headers.insert(header::CONTENT_TYPE, value(media_type)?);
        headers.insert(header::COOKIE, cookie.clone());
        let response = self.api.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        match status {
            StatusCode::CREATED => serde_json::from_slice(&body).map_err(|error| error.to_string()),
            status => Err(format!("{path} answered {status}: {}", String::from_utf8_lossy(&body))),
        }
    }
}

/// The answer of the setup, which now knows of the project.
async fn with(response: Response, made: &DemoBody) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let body = body.to_bytes();
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(head, body.into());
    };
    value["demo"] = json!(made);
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, value.to_string().into())
}

fn archive(files: &dyn Files) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for path in files.paths() {
        let Some(content) = files.get(&path) else { continue };
        let mut head = tar::Header::new_gnu();
        head.set_size(content.len() as u64);
        head.set_mode(0o644);
        archive.append_data(&mut head, &*path, &*content)?;
    }
    archive.into_inner()?.finish()
}

fn form(archive: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"site.tar.gz\"\r\n\
         Content-Type: application/gzip\r\n\r\n"
    );
    [head.as_bytes(), archive, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}
