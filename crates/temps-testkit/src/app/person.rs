//! Somebody who uses the API.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use temps_model::{Clock, UserId};

use super::{Answer, Call, Reach, archive, codes};

/// Every person of a test chooses this one.
pub const PASSWORD: &str = "correct horse battery staple";

/// A person with an own address and own cookies, as a browser or the command line would keep it.
#[derive(Clone)]
pub struct Person {
    reach: Arc<Reach>,
    address: Ipv4Addr,
    email: String,
    /// Cookies by name.
    jar: Arc<Mutex<BTreeMap<String, String>>>,
}

pub const SESSION: &str = "__Host-temps_session";
/// Of a login that waits for its second factor.
pub const PENDING: &str = "__Host-temps_login";
/// Of a browser that somebody has logged in from before.
pub const DEVICE: &str = "__Host-temps_device";

impl Person {
    /// Somebody who is not logged in.
    pub fn new(reach: Arc<Reach>, address: Ipv4Addr, email: &str) -> Self {
        Self { reach, address, email: email.to_owned(), jar: Arc::default() }
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
        self.kept(SESSION)
    }

    /// The value of a cookie.
    pub fn kept(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    /// Forgets a cookie, or keeps another value of it.
    pub fn keep(&self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => drop(self.jar().insert(name.to_owned(), value.to_owned())),
            None => drop(self.jar().remove(name)),
        }
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same person at another address.
    pub fn at(&self, address: [u8; 4]) -> Self {
        Self { address: address.into(), ..self.clone() }
    }

    /// The same session in another jar, so that what becomes of one is not noticed by the other.
    pub fn with_own_jar(&self) -> Self {
        let jar = self.jar().clone();
        Self { jar: Arc::new(Mutex::new(jar)), ..self.clone() }
    }

    /// The same person with a session that is known from elsewhere.
    pub fn with_token(&self, token: &str) -> Self {
        let jar = BTreeMap::from([(SESSION.to_owned(), token.to_owned())]);
        Self { jar: Arc::new(Mutex::new(jar)), ..self.clone() }
    }

    /// The same person in another browser, not logged in.
    pub fn elsewhere(&self) -> Self {
        Self { jar: Arc::default(), ..self.clone() }
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

    /// Logs in and pays for it, if there is a price.
    pub async fn log_in_paying(&self, password: &str) -> Answer {
        let answer = self.log_in_with(password).await;
        let challenge = answer.json()["challenge"].clone();
        if challenge.is_null() {
            return answer;
        }
        let proof = codes::solve(&challenge);
        self.post("/session", json!({ "email": self.email, "password": password, "proof": proof })).await
    }

    /// Adds an authenticator: its key and the recovery codes.
    pub async fn enrol_totp(&self, clock: &impl Clock) -> (codes::Authenticator, Vec<String>) {
        let begun = self.post("/me/totp", json!({})).await.expect(201);
        let authenticator = codes::Authenticator::new(begun["secret"].as_str().expect("a key"));
        let code = authenticator.code(clock.now());
        let confirmed = self.post("/me/totp/confirm", json!({ "code": code })).await.expect(200);
        let codes = confirmed["recovery_codes"].as_array().expect("codes");
        (authenticator, codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect())
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
        let jar = self.jar();
        let pairs: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Keeps or forgets cookies as the answer says.
    pub(super) fn remember(&self, answer: &Answer) {
        let lines = answer.all("set-cookie");
        for (name, value) in lines.iter().filter_map(|line| line.split(';').next()?.split_once('=')) {
            self.keep(name, Some(value).filter(|value| !value.is_empty()));
        }
    }
}
