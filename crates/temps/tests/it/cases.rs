//! For every route a call that succeeds for whoever may make it, and the people who try.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use temps_control::route::Route;
use temps_model::{Clock, Role};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, PASSWORD, Person, codes::Authenticator, eventually},
};

/// An instance with one person of every kind. The project `shop` belongs to `owner`, `yard` to `outsider`.
pub struct World {
    pub app: TestApp,
    /// An instance administrator who is a member of nothing.
    pub administrator: Person,
    pub anonymous: Person,
    pub outsider: Person,
    pub viewer: Person,
    pub member: Person,
    pub admin: Person,
    pub owner: Person,
    number: AtomicU32,
}

/// A call that was made ready.
#[derive(Clone)]
pub struct Case {
    pub method: String,
    pub path: String,
    pub body: Option<Value>,
    pub needs_version: bool,
}

impl World {
    pub async fn start(database: TestDatabase) -> Self {
        let app = TestApp::start(database).await;
        let administrator = app.owner().await;
        let (outsider, viewer, member) =
            (app.user("outsider").await, app.user("viewer").await, app.user("member").await);
        let (admin, owner) = (app.user("admin").await, app.user("owner-of-shop").await);
        let anonymous = app.anonymous();
        let world =
            Self { app, administrator, anonymous, outsider, viewer, member, admin, owner, number: AtomicU32::new(0) };
        world.outsider.create_project("yard").await;
        world.project("shop").await;
        world.owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await.expect(201);
        world.owner.deploy_upstream("shop", "http://127.0.0.1:9").await;
        for firewall in ["/projects/shop/firewall", "/instance/firewall", "/instance/console-firewall"] {
            let (rules, block) = (format!("{firewall}/rules"), json!({ "action": "block", "network": "203.0.99.1" }));
            world.keeper_of(&rules).post(&rules, block).await.expect(201);
        }
        world
    }

    /// Everybody, with the word that the golden table has for them.
    pub fn callers(&self) -> [(&'static str, &Person); 7] {
        [
            ("anonymous", &self.anonymous),
            ("outsider", &self.outsider),
            ("viewer", &self.viewer),
            ("member", &self.member),
            ("admin", &self.admin),
            ("owner", &self.owner),
            ("administrator", &self.administrator),
        ]
    }

    /// A call of the route that succeeds for whoever may make it. A route without a case fails here.
    pub async fn case(&self, route: &Route) -> Case {
        let path = route.path.strip_prefix("/api/v1").unwrap();
        let mut case = Case {
            method: route.method.to_string(),
            path: path.replace("{project}", "shop").replace("{environment}", "staging"),
            body: None,
            needs_version: route.needs_version,
        };
        let n = self.next();
        match (route.method.as_str(), path) {
            ("GET", "/projects/{project}/requests/{request}") => case.fill("{request}", self.past_request().await),
            ("GET", "/users/{user}/sessions") => case.fill("{user}", json!(self.outsider.id().await)),
            ("DELETE", "/users/{user}/sessions") => {
                let user = self.app.user(&format!("away{n}")).await;
                case.fill("{user}", json!(user.id().await));
            }
            ("DELETE", "/sessions" | "/sessions/{session}" | "/me/totp")
            | ("POST", "/me/totp" | "/me/recovery-codes") => {}
            ("POST", "/me/totp/confirm" | "/session/second-factor") => case.body = Some(json!({ "code": "000000" })),
            ("POST", "/session/step-up") => case.body = Some(json!({ "password": PASSWORD })),
            ("PUT", "/me/password") => case.body = Some(json!({ "password": PASSWORD })),
            ("GET", path) if path.ends_with("{rule}") => {
                let rules = case.path.strip_suffix("/{rule}").unwrap();
                let found = self.keeper_of(rules).get(rules).await.expect(200);
                case.fill("{rule}", found["items"][0]["id"].clone());
            }
            ("GET", _) => case.fill("{deployment}", self.live_deployment().await),
            ("DELETE", "/session") => {}
            ("POST", "/setup") => {
                let token = self.app.setup_token();
                case.body =
                    Some(json!({ "token": token, "email": "late@example.com", "name": "", "password": PASSWORD }));
            }
            ("POST", "/session") => case.body = Some(json!({ "email": self.viewer.email(), "password": PASSWORD })),
            ("POST", "/activation") => {
                let token = self.app.invite(&self.app.stranger(&format!("invited{n}@example.com"))).await;
                case.body = Some(json!({ "token": token, "password": PASSWORD }));
            }
            ("POST", "/revoke") => {
                let user = self.app.user(&format!("told{n}")).await;
                case.body = Some(json!({ "token": self.app.revocation(&user).await }));
            }
            ("PUT", "/instance") => case.body = Some(settings()),
            ("POST", "/users") => case.body = Some(json!({ "email": format!("new{n}@example.com") })),
            ("POST", "/projects") => case.body = Some(json!({ "slug": format!("p{n}") })),
            ("DELETE", "/projects/{project}") => {
                let slug = format!("p{n}");
                self.project(&slug).await;
                case.path = format!("/projects/{slug}");
            }
            ("POST", "/projects/{project}/environments") => case.body = Some(json!({ "slug": format!("e{n}") })),
            ("DELETE", "/projects/{project}/environments/{environment}") => {
                let slug = format!("e{n}");
                self.owner.post("/projects/shop/environments", json!({ "slug": slug })).await.expect(201);
                case.path = format!("/projects/shop/environments/{slug}");
            }
            ("POST", "/projects/{project}/domains") => case.body = Some(json!({ "host": format!("h{n}.example.com") })),
            ("DELETE", "/projects/{project}/domains/{domain}") => {
                let added =
                    self.owner.post("/projects/shop/domains", json!({ "host": format!("h{n}.example.com") })).await;
                case.fill("{domain}", added.expect(201)["id"].clone());
            }
            ("PUT", path) if path.ends_with("firewall") => case.body = Some(json!({ "mode": "open", "limits": {} })),
            ("POST", path) if path.ends_with("firewall/rules") => case.body = Some(rule(n)),
            ("PUT", path) if path.ends_with("firewall/rules/{rule}") => {
                self.fill_rule(&mut case, n).await;
                case.body = Some(rule(n));
            }
            ("DELETE", path) if path.ends_with("firewall/rules/{rule}") => self.fill_rule(&mut case, n).await,
            ("PUT", "/projects/{project}/headers") => case.body = Some(json!({ "preset": "strict" })),
            ("POST", "/projects/{project}/deployments") => {
                case.body = Some(json!({ "upstream_url": format!("http://127.0.0.1:{}", 10_000 + n) }))
            }
            ("POST", "/projects/{project}/deployments/{deployment}/rollback") => {
                case.fill("{deployment}", self.live_deployment().await);
                self.owner.deploy_upstream("shop", "http://127.0.0.1:9").await;
            }
            (method, path) => panic!("{method} {path} is in the router and has no case in the tests"),
        }
        case
    }

    /// Makes the case's call in a jar of its own. What concerns the caller's own account is called in a session that was begun for it, with the
    /// factors that it needs, and afterwards the account is as it was.
    pub async fn call(&self, case: &Case, caller: &Person) -> Answer {
        let (ready, jar) = self.ready(case, caller).await;
        let answer = ready.call(&jar).await;
        if ready.concerns_account() {
            self.settle(caller).await;
        }
        answer
    }

    /// The case as this caller can make it, and the jar to make it from.
    pub async fn ready(&self, case: &Case, caller: &Person) -> (Case, Person) {
        let (mut case, jar) = (case.clone(), caller.with_own_jar());
        if !case.concerns_account() || caller.token().is_none() {
            return (case, jar);
        }
        jar.log_in().await.expect(201);
        match (case.method.as_str(), case.path.as_str()) {
            ("DELETE", "/me/totp") | ("POST", "/me/recovery-codes") => drop(jar.enrol_totp(&self.app.clock).await),
            ("POST", "/me/totp/confirm") => {
                let begun = jar.post("/me/totp", json!({})).await.expect(201);
                let authenticator = Authenticator::new(begun["secret"].as_str().unwrap());
                // A step early, because some time may pass before it is used.
                let code = authenticator.code(self.app.clock.now().after(Duration::from_secs(30)));
                case.body = Some(json!({ "code": code }));
            }
            ("POST", "/session/second-factor") => {
                let (_, codes) = jar.enrol_totp(&self.app.clock).await;
                jar.log_in().await.expect(202);
                case.body = Some(json!({ "recovery_code": codes[0] }));
            }
            ("DELETE", "/sessions/{session}") => {
                let other = jar.elsewhere();
                other.log_in().await.expect(201);
                case.fill("{session}", other.get("/me").await.expect(200)["session"]["id"].clone());
            }
            _ => {}
        }
        (case, jar)
    }

    /// Undoes what was done to a caller's account.
    pub async fn settle(&self, caller: &Person) {
        if caller.token().is_none() {
            return;
        }
        self.app.execute("DELETE FROM totp_keys").await;
        self.app.execute("DELETE FROM recovery_codes").await;
        self.app.execute("UPDATE users SET second_factor = 'none'").await;
        caller.log_in().await.expect(201);
    }

    /// A project with all the members.
    async fn project(&self, slug: &str) {
        self.owner.create_project(slug).await;
        for (person, role) in [(&self.viewer, Role::Viewer), (&self.member, Role::Member), (&self.admin, Role::Admin)] {
            self.app.join(slug, person, role).await;
        }
    }

    async fn live_deployment(&self) -> Value {
        let shop = self.owner.get("/projects/shop/environments/production").await.expect(200);
        shop["live"]["id"].clone()
    }

    /// Adds a rule to the firewall that a case is about.
    async fn fill_rule(&self, case: &mut Case, n: u32) {
        let rules = case.path.strip_suffix("/{rule}").unwrap();
        let added = self.keeper_of(rules).post(rules, rule(n)).await.expect(201);
        case.fill("{rule}", added["items"][0]["id"].clone());
    }

    /// Who may change these rules.
    fn keeper_of(&self, rules: &str) -> &Person {
        if rules.starts_with("/instance") { &self.administrator } else { &self.owner }
    }

    /// The id of a request to the project's site, when it can be looked up.
    async fn past_request(&self) -> Value {
        let id = self.app.get("shop.localhost", "/").await.header("temps-request-id").unwrap().to_owned();
        let path = format!("/projects/shop/requests/{id}");
        eventually("the request can be looked up", async || self.owner.get(&path).await.status == 200).await;
        json!(id)
    }

    fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }
}

impl Case {
    pub async fn call(&self, person: &Person) -> Answer {
        let mut call = person.call(&self.method, &self.path);
        if let Some(body) = &self.body {
            call = call.json(body);
        }
        if self.needs_version {
            call = call.if_match("*");
        }
        call.await
    }

    /// Whether it changes the account or the session of whoever makes it.
    fn concerns_account(&self) -> bool {
        let own = ["/me/", "/session"].iter().any(|prefix| self.path.starts_with(prefix));
        own && self.method != "GET" && (self.method.as_str(), self.path.as_str()) != ("POST", "/session")
    }

    fn fill(&mut self, parameter: &str, value: Value) {
        self.path = self.path.replace(parameter, value.as_str().unwrap_or_default());
    }
}

/// The instance's settings as they are unless changed.
pub fn settings() -> Value {
    json!({
        "users_may_create_projects": true,
        "sessions": { "administrator_idle_minutes": 30, "idle_minutes": 240, "absolute_hours": 12, "remember_days": 14 },
        "second_factor": { "everyone": false, "administrators": false, "roles": [] },
        "passwords": { "min_characters": 12 },
    })
}

/// The same with one of them changed.
pub fn settings_with(pointer: &str, value: Value) -> Value {
    let mut settings = settings();
    *settings.pointer_mut(pointer).unwrap() = value;
    settings
}

/// A network that nobody in these tests comes from.
fn rule(n: u32) -> Value {
    json!({ "action": "block", "network": format!("203.0.{}.{}", 100 + n / 256, n % 256) })
}
