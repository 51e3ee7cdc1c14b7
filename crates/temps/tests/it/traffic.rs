//! What owners see of the requests to their sites: charts, lists, the stream, and what a change would have done.

use std::time::Duration;

use serde_json::{Value, json};
use temps_model::{Clock, Role, Timestamp};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{EventStream, Person, eventually},
    on_both_databases,
};

on_both_databases!(
    every_request_is_in_the_list_and_in_the_chart_and_every_refusal_has_its_reason,
    r_ip_7_a_refusal_is_looked_up_by_the_id_that_the_visitor_saw,
    charts_and_refusals_survive_a_restart,
    r_ux_1_a_dry_run_tells_what_the_rule_would_have_refused,
    a_dry_run_of_a_limit_counts_as_the_edge_does,
    r_sess_2_a_stream_ends_with_its_session_and_with_the_membership,
    a_stream_tells_requests_deployments_and_changes_and_goes_on_where_it_was,
    r_rbac_3_nobody_sees_the_traffic_of_a_foreign_project,
    a_rule_is_changed_under_its_id_and_two_who_change_it_do_not_overwrite_each_other,
);

const STREAM: &str = "/projects/shop/stream";

async fn shop(database: TestDatabase) -> (TestApp, Person) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    (app, owner)
}

/// The requests to the project, when there are as many as that.
async fn requests(owner: &Person, path: &str, count: usize) -> Vec<Value> {
    let path = format!("/projects/shop/{path}");
    let ask = async || owner.get(&path).await.expect(200)["items"].as_array().unwrap().clone();
    eventually("all requests are in the list", async || ask().await.len() == count).await;
    ask().await
}

async fn block(owner: &Person, network: &str, note: &str) -> Value {
    let entry = json!({ "action": "block", "network": network, "note": note });
    owner.post("/projects/shop/firewall/rules", entry).await.expect(201)["items"][0].clone()
}

async fn every_request_is_in_the_list_and_in_the_chart_and_every_refusal_has_its_reason(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let rule = block(&owner, "127.0.7.0/24", "scraping").await;
    for n in 0..4 {
        assert_eq!(app.get_from("shop.localhost", &format!("/page{n}?secret=1"), [127, 0, 6, 1]).await.status, 404);
    }
    assert_eq!(app.get_from("shop.localhost", "/cart", [127, 0, 7, 9]).await.status, 403);
    let all = requests(&owner, "requests", 5).await;
    // Two workers report on their own, so what ended about the same time comes in any order.
    let refused = all.iter().find(|request| request["verdict"] == "refused").unwrap();
    assert_eq!(
        (&refused["verdict"], &refused["outcome"], &refused["client"]),
        (&json!("refused"), &json!("blocked"), &json!("127.0.7.9"))
    );
    assert_eq!(refused["reason"], "block list of the project: 127.0.7.0/24 “scraping”");
    assert_eq!((&refused["rule"]["id"], &refused["path"]), (&rule["id"], &json!("/cart")));
    assert!(all.iter().all(|request| !request.to_string().contains("secret")), "queries are kept nowhere");
    let of_client = requests(&owner, "requests?client=127.0.6.1", 4).await;
    assert!(of_client.iter().any(|request| request["path"] == "/page0"));
    assert_eq!(requests(&owner, "requests?verdict=refused", 1).await[0], *refused);
    let page = owner.get("/projects/shop/requests?limit=2").await.expect(200);
    let rest = format!("/projects/shop/requests?limit=200&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(owner.get(&rest).await.expect(200)["items"].as_array().unwrap()[..], all[2..]);

    let chart = owner.get("/projects/shop/analytics?range=day&environment=production").await.expect(200);
    let totals = &chart["totals"];
    assert_eq!(
        (&totals["requests"], &totals["passed"], &totals["refused"], &totals["statuses"]["4xx"]),
        (&json!(5), &json!(4), &json!(1), &json!(5))
    );
    assert!(totals["p95_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    let points = chart["points"].as_array().unwrap();
    assert_eq!((points.len(), &points[95]["passed"]), (96, &json!(4)));
    let overview = owner.get("/analytics").await.expect(200);
    assert_eq!(overview["projects"][0]["refused"].as_array().unwrap().iter().filter_map(Value::as_i64).sum::<i64>(), 1);
}

async fn r_ip_7_a_refusal_is_looked_up_by_the_id_that_the_visitor_saw(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let instance = json!({ "action": "block", "network": "127.0.8.1", "note": "of the administrator alone" });
    owner.post("/instance/firewall/rules", instance).await.expect(201);
    let refused = app.get_from("shop.localhost", "/", [127, 0, 8, 1]).await;
    let id = refused.header("temps-request-id").unwrap().to_owned();
    assert!(refused.text().contains(&id), "the page shows it");
    requests(&owner, "refusals", 1).await;
    let found = owner.get(&format!("/projects/shop/requests/{id}")).await.expect(200);
    assert_eq!(found["reason"], "block list of the instance");
    assert_eq!((&found["rule"]["network"], &found["rule"]["note"]), (&Value::Null, &Value::Null));
    app.clock.advance(Duration::from_secs(2 * 3_600));
    owner.log_in().await.expect(201);
    let later = owner.get(&format!("/projects/shop/requests/{id}")).await.expect(200);
    assert_eq!(later, found, "a refusal is known for longer than the last hour");
    assert_eq!(requests(&owner, "requests", 0).await.len(), 0);
    app.clock.advance(Duration::from_secs(5 * 3_600));
    owner.log_in().await.expect(201);
    let unknown = owner.get("/projects/shop/requests/01890000-0000-7000-8000-000000000000").await;
    assert_eq!(unknown.problem().0, 404);
    assert!(unknown.json()["hint"].as_str().unwrap().contains("seven days"));
}

async fn charts_and_refusals_survive_a_restart(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    block(&owner, "127.0.7.9", "").await;
    app.get_from("shop.localhost", "/", [127, 0, 6, 1]).await;
    app.get_from("shop.localhost", "/", [127, 0, 7, 9]).await;
    requests(&owner, "requests", 2).await;
    let app = app.restart().await;
    let owner = app.owner().await;
    let totals = &owner.get("/projects/shop/analytics").await.expect(200)["totals"];
    assert_eq!((&totals["passed"], &totals["refused"]), (&json!(1), &json!(1)));
    assert_eq!(requests(&owner, "refusals", 1).await[0]["client"], "127.0.7.9");
    let list = owner.get("/projects/shop/requests").await.expect(200);
    assert_eq!(list["items"], json!([]), "memory begins anew");
    let since = Timestamp::parse_rfc3339(list["since"].as_str().unwrap()).unwrap();
    assert!(app.clock.now().since(since) < Duration::from_secs(600), "and says from when on it is whole");
}

async fn r_ux_1_a_dry_run_tells_what_the_rule_would_have_refused(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let from = |last: u8| app.get_from("shop.localhost", "/", [127, 0, 9, last]);
    for last in [1, 1, 1, 2, 200] {
        from(last).await;
    }
    app.get_from("shop.localhost", "/", owner.address()).await;
    requests(&owner, "requests", 6).await;
    let dry = |network: &str| {
        owner.post("/projects/shop/firewall/rules?dry_run=true", json!({ "action": "block", "network": network }))
    };
    let told = dry("127.0.9.0/25").await.expect(200);
    let traffic = &told["traffic"];
    assert_eq!(
        (&traffic["considered"], &traffic["refused"], &traffic["clients"], &traffic["yours"]),
        (&json!(6), &json!(4), &json!(2), &json!(0))
    );
    assert_eq!(traffic["examples"][0], json!({ "client": "127.0.9.1", "requests": 3 }));
    assert_eq!((&told["denies_you"], &told["denies_everybody"]), (&json!(false), &json!(false)));
    let told = dry("127.0.0.0/8").await.expect(200);
    assert_eq!((&told["traffic"]["refused"], &told["traffic"]["yours"]), (&json!(6), &json!(1)));
    assert_eq!(told["denies_you"], true);
    assert_eq!(from(1).await.status, 200, "nothing was saved");
    let mut unfit = app.reach().raw("shop.localhost", [127, 0, 9, 3].into()).await;
    unfit.send("TRACE / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n").await.read_all().await;
    requests(&owner, "requests?client=127.0.9.3", 1).await;
    let told = dry("127.0.9.3").await.expect(200);
    assert_eq!(told["traffic"]["refused"], 0, "it gets nothing, whatever the rules say");

    let saved = block(&owner, "127.0.9.0/25", "").await;
    let rule = format!("/projects/shop/firewall/rules/{}?dry_run=true", saved["id"].as_str().unwrap());
    let told = owner.delete(&rule).if_match("*").await.expect(200);
    assert_eq!(told["traffic"]["admitted"], 5, "with the one that came meanwhile");
    let wider = json!({ "action": "block", "network": "127.0.9.0/24" });
    let told = owner.put(&rule, wider).if_match("*").await.expect(200);
    assert_eq!((&told["traffic"]["refused"], &told["traffic"]["admitted"]), (&json!(1), &json!(0)));
    let closed = json!({ "mode": "allow_list", "limits": {} });
    let told = owner.put("/projects/shop/firewall?dry_run=true", closed).if_match("*").await.expect(200);
    assert_eq!((&told["traffic"]["refused"], &told["denies_everybody"]), (&json!(2), &json!(true)));
}

async fn a_dry_run_of_a_limit_counts_as_the_edge_does(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    for _ in 0..10 {
        app.get_from("shop.localhost", "/", [127, 0, 9, 1]).await;
    }
    app.get_from("shop.localhost", "/", [127, 0, 9, 2]).await;
    requests(&owner, "requests", 11).await;
    let limits = json!({ "mode": "open", "limits": { "rate": { "per_second": 1, "burst": 3 } } });
    let told = owner.put("/projects/shop/firewall?dry_run=true", limits).if_match("*").await.expect(200);
    let throttled = told["traffic"]["throttled"].as_u64().unwrap();
    // The machine may be so slow that the allowance grew meanwhile.
    assert!((1..=7).contains(&throttled), "{told}");
    assert_eq!(told["traffic"]["clients"], 1);
}

async fn a_stream_tells_requests_deployments_and_changes_and_goes_on_where_it_was(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let mut stream = EventStream::open(&owner, STREAM, None).await;
    stream.until("tick").await;
    app.get("shop.localhost", "/first").await;
    let (id, told) = stream.until("requests").await;
    assert_eq!((&told["items"][0]["path"], &told["more"]), (&json!("/first"), &json!(0)));
    assert!(told["behind_ms"].as_u64().is_some_and(|ms| ms < 5_000));
    block(&owner, "203.0.113.1", "").await;
    assert_eq!(stream.until("changed").await.1, json!({ "what": "firewall" }));
    owner.deploy("shop", &[("index.html", "two")]).await;
    assert_eq!(stream.until("unpacking").await.1["files"], 1);
    assert_eq!(stream.until("deployment").await.1["number"], 2);
    drop(stream);
    app.get("shop.localhost", "/second").await;
    app.get("shop.localhost", "/third").await;
    requests(&owner, "requests", 3).await;
    let mut again = EventStream::open(&owner, STREAM, Some(&id)).await;
    let (_, told) = again.until("requests").await;
    let mut paths: Vec<&str> =
        told["items"].as_array().unwrap().iter().filter_map(|item| item["path"].as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/second", "/third"]);
    let mut foreign = EventStream::open(&owner, STREAM, Some("1.7")).await;
    foreign.until("missed").await;
}

async fn reason_of_the_end(stream: &mut EventStream) -> Value {
    let reason = stream.until("bye").await.1["reason"].clone();
    assert!(stream.next().await.is_none());
    reason
}

async fn r_sess_2_a_stream_ends_with_its_session_and_with_the_membership(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let mut stream = EventStream::open(&owner, STREAM, None).await;
    owner.with_own_jar().delete("/session").await;
    assert_eq!(reason_of_the_end(&mut stream).await, "session");
    owner.log_in().await.expect(201);
    let member = app.user("member").await;
    app.join("shop", &member, Role::Member).await;
    let mut stream = EventStream::open(&member, STREAM, None).await;
    app.execute("UPDATE members SET role = 'viewer' WHERE role = 'member'").await;
    assert_eq!(reason_of_the_end(&mut stream).await, "permission");
    assert_eq!(member.get("/projects/shop/stream").await.problem(), (403, "permission_needed".to_owned()));
}

async fn r_rbac_3_nobody_sees_the_traffic_of_a_foreign_project(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let other = app.user("other").await;
    other.create_project("yard").await;
    app.get("shop.localhost", "/sentinel-of-shop").await;
    app.get("yard.localhost", "/sentinel-of-yard").await;
    requests(&owner, "requests", 1).await;
    for path in ["/projects/yard/requests", "/projects/yard/refusals", "/projects/yard/analytics", "/analytics"] {
        let seen = other.get(path).await.expect(200).to_string();
        assert!(!seen.contains("shop"), "{path}: {seen}");
    }
    let own = owner.get("/projects/shop/requests").await.expect(200)["items"][0]["id"].clone();
    let foreign = format!("/projects/yard/requests/{}", own.as_str().unwrap());
    assert_eq!(other.get(&foreign).await.status, 404);
    let wide = json!({ "action": "block", "network": "127.0.0.0/8" });
    let told = other.post("/projects/yard/firewall/rules?dry_run=true", wide).await.expect(200);
    assert_eq!(told["traffic"]["considered"], 1);
}

async fn a_rule_is_changed_under_its_id_and_two_who_change_it_do_not_overwrite_each_other(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let rule = block(&owner, "127.0.7.1", "first").await;
    let path = format!("/projects/shop/firewall/rules/{}", rule["id"].as_str().unwrap());
    let entry = |network: &str, note: &str| json!({ "action": "block", "network": network, "note": note });
    assert_eq!(app.get_from("shop.localhost", "/", [127, 0, 7, 1]).await.status, 403);
    let changed = owner.put(&path, entry("127.0.7.2", "second")).if_match("\"1\"").await.expect(200);
    assert_eq!((&changed["id"], &changed["version"], &changed["note"]), (&rule["id"], &json!(2), &json!("second")));
    assert!(changed["effective_ms"].is_number());
    assert_eq!(app.get_from("shop.localhost", "/", [127, 0, 7, 1]).await.status, 200);
    assert_eq!(app.get_from("shop.localhost", "/", [127, 0, 7, 2]).await.status, 403);
    let of = async |client: &str| requests(&owner, &format!("refusals?client={client}"), 1).await[0].clone();
    assert_eq!(of("127.0.7.2").await["reason"], "block list of the project: 127.0.7.2/32 “second”");
    let before = of("127.0.7.1").await;
    assert_eq!((&before["reason"], &before["rule"]["network"]), (&json!("block list of the project"), &Value::Null));
    let stale = owner.put(&path, entry("127.0.7.3", "mine")).if_match("\"1\"").await;
    assert_eq!(stale.problem(), (412, "stale".to_owned()));
    assert_eq!(owner.get(&path).await.expect(200)["note"], "second");

    block(&owner, "127.0.7.4", "").await;
    assert_eq!(owner.put(&path, entry("127.0.7.4", "")).if_match("*").await.problem(), (409, "rule_exists".to_owned()));
    let wrong = owner.put(&path, entry("127.0.7.4/33", "")).if_match("*").await;
    assert_eq!((wrong.status, wrong.fields()), (422, vec!["network".to_owned()]));
    let own = owner.put(&path, entry(&owner.address().to_string(), "")).if_match("*").await;
    assert_eq!(own.problem(), (409, "would_deny_you".to_owned()));
    let forced = owner.put(&format!("{path}?override=self-denial"), entry(&owner.address().to_string(), ""));
    forced.if_match("*").await.expect(200);
    let another_note = owner.put(&path, entry(&owner.address().to_string(), "tried out")).if_match("*").await;
    assert_eq!(another_note.expect(200)["note"], "tried out", "a note shuts nobody out");
}
