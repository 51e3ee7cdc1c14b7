//! Deployments through the API on both databases, and what the edge makes of them.

use std::{collections::BTreeSet, io::Read, sync::Arc};

use axum::http::StatusCode;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use temps_policy::{Encoding, Target};
use temps_testkit::{TestDatabase, on_both_databases};

use crate::testing::{Answered, Testing};

const DEPLOYMENTS: &str = "/api/v1/projects/shop/deployments";
const ENVIRONMENTS: &str = "/api/v1/projects/shop/environments";
const HOST: &str = "shop.localhost";

on_both_databases!(
    a_site_is_live_when_the_call_is_answered,
    an_earlier_deployment_is_live_again_at_once,
    an_application_elsewhere_is_put_behind_the_host_names,
    an_upload_that_is_refused_changes_nothing,
    deployments_are_listed_by_page_and_environment,
    deployments_at_once_get_numbers_one_after_another,
    r_rbac_2_a_deployment_of_another_project_is_not_there,
    what_no_deployment_names_is_swept,
);

fn site(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

async fn deploy(testing: &Testing, environment: &str, archive: &[u8]) -> Answered {
    let begin = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"environment\"\r\n\r\n{environment}\r\n\
         --xyz\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"site.tar.gz\"\r\n\r\n"
    );
    let form = [begin.as_bytes(), archive, b"\r\n--xyz--\r\n"].concat();
    testing.upload(DEPLOYMENTS, "multipart/form-data; boundary=xyz", form).send().await
}

/// Deploys a site of one page to production and gives its id.
async fn deploy_page(testing: &Testing, page: &str) -> String {
    let made = deploy(testing, "production", &site(&[("index.html", page)])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.body["id"].as_str().unwrap().to_owned()
}

/// What the edge, as it was last told, serves at the root of a host.
fn served(testing: &Testing, host: &str) -> Option<String> {
    match &testing.app.edge.current().sites[host].target {
        Target::Files(site) => {
            let mut content = String::new();
            let blob = site.files["index.html"].blob;
            site.blobs.open(blob, Encoding::Identity).unwrap().read_to_string(&mut content).unwrap();
            Some(content)
        }
        _ => None,
    }
}

fn code(answer: &Answered) -> (u16, &str) {
    (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default())
}

fn column(page: &Value, field: &str) -> Vec<Value> {
    page["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
}

async fn a_site_is_live_when_the_call_is_answered(test: TestDatabase) {
    let testing = Testing::start(test).await;
    assert_eq!(served(&testing, HOST), None);
    let made = deploy(&testing, "production", &site(&[("index.html", "<h1>Hello</h1>"), ("a/b.css", "b{}")])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(served(&testing, HOST).as_deref(), Some("<h1>Hello</h1>"));
    assert!(made.body["effective_ms"].is_number());
    let mut expected = made.body.clone();
    expected.as_object_mut().unwrap().remove("effective_ms");
    for (field, value) in [
        ("number", json!(1)),
        ("environment", json!("production")),
        ("kind", json!("static")),
        ("files", json!(2)),
        ("bytes", json!(17)),
        ("live", json!(true)),
        ("urls", json!(["https://shop.localhost:8443"])),
    ] {
        assert_eq!(expected[field], value, "{field}");
    }
    assert_eq!(expected["created_by"]["email"], "owner@example.com");
    let id = expected["id"].as_str().unwrap();
    assert_eq!(testing.get(&format!("{DEPLOYMENTS}/{id}")).send().await.body, expected);
    assert_eq!(testing.get(DEPLOYMENTS).send().await.body, json!({ "items": [expected], "next": null }));
    let environment = testing.get(&format!("{ENVIRONMENTS}/production")).send().await.body;
    assert_eq!(environment["live"], json!({ "id": id, "number": 1 }));
}

async fn an_earlier_deployment_is_live_again_at_once(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let (first, second) = (deploy_page(&testing, "one").await, deploy_page(&testing, "two").await);
    assert_eq!(served(&testing, HOST).as_deref(), Some("two"));
    let before = testing.get(&format!("{ENVIRONMENTS}/production")).send().await.body["version"].as_i64();

    let back = testing.post(&format!("{DEPLOYMENTS}/{first}/rollback"), Value::Null).send().await;
    assert_eq!((back.status, &back.body["live"], &back.body["number"]), (StatusCode::OK, &json!(true), &json!(1)));
    assert!(back.body["effective_ms"].is_number());
    assert_eq!(served(&testing, HOST).as_deref(), Some("one"));
    let after = testing.get(&format!("{ENVIRONMENTS}/production")).send().await.body["version"].as_i64();
    assert_eq!(after, before.map(|version| version + 1));
    assert_eq!(testing.get(&format!("{DEPLOYMENTS}/{second}")).send().await.body["live"], false);

    let again = testing.post(&format!("{DEPLOYMENTS}/{first}/rollback"), Value::Null).send().await;
    assert_eq!(code(&again), (409, "already_live"));
    assert_eq!(
        testing.get(DEPLOYMENTS).send().await.body["items"].as_array().unwrap().len(),
        2,
        "a rollback makes none"
    );
}

async fn an_application_elsewhere_is_put_behind_the_host_names(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let made = testing.post(DEPLOYMENTS, json!({ "upstream_url": "https://backend.example.com/" })).send().await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(
        (&made.body["kind"], &made.body["upstream_url"]),
        (&json!("upstream"), &json!("https://backend.example.com"))
    );
    match &testing.app.edge.current().sites[HOST].target {
        Target::Upstream(upstream) => assert_eq!(upstream.to_string(), "https://backend.example.com"),
        other => panic!("{other:?}"),
    }
    for (body, field) in [
        (json!({ "upstream_url": "http://127.0.0.1:3000" }), "upstream_url"),
        (json!({ "upstream_url": "http://[::ffff:169.254.169.254]" }), "upstream_url"),
        (json!({ "upstream_url": "http://user:pass@backend.example.com" }), "upstream_url"),
        (json!({ "upstream_url": "ftp://backend.example.com" }), "upstream_url"),
        (json!({ "upstream_url": "http://backend.example.com", "project": "other" }), "project"),
    ] {
        let refused = testing.post(DEPLOYMENTS, body.clone()).send().await;
        assert_eq!((code(&refused), &refused.body["errors"][0]["field"]), ((422, "invalid"), &json!(field)), "{body}");
    }
    let nowhere = json!({ "upstream_url": "http://backend.example.com", "environment": "staging" });
    assert_eq!(testing.post(DEPLOYMENTS, nowhere).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(column(&testing.get(DEPLOYMENTS).send().await.body, "number"), [json!(1)]);
}

async fn an_upload_that_is_refused_changes_nothing(test: TestDatabase) {
    let testing = Testing::start(test).await;
    deploy_page(&testing, "one").await;
    let stored = || walk(&testing.app.settings.data_dir.join("blobs"));
    let before = stored();
    let whole = site(&[("index.html", "two"), ("style.css", "h1{}")]);
    for (environment, archive, status, says) in [
        ("production", site(&[("index.html", "two"), ("../evil", "x")]), 422, "`../evil`"),
        ("production", whole[..whole.len() - 4].to_vec(), 422, "cut off"),
        ("production", b"<html>".to_vec(), 422, "neither a tar.gz nor a zip"),
        ("staging", whole.clone(), 404, "nothing here"),
    ] {
        let refused = deploy(&testing, environment, &archive).await;
        assert_eq!(refused.status.as_u16(), status, "{refused:?}");
        assert!(refused.body.to_string().contains(says), "{refused:?}");
    }
    let cut = testing.upload(DEPLOYMENTS, "multipart/form-data; boundary=xyz", b"--xyz\r\nContent-Disp".to_vec());
    assert_eq!(code(&cut.send().await), (400, "upload_incomplete"));
    let other = testing.upload(DEPLOYMENTS, "application/x-tar", whole);
    assert_eq!(code(&other.send().await), (415, "media_type"));
    assert_eq!(served(&testing, HOST).as_deref(), Some("one"));
    assert_eq!(column(&testing.get(DEPLOYMENTS).send().await.body, "number"), [json!(1)]);
    assert_eq!(stored(), before);
    assert_eq!(walk(&testing.app.settings.data_dir.join("tmp")), BTreeSet::new());
}

async fn deployments_are_listed_by_page_and_environment(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post(ENVIRONMENTS, json!({ "slug": "staging" })).send().await;
    for environment in ["production", "staging", "production", "staging", "production"] {
        // Ids are in the order of time by the millisecond.
        testing.clock.advance(std::time::Duration::from_millis(1));
        let body = json!({ "upstream_url": "http://backend.example.com", "environment": environment });
        assert_eq!(testing.post(DEPLOYMENTS, body).send().await.status, StatusCode::CREATED);
    }
    let mut seen = Vec::new();
    let mut path = format!("{DEPLOYMENTS}?limit=2");
    let pages = loop {
        let page = testing.get(&path).send().await.body;
        let numbers = column(&page, "number");
        seen.extend(column(&page, "environment").into_iter().zip(numbers));
        match page["next"].as_str() {
            Some(next) => path = format!("{DEPLOYMENTS}?limit=2&cursor={next}"),
            None => break seen.len(),
        }
    };
    let at = |environment: &str, number: i32| (json!(environment), json!(number));
    let newest_first =
        [at("production", 3), at("staging", 2), at("production", 2), at("staging", 1), at("production", 1)];
    assert_eq!((pages, seen.as_slice()), (5, &newest_first[..]));
    let staging = testing.get(&format!("{DEPLOYMENTS}?environment=staging")).send().await.body;
    assert_eq!(column(&staging, "number"), [json!(2), json!(1)]);
    assert_eq!(column(&staging, "live"), [json!(true), json!(false)]);
    assert_eq!(testing.get(&format!("{DEPLOYMENTS}?environment=other")).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(testing.get(&format!("{DEPLOYMENTS}?limit=0")).send().await.status, StatusCode::BAD_REQUEST);
}

async fn deployments_at_once_get_numbers_one_after_another(test: TestDatabase) {
    let testing = Arc::new(Testing::start(test).await);
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let testing = Arc::clone(&testing);
            tokio::spawn(async move { deploy_page(&testing, &format!("page {n}")).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let listed = testing.get(DEPLOYMENTS).send().await.body;
    let numbers: BTreeSet<_> = column(&listed, "number").into_iter().map(|number| number.as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=8).collect());
    assert_eq!(column(&listed, "live").into_iter().filter(|live| *live == json!(true)).count(), 1);
}

async fn r_rbac_2_a_deployment_of_another_project_is_not_there(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post("/api/v1/projects", json!({ "slug": "other" })).send().await;
    let (id, _) = (deploy_page(&testing, "one").await, deploy_page(&testing, "two").await);
    let other = "/api/v1/projects/other/deployments";
    for id in [id.as_str(), "no-id", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(code(&testing.get(&format!("{other}/{id}")).send().await), (404, "not_found"), "{id}");
        let back = testing.post(&format!("{other}/{id}/rollback"), Value::Null).send().await;
        assert_eq!(code(&back), (404, "not_found"), "{id}");
    }
    assert_eq!(served(&testing, HOST).as_deref(), Some("two"));
}

async fn what_no_deployment_names_is_swept(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post(ENVIRONMENTS, json!({ "slug": "staging" })).send().await;
    deploy_page(&testing, "production's page").await;
    let made = deploy(&testing, "staging", &site(&[("index.html", "staging's page")])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(super::sweep(&testing.app).await.unwrap(), 0);
    assert_eq!(served(&testing, "shop-staging.localhost").as_deref(), Some("staging's page"));

    let deleted = testing.delete(&format!("{ENVIRONMENTS}/staging")).expecting("*").send().await;
    assert_eq!(deleted.status, StatusCode::OK, "{deleted:?}");
    assert_eq!(super::sweep(&testing.app).await.unwrap(), 0, "they are too young");
    let age =
        |path: &std::path::PathBuf| std::fs::File::open(path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    walk(&testing.app.settings.data_dir.join("blobs")).iter().for_each(age);
    assert_eq!(super::sweep(&testing.app).await.unwrap(), 2, "the page and its manifest");
    assert_eq!(served(&testing, HOST).as_deref(), Some("production's page"));
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> BTreeSet<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { [path].into() }).collect()
}
