//! Host names of environments.

use serde_json::json;
use temps_testkit::{TestApp, TestDatabase, app::VISITOR, on_both_databases};

on_both_databases!(
    a_domain_is_served_at_once_and_gone_at_once,
    r_app_8_no_application_gets_at_the_consoles_cookies,
    what_is_no_host_name_is_explained,
    r_tls_11_a_connection_serves_its_own_name_only,
    an_instance_without_apps_domain_generates_no_names,
);

async fn a_domain_is_served_at_once_and_gone_at_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    let added = owner.post("/projects/shop/domains", json!({ "host": "WWW.Example.COM." })).await.expect(201);
    assert_eq!(
        (&added["host"], &added["kind"], &added["environment"]),
        (&json!("www.example.com"), &json!("custom"), &json!("production"))
    );
    assert!(added["effective_ms"].is_number());
    assert_eq!(app.get("www.example.com", "/").await.text(), "hi", "with a certificate of the fallback authority");
    let umlaut = owner.post("/projects/shop/domains", json!({ "host": "büro.example" })).await.expect(201);
    assert_eq!(umlaut["host"], "xn--bro-hoa.example");

    let listed = owner.get("/projects/shop/domains").await.expect(200);
    let names: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|domain| (&domain["host"], &domain["kind"])).collect();
    assert_eq!(names[0], (&json!("shop.localhost"), &json!("generated")));
    assert_eq!(names.len(), 3);
    let mut open = app.reach().connect("www.example.com", VISITOR).await;
    assert_eq!(open.get("www.example.com", "/").await.status, 200);
    let path = format!("/projects/shop/domains/{}", added["id"].as_str().unwrap());
    owner.delete(&path).await.expect(200);
    assert_eq!(open.get("www.example.com", "/").await.status, 421);
    assert_eq!(owner.delete(&path).await.problem(), (404, "not_found".to_owned()));
    assert_eq!(app.count("SELECT count(*) FROM certificates WHERE host = 'www.example.com'").await, 0);
    let generated = listed["items"][0]["id"].as_str().unwrap();
    owner.delete(&format!("/projects/shop/domains/{generated}")).await.expect(200);
    assert_eq!(app.misdirected("shop.localhost").await, 421, "generated names can be removed too");
}

async fn r_app_8_no_application_gets_at_the_consoles_cookies(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (owner, other) = (app.owner().await, app.user("other").await);
    owner.create_project("shop").await;
    other.create_project("yard").await;
    other.post("/projects/yard/domains", json!({ "host": "taken.example.com" })).await.expect(201);
    let before = app.rows().await;
    for host in ["temps.localhost", "TEMPS.localhost.", "x.temps.localhost", "localhost"] {
        let refused = owner.post("/projects/shop/domains", json!({ "host": host })).await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["host".to_owned()]), "{host}: {}", refused.text());
    }
    for host in ["taken.example.com", "yard.localhost", "shop.localhost"] {
        assert_eq!(
            owner.post("/projects/shop/domains", json!({ "host": host })).await.problem(),
            (409, "host_taken".to_owned()),
            "{host}"
        );
    }
    assert_eq!(app.rows().await, before);
}

async fn what_is_no_host_name_is_explained(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    let before = app.rows().await;
    let long_label = format!("{}.example.com", "a".repeat(64));
    let long = format!("{}example.com", "a.".repeat(125));
    for host in [
        "",
        ".",
        "..",
        "a..b",
        "-a.example.com",
        "a-.example.com",
        "a_b.example.com",
        "*.example.com",
        "example.com:443",
        "https://example.com",
        "example.com/x",
        "user@example.com",
        "127.0.0.1",
        "[::1]",
        "::1",
        "0x7f.1",
        "a b.example.com",
        "a\u{202e}b.example.com",
        "a\nb.example.com",
        &long_label,
        &long,
    ] {
        let refused = owner.post("/projects/shop/domains", json!({ "host": host })).await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["host".to_owned()]), "{host:?}: {}", refused.text());
    }
    let elsewhere = json!({ "host": "a.example.com", "environment": "nowhere" });
    assert_eq!(owner.post("/projects/shop/domains", elsewhere).await.status, 404);
    assert_eq!(app.rows().await, before);
}

async fn r_tls_11_a_connection_serves_its_own_name_only(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for project in ["shop", "yard"] {
        owner.create_project(project).await;
        owner.deploy(project, &[("index.html", project)]).await;
    }
    let mut shop = app.reach().connect("shop.localhost", VISITOR).await;
    assert_eq!(shop.get("shop.localhost", "/").await.text(), "shop");
    for host in ["yard.localhost", "temps.localhost", "nobody.localhost"] {
        let refused = shop.get(host, "/").await;
        assert_eq!(refused.status, 421, "{host}");
        assert!(!refused.text().contains("yard"), "{}", refused.text());
    }
}

async fn an_instance_without_apps_domain_generates_no_names(database: TestDatabase) {
    let app = TestApp::start_with(database, |config| config.apps_domain = None).await;
    let owner = app.owner().await;
    let shop = owner.create_project("shop").await;
    assert_eq!(shop["environments"][0]["urls"], json!([]));
    assert_eq!(app.misdirected("shop.localhost").await, 421);
}
