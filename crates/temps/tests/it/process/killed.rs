//! Killed with -9 during writes: what was acknowledged is there, and what was under way is there wholly or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    io::Read,
    net::Ipv4Addr,
    ops::Range,
    path::Path,
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use temps_testkit::{
    TestDatabase,
    app::{CONSOLE, Call, Person, archive, eventually},
    edge::client::Client,
    on_both_databases,
    program::{OWNER, Server, files_below},
};
use tokio::sync::watch;

use super::program_on;

on_both_databases!(nothing_that_was_acknowledged_is_lost);

/// How often it is killed in every run of the tests.
const ROUNDS: u32 = 12;
/// How often in the long test.
const SOAK: u32 = 100;
/// Changes that are acknowledged before it is killed: none, or up to so many.
const CHANGES: f64 = 40.0;
/// After them it is killed within this time, somewhere in the middle of the next ones.
const MIDDLE: Duration = Duration::from_millis(30);

async fn nothing_that_was_acknowledged_is_lost(database: TestDatabase) {
    survives(database, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: make soak"]
async fn soak_nothing_that_was_acknowledged_is_lost_on_sqlite() {
    survives(TestDatabase::sqlite(), SOAK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: make soak"]
async fn soak_nothing_that_was_acknowledged_is_lost_on_postgres() {
    survives(TestDatabase::postgres(), SOAK).await;
}

async fn survives(database: TestDatabase, rounds: u32) {
    let program = program_on(database);
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    let session = owner.token().unwrap();
    for project in ["rules", "north", "south"] {
        owner.create_project(project).await;
    }
    owner.deploy("rules", &[("index.html", "open")]).await;
    let mut ledgers = Ledgers::default();
    let mut server = Some(server);
    for round in 0..rounds {
        let running = server.take().unwrap();
        ledgers = ledgers.written_until_killed(running, &session).await;
        program.done(&["audit", "verify"]);
        let again = program.serve(&[]);
        let owner = again.person(OWNER).with_token(&session);
        ledgers.reconcile(&again, &owner).await;
        blobs_are_whole(&program.data_dir());
        eprintln!("round {round}: {ledgers:?}");
        server = Some(again);
    }
    let server = server.unwrap();
    let owner = server.person(OWNER).with_token(&session);
    ledgers.every_change_is_recorded(&owner).await;
    for site in ["north", "south"] {
        every_deployment_can_be_served(&server, &owner, site).await;
    }
    server.stop();
    program.done(&["audit", "verify"]);
}

/// What one writer knows: what was acknowledged, and what will be there if the change that is under way succeeded.
#[derive(Debug, Default)]
struct Ledger<S> {
    acknowledged: S,
    attempted: Option<S>,
}

impl<S: PartialEq + Debug> Ledger<S> {
    fn attempt(&mut self, next: S) {
        self.attempted = Some(next);
    }

    fn acknowledge(&mut self) {
        self.acknowledged = self.attempted.take().unwrap();
    }

    /// Compares with what is found after a restart, which is the truth from now on.
    fn reconcile(&mut self, what: &str, found: S) {
        let is_known = found == self.acknowledged || self.attempted.as_ref() == Some(&found);
        assert!(is_known, "{what}: found {found:?}, but {self:?}");
        *self = Self { acknowledged: found, attempted: None };
    }
}

/// What four writers know.
#[derive(Debug, Default)]
struct Ledgers {
    /// How many projects were made, each with its number in its name.
    projects: Ledger<u32>,
    /// The numbers of the rules that are there: the last is added, the first removed.
    rules: Ledger<Range<u32>>,
    /// How many deployments the site has, each with its number as content.
    north: Ledger<u32>,
    south: Ledger<u32>,
}

impl Ledgers {
    /// Writes over four connections at once until the program, killed somewhere in the middle, answers no more.
    async fn written_until_killed(self, server: Server, session: &str) -> Self {
        let changes = watch::Sender::new(0);
        let writer = async || Writer::new(server.person(OWNER).with_token(session), changes.clone()).await;
        let projects = tokio::spawn(create_projects(writer().await, self.projects));
        let rules = tokio::spawn(change_rules(writer().await, self.rules));
        let north = tokio::spawn(deploy(writer().await, "north", self.north));
        let south = tokio::spawn(deploy(writer().await, "south", self.south));
        let enough = (random() * CHANGES).round();
        changes.subscribe().wait_for(|changes| f64::from(*changes) >= enough).await.unwrap();
        tokio::time::sleep(MIDDLE.mul_f64(random())).await;
        server.kill();
        let (projects, rules) = (projects.await.unwrap(), rules.await.unwrap());
        Self { projects, rules, north: north.await.unwrap(), south: south.await.unwrap() }
    }

    async fn reconcile(&mut self, server: &Server, owner: &Person) {
        self.projects.reconcile("projects", projects(owner).await);
        self.rules.reconcile("rules", rules(server, owner).await);
        self.north.reconcile("deployments of north", deployments(server, owner, "north").await);
        self.south.reconcile("deployments of south", deployments(server, owner, "south").await);
    }

    /// A change and its record are one transaction, so there are as many of one as of the other.
    async fn every_change_is_recorded(&self, owner: &Person) {
        for (action, expected) in [
            ("project.create", 3 + self.projects.acknowledged),
            ("deployment.create", 1 + self.north.acknowledged + self.south.acknowledged),
            ("project.firewall_rule.add", self.rules.acknowledged.end),
            ("project.firewall_rule.remove", self.rules.acknowledged.start),
        ] {
            eventually("that every record is sealed", async || {
                let records = all(owner, &format!("/audit?result=done&action={action}&")).await;
                assert_eq!(records.len(), expected as usize, "records of {action}");
                records.iter().all(|record| record["seq"].is_number())
            })
            .await;
        }
    }
}

/// A connection that is open as long as the program lives.
struct Writer {
    owner: Person,
    connection: Client,
    changes: watch::Sender<u32>,
}

impl Writer {
    async fn new(owner: Person, changes: watch::Sender<u32>) -> Self {
        let connection = owner.reach().connect(CONSOLE, owner.address()).await;
        Self { owner, connection, changes }
    }

    /// The body of the answer; none if the program was killed before it answered.
    async fn change(&mut self, call: impl FnOnce(&Person) -> Call<'_>) -> Option<Value> {
        let answer = call(&self.owner).attempt(&mut self.connection).await.ok()?;
        assert!(answer.is_success(), "{}", answer.text());
        self.changes.send_modify(|changes| *changes += 1);
        Some(answer.json())
    }
}

async fn create_projects(mut writer: Writer, mut ledger: Ledger<u32>) -> Ledger<u32> {
    loop {
        let number = ledger.acknowledged;
        ledger.attempt(number + 1);
        let body = json!({ "slug": format!("made-{number}") });
        match writer.change(|owner| owner.post("/projects", body)).await {
            Some(_) => ledger.acknowledge(),
            None => return ledger,
        }
    }
}

async fn projects(owner: &Person) -> u32 {
    let projects = all(owner, "/projects?").await;
    let numbers = projects.iter().filter_map(|project| project["slug"].as_str().unwrap().strip_prefix("made-"));
    let numbers: BTreeSet<u32> = numbers.map(|number| number.parse().unwrap()).collect();
    let count = u32::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (0..count).collect(), "none is missing in between");
    count
}

/// Adds two rules for each that it removes.
async fn change_rules(mut writer: Writer, mut ledger: Ledger<Range<u32>>) -> Ledger<Range<u32>> {
    let mut ids: BTreeMap<u32, String> = BTreeMap::new();
    loop {
        let Range { start, end } = ledger.acknowledged;
        let oldest = ids.get(&start).filter(|_| end % 2 == 0 && start < end / 2);
        let removed = match oldest {
            Some(id) => {
                ledger.attempt(start + 1..end);
                let path = format!("/projects/rules/firewall/rules/{id}");
                writer.change(|owner| owner.delete(&path).if_match("*")).await
            }
            None => {
                ledger.attempt(start..end + 1);
                let body = json!({ "action": "block", "network": blocked(end).to_string() });
                writer.change(|owner| owner.post("/projects/rules/firewall/rules", body)).await
            }
        };
        let Some(answer) = removed else { return ledger };
        if let Some(id) = answer["items"][0]["id"].as_str() {
            ids.insert(end, id.to_owned());
        }
        ledger.acknowledge();
    }
}

/// The address that the rule of this number blocks: one of this machine, so that the test can come from it.
fn blocked(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 100, 0, 0).to_bits() + number)
}

async fn rules(server: &Server, owner: &Person) -> Range<u32> {
    let rules = all(owner, "/projects/rules/firewall/rules?").await;
    let addresses = rules.iter().map(|rule| rule["network"].as_str().unwrap().strip_suffix("/32").unwrap());
    let number = |address: &str| address.parse::<Ipv4Addr>().unwrap().to_bits() - blocked(0).to_bits();
    let numbers: BTreeSet<u32> = addresses.map(number).collect();
    let found = numbers.first().map_or(0..0, |first| *first..numbers.last().unwrap() + 1);
    assert_eq!(numbers, found.clone().collect(), "none is missing in between");
    assert_eq!(server.get("rules.localhost", "/").await.text(), "open");
    for edge in found.clone().take(2).chain(found.clone().rev().take(2)) {
        assert_eq!(server.get_from("rules.localhost", "/", blocked(edge)).await.status, 403, "rule {edge} is in force");
    }
    found
}

async fn deploy(mut writer: Writer, site: &'static str, mut ledger: Ledger<u32>) -> Ledger<u32> {
    let path = format!("/projects/{site}/deployments");
    loop {
        let number = ledger.acknowledged + 1;
        ledger.attempt(number);
        let files = [("index.html", page(site, number)), ("deeper/twin.txt", twin(site, number))];
        let archive = archive::tar_gz(&files.each_ref().map(|(name, content)| (*name, content.as_str())));
        match writer.change(|owner| owner.call("POST", &path).archive(&archive, None)).await {
            Some(_) => ledger.acknowledge(),
            None => return ledger,
        }
    }
}

/// Large enough to be kept in compressed forms too.
fn page(site: &str, number: u32) -> String {
    format!("deployment {number} of {site}\n").repeat(100)
}

fn twin(site: &str, number: u32) -> String {
    format!("twin of deployment {number} of {site}")
}

async fn deployments(server: &Server, owner: &Person, site: &str) -> u32 {
    let deployments = all(owner, &format!("/projects/{site}/deployments?")).await;
    let number = |deployment: &Value| u32::try_from(deployment["number"].as_u64().unwrap()).unwrap();
    let numbers: BTreeSet<u32> = deployments.iter().map(number).collect();
    let live: Vec<u32> = deployments.iter().filter(|deployment| deployment["live"] == true).map(number).collect();
    let count = u32::try_from(deployments.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect(), "none is missing in between");
    if count > 0 {
        assert_eq!(live, [count], "the last one is live");
        serves(server, site, count).await;
    }
    count
}

async fn serves(server: &Server, site: &str, number: u32) {
    let host = format!("{site}.localhost");
    assert_eq!(server.get(&host, "/").await.text(), page(site, number));
    assert_eq!(server.get(&host, "/deeper/twin.txt").await.text(), twin(site, number));
}

async fn every_deployment_can_be_served(server: &Server, owner: &Person, site: &str) {
    // The newest first; it is live already.
    let deployments = all(owner, &format!("/projects/{site}/deployments?")).await;
    for deployment in deployments.iter().skip(1) {
        let path = format!("/projects/{site}/deployments/{}/rollback", deployment["id"].as_str().unwrap());
        owner.call("POST", &path).await.expect(200);
        serves(server, site, u32::try_from(deployment["number"].as_u64().unwrap()).unwrap()).await;
    }
}

/// Every file is what its name says, and no temporary one is left.
fn blobs_are_whole(data_dir: &Path) {
    assert_eq!(files_below(&data_dir.join("tmp")), []);
    for (path, bytes) in files_below(&data_dir.join("blobs")) {
        let mut content = Vec::new();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => drop(GzDecoder::new(&*bytes).read_to_end(&mut content).unwrap()),
            Some("br") => drop(brotli::Decompressor::new(&*bytes, 4096).read_to_end(&mut content).unwrap()),
            _ => content = bytes,
        }
        let hash = digest(&SHA256, &content);
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(&*hash), "{}", path.display());
    }
}

/// Every item of a list. The path ends where further parameters may follow.
async fn all(owner: &Person, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = owner.get(&format!("{path}limit=200{cursor}")).await.expect(200);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// Between 0 and 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
