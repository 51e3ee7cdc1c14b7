//! Many environments, on both databases.

use axum::http::StatusCode;
use sea_orm::EntityTrait;
use serde_json::json;
use temps_db::entities::{environment, project};
use temps_model::{EnvironmentId, ProjectId};
use temps_testkit::{TestDatabase, on_both_databases};

use super::store::MAX_IN_PROJECT;
use crate::testing::Testing;

on_both_databases!(
    a_project_has_a_hundred_environments_at_most_and_lists_them_in_pages,
    a_user_has_a_thousand_projects_at_most,
    of_two_who_delete_an_environment_at_once_one_is_told_that_it_is_gone,
);

const ENVIRONMENTS: &str = "/api/v1/projects/shop/environments";

async fn a_project_has_a_hundred_environments_at_most_and_lists_them_in_pages(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let transaction = testing.app.database.begin().await.unwrap();
    let production = environment::Entity::find().one(&transaction).await.unwrap().unwrap();
    let row = |n: u64| {
        environment::ActiveModel::from(environment::Model {
            id: EnvironmentId::generate(transaction.now()),
            slug: format!("preview-{n}").parse().unwrap(),
            ..production.clone()
        })
    };
    environment::Entity::insert_many((2..MAX_IN_PROJECT).map(row)).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let create = async |slug: &str| testing.post(ENVIRONMENTS, json!({ "slug": slug })).send().await;
    assert_eq!(create("last").await.status, StatusCode::CREATED);
    let refused = create("more").await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::CONFLICT, &json!("too_many_environments")));

    let (mut slugs, mut next) = (Vec::new(), String::new());
    loop {
        let page = testing.get(&format!("{ENVIRONMENTS}?limit=40{next}")).send().await;
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 40);
        slugs.extend(items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(slugs.len() as u64, MAX_IN_PROJECT);
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len() as u64, MAX_IN_PROJECT, "each stands on one page");
}

async fn a_user_has_a_thousand_projects_at_most(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let transaction = testing.app.database.begin().await.unwrap();
    let shop = project::Entity::find().one(&transaction).await.unwrap().unwrap();
    let row = |n: u32| {
        project::ActiveModel::from(project::Model {
            id: ProjectId::generate(transaction.now()),
            slug: format!("project-{n}").parse().unwrap(),
            ..shop.clone()
        })
    };
    project::Entity::insert_many((2..1_000).map(row)).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let create = async |slug: &str| testing.post("/api/v1/projects", json!({ "slug": slug })).send().await;
    assert_eq!(create("last").await.status, StatusCode::CREATED);
    let refused = create("more").await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::CONFLICT, &json!("too_many_projects")));
}

async fn of_two_who_delete_an_environment_at_once_one_is_told_that_it_is_gone(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for round in 0..5 {
        let slug = format!("round-{round}");
        let made = testing.post(ENVIRONMENTS, json!({ "slug": slug })).send().await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let path = format!("{ENVIRONMENTS}/{slug}");
        let delete = async || testing.delete(&path).expecting("*").send().await.status.as_u16();
        let (one, other) = tokio::join!(delete(), delete());
        let mut both = [one, other];
        both.sort_unstable();
        assert_eq!(both, [200, 404]);
    }
}
