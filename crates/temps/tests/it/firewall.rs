//! IP rules through the API: in force with the answer, in every scope, and not against their own author.

use std::time::Duration;

use serde_json::{Value, json};
use temps_model::{Clock, Timestamp};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Person, VISITOR},
    edge::Client,
    on_both_databases,
};

on_both_databases!(
    r_ip_2_a_rule_is_in_force_on_every_open_connection_when_the_call_returns,
    r_ip_1_each_scope_concerns_its_own_hosts,
    r_ip_1_explicit_block_beats_allow_and_an_expired_entry_hides_nothing,
    r_ip_3_nobody_shuts_themselves_out_by_mistake,
    r_ip_4_every_wrong_entry_is_named,
    r_ip_9_an_empty_allow_list_denies_all_and_needs_confirmation,
    r_ip_10_rules_come_before_everything_else,
    an_entry_ends_by_itself,
    limits_are_in_force_with_the_answer,
    the_operator_gets_in_when_the_console_is_closed,
);

const SHOP: &str = "/projects/shop/firewall";

fn entry(action: &str, network: &str) -> Value {
    json!({ "action": action, "network": network })
}

async fn add(person: &Person, firewall: &str, action: &str, network: &str) -> Value {
    let added =
        person.post(&format!("{firewall}/rules?override=self-denial"), entry(action, network)).await.expect(201);
    assert!(added["effective_ms"].as_f64().is_some_and(|ms| (0.0..2_000.0).contains(&ms)), "{added}");
    added["items"][0].clone()
}

async fn mode(person: &Person, firewall: &str, mode: &str) {
    let changed =
        person.put(&format!("{firewall}?override=self-denial"), json!({ "mode": mode, "limits": {} })).if_match("*");
    assert!(changed.await.expect(200)["effective_ms"].is_number());
}

async fn shop(database: TestDatabase) -> (TestApp, Person) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    (app, owner)
}

async fn r_ip_2_a_rule_is_in_force_on_every_open_connection_when_the_call_returns(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    // More connections than workers, so that every worker holds some.
    let mut open: Vec<Client> = Vec::new();
    for _ in 0..16 {
        open.push(app.reach().connect("shop.localhost", VISITOR).await);
    }
    for _ in 0..5 {
        for client in &mut open {
            assert_eq!(client.get("shop.localhost", "/").await.status, 200);
        }
        let rule = add(&owner, SHOP, "block", "127.0.0.1").await;
        let (first, others) = open.split_first_mut().unwrap();
        let refused = first.get("shop.localhost", "/").await;
        assert_eq!(refused.status, 403);
        assert!(!refused.text().contains("127.0.0.1") && !refused.text().contains(rule["id"].as_str().unwrap()));
        for client in others {
            assert_eq!(client.get("shop.localhost", "/").await.status, 403);
        }
        assert_eq!(app.get_from("shop.localhost", "/", [127, 0, 0, 2]).await.status, 200);
        let path = format!("{SHOP}/rules/{}", rule["id"].as_str().unwrap());
        let removed = owner.delete(&path).if_match("\"1\"").await.expect(200);
        assert!(removed["effective_ms"].is_number());
        open.clear();
        for _ in 0..16 {
            open.push(app.reach().connect("shop.localhost", VISITOR).await);
        }
    }
}

async fn r_ip_1_each_scope_concerns_its_own_hosts(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await.expect(201);
    owner.create_project("yard").await;
    let hosts = ["temps.localhost", "shop.localhost", "shop-staging.localhost", "yard.localhost"];
    let staging = "/projects/shop/environments/staging/firewall";
    for (number, (firewall, environment, refused)) in [
        ("/instance/firewall", None, [true, true, true, true]),
        ("/instance/console-firewall", None, [true, false, false, false]),
        (SHOP, None, [false, true, true, false]),
        (SHOP, Some("staging"), [false, false, true, false]),
    ]
    .into_iter()
    .enumerate()
    {
        let from = [127, 0, 7, number as u8];
        let mut body = entry("block", &format!("127.0.7.{number}"));
        body["environment"] = json!(environment);
        let added = owner.post(&format!("{firewall}/rules"), body).await.expect(201);
        assert_eq!(added["items"][0]["environment"], json!(environment));
        for (host, refused) in hosts.into_iter().zip(refused) {
            let status = app.get_from(host, "/", from).await.status;
            assert_eq!(status == 403, refused, "{firewall} {environment:?}: {host} answered {status}");
        }
        assert_eq!(
            app.misdirected_from("nobody.localhost", from).await,
            if firewall == "/instance/firewall" { 403 } else { 421 }
        );
    }
    // Allow-list mode of one environment, with an entry of the project.
    add(&owner, SHOP, "allow", "127.0.8.1").await;
    mode(&owner, staging, "allow_list").await;
    for (host, from, status) in [
        ("shop-staging.localhost", [127, 0, 8, 1], 404),
        ("shop-staging.localhost", [127, 0, 8, 2], 403),
        ("shop.localhost", [127, 0, 8, 2], 200),
    ] {
        assert_eq!(app.get_from(host, "/", from).await.status, status, "{host} {from:?}");
    }
    assert_eq!(owner.get(staging).await.expect(200)["mode"], "allow_list");
    assert_eq!(owner.get(SHOP).await.expect(200)["mode"], "open");
}

async fn r_ip_1_explicit_block_beats_allow_and_an_expired_entry_hides_nothing(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    add(&owner, SHOP, "allow", "127.0.7.0/24").await;
    add(&owner, SHOP, "block", "127.0.7.7").await;
    mode(&owner, SHOP, "allow_list").await;
    for (last, status) in [(1, 200), (7, 403)] {
        assert_eq!(app.get_from("shop.localhost", "/", [127, 0, 7, last]).await.status, status);
    }
    assert_eq!(app.get("shop.localhost", "/").await.status, 403, "not on the list");
    // A narrower entry that ends leaves the wider one in force.
    let soon = app.clock.now().after(Duration::from_secs(60));
    let narrow = json!({ "action": "block", "network": "127.0.9.9", "expires_at": soon.to_string() });
    owner.post(&format!("{SHOP}/rules"), narrow).await.expect(201);
    add(&owner, SHOP, "block", "127.0.9.0/24").await;
    add(&owner, SHOP, "allow", "127.0.9.0/24").await;
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(app.get_from("shop.localhost", "/", [127, 0, 9, 9]).await.status, 403);
}

async fn r_ip_3_nobody_shuts_themselves_out_by_mistake(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let own = owner.address().to_string();
    for firewall in ["/instance/console-firewall", "/instance/firewall", SHOP] {
        let before = app.rows().await;
        let refused = owner.post(&format!("{firewall}/rules"), entry("block", &own)).await;
        assert_eq!(refused.problem(), (409, "would_deny_you".to_owned()), "{firewall}");
        assert!(refused.text().contains(&own), "{}", refused.text());
        let many = json!({ "entries": [entry("block", "203.0.113.1"), entry("block", "127.0.0.0/8")] });
        assert_eq!(owner.post(&format!("{firewall}/rules"), many).await.problem(), (409, "would_deny_you".to_owned()));
        let wrong = owner.post(&format!("{firewall}/rules?override=yes"), entry("block", &own)).await;
        assert_eq!(wrong.status, 400, "{firewall}");
        owner.post(&format!("{firewall}/rules?dry_run=true"), entry("block", &own)).await.expect(200);
        assert_eq!(app.rows().await, before, "{firewall}");
        owner.post(&format!("{firewall}/rules"), entry("allow", "127.0.200.200")).await.expect(201);
        let list = owner.put(firewall, json!({ "mode": "allow_list", "limits": {} })).if_match("*").await;
        assert_eq!(list.problem(), (409, "would_deny_you".to_owned()), "{firewall}");
    }
    owner.get("/me").await.expect(200);
    // Somebody else's rule of the same kind is no question.
    let (other, shut_out) = (owner.at([127, 0, 20, 1]), [127, 0, 20, 2]);
    other.post("/instance/console-firewall/rules", entry("block", "127.0.20.2")).await.expect(201);
    assert_eq!(owner.at(shut_out).get("/me").await.status, 403);
    // With the override it is done, and the author is the first to feel it.
    owner.at(shut_out).get("/me").await.expect(403);
    other.post("/instance/console-firewall/rules?override=self-denial", entry("block", "127.0.20.1")).await.expect(201);
    assert_eq!(other.get("/me").await.status, 403);
    owner.get("/me").await.expect(200);
}

async fn r_ip_4_every_wrong_entry_is_named(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let before = app.rows().await;
    let wrong = [
        "10.0.0.1/33",
        "010.0.0.1",
        "10.0.0.1/08",
        "10.0.0",
        "10.0.0.256",
        "::ffff:0:0/96",
        "10.0.0.1-10.0.0.9",
        "10.0.0.1 # office",
        "fe80::1%eth0",
        "2001:db8::/129",
        "2001:db8:::1",
        "",
        "any",
        "10.0.0.1,10.0.0.2",
        "0x0a000001",
        "10.0.0.1/",
        "/8",
        "10.0.0.1/255.0.0.0",
        "١٠.0.0.1",
    ];
    let entries: Vec<Value> =
        wrong.iter().map(|network| entry("block", network)).chain([entry("block", "203.0.113.1")]).collect();
    let refused = owner.post(&format!("{SHOP}/rules"), json!({ "entries": entries })).await;
    let expected: Vec<String> = (0..wrong.len()).map(|index| format!("entries[{index}].network")).collect();
    let named = refused.fields();
    let missing: Vec<_> = expected.iter().zip(wrong).filter(|(field, _)| !named.contains(field)).collect();
    assert!(refused.status == 422 && missing.is_empty() && named.len() == expected.len(), "{missing:?} {named:?}");
    for (field, body) in [
        ("action", json!({ "action": "allow_all", "network": "10.0.0.1" })),
        ("expires_at", json!({ "action": "block", "network": "10.0.0.1", "expires_at": "tomorrow" })),
        ("expires_at", json!({ "action": "block", "network": "10.0.0.1", "expires_at": "2020-01-01T00:00:00Z" })),
        ("environment", json!({ "action": "block", "network": "10.0.0.1", "environment": "nowhere" })),
        ("network", json!({ "action": "block" })),
        ("entries", json!({ "entries": [] })),
        ("entries", json!({ "entries": [entry("block", "10.0.0.1")], "action": "block", "network": "10.0.0.2" })),
    ] {
        let refused = owner.post(&format!("{SHOP}/rules"), body.clone()).await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field.to_owned()]), "{body}: {}", refused.text());
    }
    assert_eq!(app.rows().await, before, "nothing was saved of any of it");
    let normalised = owner.post(&format!("{SHOP}/rules"), entry("block", "10.1.2.3/8")).await.expect(201);
    assert_eq!(
        (&normalised["items"][0]["network"], normalised["notices"][0]["entry"].as_u64()),
        (&json!("10.0.0.0/8"), Some(0))
    );
    let mapped = owner.post(&format!("{SHOP}/rules"), entry("block", "::ffff:192.0.2.1")).await.expect(201);
    assert_eq!(mapped["items"][0]["network"], "192.0.2.1/32", "one form for one address");
    let covered = owner.post(&format!("{SHOP}/rules"), entry("block", "10.9.0.0/16")).await.expect(201);
    assert_eq!(covered["items"][0]["covered_by"], "10.0.0.0/8");
}

async fn r_ip_9_an_empty_allow_list_denies_all_and_needs_confirmation(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let list = json!({ "mode": "allow_list", "limits": {} });
    let refused = owner.put(SHOP, list.clone()).if_match("*").await;
    assert_eq!(refused.problem(), (409, "would_deny_everybody".to_owned()));
    assert_eq!(app.get("shop.localhost", "/").await.status, 200);
    let rule = add(&owner, SHOP, "allow", "127.0.0.0/8").await;
    owner.put(SHOP, list.clone()).if_match("*").await.expect(200);
    assert_eq!(app.get("shop.localhost", "/").await.status, 200);
    let path = format!("{SHOP}/rules/{}", rule["id"].as_str().unwrap());
    assert_eq!(owner.delete(&path).if_match("*").await.problem(), (409, "would_deny_everybody".to_owned()));
    owner.delete(&format!("{path}?confirm=deny-all")).if_match("*").await.expect(200);
    for from in [[127, 0, 0, 1], [127, 9, 9, 9]] {
        assert_eq!(app.get_from("shop.localhost", "/", from).await.status, 403, "nobody is let in");
    }
    mode(&owner, SHOP, "open").await;
    assert_eq!(app.get("shop.localhost", "/").await.status, 200);
    owner.put(&format!("{SHOP}?confirm=deny-all"), list).if_match("*").await.expect(200);
    assert_eq!(app.get("shop.localhost", "/").await.status, 403);
}

async fn r_ip_10_rules_come_before_everything_else(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    add(&owner, "/instance/firewall", "block", "127.0.7.7").await;
    let visitor = [127, 0, 7, 7];
    let pages = ["/", "/missing", "/.well-known/temps/x", "/.well-known/acme-challenge/x", "/%00", "/healthz"];
    for host in ["shop.localhost", "temps.localhost"] {
        for path in pages {
            assert_eq!(app.get_from(host, path, visitor).await.status, 403, "{host}{path}");
        }
    }
    let person = owner.at(visitor);
    assert_eq!(person.post("/session", json!({})).await.status, 403);
    assert_eq!(person.get("/me").await.status, 403);
    assert_eq!(app.get_from("shop.localhost", "/.well-known/acme-challenge/x", VISITOR).await.status, 404);
}

async fn an_entry_ends_by_itself(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let at: Timestamp = app.clock.now().after(Duration::from_secs(3_600));
    let body =
        json!({ "action": "block", "network": "127.0.0.1", "expires_at": at.to_string(), "note": "for an hour" });
    let added = owner.post(&format!("{SHOP}/rules"), body).await.expect(201);
    assert_eq!(
        (&added["items"][0]["note"], &added["items"][0]["author"]["email"]),
        (&json!("for an hour"), &json!(owner.email()))
    );
    assert_eq!(app.get("shop.localhost", "/").await.status, 403);
    app.clock.advance(Duration::from_secs(3_590));
    assert_eq!(app.get("shop.localhost", "/").await.status, 403);
    app.clock.advance(Duration::from_secs(11));
    assert_eq!(app.get("shop.localhost", "/").await.status, 200, "no call was needed");
}

async fn limits_are_in_force_with_the_answer(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let limits = json!({ "mode": "open", "limits": { "rate": { "per_second": 1, "burst": 3 }, "max_body": 10 } });
    let changed = owner.put(SHOP, limits).if_match("*").await.expect(200);
    assert_eq!(changed["effective_limits"], json!({ "rate": { "per_second": 1, "burst": 3 }, "max_body": 10 }));
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(app.get("shop.localhost", "/").await.status);
    }
    assert_eq!(statuses[..3], [200; 3]);
    assert!(statuses[3..].contains(&429), "{statuses:?}");
    assert_eq!(
        app.get_from("shop.localhost", "/", [127, 0, 0, 2]).await.status,
        200,
        "others have an allowance of their own"
    );
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(app.get("shop.localhost", "/").await.status, 200);
    owner.get("/me").await.expect(200);
}

async fn the_operator_gets_in_when_the_console_is_closed(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    owner
        .put("/instance/console-firewall?confirm=deny-all", json!({ "mode": "allow_list", "limits": {} }))
        .if_match("*")
        .await
        .expect(200);
    assert_eq!(owner.get("/me").await.status, 403, "the console is closed to everybody");
    let network = format!("{}/32", owner.address());
    let allowed =
        app.operate("POST", "/emergency-allow", Some(json!({ "network": network, "minutes": 10 }))).await.expect(201);
    assert!(allowed["effective_ms"].is_number() && allowed["expires_at"].is_string());
    owner.get("/me").await.expect(200);
    assert_eq!(app.get_from("temps.localhost", "/", VISITOR).await.status, 403, "nobody else");
    assert_eq!(app.operate("GET", "/emergency-allow", None).await.expect(200)["items"][0]["network"], json!(network));
    let records = owner.get("/audit?action=emergency.allow").await.expect(200);
    let record = &records["items"][0];
    assert_eq!((&record["actor"]["kind"], &record["actor"]["authentication"]), (&json!("console"), &json!("local")));
    app.clock.advance(Duration::from_secs(601));
    assert_eq!(owner.get("/me").await.status, 403, "it ends by itself");
    app.operate("POST", "/emergency-allow", Some(json!({ "network": network }))).await.expect(201);
    mode(&owner, "/instance/console-firewall", "open").await;
    app.operate("DELETE", "/emergency-allow", None).await.expect(200);
    owner.get("/me").await.expect(200);
    let socket = app.data_dir().join("run/operator.sock");
    let permissions = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(socket).unwrap().permissions());
    assert_eq!(permissions & 0o7777, 0o600);
}
