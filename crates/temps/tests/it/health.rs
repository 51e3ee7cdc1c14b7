//! What machines ask of the console, and what every response says about itself.

use serde_json::json;
use temps::config::SecurityContact;
use temps_model::Secret;
use temps_testkit::{Recorder, TestApp, TestDatabase, edge::Reply, on_both_databases, recorder::Play};

on_both_databases!(
    r_mon_7_metrics_are_for_who_holds_the_token,
    r_mon_7_the_consoles_paths_are_not_on_project_hosts,
    r_app_1_every_response_has_each_security_header_once,
    a_projects_headers_are_its_own,
);

async fn r_mon_7_metrics_are_for_who_holds_the_token(database: TestDatabase) {
    let app = TestApp::start_with(database, |config| {
        config.metrics_token = Some(Secret::new("metrics-token-of-a-test".to_owned()));
        config.security_contact = Some("security@example.com".parse::<SecurityContact>().unwrap());
    })
    .await;
    let (owner, anonymous) = (app.owner().await, app.anonymous());
    owner.create_project("shop").await;
    app.get("shop.localhost", "/").await;
    for wrong in [
        None,
        Some(""),
        Some("Bearer "),
        Some("Bearer metrics-token-of-a-tes"),
        Some("Bearer metrics-token-of-a-test2"),
        Some("Basic metrics-token-of-a-test"),
    ] {
        let call = owner.raw("GET", "/metrics");
        let answer = wrong.into_iter().fold(call, |call, value| call.header("authorization", value)).await;
        assert_eq!(answer.status, 401, "{wrong:?}, not even for an administrator");
        assert!(!answer.text().contains("temps_requests_total"));
    }
    assert_eq!(anonymous.raw("GET", "/metrics?token=metrics-token-of-a-test").await.status, 401);
    let metrics = anonymous.raw("GET", "/metrics").header("authorization", "Bearer metrics-token-of-a-test").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text().contains("temps_requests_total"), "{}", metrics.text());
    assert_eq!(anonymous.raw("GET", "/healthz").await.text(), "ok\n");
    assert_eq!(anonymous.raw("GET", "/readyz").await.text(), "ready\n");
    let contact = anonymous.raw("GET", "/.well-known/security.txt").await;
    assert!(contact.text().starts_with("Contact: mailto:security@example.com\nExpires: "), "{}", contact.text());
    assert_eq!(contact.header("content-type"), Some("text/plain; charset=utf-8"));
    let page = anonymous.raw("GET", "/api/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !page.text().contains("<script"),
        "{policy}"
    );
}

async fn r_mon_7_the_consoles_paths_are_not_on_project_hosts(database: TestDatabase) {
    let app = TestApp::start_with(database, |config| config.metrics_token = None).await;
    let owner = app.owner().await;
    for (project, url) in [("site", None), ("app", Some(Recorder::start().await))] {
        owner.create_project(project).await;
        match &url {
            None => drop(owner.deploy(project, &[("index.html", "site")]).await),
            Some(recorder) => drop(owner.deploy_upstream(project, &format!("http://{}", recorder.addr())).await),
        }
        for path in [
            "/healthz",
            "/readyz",
            "/metrics",
            "/.well-known/security.txt",
            "/api/openapi.json",
            "/api/docs",
            "/api/v1/me",
            "/api/v1/instance",
        ] {
            let reply = app.get(&format!("{project}.localhost"), path).await;
            match &url {
                None => assert_eq!(reply.status, 404, "{path}"),
                Some(recorder) => {
                    assert_eq!((reply.text(), recorder.last().target()), ("ok", path), "the application's own")
                }
            }
        }
    }
    let anonymous = app.anonymous();
    assert_eq!(
        anonymous.raw("GET", "/metrics").header("authorization", "Bearer ").await.status,
        404,
        "there is no token, so there are no metrics"
    );
    assert_eq!(anonymous.raw("GET", "/.well-known/security.txt").await.status, 404);
}

const STANDARD: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
    ("strict-transport-security", "max-age=300"),
];

#[track_caller]
fn assert_standard(what: &str, reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{what}");
    for (name, value) in STANDARD {
        assert_eq!(reply.all(name), [value], "{name} of {what}");
    }
    let policy = reply.all("content-security-policy");
    assert!(policy.len() == 1 && policy[0].matches("frame-ancestors").count() == 1, "{what}: {policy:?}");
    assert!(reply.header("temps-request-id").is_some() && reply.header("server").is_none(), "{what}");
}

async fn r_app_1_every_response_has_each_security_header_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for project in ["shop", "down", "own"] {
        owner.create_project(project).await;
    }
    owner.deploy("shop", &[("index.html", "hi"), ("folder/index.html", "in")]).await;
    owner.deploy_upstream("down", "http://127.0.0.1:1").await;
    let headers = [
        "X-Frame-Options: SAMEORIGIN",
        "X-Content-Type-Options: nosniff",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
    ];
    let recorder = Recorder::playing(move |_| Play::ok(&headers, "own")).await;
    owner.deploy_upstream("own", &format!("http://{}", recorder.addr())).await;

    let ok = app.get("shop.localhost", "/").await;
    assert_standard("a file", &ok, 200);
    let etag = ok.header("etag").unwrap().to_owned();
    let mut client = app.reach().connect("shop.localhost", temps_testkit::app::VISITOR).await;
    let again = client.request("GET", "shop.localhost", "/", &[("if-none-match", &etag)], "").await;
    assert_standard("what the browser has already", &again, 304);
    assert_standard("a file that is not there", &app.get("shop.localhost", "/missing").await, 404);
    assert_standard("a folder", &app.get("shop.localhost", "/folder").await, 308);
    assert_standard("another name", &client.get("down.localhost", "/").await, 421);
    assert_standard("an application that is down", &app.get("down.localhost", "/").await, 502);
    assert_standard("a traced request", &client.request("TRACE", "shop.localhost", "/", &[], "").await, 405);
    for (answer, status) in
        [(owner.get("/me").await, 200), (app.anonymous().get("/me").await, 401), (owner.raw("GET", "/no").await, 404)]
    {
        assert_eq!(answer.status, status);
        for (name, _) in STANDARD {
            assert_eq!(answer.all(name).len(), 1, "{name} of the console at {status}");
        }
        assert_eq!(
            (answer.header("x-frame-options"), answer.header("cross-origin-opener-policy")),
            (Some("DENY"), Some("same-origin"))
        );
    }
    owner.post("/projects/shop/firewall/rules", json!({ "action": "block", "network": "127.0.0.9" })).await.expect(201);
    assert_standard("a refusal", &app.get_from("shop.localhost", "/", [127, 0, 0, 9]).await, 403);
    let own = app.get("own.localhost", "/").await;
    assert_eq!(own.all("x-frame-options"), ["SAMEORIGIN"]);
    assert_eq!(
        own.all("content-security-policy"),
        ["frame-ancestors 'self'"],
        "derived from what the application says"
    );
    assert_eq!((own.all("x-content-type-options"), own.all("referrer-policy")), (vec!["nosniff"], vec!["no-referrer"]));
}

async fn a_projects_headers_are_its_own(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for project in ["shop", "yard"] {
        owner.create_project(project).await;
        owner.deploy(project, &[("index.html", "hi")]).await;
    }
    let settings =
        json!({ "preset": "strict", "overrides": { "Referrer-Policy": "no-referrer", "Permissions-Policy": null } });
    let changed = owner.put("/projects/shop/headers", settings).if_match("\"0\"").await;
    assert!(changed.expect(200)["effective_ms"].is_number());
    let shop = app.get("shop.localhost", "/").await;
    assert_eq!((shop.header("x-xss-protection"), shop.header("referrer-policy")), (Some("0"), Some("no-referrer")));
    assert_eq!(
        (shop.header("cross-origin-opener-policy"), shop.header("permissions-policy")),
        (Some("same-origin"), None)
    );
    assert_standard("the other project", &app.get("yard.localhost", "/").await, 200);
    for (wrong, field) in [
        (json!({ "overrides": { "Server": "x" } }), "overrides.Server"),
        (json!({ "overrides": { "Referrer-Policy": "a\r\nSet-Cookie: b=c" } }), "overrides.Referrer-Policy"),
        (json!({ "hsts": { "max_age": 99_999_999 } }), "hsts.max_age"),
        (json!({ "preset": "none" }), "preset"),
    ] {
        let refused = owner.put("/projects/shop/headers", wrong).if_match("*").await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field.to_owned()]), "{}", refused.text());
    }
    let off = json!({ "hsts": { "enabled": false } });
    owner.put("/projects/shop/headers", off).if_match("*").await.expect(200);
    assert_eq!(app.get("shop.localhost", "/").await.header("strict-transport-security"), Some("max-age=0"));
}
