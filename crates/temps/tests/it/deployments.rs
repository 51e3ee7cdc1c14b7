//! Deployments: published whole or not at all, live with the answer, and rolled back as fast.

use std::net::TcpListener;

use serde_json::{Value, json};
use temps_testkit::{
    Recorder, TestApp, TestDatabase,
    app::{
        Person, VISITOR,
        archive::{form, tar_gz, tar_gz_with, zip},
        eventually,
    },
    on_both_databases,
};

on_both_databases!(
    a_deployment_is_live_with_the_answer_and_so_is_a_rollback,
    tar_gz_and_zip_are_taken_and_environments_are_apart,
    a_truncated_upload_leaves_nothing,
    a_bad_archive_names_its_entry_and_leaves_nothing,
    a_form_that_is_none_is_explained,
    an_upload_that_is_too_large_is_refused,
    an_application_is_reached_and_its_failure_tells_nothing,
    r_app_9_forbidden_addresses_are_refused,
    deployments_survive_a_restart,
);

const SHOP: &str = "/projects/shop/deployments";

async fn shop(database: TestDatabase) -> (TestApp, Person) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    (app, owner)
}

fn id(deployment: &Value) -> &str {
    deployment["id"].as_str().unwrap()
}

async fn a_deployment_is_live_with_the_answer_and_so_is_a_rollback(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let mut open = app.reach().connect("shop.localhost", VISITOR).await;
    let mut made = Vec::new();
    for content in ["one", "two", "three"] {
        let deployment = owner.deploy("shop", &[("index.html", content), ("about.html", "about")]).await;
        assert_eq!(
            (&deployment["live"], &deployment["files"], &deployment["kind"]),
            (&json!(true), &json!(2), &json!("static"))
        );
        assert_eq!(deployment["number"], made.len() + 1);
        assert!(deployment["effective_ms"].is_number());
        assert_eq!(open.get("shop.localhost", "/").await.text(), content, "the very next request");
        made.push(deployment);
    }
    let history = owner.get(SHOP).await.expect(200);
    let history: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["number"].as_u64(), item["live"].as_bool()))
        .collect();
    assert_eq!(history, [(Some(3), Some(true)), (Some(2), Some(false)), (Some(1), Some(false))]);
    for (number, content) in [(0, "one"), (1, "two"), (0, "one")] {
        let path = format!("{SHOP}/{}/rollback", id(&made[number]));
        let rolled = owner.call("POST", &path).await.expect(200);
        assert_eq!((&rolled["live"], &rolled["number"]), (&json!(true), &json!(number + 1)));
        assert_eq!(open.get("shop.localhost", "/").await.text(), content);
        assert_eq!(owner.call("POST", &path).await.problem(), (409, "already_live".to_owned()));
    }
    assert_eq!(owner.get("/projects/shop/environments/production").await.expect(200)["live"]["number"], 1);
    let shown = owner.get(&format!("{SHOP}/{}", id(&made[2]))).await.expect(200);
    assert_eq!((&shown["live"], &shown["created_by"]["email"]), (&json!(false), &json!(owner.email())));
}

async fn tar_gz_and_zip_are_taken_and_environments_are_apart(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await.expect(201);
    owner.deploy("shop", &[("index.html", "production"), ("a/b/c.txt", "deep")]).await;
    let zipped = zip(&[("index.html", "staging"), ("404.html", "nothing here")]);
    let staged = owner.call("POST", SHOP).archive(&zipped, Some("staging")).await.expect(201);
    assert_eq!((&staged["number"], &staged["environment"]), (&json!(1), &json!("staging")));
    assert_eq!(app.get("shop.localhost", "/").await.text(), "production");
    assert_eq!(app.get("shop.localhost", "/a/b/c.txt").await.text(), "deep");
    assert_eq!(app.get("shop-staging.localhost", "/").await.text(), "staging");
    let missing = app.get("shop-staging.localhost", "/nowhere").await;
    assert_eq!((missing.status, missing.text()), (404, "nothing here"));
    let of_staging = owner.get(&format!("{SHOP}?environment=staging")).await.expect(200);
    assert_eq!(of_staging["items"].as_array().unwrap().len(), 1);
    for environment in ["nowhere", "", "../production"] {
        let refused = owner.call("POST", SHOP).archive(&zipped, Some(environment)).await;
        assert_eq!(refused.status, 404, "{environment}: {}", refused.text());
    }
}

async fn a_truncated_upload_leaves_nothing(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    owner.deploy("shop", &[("index.html", "whole")]).await;
    let (rows, blobs) = (app.rows().await, files_in(&app, "blobs"));
    // The connection breaks off within the form.
    let noise: String = (0u32..200_000).map(|n| char::from(33 + (n.wrapping_mul(2_654_435_761) >> 26) as u8)).collect();
    let (media_type, body) = form(&tar_gz(&[("index.html", "cut"), ("large.txt", &noise)]), None);
    let cookie = format!("__Host-temps_session={}", owner.token().unwrap());
    let head = format!(
        "POST /api/v1{SHOP} HTTP/1.1\r\nHost: temps.localhost\r\nOrigin: {}\r\nCookie: {cookie}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        owner.reach().origin,
        body.len()
    );
    for sent in [0, 100, body.len() / 2, body.len() - 3] {
        let mut raw = app.reach().raw("temps.localhost", owner.address()).await;
        raw.send(&head).await.send(&body[..sent]).await;
        drop(raw);
    }
    // The form is whole, and what it carries is not.
    let archive = tar_gz(&[("index.html", "cut"), ("large.txt", &noise)]);
    for kept in [10, archive.len() / 2, archive.len() - 9] {
        let refused = owner.call("POST", SHOP).archive(&archive[..kept], None).await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["archive".to_owned()]), "{}", refused.text());
    }
    eventually("an empty folder of temporary files", async || files_in(&app, "tmp").is_empty()).await;
    assert_eq!(app.rows().await, rows);
    assert_eq!(files_in(&app, "blobs"), blobs, "no content of the failed uploads is left");
    assert_eq!(app.get("shop.localhost", "/").await.text(), "whole");
    assert_eq!(owner.get(SHOP).await.expect(200)["items"].as_array().unwrap().len(), 1);
}

/// Every file below a folder of the data directory.
fn files_in(app: &TestApp, folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![app.data_dir().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path.display().to_string()),
            }
        }
    }
    files.sort();
    files
}

/// A tar.gz with one entry, whatever its name and kind are.
fn entry(name: &str, kind: tar::EntryType, link: &str) -> Vec<u8> {
    tar_gz_with(|tar| {
        let mut header = tar::Header::new_gnu();
        let old = header.as_gnu_mut().unwrap();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(0);
        header.set_cksum();
        tar.append(&header, std::io::empty()).unwrap();
    })
}

async fn a_bad_archive_names_its_entry_and_leaves_nothing(database: TestDatabase) {
    use tar::EntryType::{Block, Char, Fifo, Link, Regular, Symlink};
    let (app, owner) = shop(database).await;
    let rows = app.rows().await;
    let bomb = zip(&[("bomb.txt", &"0".repeat(30 << 20))]);
    for (archive, names) in [
        (entry("../evil.html", Regular, ""), "../evil.html"),
        (entry("a/../../evil.html", Regular, ""), "a/../../evil.html"),
        (entry("/etc/passwd", Regular, ""), "/etc/passwd"),
        (entry("link.html", Symlink, "/etc/passwd"), "link.html"),
        (entry("inside.html", Symlink, "index.html"), "inside.html"),
        (entry("hard.html", Link, "/etc/passwd"), "hard.html"),
        (entry("null", Char, ""), "null"),
        (entry("disk", Block, ""), "disk"),
        (entry("pipe", Fifo, ""), "pipe"),
        (entry("a\\b.html", Regular, ""), "b.html"),
        (entry(".env", Regular, ""), ".env"),
        (entry(".git/config", Regular, ""), ".git/config"),
        (tar_gz(&[("twice.html", "1"), ("twice.html", "2")]), "twice.html"),
        (zip(&[("../zipped.html", "x")]), "../zipped.html"),
        (bomb, "bomb.txt"),
        (b"no archive".to_vec(), "neither a tar.gz nor a zip"),
        (Vec::new(), "neither a tar.gz nor a zip"),
        (tar_gz(&[]), "no files"),
    ] {
        let refused = owner.call("POST", SHOP).archive(&archive, None).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (422, vec!["archive".to_owned()]),
            "{names}: {}",
            refused.text()
        );
        assert!(refused.text().contains(names), "{names}: {}", refused.text());
    }
    assert_eq!(app.rows().await, rows);
    assert_eq!(app.get("shop.localhost", "/").await.status, 404);
    assert!(files_in(&app, "tmp").is_empty());
}

async fn a_form_that_is_none_is_explained(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let rows = app.rows().await;
    let part = |name: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nvalue\r\n");
    for (media_type, body, status) in [
        ("multipart/form-data", String::new(), 400),
        ("multipart/form-data; boundary=x", String::new(), 400),
        ("multipart/form-data; boundary=x", "--x--\r\n".to_owned(), 422),
        ("multipart/form-data; boundary=x", format!("{}--x--\r\n", part("environment")), 422),
        ("multipart/form-data; boundary=x", format!("{}--x--\r\n", part("project_id")), 422),
        ("multipart/form-data; boundary=x", format!("{0}{0}--x--\r\n", part("environment")), 422),
        ("multipart/form-data; boundary=x", format!("{0}{0}--x--\r\n", part("archive")), 422),
        ("application/gzip", "x".to_owned(), 415),
        ("application/json", "{}".to_owned(), 422),
    ] {
        let refused = owner.call("POST", SHOP).body(media_type, body.clone()).await;
        assert_eq!(refused.status, status, "{media_type} {body:?}: {}", refused.text());
    }
    assert_eq!(app.rows().await, rows);
}

async fn an_upload_that_is_too_large_is_refused(database: TestDatabase) {
    let app = TestApp::start_with(database, |config| config.max_upload = 1 << 20).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    let large = vec![0x42; (1 << 20) + 1];
    let refused = owner.call("POST", SHOP).archive(&large, None).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(files_in(&app, "tmp").is_empty());
    owner.deploy("shop", &[("index.html", "small")]).await;
    assert_eq!(owner.get("/instance").await.expect(200)["max_upload"], 1 << 20);
}

async fn an_application_is_reached_and_its_failure_tells_nothing(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    let recorder = Recorder::start().await;
    let url = format!("http://{}", recorder.addr());
    let deployed = owner.deploy_upstream("shop", &url).await;
    assert_eq!((&deployed["kind"], &deployed["upstream_url"]), (&json!("upstream"), &json!(url)));
    let reply = app.get("shop.localhost", "/path?query=1").await;
    assert_eq!((reply.status, reply.text()), (200, "ok"));
    let seen = recorder.last();
    assert_eq!(seen.target(), "/path?query=1");
    assert_eq!(seen.all("x-request-id"), [reply.header("temps-request-id").unwrap()]);
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
    let id = std::fs::read_to_string(app.data_dir().join("instance-id")).unwrap().trim().replace('-', "");
    assert!(seen.all("via").concat().ends_with(&format!(" temps-{id}")), "{:?}", seen.all("via"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    owner.deploy_upstream("shop", &format!("http://127.0.0.1:{port}")).await;
    let down = app.get("shop.localhost", "/").await;
    assert_eq!(down.status, 502);
    assert!(down.text().contains(down.header("temps-request-id").unwrap()), "the visitor has something to tell");
    for inside in ["127.0.0.1", port.as_str(), "refused (os", "hyper", "upstream_url"] {
        assert!(!down.text().contains(inside), "{inside}: {}", down.text());
    }
    owner.deploy("shop", &[("index.html", "static again")]).await;
    assert_eq!(app.get("shop.localhost", "/").await.text(), "static again");
}

async fn r_app_9_forbidden_addresses_are_refused(database: TestDatabase) {
    let app = TestApp::start_with(database, |config| config.upstream_networks.clear()).await;
    let owner = app.owner().await;
    owner.create_project("shop").await;
    let rows = app.rows().await;
    for url in [
        "http://127.0.0.1:3000",
        "http://127.1:3000",
        "http://0.0.0.0",
        "http://[::1]:80",
        "http://10.0.0.1",
        "http://192.168.1.1",
        "http://100.64.0.1",
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://[fd00::1]",
        "http://[::ffff:127.0.0.1]",
        "http://[64:ff9b::7f00:1]",
        "http://0x7f000001",
        "http://2130706433",
        "ftp://example.com",
        "http://user:password@example.com",
        "http://example.com/path",
        "http://example.com:0",
        "http://",
        "example.com",
        "unix:///run/x.sock",
        "http://example.com:99999",
        "http://exa mple.com",
        "http://example.com\r\nHost: x",
    ] {
        let refused = owner.post(SHOP, json!({ "upstream_url": url })).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (422, vec!["upstream_url".to_owned()]),
            "{url}: {}",
            refused.text()
        );
    }
    assert_eq!(app.rows().await, rows);
    // A name is looked up when a visitor comes, and where it leads decides.
    let recorder = Recorder::start().await;
    owner.deploy_upstream("shop", &format!("http://localhost:{}", recorder.addr().port())).await;
    assert_eq!(app.get("shop.localhost", "/").await.status, 502);
    assert_eq!(recorder.connections(), 0, "the application was not even connected to");
}

async fn deployments_survive_a_restart(database: TestDatabase) {
    let (app, owner) = shop(database).await;
    owner.deploy("shop", &[("index.html", "kept")]).await;
    owner.create_project("own").await;
    let own = owner.reach().https_addr.port();
    owner.deploy_upstream("own", &format!("http://127.0.0.1:{own}")).await;
    let looped = app.get("own.localhost", "/").await;
    assert!([502, 508].contains(&looped.status), "Temps' own socket is no application: {}", looped.status);
    let app = app.restart().await;
    assert_eq!(app.get("shop.localhost", "/").await.text(), "kept");
    let owner = app.owner().await;
    assert_eq!(owner.get(SHOP).await.expect(200)["items"][0]["live"], true);
}
