//! A control plane for tests in this crate: the real router on a real database, with an edge that has no workers.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::Value;
use temps_db::{Database, DatabaseSettings, entities::session::Proved, telemetry::Telemetry, vault::KeySources};
use temps_model::{Clock, Secret, UserId};
use temps_policy::{Console, UpstreamNetworks, link::link};
use temps_testkit::{FakeClock, TestDatabase, database::Location};
use tower::ServiceExt;

use crate::{
    access::{Activity, RequestContext, SESSION_COOKIE},
    app::{App, Settings, State},
    blobs::Blobs,
    certificates::Certificates,
    denials::Denials,
    edge::{Edge, Sources},
    guesses::{Prices, Stuffing},
    instance::settings::InstanceSettings,
    login::{Pepper, attempts::Attempts},
    mail::{MailSettings, Post},
    operator,
    password::Passwords,
    server, sessions,
    setup::SetupToken,
    traffic::Traffic,
    users::store::{self, Decoy, NewUser},
};

const JSON: &str = "application/json";
const ORIGIN: &str = "https://temps.localhost:8443";
/// Where calls come from unless told.
pub const CLIENT: &str = "203.0.113.7";

/// The running parts; everything is gone when it is dropped.
pub struct Testing {
    pub app: App,
    pub clock: FakeClock,
    console: Router,
    operator: Router,
    cookie: String,
    _database: TestDatabase,
}

/// An answer with its body, `null` if it has none.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub body: Value,
}

/// A call that is being put together.
pub struct Call<'a> {
    testing: &'a Testing,
    request: axum::http::request::Builder,
    body: Body,
}

impl Testing {
    /// With an administrator who is logged in and owns the project `shop`.
    pub async fn start(test: TestDatabase) -> Self {
        let clock = FakeClock::default();
        let app = state(&test, &clock).await;
        let cookie = log_in(&app, "owner@example.com").await;
        let (console, operator) = (server::router(&app), operator::router(&app));
        let testing = Self { app, clock, console, operator, cookie, _database: test };
        let made = testing.post("/api/v1/projects", serde_json::json!({ "slug": "shop" })).send().await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        testing
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path, JSON, None)
    }

    pub fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::POST, path, JSON, Some(body))
    }

    /// Posts something other than JSON.
    pub fn upload(&self, path: &str, content_type: &str, body: Vec<u8>) -> Call<'_> {
        Call { body: body.into(), ..self.call(Method::POST, path, content_type, None) }
    }

    pub fn put(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::PUT, path, JSON, Some(body))
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path, JSON, None)
    }

    /// A call over the operator's socket.
    pub async fn operate(&self, method: Method, path: &str, body: Option<Value>) -> Answered {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        answered(&self.operator, request.body(body_of(body)).unwrap()).await
    }

    fn call(&self, method: Method, path: &str, content_type: &str, body: Option<Value>) -> Call<'_> {
        let request = Request::builder().method(method).uri(path);
        let request =
            request.header("origin", ORIGIN).header("content-type", content_type).header("cookie", &self.cookie);
        Call { testing: self, request: request.header("x-forwarded-for", CLIENT), body: body_of(body) }
    }
}

impl Call<'_> {
    /// Sends `If-Match` with a version in quotes, or `*`.
    pub fn expecting(mut self, version: &str) -> Self {
        self.request = self.request.header("if-match", version);
        self
    }

    pub async fn send(self) -> Answered {
        answered(&self.testing.console, self.request.body(self.body).unwrap()).await
    }
}

async fn answered(router: &Router, request: Request<Body>) -> Answered {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let etag = head.headers.get("etag").map(|etag| etag.to_str().unwrap().to_owned());
    Answered { status: head.status, etag, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

fn body_of(body: Option<Value>) -> Body {
    body.map_or_else(Body::empty, |body| body.to_string().into())
}

async fn log_in(app: &App, email: &str) -> String {
    let transaction = app.database.begin().await.unwrap();
    let id = UserId::generate(app.clock.now());
    let password = Some(Secret::new("no hash, so nobody can log in with it".to_owned()));
    let user = NewUser {
        id,
        email: email.parse().unwrap(),
        name: Default::default(),
        administrator: true,
        password,
        second_factor_required: false,
    };
    let user = store::insert(&transaction, user).await.unwrap();
    let (context, limits) = (RequestContext::of(&Default::default()), InstanceSettings::default().sessions);
    let started =
        sessions::store::start(&transaction, &user, &context, Proved::Password, &limits, false).await.unwrap();
    transaction.commit().await.unwrap();
    format!("{SESSION_COOKIE}={}", started.token.text().expose())
}

pub async fn database(test: &TestDatabase, clock: &Arc<dyn Clock>) -> Database {
    let location = match test.location() {
        Location::Sqlite(path) => DatabaseSettings::Sqlite { path },
        Location::Postgres(url) => DatabaseSettings::Postgres { url: Secret::new(url) },
    };
    let keys = KeySources { environment: None, credentials: None, file: test.directory().join("master.key") };
    Database::open(&location, &keys, Arc::clone(clock)).await.unwrap()
}

/// The pepper of a database of its own.
pub async fn pepper(test: &TestDatabase) -> Pepper {
    Pepper::open(&database(test, &(Arc::new(FakeClock::default()) as Arc<dyn Clock>)).await).await.unwrap()
}

pub fn settings(test: &TestDatabase) -> Settings {
    Settings {
        data_dir: test.directory().to_owned(),
        public_origin: ORIGIN.to_owned(),
        console_host: "temps.localhost".parse().unwrap(),
        public_https_port: 8443,
        apps_domain: Some("localhost".parse().unwrap()),
        upstream_networks: UpstreamNetworks::default(),
        max_upload: 512 << 20,
        security_contact: None,
        metrics_token: None,
        edge_addr: ([127, 0, 0, 1], 9).into(),
        demo: false,
        mail: MailSettings { from: "temps@example.com".into(), server: None },
    }
}

async fn state(test: &TestDatabase, clock: &FakeClock) -> App {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let directory = test.directory();
    let (database, settings) = (database(test, &clock).await, settings(test));
    let blobs = Arc::new(Blobs::open(directory).unwrap());
    let certificates = Certificates::open(database.clone(), directory, settings.console_host.clone()).await.unwrap();
    let sources = Sources {
        database: database.clone(),
        blobs: Arc::clone(&blobs),
        sites: Arc::default(),
        certificates: certificates.clone(),
        console_host: settings.console_host.clone(),
        console: Arc::new(Console { socket: settings.console_socket() }),
        max_upload: settings.max_upload,
    };
    let (pepper, decoy) = (Pepper::open(&database).await.unwrap(), Decoy::make(&database).await.unwrap());
    let (parts, snapshot) = Edge::first(&sources).await.unwrap();
    let (control, _) = link(snapshot, 0, 1);
    let telemetry = Telemetry::open(&directory.join("telemetry.db"), clock.now()).await.unwrap();
    let traffic = Traffic::new(telemetry, Arc::clone(&control.dropped), Arc::clone(&clock));
    Arc::new(State {
        edge: Edge::new(parts, control.publisher(), sources, Arc::clone(&clock)),
        setup: SetupToken::prepare(&database, directory).await.unwrap(),
        settings,
        database,
        clock,
        certificates,
        blobs,
        passwords: Passwords::new(1, &pepper),
        prices: Prices::new(&pepper),
        pepper,
        decoy,
        activity: Activity::default(),
        stuffing: Stuffing::default(),
        attempts: Attempts::default(),
        post: Post::new(&MailSettings { from: "temps@example.com".into(), server: None }, directory).unwrap(),
        denials: Denials::default(),
        traffic: Arc::new(traffic),
        live: Default::default(),
        stop: Default::default(),
        built_in: Default::default(),
        metrics: Arc::new(String::new),
    })
}
