use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use temps_policy::pipeline::still_admitted;
use temps_testkit::{TestDatabase, on_both_databases};

use crate::testing::{CLIENT, Testing};

const PATH: &str = "/emergency-allow";

on_both_databases!(break_glass_lets_in_for_a_while, what_the_operator_mistypes_is_explained);

fn is_let_in(testing: &Testing) -> bool {
    let snapshot = testing.app.edge.current();
    still_admitted(
        &snapshot,
        snapshot.sites.get("temps.localhost").map(|site| &**site),
        CLIENT.parse().unwrap(),
        testing.app.clock.now(),
    )
}

async fn break_glass_lets_in_for_a_while(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let path = "/api/v1/instance/firewall/rules?override=self-denial";
    testing.post(path, json!({ "action": "block", "network": "0.0.0.0/0" })).send().await;
    assert!(!is_let_in(&testing));

    let allowed =
        testing.operate(Method::POST, PATH, Some(json!({ "network": "203.0.113.0/24", "minutes": 10 }))).await;
    assert_eq!(allowed.status, StatusCode::CREATED, "{allowed:?}");
    assert!(allowed.body["effective_ms"].is_number() && is_let_in(&testing));
    let again = testing.operate(Method::POST, PATH, Some(json!({ "network": "203.0.113.0/24", "minutes": 20 }))).await;
    assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
    testing.clock.advance(Duration::from_secs(15 * 60));
    assert!(is_let_in(&testing), "the new end holds");
    let listed = testing.operate(Method::GET, PATH, None).await;
    assert_eq!(listed.body["items"], json!([{ "network": "203.0.113.0/24", "expires_at": again.body["expires_at"] }]));
    testing.clock.advance(Duration::from_secs(5 * 60));
    assert!(!is_let_in(&testing), "it ends by itself");
    assert_eq!(testing.operate(Method::GET, PATH, None).await.body["items"], json!([]));

    testing.operate(Method::POST, PATH, Some(json!({ "network": CLIENT }))).await;
    assert!(is_let_in(&testing));
    assert_eq!(testing.operate(Method::DELETE, PATH, None).await.status, StatusCode::OK);
    assert!(!is_let_in(&testing));

    let records = testing.get("/api/v1/audit").send().await;
    assert_eq!(records.status, StatusCode::OK, "{records:?}");
    let by_operator = |record: &&Value| record["actor"]["kind"] == "console";
    let actions: Vec<_> =
        records.body["items"].as_array().unwrap().iter().filter(by_operator).map(|record| &record["action"]).collect();
    assert_eq!(actions.len(), 4, "{actions:?}");
}

async fn what_the_operator_mistypes_is_explained(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for (body, status, field) in [
        (json!({ "network": "10.0.0.1/33" }), 422, "network"),
        (json!({ "network": "10.0.0.1", "minutes": 1_441 }), 422, "minutes"),
        (json!({ "network": "10.0.0.1", "for": "ever" }), 422, "for"),
    ] {
        let refused = testing.operate(Method::POST, PATH, Some(body)).await;
        assert_eq!(
            (refused.status.as_u16(), refused.body["errors"][0]["field"].as_str()),
            (status, Some(field)),
            "{refused:?}"
        );
        assert_ne!(refused.body["request_id"], json!("00000000-0000-0000-0000-000000000000"));
    }
    assert_eq!(testing.operate(Method::GET, "/api/v1/me", None).await.status, StatusCode::NOT_FOUND);
}
