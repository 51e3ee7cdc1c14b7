//! Projects and environments: made, named, listed, and gone without a trace.

use serde_json::{Value, json};
use temps_db::{
    entities::instance_secret,
    vault::{KeyOwner, Place},
};
use temps_testkit::{TestApp, TestDatabase, app::Person, on_both_databases};

use crate::cases::settings_with;

on_both_databases!(
    a_new_project_has_production_with_a_name_of_its_own,
    generated_names_are_unique_and_fit_into_a_label,
    r_app_6_names_are_small_letters_digits_and_hyphens,
    a_deleted_project_leaves_nothing,
    r_sec_8_a_deleted_project_takes_its_keys_along,
    a_deleted_environment_is_gone_at_once_and_production_stays,
    administrators_decide_who_creates_projects,
    lists_come_in_pages_that_miss_nothing,
    r_rbac_3_nothing_of_another_project_is_shown,
);

/// The host names of an environment.
async fn hosts(person: &Person, project: &str, environment: &str) -> Vec<String> {
    let shown = person.get(&format!("/projects/{project}/environments/{environment}")).await.expect(200);
    let urls = shown["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned());
    let host = |url: String| url.strip_prefix("https://").unwrap().split(':').next().unwrap().to_owned();
    urls.map(host).collect()
}

async fn a_new_project_has_production_with_a_name_of_its_own(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let created = owner.post("/projects", json!({ "slug": "shop", "name": "Die Läden" })).await;
    let shop = created.expect(201);
    assert_eq!(
        (&shop["role"], &shop["name"], created.header("etag")),
        (&json!("owner"), &json!("Die Läden"), Some("\"1\""))
    );
    assert!(shop["effective_ms"].is_number());
    let production = &shop["environments"][0];
    let url = format!("https://shop.localhost:{}", owner.reach().https_addr.port());
    assert_eq!(
        (&production["slug"], &production["live"], &production["urls"]),
        (&json!("production"), &Value::Null, &json!([url]))
    );
    let empty = app.get("shop.localhost", "/").await;
    assert_eq!(empty.status, 404);
    assert!(empty.text().contains("Nothing is deployed"), "{}", empty.text());
    owner.deploy("shop", &[("index.html", "hi")]).await;
    assert_eq!(app.get("shop.localhost", "/").await.text(), "hi");
    assert_eq!(owner.post("/projects", json!({ "slug": "shop" })).await.problem(), (409, "slug_taken".to_owned()));
}

async fn generated_names_are_unique_and_fit_into_a_label(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for slug in ["shop-staging", "shop", "temps"] {
        owner.create_project(slug).await;
    }
    owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await.expect(201);
    owner.post("/projects/shop/environments", json!({ "slug": "preview" })).await.expect(201);
    assert_eq!(hosts(&owner, "shop-staging", "production").await, ["shop-staging.localhost"]);
    assert_eq!(hosts(&owner, "shop", "preview").await, ["shop-preview.localhost"]);
    let collided = hosts(&owner, "shop", "staging").await;
    assert!(is_hashed(&collided[0], "shop-staging"), "{collided:?}");
    let console = hosts(&owner, "temps", "production").await;
    assert!(is_hashed(&console[0], "temps"), "the console keeps its name: {console:?}");
    assert_eq!(app.anonymous().raw("GET", "/healthz").await.text(), "ok\n");

    let long = format!("p{}", "x".repeat(39));
    owner.create_project(&long).await;
    let mut all = Vec::new();
    for environment in [format!("e{}", "y".repeat(39)), format!("e{}z", "y".repeat(38))] {
        owner.post(&format!("/projects/{long}/environments"), json!({ "slug": environment })).await.expect(201);
        all.extend(hosts(&owner, &long, &environment).await);
    }
    assert!(all.iter().all(|host| host.strip_suffix(".localhost").unwrap().len() <= 63), "{all:?}");
    assert_ne!(all[0], all[1]);
    for host in &all {
        assert_eq!(app.get(host, "/").await.status, 404, "it is served with a certificate of its own");
    }
}

fn is_hashed(host: &str, label: &str) -> bool {
    let hash = host.strip_prefix(&format!("{label}-")).and_then(|rest| rest.strip_suffix(".localhost"));
    hash.is_some_and(|hash| hash.len() == 6 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

async fn r_app_6_names_are_small_letters_digits_and_hyphens(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    let before = app.rows().await;
    for slug in [
        "",
        "a",
        "1ab",
        "-ab",
        "ab-",
        "Ab",
        "a b",
        "a_b",
        "a.b",
        "ä-b",
        "a/../b",
        "a;id",
        "$(id)",
        "`id`",
        "a\nb",
        "a'b",
        "a%00b",
        &"a".repeat(41),
    ] {
        for path in ["/projects", "/projects/shop/environments"] {
            let refused = owner.post(path, json!({ "slug": slug })).await;
            assert_eq!((refused.status, refused.fields()), (422, vec!["slug".to_owned()]), "{path} {slug:?}");
        }
    }
    assert_eq!(app.rows().await, before);
}

async fn a_deleted_project_leaves_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("yard").await;
    owner.deploy("yard", &[("index.html", "yard")]).await;
    let before = without_sessions(app.rows().await);
    owner.create_project("shop").await;
    owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await.expect(201);
    owner.post("/projects/shop/domains", json!({ "host": "shop.example.com" })).await.expect(201);
    owner
        .post("/projects/shop/firewall/rules", json!({ "action": "block", "network": "203.0.113.0/24" }))
        .await
        .expect(201);
    owner.put("/projects/shop/headers", json!({ "preset": "strict" })).if_match("*").await.expect(200);
    owner.deploy("shop", &[("index.html", "shop")]).await;
    let mut open = app.reach().connect("shop.localhost", temps_testkit::app::VISITOR).await;
    assert_eq!(open.get("shop.localhost", "/").await.text(), "shop");
    assert_eq!(app.get("shop.example.com", "/").await.text(), "shop");

    owner.delete("/projects/shop").await.expect(428);
    owner.delete("/projects/shop").if_match("\"7\"").await.expect(412);
    let deleted = owner.delete("/projects/shop").if_match("\"1\"").await.expect(200);
    assert!(deleted["effective_ms"].is_number());
    assert_eq!(open.get("shop.localhost", "/").await.status, 421, "on a connection that was open already");
    assert_eq!(app.misdirected("shop.example.com").await, 421);
    assert_eq!(owner.get("/projects/shop").await.problem(), (404, "not_found".to_owned()));
    assert_eq!(without_sessions(app.rows().await), before, "no row is left");
    assert_eq!(app.get("yard.localhost", "/").await.text(), "yard");

    owner.create_project("shop").await;
    assert_eq!(app.get("shop.localhost", "/").await.status, 404, "the name is free again, and empty");
}

/// Data keys of the audit log are made as people act; they are not what these tests are about.
fn without_sessions(rows: Vec<String>) -> Vec<String> {
    rows.into_iter().filter(|row| !row.starts_with("data_keys:") && !row.starts_with("sessions:")).collect()
}

async fn r_sec_8_a_deleted_project_takes_its_keys_along(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let shop = owner.create_project("shop").await;
    let key_owner = KeyOwner::Project(shop["id"].as_str().unwrap().parse().unwrap());
    let place = Place::new(instance_secret::Column::Value, "a test");
    let transaction = app.store().begin().await.unwrap();
    let sealed = transaction.vault().seal(&transaction, key_owner, &place, b"a secret of the shop").await.unwrap();
    transaction.commit().await.unwrap();
    let open = async || app.store().vault().open(app.store().read(), &place, &sealed).await;
    assert_eq!(open().await.unwrap().expose(), b"a secret of the shop");
    owner.delete("/projects/shop").if_match("*").await.expect(200);
    let wrapped =
        "SELECT count(*) FROM data_keys WHERE owner LIKE 'project:%' AND (destroyed_at IS NULL OR length(wrapped) > 0)";
    assert_eq!(app.count(wrapped).await, 0, "the wrapped key is overwritten");
    let app = app.restart().await;
    let opened = app.store().vault().open(app.store().read(), &place, &sealed).await;
    assert!(opened.is_err(), "what was sealed for the project stays shut");
}

async fn a_deleted_environment_is_gone_at_once_and_production_stays(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "shop")]).await;
    let staging = owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await;
    let id = staging.expect(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(
        owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await.problem(),
        (409, "slug_taken".to_owned())
    );
    assert_eq!(app.get("shop-staging.localhost", "/").await.status, 404);
    let refused = owner.delete("/projects/shop/environments/production").if_match("*").await;
    assert_eq!(refused.problem(), (409, "production".to_owned()));
    owner.delete(&format!("/projects/shop/environments/{id}")).if_match("\"1\"").await.expect(200);
    assert_eq!(app.misdirected("shop-staging.localhost").await, 421);
    assert_eq!(app.get("shop.localhost", "/").await.text(), "shop");
    assert_eq!(app.count("SELECT count(*) FROM certificates WHERE host = 'shop-staging.localhost'").await, 0);
}

async fn administrators_decide_who_creates_projects(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (owner, user) = (app.owner().await, app.user("user").await);
    user.create_project("first").await;
    let shown = owner.get("/instance").await;
    let changed = owner
        .put("/instance", settings_with("/users_may_create_projects", json!(false)))
        .if_match(shown.header("etag").unwrap());
    changed.await.expect(200);
    assert_eq!(
        user.post("/projects", json!({ "slug": "second" })).await.problem(),
        (403, "projects_by_administrators".to_owned())
    );
    owner.create_project("third").await;
    assert_eq!(user.get("/instance").await.expect(200)["users_may_create_projects"], false);
}

async fn lists_come_in_pages_that_miss_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("p0").await;
    for number in 1..7 {
        owner.create_project(&format!("p{number}")).await;
        owner.post("/projects/p0/domains", json!({ "host": format!("d{number}.example.com") })).await.expect(201);
        owner.deploy_upstream("p0", "http://127.0.0.1:9").await;
        owner
            .post("/projects/p0/firewall/rules", json!({ "action": "block", "network": format!("203.0.113.{number}") }))
            .await
            .expect(201);
        owner.post("/users", json!({ "email": format!("u{number}@example.com") })).await.expect(201);
    }
    for (list, key) in [
        ("/projects", "slug"),
        ("/projects/p0/domains", "host"),
        ("/projects/p0/deployments", "number"),
        ("/projects/p0/firewall/rules", "network"),
        ("/users", "email"),
        ("/projects/p0/audit", "id"),
    ] {
        let whole = owner.get(&format!("{list}?limit=200")).await.expect(200);
        assert_eq!(whole["next"], Value::Null);
        let keys = |page: &Value| {
            page["items"].as_array().unwrap().iter().map(|item| item[key].to_string()).collect::<Vec<_>>()
        };
        let mut pieces = Vec::new();
        let mut query = "limit=3".to_owned();
        loop {
            let page = owner.get(&format!("{list}?{query}")).await.expect(200);
            assert!(keys(&page).len() <= 3);
            pieces.extend(keys(&page));
            match page["next"].as_str() {
                Some(next) => query = format!("limit=3&cursor={next}"),
                None => break,
            }
        }
        // Reading the audit log is itself recorded, above what the first page began with.
        let expected = keys(&whole);
        assert!(
            pieces.ends_with(&expected) && pieces.len() <= expected.len() + 1,
            "{list}: {pieces:?} is not {expected:?}"
        );
        for query in ["limit=0", "limit=201", "limit=-1", "limit=x", "cursor=x", "page=2", "limit=1&limit=2"] {
            assert_eq!(owner.get(&format!("{list}?{query}")).await.status, 400, "{list}?{query}");
        }
    }
}

async fn r_rbac_3_nothing_of_another_project_is_shown(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (one, other) = (app.user("one").await, app.user("other").await);
    one.create_project("shop").await;
    other.post("/projects", json!({ "slug": "sentinel-slug", "name": "sentinel name" })).await.expect(201);
    other.post("/projects/sentinel-slug/environments", json!({ "slug": "sentinel-env" })).await.expect(201);
    other.post("/projects/sentinel-slug/domains", json!({ "host": "sentinel.example.com" })).await.expect(201);
    other.deploy_upstream("sentinel-slug", "http://127.0.0.1:9").await;
    let rule = json!({ "action": "block", "network": "203.0.113.9", "note": "sentinel note" });
    other.post("/projects/sentinel-slug/firewall/rules", rule).await.expect(201);
    for path in [
        "/me",
        "/instance",
        "/projects",
        "/projects/shop",
        "/projects/shop/environments",
        "/projects/shop/domains",
        "/projects/shop/deployments",
        "/projects/shop/firewall",
        "/projects/shop/firewall/rules",
        "/projects/shop/headers",
        "/projects/shop/audit",
    ] {
        let answer = one.get(path).await;
        answer.expect(200);
        assert!(
            !answer.text().contains("sentinel") && !answer.text().contains("203.0.113.9"),
            "{path}: {}",
            answer.text()
        );
    }
}
