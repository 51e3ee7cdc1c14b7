//! Many people at once: one wins, nobody gets half of something, and the edge serves what the database says.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, archive::tar_gz, eventually},
    on_both_databases,
};
use tokio::task::JoinSet;

on_both_databases!(
    of_many_who_want_one_name_one_gets_it,
    parallel_deployments_are_numbered_one_after_another,
    a_project_that_is_deleted_meanwhile_is_gone_wholly,
);

async fn all(calls: JoinSet<Answer>) -> Vec<Answer> {
    calls.join_all().await
}

async fn of_many_who_want_one_name_one_gets_it(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let mut calls = JoinSet::new();
    for number in 0..8 {
        owner.create_project(&format!("p{number}")).await;
    }
    for number in 0..24 {
        let owner = owner.clone();
        calls.spawn(async move {
            match number % 3 {
                0 => owner.post("/projects", json!({ "slug": "wanted" })).await,
                1 => {
                    owner
                        .post(&format!("/projects/p{}/domains", number % 8), json!({ "host": "wanted.example.com" }))
                        .await
                }
                _ => owner.post("/projects/p0/environments", json!({ "slug": "wanted" })).await,
            }
        });
    }
    let answers = all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3, "one project, one host name, one environment");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!(["slug_taken", "host_taken"].contains(&answer.problem().1.as_str()), "{}", answer.text());
    }
    assert_eq!(app.count("SELECT count(*) FROM domains WHERE host = 'wanted.example.com'").await, 1);
}

async fn parallel_deployments_are_numbered_one_after_another(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    let mut calls = JoinSet::new();
    for number in 0..10 {
        let owner = owner.clone();
        calls.spawn(async move {
            let archive = tar_gz(&[("index.html", &format!("content {number}"))]);
            owner.call("POST", "/projects/shop/deployments").archive(&archive, None).await
        });
    }
    let answers = all(calls).await;
    let mut numbers: Vec<u64> = answers.iter().map(|answer| answer.expect(201)["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    let listed = owner.get("/projects/shop/deployments").await.expect(200);
    let live: Vec<&Value> = listed["items"].as_array().unwrap().iter().filter(|item| item["live"] == true).collect();
    assert_eq!(live.len(), 1);
    let served = app.get("shop.localhost", "/").await.text().to_owned();
    let restarted = app.restart().await;
    assert_eq!(restarted.get("shop.localhost", "/").await.text(), served, "the edge served what the database says");
}

async fn a_project_that_is_deleted_meanwhile_is_gone_wholly(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for round in 0..4 {
        owner.create_project("shop").await;
        let mut calls = JoinSet::new();
        for number in 0..12 {
            let owner = owner.clone();
            calls.spawn(async move {
                let shop = "/projects/shop";
                match number {
                    0 => owner.post(&format!("{shop}/environments"), json!({ "slug": "staging" })).await,
                    1 => owner.post(&format!("{shop}/domains"), json!({ "host": "shop.example.com" })).await,
                    2 => {
                        owner
                            .post(&format!("{shop}/deployments"), json!({ "upstream_url": "http://127.0.0.1:9" }))
                            .await
                    }
                    3 => {
                        owner
                            .post(
                                &format!("{shop}/firewall/rules"),
                                json!({ "action": "block", "network": "203.0.113.1" }),
                            )
                            .await
                    }
                    4 => owner.put(&format!("{shop}/headers"), json!({ "preset": "strict" })).if_match("*").await,
                    5 => {
                        owner
                            .put(&format!("{shop}/firewall"), json!({ "mode": "open", "limits": {} }))
                            .if_match("*")
                            .await
                    }
                    6 => owner.get(shop).await,
                    7 => owner.get(&format!("{shop}/deployments")).await,
                    _ => owner.delete(shop).if_match("*").await,
                }
            });
        }
        let answers = all(calls).await;
        for answer in &answers {
            let is_busy = answer.problem() == (503, "busy".to_owned());
            assert!(answer.status < 500 || is_busy, "round {round}: {} {}", answer.status, answer.text());
        }
        if owner.get("/projects/shop").await.status == 200 {
            owner.delete("/projects/shop").if_match("*").await.expect(200);
        }
        for table in [
            "projects",
            "environments",
            "domains",
            "deployments",
            "firewall_rules",
            "firewalls",
            "header_settings",
            "members",
        ] {
            let which = if table == "firewalls" { "WHERE project_id IS NOT NULL" } else { "" };
            assert_eq!(app.count(&format!("SELECT count(*) FROM {table} {which}")).await, 0, "{table}");
        }
        for host in ["shop.localhost", "shop.example.com", "shop-staging.localhost"] {
            assert_eq!(app.misdirected(host).await, 421, "{host}");
        }
        assert_eq!(app.count("SELECT count(*) FROM certificates").await, 1, "the console's is left");
    }
}

/// Connections between the edge and the control plane.
fn connections(app: &TestApp) -> usize {
    let socket = app.data_dir().join("run/console.sock").display().to_string();
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
    // The sixth column is the state; 3 is connected (`include/linux/net.h`).
    sockets.lines().filter(|line| line.ends_with(&socket) && line.split_whitespace().nth(5) == Some("03")).count()
}

/// Only PostgreSQL can be asked whether a call has begun to write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_cancels_nothing() {
    let app = TestApp::start(TestDatabase::postgres()).await;
    let owner = app.owner().await;
    let body = json!({ "slug": "shop" }).to_string();
    let head = format!(
        "POST /api/v1/projects HTTP/1.1\r\nHost: temps.localhost\r\nOrigin: {}\r\nCookie: __Host-temps_session={}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        owner.reach().origin,
        owner.token().unwrap(),
        body.len()
    );
    let held = app.store().begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE projects IN EXCLUSIVE MODE").await.unwrap();
    let mut raw = app.reach().raw("temps.localhost", owner.address()).await;
    raw.send(head).await;
    let own = "(SELECT oid FROM pg_database WHERE datname = current_database())";
    let waiting = format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = {own}");
    eventually("the call waits for the table", async || app.count(&waiting).await > 0).await;
    let open = connections(&app);
    drop(raw);
    eventually("the edge hangs up too", async || connections(&app) < open).await;
    held.commit().await.unwrap();
    eventually("the name is served", async || app.misdirected("shop.localhost").await == 404).await;
    assert_eq!(owner.get("/projects/shop").await.expect(200)["environments"].as_array().unwrap().len(), 1);
}
