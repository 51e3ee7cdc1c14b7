//! How soon a rule is in force: `make bench`. The budget is 50 ms for 99 of 100 changes, with 1,000 sites and 10,000 rules.
//!
//! Two times are taken of each change, a rule that blocks a visitor: what the call itself says (`effective_ms`: from the commit until every
//! worker runs the new snapshot), and what the visitor sees, who asks all the time over connections to every worker: from the sending of the
//! call until the last of them was refused. The changed list holds 5,000 of the rules; the others are spread over the sites.
#![expect(clippy::print_stdout, reason = "its purpose is to print")]
#![expect(clippy::unwrap_used, reason = "without a sound answer there is nothing to measure")]

use std::{net::Ipv4Addr, time::Duration};

use serde_json::{Value, json};
use temps_model::{Clock, SystemClock};
use temps_testkit::{Program, TestDatabase, app::Person, program::Probes};

const SITES: u32 = 1_000;
/// In the list of the project whose rule changes.
const RULES_TOGETHER: u32 = 5_000;
/// In the list of each project besides.
const RULES_EACH: u32 = 5;
const CHANGES: usize = 200;
const BUDGET: Duration = Duration::from_millis(50);
const VISITOR: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);

#[tokio::main]
async fn main() {
    for (name, database) in [("SQLite", TestDatabase::sqlite()), ("PostgreSQL", TestDatabase::postgres())] {
        measure(name, database).await;
    }
}

async fn measure(name: &str, database: TestDatabase) {
    let program = Program::new(env!("CARGO_BIN_EXE_temps"), database);
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    let begun = SystemClock.monotonic();
    populate(&owner).await;
    let took = SystemClock.monotonic().duration_since(begun);
    println!("{name}: {SITES} sites and {} rules, made in {took:.1?}", RULES_TOGETHER + RULES_EACH * SITES);

    let mut probes = Probes::open(server.reach(), "site-0.localhost", VISITOR).await;
    let (mut effective, mut refused) = (Vec::new(), Vec::new());
    let rules = "/projects/site-0/firewall/rules";
    for _ in 0..CHANGES {
        let body = json!({ "action": "block", "network": VISITOR.to_string() });
        let saving = async { owner.post(rules, body).await.expect(201) };
        let (saved, seen) = tokio::join!(saving, probes.until(403));
        effective.push(Duration::from_secs_f64(saved["effective_ms"].as_f64().unwrap() / 1_000.0));
        refused.push(seen);
        let rule = saved["items"][0]["id"].as_str().unwrap();
        owner.delete(&format!("{rules}/{rule}")).if_match("*").await.expect(200);
        probes.until(200).await;
    }
    report("in force, as the call says", effective);
    report("call sent until refused on every worker", refused);
}

async fn populate(owner: &Person) {
    for site in 0..SITES {
        let project = format!("site-{site}");
        owner.create_project(&project).await;
        owner.deploy(&project, &[("index.html", &project)]).await;
        let rules = if site == 0 { RULES_TOGETHER + RULES_EACH } else { RULES_EACH };
        let network = |rule: u32| Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + 2 * rule).to_string();
        let entries: Vec<Value> =
            (0..rules).map(|rule| json!({ "action": "block", "network": network(rule) })).collect();
        owner.post(&format!("/projects/{project}/firewall/rules"), json!({ "entries": entries })).await.expect(201);
    }
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share).div_ceil(100) - 1];
    let within = if at(99) <= BUDGET { "within" } else { "OVER" };
    let (median, p99, max) = (at(50), at(99), at(100));
    println!(
        "  {what}: p50 {median:.1?}, p99 {p99:.1?}, max {max:.1?} of {CHANGES} changes; {within} the budget of {BUDGET:?}"
    );
}
