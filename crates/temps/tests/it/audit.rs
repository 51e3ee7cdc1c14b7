//! Every change leaves its record, or does not happen.

use std::time::Duration;

use serde_json::{Value, json};
use temps_control::{route::Route, router::routes};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, PASSWORD, Person, eventually},
    on_both_databases,
};

use crate::cases::World;

on_both_databases!(
    r_aud_1_every_route_that_declares_a_record_leaves_it,
    r_aud_1_a_change_that_cannot_be_recorded_does_not_happen,
    r_aud_2_a_record_says_who_did_what_from_where,
    r_aud_8_a_flood_of_failed_logins_makes_few_records,
    r_aud_8_refusals_are_recorded_and_counted,
    r_aud_7_a_project_sees_its_own_part_and_reading_is_recorded,
);

/// The record that a call left, once it is sealed.
async fn record_of(administrator: &Person, answer: &Answer) -> Value {
    let mut found = Value::Null;
    eventually("a sealed record", async || {
        let records = administrator.get("/audit?limit=200").await.expect(200);
        let mut records = records["items"].as_array().unwrap().iter();
        let record = records.find(|record| record["request_id"] == answer.request_id());
        found = record.cloned().unwrap_or_else(|| panic!("request {} left no record", answer.request_id()));
        found["seq"].is_number()
    })
    .await;
    found
}

/// The routes that leave a record. The first setup is done by the world itself.
fn recorded() -> impl Iterator<Item = Route> {
    routes().into_iter().filter(|route| route.action.is_some() && route.path != "/api/v1/setup")
}

fn able<'w>(world: &'w World, route: &Route) -> &'w Person {
    match route.access {
        temps_control::access::Access::Administrator => &world.administrator,
        temps_control::access::Access::Public => &world.anonymous,
        _ => &world.owner,
    }
}

/// Who reads the log again within a minute is only counted; after that it is recorded anew. So much time passes that who they are has to be
/// proved anew, too.
async fn forget_reading(app: &TestApp, caller: &Person) {
    app.clock.advance(Duration::from_secs(61));
    if caller.token().is_some() {
        caller.log_in().await.expect(201);
    }
}

async fn r_aud_1_every_route_that_declares_a_record_leaves_it(database: TestDatabase) {
    let world = World::start(database).await;
    for route in recorded() {
        let caller = able(&world, &route);
        let case = world.case(&route).await;
        forget_reading(&world.app, caller).await;
        let answer = world.call(&case, caller).await;
        let name = format!("{} {}", route.method, route.path);
        assert!(answer.is_success(), "{name}: {}", answer.text());
        let record = record_of(&world.administrator, &answer).await;
        assert_eq!(record["action"], route.action.unwrap().name(), "{name}");
        assert_eq!((&record["result"], &record["count"]), (&json!("done"), &json!(1)), "{name}");
        assert_eq!(record["personal"]["ip"], caller.address().to_string(), "{name}");
        assert_eq!(record["actor"]["kind"], "user", "{name}");
        if route.path.contains("{project}") {
            assert!(record["project"].is_string(), "{name} names no project");
        }
        let changes = route.method != "GET" && route.path != "/api/v1/session";
        assert!(!changes || record["target"].is_object(), "{name} names no target");
    }
    // More than a minute is what the test itself put the clock forward by, between a record and its sealing.
    let late = "SELECT count(*) FROM audit_records WHERE sealed_at - created_at BETWEEN 1000001 AND 60000000";
    assert_eq!(world.app.count(late).await, 0, "records are sealed within a second");
}

async fn r_aud_1_a_change_that_cannot_be_recorded_does_not_happen(database: TestDatabase) {
    let world = World::start(database).await;
    for route in recorded() {
        let caller = able(&world, &route);
        let case = world.case(&route).await;
        let name = format!("{} {}", route.method, route.path);
        forget_reading(&world.app, caller).await;
        let (ready, jar) = world.ready(&case, caller).await;
        let before = world.app.rows().await;
        world.app.execute("ALTER TABLE audit_records RENAME TO audit_records_away").await;
        let failed = ready.call(&jar).await;
        assert_eq!(world.app.rows().await, before, "{name} changed something");
        world.app.execute("ALTER TABLE audit_records_away RENAME TO audit_records").await;
        assert_eq!(failed.problem(), (500, "internal".to_owned()), "{name}");
        assert!(!failed.text().contains("audit_records"), "{name} tells what is inside");
        world.settle(caller).await;
        let answer = world.call(&case, caller).await;
        assert!(answer.is_success(), "{name} with the table back: {}", answer.text());
    }
}

async fn r_aud_2_a_record_says_who_did_what_from_where(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await.at([127, 0, 9, 9]);
    let created = owner.post("/projects", json!({ "slug": "shop" })).header("user-agent", "Spade/1.0\u{9}(x)").await;
    created.expect(201);
    let record = record_of(&owner, &created).await;
    assert_eq!(record["actor"]["email"], owner.email());
    assert_eq!(record["actor"]["id"], owner.id().await.to_string());
    assert_eq!(record["actor"]["authentication"], "session");
    assert_eq!(record["personal"], json!({ "ip": "127.0.9.9", "user_agent": "Spade/1.0(x)" }));
    assert_eq!(record["changes"]["slug"], json!({ "before": null, "after": "shop" }));
    assert_eq!(record["target"]["kind"], "project");
    let setup = owner.get("/audit?action=instance.set_up").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&setup["actor"]["authentication"], &setup["actor"]["email"]),
        (&json!("setup_token"), &json!(owner.email()))
    );
}

async fn r_aud_8_a_flood_of_failed_logins_makes_few_records(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let attacker = app.anonymous();
    // Longer than any password can be, so that nothing has to be hashed four hundred times.
    let password = "x".repeat(2_000);
    let attempt = async |email: String| {
        let answer = attacker.post("/session", json!({ "email": email, "password": password })).await;
        assert!([401, 429].contains(&answer.status), "after a few, each has a price");
    };
    let failed = async || {
        let count = |record: &Value| record["count"].as_u64().unwrap();
        let text = |record: &Value| record["personal"]["email"].as_str().unwrap_or_default().to_owned();
        let mut all = Vec::new();
        for result in ["failed", "denied"] {
            let path = format!("/audit?action=session.start&result={result}&limit=200");
            let found = owner.get(&path).await.expect(200);
            all.extend(found["items"].as_array().unwrap().iter().map(|record| (text(record), count(record))));
        }
        all
    };
    for _ in 0..200 {
        attempt(owner.email().to_owned()).await;
    }
    let first = [(owner.email().to_owned(), 1), (String::new(), 1)];
    assert_eq!(failed().await, first, "the first that failed and the first that did not pay are recorded at once");
    for number in 0..200 {
        attempt(format!("u{number}@example.com")).await;
    }
    assert!(failed().await.len() < 50, "{} records", failed().await.len());
    app.clock.advance(Duration::from_secs(61));
    let total = async || failed().await.iter().map(|(_, count)| count).sum::<u64>();
    eventually("all are counted", async || total().await == 400).await;
    assert!(failed().await.contains(&(owner.email().to_owned(), 4)), "{:?}", failed().await);
    assert!(failed().await.len() < 50, "{} records", failed().await.len());
}

async fn r_aud_8_refusals_are_recorded_and_counted(database: TestDatabase) {
    let world = World::start(database).await;
    for _ in 0..20 {
        world.viewer.post("/projects/shop/domains", json!({ "host": "x.example.com" })).await.expect(403);
    }
    let denied = world.administrator.get("/audit?action=domain.add&result=denied").await.expect(200);
    assert_eq!(denied["items"].as_array().unwrap().len(), 1, "{denied}");
    assert_eq!(denied["items"][0]["actor"]["email"], world.viewer.email());
    world.app.clock.advance(Duration::from_secs(61));
    eventually("the count of the others", async || {
        let denied = world.administrator.get("/audit?action=domain.add&result=denied").await.expect(200);
        denied["items"][0]["count"] == 19
    })
    .await;
    world
        .anonymous
        .elsewhere()
        .post("/setup", json!({ "token": "x", "email": "a@example.com", "name": "", "password": PASSWORD }))
        .await
        .expect(409);
}

async fn r_aud_7_a_project_sees_its_own_part_and_reading_is_recorded(database: TestDatabase) {
    let world = World::start(database).await;
    let own = world.outsider.get("/projects/yard/audit").await.expect(200);
    let records = own["items"].as_array().unwrap();
    assert!(records.iter().all(|record| record["project"] == "yard"), "{own}");
    assert_eq!(records.first().unwrap()["action"], "audit.read");
    assert_eq!(records.last().unwrap()["action"], "project.create");
    assert!(!own.to_string().contains("shop"));
    for (query, status) in [
        ("result=maybe", 400),
        ("actor=me", 400),
        ("since=yesterday", 400),
        ("sort=seq", 400),
        ("limit=0", 400),
        ("limit=201", 400),
        ("cursor=1%27%3B--", 400),
        ("action=%27%20OR%201=1", 200),
    ] {
        let answer = world.outsider.get(&format!("/projects/yard/audit?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert!(status != 200 || answer.json()["items"].as_array().unwrap().is_empty());
    }
}
