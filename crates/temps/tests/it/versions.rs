//! Updates say which version they mean, and can be tried without being made (R-UX-1).

use serde_json::{Value, json};
use temps_control::router::routes;
use temps_testkit::{TestApp, TestDatabase, app::Person, on_both_databases};
use tokio::task::JoinSet;

use crate::cases::{World, settings, settings_with};

on_both_databases!(
    r_ux_1_every_update_needs_the_version_that_was_seen,
    r_ux_1_a_dry_run_of_every_route_that_offers_one_changes_nothing,
    r_ux_1_of_parallel_updates_of_one_version_one_is_made,
    r_ux_1_an_answer_carries_the_version_that_the_next_update_needs,
);

fn able<'w>(world: &'w World, path: &str) -> &'w Person {
    if path.starts_with("/api/v1/instance") { &world.administrator } else { &world.owner }
}

async fn r_ux_1_every_update_needs_the_version_that_was_seen(database: TestDatabase) {
    let world = World::start(database).await;
    let mut seen = Vec::new();
    for route in routes().into_iter().filter(|route| route.needs_version) {
        let (case, caller) = (world.case(&route).await, able(&world, route.path));
        let before = world.app.rows().await;
        let call = || {
            let call = caller.call(&case.method, &case.path);
            case.body.iter().fold(call, |call, body| call.json(body))
        };
        assert_eq!(call().await.problem(), (428, "precondition_required".to_owned()), "{}", route.path);
        for stale in ["\"4711\"", "\"-1\""] {
            let answer = call().if_match(stale).await;
            assert_eq!(answer.problem(), (412, "stale".to_owned()), "{}", route.path);
            let now = answer.header("etag").unwrap_or_else(|| panic!("{} does not tell the version", route.path));
            assert!(now.starts_with('"'));
        }
        for malformed in ["", "1", "\"\"", "\"x\"", "\"1\", \"2\"", "W/\"1\"", "\"99999999999\""] {
            assert_eq!(
                call().if_match(malformed).await.problem(),
                (400, "if_match".to_owned()),
                "{} {malformed}",
                route.path
            );
        }
        assert_eq!(world.app.rows().await, before, "{} changed something", route.path);
        seen.push((route.method.to_string(), route.path));
    }
    let unversioned =
        routes().into_iter().filter(|route| ["PUT", "DELETE"].contains(&route.method.as_str()) && !route.needs_version);
    let unversioned: Vec<_> = unversioned.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(
        unversioned,
        [
            "DELETE /api/v1/session",
            "PUT /api/v1/me/password",
            "DELETE /api/v1/me/totp",
            "DELETE /api/v1/sessions",
            "DELETE /api/v1/sessions/{session}",
            "DELETE /api/v1/users/{user}/sessions",
            "DELETE /api/v1/projects/{project}/domains/{domain}",
        ],
        "these have nothing to overwrite"
    );
    assert!(seen.len() >= 10, "{seen:?}");
}

async fn r_ux_1_a_dry_run_of_every_route_that_offers_one_changes_nothing(database: TestDatabase) {
    let world = World::start(database).await;
    let offers =
        |route: &temps_control::route::Route| route.parameters.iter().any(|parameter| parameter.name == "dry_run");
    let mut tried = 0;
    for route in routes().into_iter().filter(offers) {
        let (case, caller) = (world.case(&route).await, able(&world, route.path));
        let (rows, records) = (world.app.rows().await, world.app.count("SELECT count(*) FROM audit_records").await);
        let call = caller.call(&case.method, &format!("{}?dry_run=true", case.path)).if_match("*");
        let dry = case.body.iter().fold(call, |call, body| call.json(body)).await.expect(200);
        assert_eq!(dry["dry_run"], true, "{}", route.path);
        assert!(dry["changes"].is_array() && dry["consequences"].is_array(), "{}: {dry}", route.path);
        assert_eq!(world.app.rows().await, rows, "{}", route.path);
        assert_eq!(world.app.count("SELECT count(*) FROM audit_records").await, records, "{}", route.path);
        let malformed = caller.call(&case.method, &format!("{}?dry_run=maybe", case.path)).if_match("*");
        assert_eq!(case.body.iter().fold(malformed, |call, body| call.json(body)).await.status, 400, "{}", route.path);
        tried += 1;
    }
    assert!(tried >= 10, "{tried}");
}

async fn r_ux_1_of_parallel_updates_of_one_version_one_is_made(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    let firewall = json!({ "mode": "open", "limits": { "max_body": 200_000_000 } });
    for (path, body) in [
        ("/instance", settings()),
        ("/instance/firewall", firewall.clone()),
        ("/instance/console-firewall", firewall.clone()),
        ("/projects/shop/firewall", firewall.clone()),
        ("/projects/shop/environments/production/firewall", firewall),
        ("/projects/shop/headers", json!({ "preset": "strict" })),
    ] {
        for round in 0..2 {
            let version = owner.get(path).await.header("etag").unwrap().to_owned();
            let mut calls = JoinSet::new();
            for _ in 0..12 {
                let (owner, body, version) = (owner.clone(), body.clone(), version.clone());
                calls.spawn(async move { owner.put(path, body).if_match(&version).await });
            }
            let mut statuses: Vec<u16> = calls.join_all().await.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            let expected: Vec<u16> = std::iter::once(200).chain(std::iter::repeat_n(412, 11)).collect();
            assert_eq!(statuses, expected, "{path} in round {round}");
        }
    }
}

async fn r_ux_1_an_answer_carries_the_version_that_the_next_update_needs(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    for (path, body) in [
        ("/instance", settings_with("/users_may_create_projects", json!(false))),
        ("/instance/firewall", json!({ "mode": "open", "limits": {} })),
        ("/projects/shop/firewall", json!({ "mode": "open", "limits": {} })),
        ("/projects/shop/headers", json!({ "enforce": true })),
    ] {
        let mut answer = owner.get(path).await;
        for _ in 0..3 {
            let version = answer.header("etag").unwrap().to_owned();
            assert_eq!(format!("\"{}\"", answer.json()["version"]), version, "{path}");
            answer = owner.put(path, body.clone()).if_match(&version).await;
            answer.expect(200);
            assert_ne!(answer.header("etag"), Some(version.as_str()), "{path}");
        }
        let shown = owner.get(path).await;
        assert_eq!(shown.header("etag"), answer.header("etag"), "{path}");
        let without = |mut body: Value| {
            body.as_object_mut().unwrap().remove("effective_ms");
            body
        };
        assert_eq!(without(shown.json()), without(answer.json()), "{path}");
    }
}
