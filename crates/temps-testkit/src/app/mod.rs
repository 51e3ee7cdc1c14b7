//! The whole of Temps in this process: real sockets, real database, real TLS.
//!
//! ```ignore
//! let app = TestApp::start(database).await;
//! let owner = app.owner().await;
//! owner.create_project("shop").await;
//! owner.deploy("shop", &[("index.html", "hi")]).await;
//! assert_eq!(app.get("shop.localhost", "/").await.text(), "hi");
//! ```

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use temps::{
    config::{Config, DatabaseUrl, LogFormat, PublicUrl},
    instance::Instance,
};
use temps_db::Database;
use temps_model::{Role, Secret};
use tokio::sync::OnceCell;

use crate::{TestDatabase, database::Location, edge::client::Reply};

pub mod archive;
mod call;
mod clock;
pub mod codes;
mod operator;
mod person;
mod reach;
mod store;
mod stream;

pub use call::{Answer, Call};
pub use clock::RunningClock;
pub use person::{DEVICE, PASSWORD, PENDING, Person, SESSION};
pub use reach::Reach;
pub use stream::EventStream;

pub const CONSOLE: &str = "temps.localhost";
/// Where visitors come from unless told; persons have addresses of their own.
pub const VISITOR: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// How often a start is tried: another process may take the port that was free a moment ago.
const ATTEMPTS: u32 = 5;

/// A running instance with a database of its own; everything is gone when it is dropped.
pub struct TestApp {
    instance: Instance,
    config: Config,
    pub clock: RunningClock,
    reach: Arc<Reach>,
    /// A second way into the same database, past everything that the API offers.
    store: Database,
    owner: OnceCell<Person>,
    persons: AtomicU16,
    database: TestDatabase,
}

impl TestApp {
    /// With console `temps.localhost`, environments under `localhost`, and applications on loopback addresses permitted.
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, |_| {}).await
    }

    /// The same with a changed configuration.
    pub async fn start_with(database: TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&database);
        change(&mut config);
        let clock = RunningClock::default();
        let instance = start(&config, &clock).await;
        let reach = Arc::new(reach(&instance));
        let store = store::open(&config, &clock).await;
        let (owner, persons) = (OnceCell::new(), AtomicU16::new(0));
        Self { instance, config, clock, reach, store, owner, persons, database }
    }

    /// Stops it well and starts it again on the same database and data directory. It listens elsewhere then, so persons have to be
    /// made anew.
    pub async fn restart(self) -> Self {
        let Self { instance, config, clock, store, database, .. } = self;
        instance.stop().await;
        let instance = start(&config, &clock).await;
        let reach = Arc::new(reach(&instance));
        Self { instance, config, clock, reach, store, owner: OnceCell::new(), persons: AtomicU16::new(0), database }
    }

    /// Stops it well and leaves its files and its database.
    pub async fn stop(self) -> TestDatabase {
        self.store.close().await.expect("the database closes");
        self.instance.stop().await;
        self.database
    }

    pub fn reach(&self) -> &Arc<Reach> {
        &self.reach
    }

    pub fn store(&self) -> &Database {
        &self.store
    }

    pub fn data_dir(&self) -> &Path {
        self.instance.data_dir()
    }

    /// The token of the first start.
    pub fn setup_token(&self) -> String {
        self.instance.setup_token().expect("there is no user yet").expose().clone()
    }

    pub fn has_setup_token(&self) -> bool {
        self.instance.setup_token().is_some()
    }

    /// The first user: instance administrator, and owner of what they create. Made at the first call; after a restart logged in.
    pub async fn owner(&self) -> Person {
        let make = async || {
            let person = self.stranger("owner@example.com");
            match self.instance.setup_token() {
                Some(token) => {
                    let (token, email) = (token.expose(), person.email());
                    let body = json!({ "token": token, "email": email, "name": "", "password": PASSWORD });
                    person.post("/setup", body).await.expect(201);
                }
                None => drop(person.log_in().await.expect(201)),
            }
            person
        };
        self.owner.get_or_init(make).await.clone()
    }

    /// A further user, invited by the owner, who is logged in and a member of nothing.
    pub async fn user(&self, name: &str) -> Person {
        let person = self.stranger(&format!("{name}@example.com"));
        let token = self.invite(&person).await;
        person.post("/activation", json!({ "token": token, "password": PASSWORD })).await.expect(201);
        person
    }

    /// Invites a person and returns the token of the link.
    pub async fn invite(&self, person: &Person) -> String {
        let invited =
            self.owner().await.post("/users", json!({ "email": person.email(), "name": "" })).await.expect(201);
        let link = invited["link"].as_str().expect("an invitation has a link");
        link.split_once("#token=").expect("the token stands in the fragment").1.to_owned()
    }

    /// Somebody without an account, or with one that they are not logged in to.
    pub fn stranger(&self, email: &str) -> Person {
        let number = self.persons.fetch_add(1, Ordering::Relaxed);
        let [high, low] = number.to_be_bytes();
        Person::new(Arc::clone(&self.reach), Ipv4Addr::new(127, 0, 1 + high, low), email)
    }

    /// Somebody who is not logged in.
    pub fn anonymous(&self) -> Person {
        self.stranger("nobody@example.com")
    }

    /// Makes a user a member of a project, past the API.
    pub async fn join(&self, project: &str, person: &Person, role: Role) {
        store::join(&self.store, project, person.id().await, role).await;
    }

    /// The token of a link such as notices carry, made past the mail.
    pub async fn revocation(&self, person: &Person) -> String {
        store::revocation(&self.store, person.id().await).await
    }

    /// What a visitor gets.
    pub async fn get(&self, host: &str, path: &str) -> Reply {
        self.get_from(host, path, VISITOR).await
    }

    pub async fn get_from(&self, host: &str, path: &str, from: impl Into<Ipv4Addr>) -> Reply {
        self.reach.connect(host, from.into()).await.get(host, path).await
    }

    /// The status for a name that has no certificate here, so that nothing is verified.
    pub async fn misdirected(&self, host: &str) -> u16 {
        self.misdirected_from(host, VISITOR).await
    }

    pub async fn misdirected_from(&self, host: &str, from: impl Into<Ipv4Addr>) -> u16 {
        self.reach.connect_unverified(host, from.into()).await.get(host, "/").await.status
    }

    /// Every row of every table but those that change by themselves, for tests that nothing was changed.
    pub async fn rows(&self) -> Vec<String> {
        store::rows(&self.store).await
    }

    /// Every row of every table.
    pub async fn dump(&self) -> Vec<String> {
        store::dump(&self.store, |_| true).await
    }

    /// Runs SQL past everything that the program offers, as an intruder or a fault would.
    pub async fn execute(&self, sql: &str) {
        store::execute(&self.store, sql).await;
    }

    /// The number that a query gives.
    pub async fn count(&self, sql: &str) -> i64 {
        store::count(&self.store, sql).await
    }

    /// A call over the operator's socket: the status and the body.
    pub async fn operate(&self, method: &str, path: &str, body: Option<serde_json::Value>) -> Answer {
        operator::call(&self.data_dir().join("run/operator.sock"), method, path, body).await
    }
}

/// Waits until something is true.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::raw::PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} did not come true"));
}

fn config(database: &TestDatabase) -> Config {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Config {
        data_dir: database.directory().join("data"),
        public_url: PublicUrl { host: CONSOLE.parse().expect("a host name"), port: 0 },
        http_addr: any,
        https_addr: any,
        database: match database.location() {
            Location::Sqlite(_) => None,
            Location::Postgres(url) => Some(DatabaseUrl(Secret::new(url))),
        },
        trusted_proxies: Vec::new(),
        upstream_networks: vec!["127.0.0.0/8".parse().expect("a network")],
        apps_domain: Some("localhost".parse().expect("a host name")),
        max_upload: 8 << 20,
        security_contact: None,
        metrics_token: None,
        log_format: LogFormat::Text,
        drain_timeout: Duration::from_secs(5),
        demo: false,
        mail_server: None,
        mail_from: "Temps <temps@example.com>".to_owned(),
        mail_user: None,
        mail_password: None,
        mail_ca: None,
    }
}

async fn start(config: &Config, clock: &RunningClock) -> Instance {
    let mut attempt = 1;
    loop {
        match Instance::start(config.clone(), Arc::new(clock.clone())).await {
            Ok(instance) => return instance,
            Err(error) if attempt < ATTEMPTS && error.to_string().contains("cannot listen") => attempt += 1,
            Err(error) => panic!("the instance does not start: {error:#}"),
        }
    }
}

fn reach(instance: &Instance) -> Reach {
    let url = instance.public_url();
    Reach::new(instance.http_addr(), instance.https_addr(), url.to_string(), url.host.to_string(), instance.data_dir())
}
