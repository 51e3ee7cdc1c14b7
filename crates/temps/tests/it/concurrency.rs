//! Many people at once: one wins, nobody gets half of something, and the edge serves what the database says.

use serde_json::{Value, json};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, archive::tar_gz},
    on_both_databases,
};
use tokio::task::JoinSet;

on_both_databases!(
    of_many_who_want_one_name_one_gets_it,
    parallel_deployments_are_numbered_one_after_another,
    a_project_that_is_deleted_meanwhile_is_gone_wholly,
    a_client_that_goes_away_cancels_nothing,
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

/// The request is sent whole, and the client hangs up before the answer: what was begun is carried out and comes into force.
async fn a_client_that_goes_away_cancels_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for number in 0..10 {
        let slug = format!("gone-{number}");
        let body = json!({ "slug": slug }).to_string();
        let head = format!(
            "POST /api/v1/projects HTTP/1.1\r\nHost: temps.localhost\r\nOrigin: {}\r\nCookie: __Host-temps_session={}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            owner.reach().origin,
            owner.token().unwrap(),
            body.len()
        );
        let mut raw = app.reach().raw("temps.localhost", owner.address()).await;
        raw.send(head).await;
        drop(raw);
    }
    // Whether a call was begun before the client left is not known; what was begun is whole.
    owner.create_project("last").await;
    let projects = owner.get("/projects").await.expect(200);
    for project in projects["items"].as_array().unwrap() {
        let slug = project["slug"].as_str().unwrap();
        let served = app.misdirected(&format!("{slug}.localhost")).await;
        assert_eq!(served, 404, "{slug} exists, so its name is known to the edge");
        assert_eq!(
            owner.get(&format!("/projects/{slug}")).await.expect(200)["environments"].as_array().unwrap().len(),
            1
        );
    }
}
