//! What goes wrong is told in one form, and input is read strictly.

use serde_json::{Value, json};
use temps_control::{access::Access, router::routes};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, PASSWORD},
    on_both_databases,
};

use crate::cases::World;

on_both_databases!(
    r_ux_2_every_error_is_a_problem_with_the_request_id,
    r_app_7_every_route_reads_its_json_strictly,
    r_app_6_what_a_shell_or_a_query_would_obey_is_only_text,
    r_app_7_texts_cannot_lie,
);

/// RFC 9457, with what Temps adds.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.problem(), (status, code.to_owned()), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{code}");
    let body = answer.json();
    assert_eq!(body["type"], format!("urn:temps:problem:{code}"));
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], answer.request_id());
    for text in ["title", "detail"] {
        assert!(body[text].as_str().is_some_and(|text| !text.is_empty()), "{code} has no {text}");
    }
    let known = ["type", "title", "status", "detail", "code", "hint", "request_id", "errors"];
    assert!(body.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{body}");
    for inside in ["sqlx", "SELECT", "panicked", ".rs:", "/tmp/", "sea_orm"] {
        assert!(!answer.text().contains(inside), "{code} tells {inside}: {}", answer.text());
    }
}

async fn r_ux_2_every_error_is_a_problem_with_the_request_id(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (owner, user) = (app.owner().await, app.user("user").await);
    owner.create_project("shop").await;
    let shop = "/projects/shop";
    let large = json!({ "slug": "x".repeat(70_000) });
    for (answer, status, code) in [
        (owner.call("POST", "/projects").body("application/json", "{").await, 400, "json"),
        (owner.call("POST", "/projects").body("application/json", [0x22, 0xff, 0x22].to_vec()).await, 400, "json"),
        (owner.get("/projects?order=slug").await, 400, "query"),
        (owner.delete(shop).if_match("1").await, 400, "if_match"),
        (owner.delete(shop).if_match("W/\"1\"").await, 400, "if_match"),
        (app.anonymous().get("/me").await, 401, "login_required"),
        (user.get("/users").await, 403, "administrator_needed"),
        (user.get(shop).await, 404, "not_found"),
        (owner.get("/nothing").await, 404, "not_found"),
        (owner.raw("GET", "/nothing").await, 404, "not_found"),
        (owner.call("PATCH", "/projects").await, 405, "method"),
        (owner.post("/projects", json!({ "slug": "shop" })).await, 409, "slug_taken"),
        (owner.delete(shop).if_match("\"9\"").await, 412, "stale"),
        (owner.post("/projects", large).await, 413, "too_large"),
        (owner.call("POST", "/projects").body("text/plain", "{}").await, 415, "media_type"),
        (owner.post("/projects", json!({ "slug": 1 })).await, 422, "invalid"),
        (owner.delete(shop).await, 428, "precondition_required"),
    ] {
        assert_problem(&answer, status, code);
    }
    let stale = owner.delete(shop).if_match("\"9\"").await;
    assert_eq!(stale.header("etag"), Some("\"1\""), "the version that it has now");
    // Found by the edge, before the API is asked.
    let long = owner.get(&format!("/projects/{}", "x".repeat(20_000))).await;
    assert!((400..500).contains(&long.status));
    owner.get(&format!("{shop}/environments/production")).await.expect(200);
}

async fn r_app_7_every_route_reads_its_json_strictly(database: TestDatabase) {
    let world = World::start(database).await;
    let anonymous = &world.anonymous;
    for route in routes().into_iter().filter(|route| route.body.is_some()) {
        let caller = if route.path.starts_with("/api/v1/instance") || route.path == "/api/v1/users" {
            &world.administrator
        } else {
            &world.owner
        };
        let caller =
            if ["/api/v1/setup", "/api/v1/session", "/api/v1/activation", "/api/v1/revoke"].contains(&route.path) {
                anonymous
            } else {
                caller
            };
        let case = world.case(&route).await;
        let (case, jar) = match route.access {
            Access::HalfAuthenticated => world.ready(&case, caller).await,
            _ => (case, caller.with_own_jar()),
        };
        let before = world.app.rows().await;
        let body = case.body.clone().unwrap();
        let (first, value) = body.as_object().unwrap().iter().next().unwrap();
        let doubled = body.to_string().replacen('{', &format!("{{{}:{value},", json!(first)), 1);
        let mut unknown = body.clone();
        unknown["is_admin"] = json!(true);
        let mut nul = body.clone();
        nul[first] = json!("a\u{0}b");
        let deep = format!("{{{}:{}", json!(first), "[".repeat(10_000));
        for (text, statuses) in [
            (unknown.to_string(), [422, 422]),
            (doubled, [422, 422]),
            (nul.to_string(), [400, 422]),
            (deep, [400, 422]),
            (format!("{body} {body}"), [400, 400]),
            (format!("\u{feff}{body}"), [400, 400]),
            (format!("[{body}]"), [400, 422]),
            ("null".to_owned(), [400, 422]),
            ("\"\"".to_owned(), [400, 422]),
            ("1e999".to_owned(), [400, 422]),
            (String::new(), [400, 400]),
            (body.to_string().replacen('{', "{\"__proto__\":{},", 1), [422, 422]),
        ] {
            let call = jar.with_own_jar();
            let call = call.call(&case.method, &case.path).body("application/json", text.clone()).if_match("*");
            let answer = call.await;
            let name = format!("{} {} with {}", route.method, route.path, &text[..text.len().min(80)]);
            let expected = statuses.contains(&answer.status) || (route.path == "/api/v1/setup" && answer.status == 409);
            assert!(expected, "{name}: {} {}", answer.status, answer.text());
        }
        assert_eq!(world.app.rows().await, before, "{} changed something", route.path);
        if route.access == Access::HalfAuthenticated {
            world.settle(caller).await;
        }
    }
}

/// Every text of a JSON value replaced by another, one at a time.
fn with_each_text_replaced(body: &Value, by: &str) -> Vec<Value> {
    let Some(fields) = body.as_object() else { return Vec::new() };
    let texts = fields.iter().filter(|(_, value)| value.is_string());
    texts
        .map(|(name, _)| {
            let mut changed = body.clone();
            changed[name] = json!(by);
            changed
        })
        .collect()
}

/// Fields in which a person may write what they want.
const FREE: [&str; 3] = ["name", "note", "password"];

/// PostgreSQL can be made to say that its disk is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_sites_go_on() {
    let app = TestApp::start(TestDatabase::postgres()).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    let raise = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END";
    app.execute(&format!("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ {raise} $$")).await;
    app.execute("CREATE TRIGGER full_disk BEFORE INSERT ON audit_records EXECUTE FUNCTION full_disk()").await;
    let before = app.rows().await;
    let archive = temps_testkit::app::archive::tar_gz(&[("index.html", "new")]);
    for refused in [
        owner.post("/projects", json!({ "slug": "yard" })).await,
        owner.call("POST", "/projects/shop/deployments").archive(&archive, None).await,
        owner.post("/projects/shop/firewall/rules", json!({ "action": "block", "network": "127.0.0.1" })).await,
        owner.delete("/projects/shop").if_match("*").await,
        owner.elsewhere().log_in().await,
    ] {
        assert_problem(&refused, 507, "disk_full");
    }
    assert_eq!(app.rows().await, before);
    assert_eq!(app.get("shop.localhost", "/").await.text(), "hi");
    owner.get("/projects/shop").await.expect(200);
    app.execute("DROP TRIGGER full_disk ON audit_records").await;
    owner.create_project("yard").await;
}

/// What some interpreter or other would obey.
const EVIL: [&str; 12] = [
    "; touch x",
    "$(id)",
    "`id`",
    "| id",
    "' OR '1'='1",
    "\"; DROP TABLE users; --",
    "../../etc/passwd",
    "%2e%2e%2f",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "${jndi:ldap://x}",
];

/// Data keys of the audit log are made as people try things.
fn without_keys(rows: Vec<String>) -> Vec<String> {
    rows.into_iter().filter(|row| !row.starts_with("data_keys:")).collect()
}

async fn r_app_6_what_a_shell_or_a_query_would_obey_is_only_text(database: TestDatabase) {
    let world = World::start(database).await;
    for route in routes().into_iter().filter(|route| route.body.is_some() && route.path != "/api/v1/setup") {
        let caller = if route.path.starts_with("/api/v1/instance") || route.path == "/api/v1/users" {
            &world.administrator
        } else {
            &world.owner
        };
        for evil in EVIL {
            let case = world.case(&route).await;
            let mut body = case.body.clone().unwrap();
            match route.path {
                path if path.ends_with("/rules") => body["note"] = json!("a note"),
                "/api/v1/users" | "/api/v1/projects" => body["name"] = json!("A name"),
                _ => {}
            }
            for changed in with_each_text_replaced(&body, evil) {
                let before = world.app.rows().await;
                let jar = caller.with_own_jar();
                let answer = jar.call(&case.method, &case.path).json(&changed).if_match("*").await;
                let is_free = FREE.iter().any(|field| changed[*field] == evil);
                if answer.is_success() {
                    assert!(is_free, "{} took {evil:?} in {changed}: {}", route.path, answer.text());
                    // What a person wrote comes back as they wrote it; a password does not come back.
                    let written = json!(evil).to_string();
                    let comes_back = answer.text().contains(written.trim_matches('"'));
                    assert!(changed["password"] == evil || comes_back, "{} {evil:?}: {}", route.path, answer.text());
                    if route.path == "/api/v1/me/password" {
                        caller.log_in_with(evil).await.expect(201);
                        caller.put("/me/password", json!({ "password": PASSWORD })).await.expect(204);
                    }
                    break;
                }
                assert!((400..500).contains(&answer.status), "{} at {evil:?}: {}", route.path, answer.text());
                assert_eq!(without_keys(world.app.rows().await), without_keys(before), "{} {evil:?}", route.path);
            }
        }
    }
}

async fn r_app_7_texts_cannot_lie(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for hidden in [
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{200b}b",
        "a\u{feff}b",
        "a\u{7}b",
        "a\u{1b}[31mb",
        "a\r\nb",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{e0041}b",
    ] {
        let named = owner.post("/projects", json!({ "slug": "shop", "name": hidden })).await;
        assert_eq!((named.status, named.fields()), (422, vec!["name".to_owned()]), "{hidden:?}");
        let noted = json!({ "action": "block", "network": "203.0.113.1", "note": hidden });
        let noted = owner.post("/instance/firewall/rules", noted).await;
        assert_eq!((noted.status, noted.fields()), (422, vec!["note".to_owned()]), "{hidden:?}");
    }
    let long = owner.post("/projects", json!({ "slug": "shop", "name": "ä".repeat(81) })).await;
    assert_eq!(long.fields(), ["name"]);
    let made = owner.post("/projects", json!({ "slug": "shop", "name": "  Cafe\u{301} läuft  " })).await.expect(201);
    assert_eq!(made["name"], "Café läuft");
}
