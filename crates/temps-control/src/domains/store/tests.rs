//! Which names a project can have, on both databases.

use axum::http::StatusCode;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use temps_db::entities::domain::{self, DomainKind};
use temps_model::{DomainId, EnvironmentId};
use temps_testkit::{TestDatabase, on_both_databases};

use super::MAX_IN_PROJECT;
use crate::testing::{Answered, Testing};

on_both_databases!(
    r_app_8_no_project_gets_a_name_under_or_above_another_projects,
    r_app_8_a_generated_name_keeps_away_from_other_projects_too,
    r_app_8_of_two_who_add_entangled_names_at_once_one_is_refused,
    of_two_who_remove_a_name_at_once_one_is_told_that_it_is_gone,
    a_project_has_a_thousand_names_at_most,
);

const SHOP: &str = "/api/v1/projects/shop/domains";
const YARD: &str = "/api/v1/projects/yard/domains";

async fn two_projects(test: TestDatabase) -> Testing {
    let testing = Testing::start(test).await;
    let made = testing.post("/api/v1/projects", json!({ "slug": "yard" })).send().await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    testing
}

fn told(answer: &Answered) -> (u16, Option<&str>, &Value) {
    (answer.status.as_u16(), answer.body["code"].as_str(), &answer.body["errors"][0]["field"])
}

async fn r_app_8_no_project_gets_a_name_under_or_above_another_projects(test: TestDatabase) {
    let testing = two_projects(test).await;
    let add = async |path, host: &str| testing.post(path, json!({ "host": host })).send().await;
    assert_eq!(add(SHOP, "www.shop.example.com").await.status, StatusCode::CREATED);
    for host in
        ["evil.shop.localhost", "a.b.shop.localhost", "shop.example.com", "example.com", "x.www.shop.example.com"]
    {
        let refused = add(YARD, host).await;
        assert_eq!(told(&refused), (409, Some("host_entangled"), &json!("host")), "{host}");
    }
    for host in ["com", "localhost"] {
        assert_eq!(told(&add(YARD, host).await), (422, Some("invalid"), &json!("host")), "{host}");
    }
    for (path, host) in [
        (SHOP, "shop.example.com"),
        (SHOP, "deep.shop.localhost"),
        (YARD, "myshop.example.com"),
        (YARD, "xshop.localhost"),
        (YARD, "beside.localhost"),
    ] {
        let added = add(path, host).await;
        assert_eq!(added.status, StatusCode::CREATED, "{host}: {added:?}");
    }
}

async fn r_app_8_a_generated_name_keeps_away_from_other_projects_too(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let added = testing.post(SHOP, json!({ "host": "evil.later.localhost" })).send().await;
    assert_eq!(added.status, StatusCode::CREATED);
    let made = testing.post("/api/v1/projects", json!({ "slug": "later" })).send().await;
    let url = made.body["environments"][0]["urls"][0].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://later-") && url.contains(".localhost"), "{url}");
}

async fn r_app_8_of_two_who_add_entangled_names_at_once_one_is_refused(test: TestDatabase) {
    let testing = two_projects(test).await;
    for round in 0..5 {
        let add = async |path, host: String| testing.post(path, json!({ "host": host })).send().await.status.as_u16();
        let upper = format!("r{round}.example.com");
        let (one, other) = tokio::join!(add(SHOP, upper.clone()), add(YARD, format!("evil.{upper}")));
        let mut both = [one, other];
        both.sort_unstable();
        assert_eq!(both, [201, 409]);
    }
}

async fn of_two_who_remove_a_name_at_once_one_is_told_that_it_is_gone(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for round in 0..5 {
        let added = testing.post(SHOP, json!({ "host": format!("r{round}.example.com") })).send().await;
        let path = format!("{SHOP}/{}", added.body["id"].as_str().unwrap());
        let remove = async || testing.delete(&path).send().await.status.as_u16();
        let (one, other) = tokio::join!(remove(), remove());
        let mut both = [one, other];
        both.sort_unstable();
        assert_eq!(both, [200, 404]);
    }
}

async fn a_project_has_a_thousand_names_at_most(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let transaction = testing.app.database.begin().await.unwrap();
    let own = domain::Entity::find().one(&transaction).await.unwrap().unwrap();
    let row = |n: u64| {
        domain::ActiveModel::from(domain::Model {
            id: DomainId::generate(transaction.now()),
            host: format!("n{n}.example.com").parse().unwrap(),
            kind: DomainKind::Custom,
            environment_id: EnvironmentId::clone(&own.environment_id),
            ..own.clone()
        })
    };
    let rows = (2..MAX_IN_PROJECT).map(row);
    domain::Entity::insert_many(rows).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let add = async |host: &str| testing.post(SHOP, json!({ "host": host })).send().await;
    assert_eq!(add("last.example.com").await.status, StatusCode::CREATED);
    assert_eq!(told(&add("more.example.com").await).1, Some("too_many_domains"));
    let page = testing.get(&format!("{SHOP}?limit=200")).send().await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 200);
}
