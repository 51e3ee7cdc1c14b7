//! Logging in, staying so, and requests that another site makes a browser send.

use std::{collections::BTreeSet, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use temps_model::Role;
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, PASSWORD, archive::tar_gz},
    on_both_databases,
};
use tokio::task::JoinSet;

on_both_databases!(
    r_sess_1_a_session_is_a_hashed_secret_in_a_strict_cookie,
    r_sess_2_an_end_takes_effect_with_the_next_call_and_after_a_restart,
    r_sess_2_a_lost_role_is_lost_with_the_next_call,
    r_sess_6_a_session_ends_by_itself,
    r_auth_7_known_and_unknown_addresses_fail_alike,
    r_auth_13_a_flood_of_logins_is_turned_away,
    r_app_3_changes_come_from_the_console_itself_or_from_programs_that_name_it,
    r_app_3_other_sites_can_neither_log_in_nor_out,
    r_app_3_nothing_is_shared_with_other_origins,
);

async fn r_sess_1_a_session_is_a_hashed_secret_in_a_strict_cookie(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let mut tokens = BTreeSet::from([owner.token().unwrap()]);
    for _ in 0..3 {
        let browser = owner.elsewhere();
        let answer = browser.log_in().await;
        answer.expect(201);
        let cookies = answer.all("set-cookie");
        let cookie = cookies.iter().find(|cookie| cookie.starts_with("__Host-temps_session=")).unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
        let token = pair.strip_prefix("__Host-temps_session=").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(token).unwrap().len(), 32, "256 bits");
        assert!(!answer.text().contains(token), "the token is in the cookie only");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        tokens.insert(token.to_owned());
    }
    assert_eq!(tokens.len(), 4, "every login makes a new one");
    let rows = app.rows().await.join("\n").to_ascii_lowercase();
    for token in &tokens {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        assert!(!rows.contains(&token.to_ascii_lowercase()) && !rows.contains(&hex(&bytes)));
        assert!(rows.contains(&hex(digest(&SHA256, &bytes).as_ref())), "its hash is kept");
    }
    // A cookie that somebody planted before the login is worth nothing afterwards.
    let planted = URL_SAFE_NO_PAD.encode([7; 32]);
    let victim = owner.elsewhere().with_token(&planted);
    victim.log_in().await.expect(201);
    assert_ne!(victim.token().unwrap(), planted);
    owner.with_token(&planted).get("/me").await.expect(401);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn r_sess_2_an_end_takes_effect_with_the_next_call_and_after_a_restart(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let (leaving, staying) = (owner.elsewhere(), app.user("staying").await);
    leaving.log_in().await.expect(201);
    let (ended, kept) = (leaving.token().unwrap(), owner.token().unwrap());
    let answer = leaving.delete("/session").await;
    answer.expect(204);
    assert_eq!(
        answer.all("set-cookie"),
        [
            "__Host-temps_session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            "__Host-temps_login=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
        ]
    );
    assert_eq!(owner.with_token(&ended).get("/me").await.problem(), (401, "login_required".to_owned()));
    owner.get("/me").await.expect(200);
    staying.get("/me").await.expect(200);
    app.execute("UPDATE users SET state = 'disabled' WHERE email = 'staying@example.com'").await;
    staying.get("/me").await.expect(401);
    staying.elsewhere().log_in().await.expect(401);
    let app = app.restart().await;
    let somebody = app.anonymous();
    somebody.with_token(&ended).get("/me").await.expect(401);
    somebody.with_token(&kept).get("/me").await.expect(200);
}

async fn r_sess_2_a_lost_role_is_lost_with_the_next_call(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (owner, user) = (app.owner().await, app.user("user").await);
    owner.create_project("shop").await;
    app.join("shop", &user, Role::Admin).await;
    let add = async |host: &str| user.post("/projects/shop/domains", json!({ "host": host })).await.problem();
    assert_eq!(add("one.example.com").await.0, 201);
    app.execute("UPDATE members SET role = 'viewer' WHERE role = 'admin'").await;
    assert_eq!(add("two.example.com").await, (403, "permission_needed".to_owned()));
    user.get("/projects/shop").await.expect(200);
    app.execute("DELETE FROM members WHERE role = 'viewer'").await;
    assert_eq!(add("two.example.com").await, (404, "not_found".to_owned()));
    assert_eq!(user.get("/projects").await.expect(200)["items"], json!([]));
}

async fn r_sess_6_a_session_ends_by_itself(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let me = owner.get("/me").await.expect(200);
    assert_eq!(
        (me["client_ip"].as_str(), me["email"].as_str()),
        (Some(owner.address().to_string().as_str()), Some(owner.email()))
    );
    for _ in 0..24 {
        app.clock.advance(Duration::from_secs(29 * 60));
        owner.get("/me").await.expect(200);
    }
    app.clock.advance(Duration::from_secs(25 * 60));
    owner.get("/me").await.expect(401);
    owner.log_in().await.expect(201);
    app.clock.advance(Duration::from_secs(29 * 60));
    owner.get("/projects").header("x-background", "1").await.expect(200);
    app.clock.advance(Duration::from_secs(2 * 60));
    owner.get("/me").await.expect(401);
    owner.log_in().await.expect(201);
    let user = app.user("user").await;
    user.post("/session", json!({ "email": user.email(), "password": PASSWORD, "remember": true })).await.expect(201);
    app.clock.advance(Duration::from_secs(13 * 86_400));
    user.get("/me").await.expect(200);
    app.clock.advance(Duration::from_secs(86_400));
    user.get("/me").await.expect(401);
}

/// All that a client can see, but what differs at every request.
fn seen(answer: &Answer) -> (u16, Vec<String>, String) {
    let names = answer.headers.iter().filter(|(name, _)| !["date", "temps-request-id"].contains(&name.as_str()));
    let headers = names.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    (answer.status, headers, answer.text().replace(answer.request_id(), "ID"))
}

async fn r_auth_7_known_and_unknown_addresses_fail_alike(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let invited = app.stranger("invited@example.com");
    app.invite(&invited).await;
    let stranger = app.anonymous();
    let log_in = async |email: &str, password: &str| {
        stranger.post("/session", json!({ "email": email, "password": password })).await
    };
    let expected = seen(&log_in(owner.email(), "wrong wrong wrong").await);
    assert_eq!(expected.0, 401);
    for (email, password) in [
        ("nobody@example.com", "wrong wrong wrong"),
        ("nobody@example.com", PASSWORD),
        ("invited@example.com", PASSWORD),
        ("OWNER@example.com", "wrong wrong wrong"),
        ("no address at all", "x"),
        ("' OR 1=1 --@example.com", "' OR 1=1 --"),
        ("", ""),
        (owner.email(), ""),
        (owner.email(), &PASSWORD.to_uppercase()),
        (owner.email(), &format!("{PASSWORD} ")),
        (owner.email(), &"x".repeat(2_000)),
    ] {
        app.execute("DELETE FROM guess_counts").await;
        assert_eq!(seen(&log_in(email, password).await), expected, "{email}");
    }
    log_in(" Owner@EXAMPLE.com", PASSWORD).await.expect(201);
}

async fn r_auth_13_a_flood_of_logins_is_turned_away(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let mut flood = JoinSet::new();
    for _ in 0..300 {
        // From the owner's own device, because others would have to pay first.
        let person = owner.with_own_jar();
        flood.spawn(async move { person.log_in_with("wrong wrong wrong").await });
    }
    let answers = flood.join_all().await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!busy.is_empty(), "nobody was turned away");
    assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)));
    assert!(busy.iter().all(|answer| answer.problem().1 == "login_busy" && answer.header("retry-after") == Some("5")));
    owner.elsewhere().log_in().await.expect(201);
}

async fn r_app_3_changes_come_from_the_console_itself_or_from_programs_that_name_it(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let own = owner.reach().origin.clone();
    let elsewhere = own.replace("temps.localhost", "shop.localhost");
    let (plain, longer) = (own.replace("https:", "http:"), format!("{own}.example.com"));
    for (number, (site, origin, passes)) in [
        (None, None, false),
        (None, Some(own.as_str()), true),
        (None, Some("null"), false),
        (None, Some(""), false),
        (None, Some(elsewhere.as_str()), false),
        (None, Some(plain.as_str()), false),
        (None, Some(longer.as_str()), false),
        (Some("same-origin"), None, true),
        (Some("same-origin"), Some(own.as_str()), true),
        (Some("same-site"), Some(own.as_str()), false),
        (Some("cross-site"), Some(own.as_str()), false),
        (Some("none"), Some(own.as_str()), false),
        (Some("SAME-ORIGIN"), None, false),
        (Some(""), Some(own.as_str()), false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut call = owner.post("/projects", json!({ "slug": format!("p{number}") })).without("origin");
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            call = value.into_iter().fold(call, |call, value| call.header(name, value));
        }
        let answer = call.await;
        match passes {
            true => drop(answer.expect(201)),
            false => assert_eq!(answer.problem(), (403, "cross_site".to_owned()), "{site:?} {origin:?}"),
        }
    }
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""]
    {
        let call = owner.call("POST", "/projects").body(media_type, r#"{"slug":"form"}"#);
        assert_eq!(call.await.problem(), (415, "media_type".to_owned()), "{media_type}");
    }
    let doubled = owner.post("/projects", json!({ "slug": "double" })).header("origin", "https://evil.example");
    assert_eq!(doubled.await.status, 403, "two origins are none");
}

async fn r_app_3_other_sites_can_neither_log_in_nor_out(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let evil = "https://evil.example";
    let credentials = json!({ "email": owner.email(), "password": PASSWORD });
    let logged_in = owner.elsewhere().post("/session", credentials).without("origin").header("origin", evil).await;
    assert_eq!(logged_in.problem(), (403, "cross_site".to_owned()));
    assert_eq!(logged_in.header("set-cookie"), None);
    let logged_out = owner.delete("/session").without("origin").header("origin", evil).await;
    assert_eq!(logged_out.problem(), (403, "cross_site".to_owned()));
    // The one kind of body that the API takes and a form of another site can send.
    owner.create_project("shop").await;
    let upload = owner.call("POST", "/projects/shop/deployments").archive(&tar_gz(&[("index.html", "evil")]), None);
    let upload = upload.without("origin").header("origin", evil).header("sec-fetch-site", "cross-site").await;
    assert_eq!(upload.problem(), (403, "cross_site".to_owned()));
    let followed = owner.delete("/session").without("origin").header("sec-fetch-site", "cross-site").await;
    assert_eq!(followed.problem(), (403, "cross_site".to_owned()));
    owner.get("/me").await.expect(200);
}

async fn r_app_3_nothing_is_shared_with_other_origins(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let preflight = owner
        .call("OPTIONS", "/projects")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .await;
    let read = owner.get("/me").without("origin").header("origin", "https://evil.example").await;
    for answer in [preflight, read] {
        assert!(
            !answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")),
            "{:?}",
            answer.headers
        );
    }
}
