//! A rule is in force on every worker when the call that saved it is answered. `benches/propagation.rs` measures how soon that is.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use temps_testkit::{TestDatabase, on_both_databases, program::Probes};

use super::program_on;

on_both_databases!(r_ip_2_a_rule_holds_on_every_worker_from_the_answer_on);

const SITES: u32 = 20;
const RULES: u32 = 200;
const CHANGES: u32 = 20;
/// From where the visitor comes: not where the owner is, who could not save the rule otherwise.
const VISITOR: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);

async fn r_ip_2_a_rule_holds_on_every_worker_from_the_answer_on(database: TestDatabase) {
    let program = program_on(database);
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    for site in 0..SITES {
        owner.create_project(&format!("site-{site}")).await;
    }
    owner.deploy("site-0", &[("index.html", "hi")]).await;
    let networks =
        (0..RULES).map(|rule| Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + rule).to_string());
    let entries: Vec<Value> = networks.map(|network| json!({ "action": "block", "network": network })).collect();
    let rules = "/projects/site-0/firewall/rules";
    owner.post(rules, json!({ "entries": entries })).await.expect(201);

    let mut probes = Probes::open(server.reach(), "site-0.localhost", VISITOR).await;
    for change in 0..CHANGES {
        assert!(probes.statuses().await.iter().all(|status| *status == 200), "before change {change}");
        let saved = owner.post(rules, json!({ "action": "block", "network": VISITOR.to_string() })).await.expect(201);
        let statuses = probes.statuses().await;
        assert!(statuses.iter().all(|status| *status == 403), "after change {change}: {statuses:?}");
        assert!(saved["effective_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{saved}");
        let rule = saved["items"][0]["id"].as_str().unwrap();
        owner.delete(&format!("{rules}/{rule}")).if_match("*").await.expect(200);
    }
}
