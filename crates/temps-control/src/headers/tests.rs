use axum::http::{HeaderMap, StatusCode};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use temps_db::entities::certificate;
use temps_testkit::{TestDatabase, on_both_databases};

use crate::testing::Testing;

const HEADERS: &str = "/api/v1/projects/shop/headers";

on_both_databases!(settings_are_saved_and_sent, r_app_2_subdomains_are_included_only_where_all_of_them_serve_tls);

async fn settings_are_saved_and_sent(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let shown = testing.get(HEADERS).send().await;
    assert_eq!((shown.etag.as_deref(), &shown.body["preset"]), (Some("\"0\""), &json!("standard")));
    let strict = json!({ "preset": "strict", "overrides": { "Referrer-Policy": "no-referrer" } });
    let tried = testing.put(&format!("{HEADERS}?dry_run=true"), strict.clone()).expecting("\"0\"").send().await;
    assert_eq!(tried.body["changes"].as_array().map(Vec::len), Some(2), "{tried:?}");
    let saved = testing.put(HEADERS, strict.clone()).expecting("\"0\"").send().await;
    assert_eq!((saved.status, saved.etag.as_deref()), (StatusCode::OK, Some("\"1\"")), "{saved:?}");
    assert_eq!(
        testing.put(HEADERS, strict.clone()).expecting("\"0\"").send().await.status,
        StatusCode::PRECONDITION_FAILED
    );
    assert_eq!(testing.put(HEADERS, strict).expecting("\"1\"").send().await.etag.as_deref(), Some("\"2\""));
    let mut sent = HeaderMap::new();
    testing.app.edge.current().sites["shop.localhost"].headers.apply(&mut sent, true, None);
    assert_eq!(
        (&sent["referrer-policy"], &sent["x-xss-protection"]),
        (&"no-referrer".parse().unwrap(), &"0".parse().unwrap())
    );
    let wrong = testing.put(HEADERS, json!({ "overrides": { "Server": "x" } })).expecting("*").send().await;
    assert_eq!(
        (wrong.status, &wrong.body["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("overrides.Server"))
    );
}

async fn r_app_2_subdomains_are_included_only_where_all_of_them_serve_tls(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post("/api/v1/projects", json!({ "slug": "blog" })).send().await;
    for (project, host) in
        [("shop", "shop.example.com"), ("shop", "api.shop.example.com"), ("blog", "blog.example.com")]
    {
        let added = testing.post(&format!("/api/v1/projects/{project}/domains"), json!({ "host": host })).send().await;
        assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    }
    let wide = json!({ "hsts": { "include_subdomains": true } });
    forget_certificate(&testing, "blog.example.com").await;
    assert_eq!(testing.put(HEADERS, wide.clone()).expecting("*").send().await.status, StatusCode::OK);
    forget_certificate(&testing, "api.shop.example.com").await;
    let refused = testing.put(HEADERS, wide).expecting("*").send().await;
    assert_eq!(refused.body["errors"][0]["field"], json!("hsts.include_subdomains"), "{refused:?}");
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("api.shop.example.com"));
}

async fn forget_certificate(testing: &Testing, host: &str) {
    let transaction = testing.app.database.begin().await.unwrap();
    let certificates = certificate::Entity::delete_many().filter(certificate::Column::Host.eq(host));
    assert_eq!(certificates.exec(&transaction).await.unwrap().rows_affected, 1);
    transaction.commit().await.unwrap();
}
