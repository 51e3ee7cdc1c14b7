//! Somebody who uses the API.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use temps_model::UserId;

use super::{Answer, Call, Reach, archive};

/// Every person of a test chooses this one.
pub const PASSWORD: &str = "correct horse battery staple";

/// A person with an own address and an own cookie, as a browser or the command line would keep it.
#[derive(Clone)]
pub struct Person {
    reach: Arc<Reach>,
    address: Ipv4Addr,
    email: String,
    /// The value of the session's cookie.
    session: Arc<Mutex<Option<String>>>,
}

const COOKIE: &str = "__Host-temps_session";

impl Person {
    /// Somebody who is not logged in.
    pub fn new(reach: Arc<Reach>, address: Ipv4Addr, email: &str) -> Self {
        Self { reach, address, email: email.to_owned(), session: Arc::default() }
    }

    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    pub fn email(&self) -> &str {
        &self.email
    }

    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The token of the session.
    pub fn token(&self) -> Option<String> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same person at another address.
    pub fn at(&self, address: [u8; 4]) -> Self {
        Self { address: address.into(), ..self.clone() }
    }

    /// The same session in another jar, so that what becomes of one is not noticed by the other.
    pub fn with_own_jar(&self) -> Self {
        Self { session: Arc::new(Mutex::new(self.token())), ..self.clone() }
    }

    /// The same person with a session that is known from elsewhere.
    pub fn with_token(&self, token: &str) -> Self {
        Self { session: Arc::new(Mutex::new(Some(token.to_owned()))), ..self.clone() }
    }

    /// The same person in another browser, not logged in.
    pub fn elsewhere(&self) -> Self {
        Self { session: Arc::default(), ..self.clone() }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call("POST", path).json(&body)
    }

    pub fn put(&self, path: &str, body: Value) -> Call<'_> {
        self.call("PUT", path).json(&body)
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// A call below `/api/v1`.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, method, format!("/api/v1{path}"))
    }

    /// A call of any path of the console.
    pub fn raw(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, method, path.to_owned())
    }

    pub async fn log_in(&self) -> Answer {
        self.log_in_with(PASSWORD).await
    }

    pub async fn log_in_with(&self, password: &str) -> Answer {
        self.post("/session", json!({ "email": self.email, "password": password })).await
    }

    pub async fn id(&self) -> UserId {
        let me = self.get("/me").await.expect(200);
        me["id"].as_str().and_then(|id| id.parse().ok()).expect("a user has an id")
    }

    pub async fn create_project(&self, slug: &str) -> Value {
        self.post("/projects", json!({ "slug": slug })).await.expect(201)
    }

    /// Deploys files to production.
    pub async fn deploy(&self, project: &str, files: &[(&str, &str)]) -> Value {
        let call = self.call("POST", &format!("/projects/{project}/deployments"));
        call.archive(&archive::tar_gz(files), None).await.expect(201)
    }

    pub async fn deploy_upstream(&self, project: &str, url: &str) -> Value {
        self.post(&format!("/projects/{project}/deployments"), json!({ "upstream_url": url })).await.expect(201)
    }

    pub(super) fn cookie(&self) -> Option<String> {
        self.token().map(|token| format!("{COOKIE}={token}"))
    }

    /// Keeps or forgets the cookie as the answer says.
    pub(super) fn remember(&self, answer: &Answer) {
        let lines = answer.all("set-cookie");
        let set = lines.iter().filter_map(|line| line.split(';').next()?.strip_prefix(COOKIE)?.strip_prefix('='));
        for value in set {
            let session = Some(value.to_owned()).filter(|value| !value.is_empty());
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
        }
    }
}
