//! The firewall's calls on both databases, and what the edge makes of them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::http::StatusCode;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};
use serde_json::{Value, json};
use temps_db::entities::{audit_record, environment, project};
use temps_model::Timestamp;
use temps_policy::pipeline::still_admitted;
use temps_testkit::{TestDatabase, on_both_databases};

use super::{Scope, authority::Authority};
use crate::testing::{Answered, CLIENT, Testing};

const PROJECT: &str = "/api/v1/projects/shop/firewall";
const STAGING: &str = "/api/v1/projects/shop/environments/staging/firewall";
const CONSOLE: &str = "/api/v1/instance/console-firewall";
const INSTANCE: &str = "/api/v1/instance/firewall";

on_both_databases!(
    settings_have_versions_and_inherit_limits,
    r_ip_3_an_author_is_not_shut_out_unless_they_say_so,
    r_ip_4_repetitions_and_coverings_are_told,
    r_ip_9_nobody_is_let_in_only_after_confirmation,
    r_ip_9_of_two_who_remove_the_last_two_entries_one_is_refused,
    every_change_is_recorded_without_its_note,
    a_dry_run_changes_nothing,
    rules_of_another_firewall_are_not_there,
    thousands_of_entries_are_added_and_listed,
    an_expired_entry_makes_room_for_a_new_one,
    the_record_of_thousands_of_entries_is_small_and_shows_whether_it_was_these,
    an_authority_takes_as_many_queries_for_many_environments_as_for_one,
);

fn block(network: &str) -> Value {
    json!({ "action": "block", "network": network })
}

fn mode(mode: &str) -> Value {
    json!({ "mode": mode, "limits": {} })
}

fn rules(firewall: &str) -> String {
    format!("{firewall}/rules")
}

fn code(answer: &Answered) -> (u16, &str) {
    (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default())
}

/// Whether the edge, as it was last told, lets a client in at a host.
fn lets_in(testing: &Testing, client: &str, host: &str) -> bool {
    let snapshot = testing.app.edge.current();
    let site = snapshot.sites.get(host).unwrap_or_else(|| panic!("{host} is no site"));
    let now: Timestamp = testing.app.clock.now();
    still_admitted(&snapshot, Some(site), client.parse().unwrap(), now)
}

async fn settings_have_versions_and_inherit_limits(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post("/api/v1/projects/shop/environments", json!({ "slug": "staging" })).send().await;
    let shown = testing.get(STAGING).send().await;
    assert_eq!(
        (shown.etag.as_deref(), &shown.body["mode"], &shown.body["limits"]),
        (Some("\"0\""), &json!("open"), &json!({}))
    );

    let own = json!({ "mode": "open", "limits": { "rate": { "per_second": 5, "burst": 10 } } });
    assert_eq!(code(&testing.put(STAGING, own.clone()).send().await), (428, "precondition_required"));
    let saved = testing.put(STAGING, own.clone()).expecting("\"0\"").send().await;
    assert_eq!((saved.status, &saved.body["version"]), (StatusCode::OK, &json!(1)), "{saved:?}");
    assert!(saved.body["effective_ms"].is_number());
    assert_eq!(code(&testing.put(STAGING, own).expecting("\"0\"").send().await), (412, "stale"));

    let instance = json!({ "mode": "open", "limits": { "max_body": 1000 } });
    assert_eq!(testing.put(INSTANCE, instance).expecting("*").send().await.status, StatusCode::OK);
    let inherited = testing.get(STAGING).send().await.body["effective_limits"].clone();
    assert_eq!(inherited, json!({ "rate": { "per_second": 5, "burst": 10 }, "max_body": 1000 }));
    assert_eq!(testing.get(CONSOLE).send().await.body["effective_limits"]["max_body"], json!(512 << 20));
    let snapshot = testing.app.edge.current();
    assert_eq!(snapshot.sites["shop-staging.localhost"].limits.rate.burst.get(), 10);
    assert_eq!(snapshot.sites["temps.localhost"].limits.max_body, 512 << 20);

    let wrong = json!({ "mode": "open", "limits": { "rate": { "per_second": 0, "burst": 1 } } });
    let refused = testing.put(PROJECT, wrong).expecting("*").send().await;
    assert_eq!(
        (code(&refused), &refused.body["errors"][0]["field"]),
        ((422, "invalid"), &json!("limits.rate.per_second"))
    );
}

async fn r_ip_3_an_author_is_not_shut_out_unless_they_say_so(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for (firewall, host) in [(PROJECT, "shop.localhost"), (CONSOLE, "temps.localhost"), (INSTANCE, "every host")] {
        let path = rules(firewall);
        let refused = testing.post(&path, block("203.0.113.0/24")).send().await;
        assert_eq!(code(&refused), (409, "would_deny_you"), "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(CLIENT) && detail.contains(host) && detail.contains("203.0.113.0/24"), "{detail}");
        let refused = testing.put(firewall, mode("allow_list")).expecting("*").send().await;
        assert_eq!(code(&refused), (409, "would_deny_everybody"), "{refused:?}");
        let refused = testing.put(&format!("{firewall}?confirm=no"), mode("allow_list")).expecting("*").send().await;
        assert_eq!(code(&refused), (400, "query"), "{refused:?}");
    }
    assert!(lets_in(&testing, CLIENT, "shop.localhost"));
    let path = format!("{}?override=self-denial", rules(PROJECT));
    let added = testing.post(&path, block("203.0.113.0/24")).send().await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    assert_eq!(added.body["items"][0]["author"]["email"], json!("owner@example.com"));
    assert!(!lets_in(&testing, CLIENT, "shop.localhost"));
    assert!(lets_in(&testing, CLIENT, "temps.localhost"));
}

async fn r_ip_4_repetitions_and_coverings_are_told(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let path = rules(PROJECT);
    assert_eq!(testing.post(&path, block("10.1.2.3/8")).send().await.status, StatusCode::CREATED);
    assert_eq!(code(&testing.post(&path, block("10.0.0.0/8")).send().await), (409, "rule_exists"));
    let many = json!({ "entries": [block("10.0.0.0/8"), block("10.9.0.0/16"), block("192.0.2.1")] });
    let added = testing.post(&path, many).send().await;
    let covered: Vec<_> =
        added.body["items"].as_array().unwrap().iter().map(|rule| (&rule["network"], &rule["covered_by"])).collect();
    assert_eq!(covered, [(&json!("10.9.0.0/16"), &json!("10.0.0.0/8")), (&json!("192.0.2.1/32"), &Value::Null)]);
    let notices = added.body["notices"].as_array().unwrap();
    assert_eq!(
        notices.iter().map(|notice| &notice["entry"]).collect::<Vec<_>>(),
        [&json!(0), &json!(1)],
        "{notices:?}"
    );
    let allowed = json!({ "action": "allow", "network": "10.9.9.9" });
    assert_eq!(
        testing.post(&path, allowed).send().await.body["items"][0]["covered_by"],
        Value::Null,
        "a block entry covers no allow entry"
    );
    let first = testing.get(&format!("{path}?limit=2")).send().await;
    let second = testing.get(&format!("{path}?limit=2&cursor={}", first.body["next"].as_str().unwrap())).send().await;
    assert_eq!(second.body["next"], Value::Null);
    let listed = [&first, &second].map(|page| page.body["items"].as_array().unwrap().clone()).concat();
    let mut covered: Vec<_> =
        listed.iter().filter(|rule| !rule["covered_by"].is_null()).map(|rule| &rule["network"]).collect();
    assert_eq!((listed.len(), covered.pop(), covered.len()), (4, Some(&json!("10.9.0.0/16")), 0));
}

async fn r_ip_9_nobody_is_let_in_only_after_confirmation(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let mine = json!({ "action": "allow", "network": CLIENT });
    let id = testing.post(&rules(PROJECT), mine).send().await.body["items"][0]["id"].as_str().unwrap().to_owned();
    let saved = testing.put(PROJECT, mode("allow_list")).expecting("\"0\"").send().await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    assert!(lets_in(&testing, CLIENT, "shop.localhost") && !lets_in(&testing, "198.51.100.1", "shop.localhost"));

    let path = format!("{}/{id}", rules(PROJECT));
    assert_eq!(code(&testing.delete(&path).send().await), (428, "precondition_required"));
    assert_eq!(code(&testing.delete(&path).expecting("\"2\"").send().await), (412, "stale"));
    for query in ["", "?override=self-denial"] {
        let refused = testing.delete(&format!("{path}{query}")).expecting("\"1\"").send().await;
        assert_eq!(code(&refused), (409, "would_deny_everybody"));
    }
    let removed = testing.delete(&format!("{path}?confirm=deny-all")).expecting("\"1\"").send().await;
    assert_eq!(removed.status, StatusCode::OK, "{removed:?}");
    assert!(!lets_in(&testing, CLIENT, "shop.localhost"), "an empty allow list lets nobody in");
    assert!(lets_in(&testing, CLIENT, "temps.localhost"));
}

async fn r_ip_9_of_two_who_remove_the_last_two_entries_one_is_refused(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let entry = |network: &str| json!({ "action": "allow", "network": network });
    let entries = json!({ "entries": [entry("203.0.113.0/24"), entry("203.0.113.7")] });
    let added = testing.post(&rules(PROJECT), entries).send().await;
    let path = |n: usize| {
        format!("{}/{}?override=self-denial", rules(PROJECT), added.body["items"][n]["id"].as_str().unwrap())
    };
    assert_eq!(testing.put(PROJECT, mode("allow_list")).expecting("*").send().await.status, StatusCode::OK);
    let (first, second) = (path(0), path(1));
    let (first, second) =
        tokio::join!(testing.delete(&first).expecting("*").send(), testing.delete(&second).expecting("*").send());
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{first:?} {second:?}");
}

async fn every_change_is_recorded_without_its_note(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let noted = json!({ "action": "block", "network": "192.0.2.1", "note": "Mallory from accounting" });
    let added = testing.post(&rules(PROJECT), noted).send().await;
    let id = added.body["items"][0]["id"].as_str().unwrap().to_owned();
    testing.delete(&format!("{}/{id}", rules(PROJECT))).expecting("*").send().await;
    testing.put(PROJECT, json!({ "mode": "open", "limits": { "max_body": 5 } })).expecting("*").send().await;
    let records = testing.get("/api/v1/projects/shop/audit").send().await.body["items"].clone();
    let text = records.to_string();
    for action in ["project.firewall_rule.add", "project.firewall_rule.remove", "project.firewall"] {
        assert!(text.contains(&format!("{action:?}")), "{action} is missing in {text}");
    }
    assert!(text.contains("192.0.2.1/32") && text.contains("max_body") && !text.contains("Mallory"), "{text}");
}

async fn a_dry_run_changes_nothing(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let tried = testing.post(&format!("{}?dry_run=true", rules(PROJECT)), block("203.0.113.0/24")).send().await;
    assert_eq!((tried.status, &tried.body["dry_run"]), (StatusCode::OK, &json!(true)), "{tried:?}");
    assert_eq!(tried.body["changes"][0]["to"]["network"], json!("203.0.113.0/24"));
    let consequence = tried.body["consequences"][0].as_str().unwrap();
    assert!(consequence.contains("203.0.113.7 – you – would be refused at shop.localhost"), "{consequence}");
    let tried = testing.put(&format!("{PROJECT}?dry_run=true"), mode("allow_list")).expecting("*").send().await;
    assert_eq!(tried.body["changes"], json!([{ "field": "mode", "from": "open", "to": "allow_list" }]));
    assert_eq!(tried.body["consequences"].as_array().unwrap().len(), 2, "{tried:?}");
    assert_eq!(testing.get(&rules(PROJECT)).send().await.body["items"], json!([]));
    assert_eq!(testing.get(PROJECT).send().await.body["version"], json!(0));
    assert!(lets_in(&testing, CLIENT, "shop.localhost"));
}

async fn rules_of_another_firewall_are_not_there(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post("/api/v1/projects", json!({ "slug": "blog" })).send().await;
    let id = testing.post(&rules(PROJECT), block("192.0.2.1")).send().await.body["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let others = [rules("/api/v1/projects/blog/firewall"), rules(INSTANCE), rules(CONSOLE)];
    for path in &others {
        assert_eq!(
            code(&testing.delete(&format!("{path}/{id}")).expecting("*").send().await),
            (404, "not_found"),
            "{path}"
        );
        assert_eq!(testing.get(path).send().await.body["items"], json!([]));
    }
    let foreign = json!({ "action": "block", "network": "192.0.2.9", "environment": "nowhere" });
    assert_eq!(testing.post(&rules(PROJECT), foreign).send().await.body["errors"][0]["field"], json!("environment"));
    let missing = "/api/v1/projects/shop/environments/nowhere/firewall";
    assert_eq!(code(&testing.get(missing).send().await), (404, "not_found"));
    assert_eq!(
        code(&testing.delete(&format!("{}/no-id", rules(PROJECT))).expecting("*").send().await),
        (404, "not_found")
    );
    assert_eq!(
        testing.delete(&format!("{}/{id}", rules(PROJECT))).expecting("\"1\"").send().await.status,
        StatusCode::OK
    );
}

async fn thousands_of_entries_are_added_and_listed(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let entries: Vec<_> = (0..3_000).map(|n| block(&format!("10.{}.{}.0/24", n / 250, n % 250))).collect();
    let added = testing.post(&rules(CONSOLE), json!({ "entries": entries })).send().await;
    assert_eq!((added.status, added.body["items"].as_array().map(Vec::len)), (StatusCode::CREATED, Some(3_000)));
    assert!(!lets_in(&testing, "10.11.249.1", "temps.localhost") && lets_in(&testing, "10.12.0.1", "temps.localhost"));
    assert!(lets_in(&testing, "10.11.249.1", "shop.localhost"), "the console's rules are the console's only");
    let again = testing.post(&rules(CONSOLE), json!({ "entries": entries })).send().await;
    assert_eq!(
        (again.body["items"].as_array().map(Vec::len), again.body["notices"].as_array().map(Vec::len)),
        (Some(0), Some(3_000))
    );
}

async fn an_expired_entry_makes_room_for_a_new_one(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let ends = testing.app.clock.now().after(Duration::from_secs(60)).to_string();
    let short = json!({ "action": "block", "network": "192.0.2.1", "expires_at": ends });
    assert_eq!(testing.post(&rules(INSTANCE), short).send().await.status, StatusCode::CREATED);
    assert!(!lets_in(&testing, "192.0.2.1", "shop.localhost"));
    testing.clock.advance(Duration::from_secs(60));
    assert!(lets_in(&testing, "192.0.2.1", "shop.localhost"));
    assert_eq!(testing.post(&rules(INSTANCE), block("192.0.2.1")).send().await.status, StatusCode::CREATED);
    assert!(!lets_in(&testing, "192.0.2.1", "shop.localhost"));
    assert_eq!(testing.get(&rules(INSTANCE)).send().await.body["items"].as_array().map(Vec::len), Some(1));
}

async fn the_record_of_thousands_of_entries_is_small_and_shows_whether_it_was_these(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let entries: Vec<Value> = (0..3_000).map(|n| block(&format!("10.{}.{}.0/24", n / 250, n % 250))).collect();
    let added = testing.post(&rules(PROJECT), json!({ "entries": entries })).send().await;
    assert_eq!(added.status, StatusCode::CREATED);
    let records = audit_record::Entity::find().all(testing.app.database.read()).await.unwrap();
    let record = records.iter().find(|row| row.action == "project.firewall_rule.add").unwrap();
    assert!(record.body.len() < 4_096, "{} bytes", record.body.len());
    let body: Value = serde_json::from_str(&record.body).unwrap();
    let told = &body["changes"]["rules"]["after"];
    let networks: Vec<Value> = entries.iter().take(100).map(|entry| entry["network"].clone()).collect();
    assert_eq!((&told["count"], &told["networks"]), (&json!(3_000), &json!(networks)));
    let mut lines = String::new();
    for entry in &entries {
        let rule = json!({ "action": "block", "network": entry["network"], "expires_at": null, "environment": null });
        lines.push_str(&format!("{rule}\n"));
    }
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, lines.as_bytes());
    let sha256: String = sha256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told["sha256"], json!(sha256));
}

/// A connection that counts what is asked of it.
struct Counting<'a> {
    connection: &'a DatabaseConnection,
    queries: AtomicUsize,
}

#[async_trait]
impl ConnectionTrait for Counting<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.connection.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.connection.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.connection.query_all_raw(statement).await
    }
}

async fn an_authority_takes_as_many_queries_for_many_environments_as_for_one(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for n in 0..4 {
        let slug = format!("preview-{n}");
        testing.post("/api/v1/projects/shop/environments", json!({ "slug": slug })).send().await;
        let own = json!({ "action": "allow", "network": format!("192.0.2.{n}"), "environment": slug });
        assert_eq!(testing.post(&rules(PROJECT), own).send().await.status, StatusCode::CREATED);
    }
    let connection = testing.app.database.read();
    let project = project::Entity::find().one(connection).await.unwrap().unwrap().id;
    let counting = Counting { connection, queries: AtomicUsize::new(0) };
    let authority = Authority::load(&counting, Scope::Project(project)).await.unwrap();
    assert_eq!(counting.queries.into_inner(), 3, "environments, firewalls, rules");
    for environment in environment::Entity::find().all(connection).await.unwrap() {
        let scope = Scope::Environment(project, environment.id);
        assert_eq!(authority.allowed(scope), usize::from(!environment.slug.is_production()), "{}", environment.slug);
    }
}
