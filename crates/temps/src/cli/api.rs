//! The one way to a server: its public API, over verified TLS.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{Certificate, Method, RequestBuilder, StatusCode, Url, header, redirect};
use serde_json::Value;
use temps_model::Secret;

use super::{
    Options,
    failure::Failure,
    problem::Problem,
    sessions::{Login, Sessions},
    step_up,
};
use crate::config::PublicUrl;

/// Where the Temps of this machine is unless it was told otherwise.
pub(crate) const DEFAULT_SERVER: &str = "https://temps.localhost:8443";
const SESSION: &str = "__Host-temps_session";
/// Of a login that waits for its second factor.
const PENDING: &str = "__Host-temps_login";
const DEVICE: &str = "__Host-temps_device";
/// As many as the API gives at once.
const PAGE: &str = "200";

/// A server, and the login there if there is one.
pub struct Api {
    http: reqwest::Client,
    server: PublicUrl,
    /// Behind a lock, because a proof that is given in the middle of a command renews the session.
    sessions: Mutex<Sessions>,
    authority: Option<PathBuf>,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Reply {
    pub body: Value,
    pub version: Option<String>,
    cookies: Cookies,
}

/// What an answer sets.
#[derive(Debug, Default)]
struct Cookies {
    session: Option<Secret<String>>,
    pending: Option<Secret<String>>,
    device: Option<Secret<String>>,
}

impl Reply {
    /// Half a login, if the answer is one.
    pub fn pending(&self) -> Option<&Secret<String>> {
        self.cookies.pending.as_ref()
    }
}

/// One request: its path below `/api/v1` as segments, and what goes with it.
#[derive(Clone, Debug, Default)]
pub struct Call<'a> {
    pub path: &'a [&'a str],
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// The version that a change is based on; `*` for whatever it is now.
    pub version: Option<String>,
    /// Half a login, which this is to finish.
    pub pending: Option<Secret<String>>,
}

impl Api {
    pub fn new(options: &Options, data_dir: &Path) -> Result<Self, Failure> {
        let sessions = Sessions::open()?;
        let given = options.server.clone().or_else(|| std::env::var("TEMPS_SERVER").ok());
        let server = given.as_deref().or(sessions.current()).unwrap_or(DEFAULT_SERVER);
        let server: PublicUrl = server.parse().map_err(|error| Failure::local(format!("--server: {error}")))?;
        let authority = authority(options, &server, &sessions, data_dir);
        let http = client(&server, authority.as_deref())?;
        Ok(Self { http, server, sessions: Mutex::new(sessions), authority })
    }

    /// `https://temps.example.com`
    pub fn server(&self) -> String {
        self.server.to_string()
    }

    pub async fn get(&self, path: &[&str]) -> Result<Reply, Failure> {
        self.call(Method::GET, Call { path, ..Call::default() }).await
    }

    pub async fn post(&self, path: &[&str], body: Value) -> Result<Reply, Failure> {
        self.call(Method::POST, Call { path, body: Some(body), ..Call::default() }).await
    }

    /// Every page of a list.
    pub async fn list(&self, path: &[&str], query: &[(&'static str, String)]) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE.to_owned()));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let mut reply = self.call(Method::GET, Call { path, query, ..Call::default() }).await?;
            if let Value::Array(page) = reply.body["items"].take() {
                items.extend(page);
            }
            match reply.body["next"].take() {
                Value::String(next) => cursor = Some(next),
                _ => return Ok(items),
            }
        }
    }

    /// Makes a call. If the server wants to be shown first who asks, the person is asked and the call repeated.
    pub async fn call(&self, method: Method, call: Call<'_>) -> Result<Reply, Failure> {
        match self.attempt(method.clone(), call.clone()).await {
            Err(Failure::Refused(problem)) if problem.code == "step_up_required" => {
                let proof = step_up::ask(problem)?;
                let path = &["session", "step-up"];
                let reply = self.attempt(Method::POST, Call { path, body: Some(proof), ..Call::default() }).await?;
                if let Some(token) = reply.cookies.session {
                    self.sessions().renew(&self.server.to_string(), token)?;
                }
                self.attempt(method, call).await
            }
            answered => answered,
        }
    }

    async fn attempt(&self, method: Method, call: Call<'_>) -> Result<Reply, Failure> {
        let mut request = self.request(method, call.path, &call.query)?;
        if let Some(pending) = &call.pending {
            request = request.header(header::COOKIE, cookie(PENDING, pending)?);
        }
        if let Some(version) = call.version {
            request = request.header(header::IF_MATCH, if version == "*" { version } else { format!("\"{version}\"") });
        }
        if let Some(body) = call.body {
            request = request.json(&body);
        }
        self.send(request.timeout(Duration::from_secs(60))).await
    }

    /// A request that the caller completes, for bodies that are not JSON.
    pub fn request(&self, method: Method, path: &[&str], query: &[(&str, String)]) -> Result<RequestBuilder, Failure> {
        let mut url: Url = self.server.to_string().parse().map_err(Failure::local)?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(["api", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).header(header::ORIGIN, self.server.to_string());
        let (sessions, server) = (self.sessions(), self.server.to_string());
        if let Some(login) = sessions.login(&server) {
            request = request.header(header::COOKIE, cookie(SESSION, &login.token)?);
        }
        if let Some(device) = sessions.device(&server) {
            request = request.header(header::COOKIE, cookie(DEVICE, device)?);
        }
        Ok(request)
    }

    pub async fn send(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let response = self.stream(request).await?;
        let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let version = tag.map(|tag| tag.trim_matches('"').to_owned());
        let cookies = cookies(response.headers());
        let body = response.text().await.map_err(|error| self.unreachable(&error))?;
        Ok(Reply { body: serde_json::from_str(&body).unwrap_or(Value::Null), version, cookies })
    }

    /// The answer with its body unread, if the server did not refuse.
    pub async fn stream(&self, request: RequestBuilder) -> Result<reqwest::Response, Failure> {
        let response = request.header(header::ACCEPT, "application/json").send().await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let id = response.headers().get("temps-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let body = response.text().await.map_err(|error| self.unreachable(&error))?;
        let problem = Problem::read(status, &body, id);
        Err(match status {
            StatusCode::UNAUTHORIZED => Failure::NotLoggedIn(problem),
            status if status.is_server_error() => Failure::Server(problem),
            _ => Failure::Refused(problem),
        })
    }

    /// Keeps the login that an answer brought.
    pub fn remember(&self, email: &str, reply: &Reply) -> Result<(), Failure> {
        let Some(token) = reply.cookies.session.clone() else {
            return Err(Failure::local("The server answered without a session."));
        };
        let authority = self.authority.as_ref().and_then(|path| path.canonicalize().ok());
        let (mut sessions, server) = (self.sessions(), self.server.to_string());
        let device = reply.cookies.device.clone().or_else(|| sessions.device(&server).cloned());
        sessions.remember(&server, Login { email: email.to_owned(), token, device, authority })
    }

    pub fn forget(&self) -> Result<(), Failure> {
        self.sessions().forget(&self.server.to_string())
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let reason = root_cause(error);
        let hint = if reason.contains("certificate") || reason.contains("UnknownIssuer") {
            "Its certificate is signed by nobody that is trusted here. If it is your own Temps, name its authority with --ca FILE (ca.pem in its data directory)."
        } else if self.server.host.is_loopback() {
            "Is `temps serve` running?"
        } else {
            "Is the address right, and is `temps serve` running there?"
        };
        Failure::Unreachable { server: self.server.to_string(), reason, hint }
    }
}

/// The innermost error says what happened; the others only where.
fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or(&text).trim_end_matches('.').to_owned()
}

fn cookie(name: &str, token: &Secret<String>) -> Result<header::HeaderValue, Failure> {
    let mut cookie = header::HeaderValue::try_from(format!("{name}={}", token.expose())).map_err(Failure::local)?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

fn cookies(headers: &header::HeaderMap) -> Cookies {
    let of = |name: &str| {
        let all = headers.get_all(header::SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let ours = all.filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('=')?.split(';').next());
        ours.filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned())).next()
    };
    Cookies { session: of(SESSION), pending: of(PENDING), device: of(DEVICE) }
}

/// `--ca`, `TEMPS_CA`, the authority of the login, or that of the Temps on this machine for the names that only it can have.
fn authority(options: &Options, server: &PublicUrl, sessions: &Sessions, data_dir: &Path) -> Option<PathBuf> {
    let given = options.ca.clone().or_else(|| std::env::var_os("TEMPS_CA").map(PathBuf::from));
    let of_data_dir = || Some(data_dir.join("ca.pem")).filter(|path| server.host.is_loopback() && path.exists());
    let of_login = || sessions.login(&server.to_string())?.authority.clone().filter(|path| path.exists());
    let chosen_data_dir = options.data_dir.is_some().then(of_data_dir).flatten();
    given.or(chosen_data_dir).or_else(of_login).or_else(of_data_dir)
}

fn client(server: &PublicUrl, authority: Option<&Path>) -> Result<reqwest::Client, Failure> {
    let mut builder = reqwest::Client::builder()
        .https_only(true)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("temps/", env!("CARGO_PKG_VERSION")));
    if server.host.is_loopback() {
        // Many resolvers do not know that names under localhost mean this machine (RFC 6761 §6.3).
        builder = builder.resolve_to_addrs(
            server.host.as_str(),
            &[([127, 0, 0, 1], 0).into(), (std::net::Ipv6Addr::LOCALHOST, 0).into()],
        );
    }
    if let Some(path) = authority {
        let failed = |reason: String| Failure::local(format!("{}: {reason}", path.display()));
        let pem = fs::read(path).map_err(|error| failed(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| failed("holds no certificate".into()))?;
        if certificates.is_empty() {
            return Err(failed("holds no certificate".into()));
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(Failure::local)
}
