//! What is read and compiled after a change, and what is not.

use std::time::Duration;

use axum::http::StatusCode;
use sea_orm::{ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::json;
use temps_db::entities::{domain, environment, firewall_rule};
use temps_model::RuleId;
use temps_policy::{Site, Target, pipeline::still_admitted};
use temps_testkit::{TestDatabase, on_both_databases};

use super::*;
use crate::testing::{CLIENT, Testing};

on_both_databases!(
    a_change_of_rules_reads_the_rules_of_no_other_network,
    what_is_served_is_not_compiled_again,
    a_renewal_touches_what_was_renewed_only,
    a_name_that_moved_is_not_taken_down_with_its_former_place,
    an_environment_that_was_deleted_leaves_nothing,
);

const RULES: &str = "/api/v1/projects/shop/firewall/rules";

fn site(testing: &Testing, host: &str) -> Arc<Site> {
    testing.app.edge.current().sites.get(host).cloned().unwrap_or_else(|| panic!("{host} is no site"))
}

fn admits(testing: &Testing, client: &str) -> bool {
    let (snapshot, shop) = (testing.app.edge.current(), site(testing, "shop.localhost"));
    still_admitted(&snapshot, Some(&shop), client.parse().unwrap(), testing.app.clock.now())
}

async fn environment_of(testing: &Testing, slug: &str) -> EnvironmentId {
    let rows = environment::Entity::find().all(testing.app.database.read()).await.unwrap();
    rows.into_iter().find(|row| row.slug.as_str() == slug).unwrap().id
}

async fn a_change_of_rules_reads_the_rules_of_no_other_network(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let add = async |network: &str| {
        let added = testing.post(RULES, json!({ "action": "block", "network": network })).send().await;
        assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
        added.body["items"][0]["id"].as_str().unwrap().to_owned()
    };
    add("198.51.100.0/24").await;
    // A row that no call wrote shows whether the others are read.
    let transaction = testing.app.database.begin().await.unwrap();
    let row = firewall_rule::Entity::find().one(&transaction).await.unwrap().unwrap();
    let other = firewall_rule::Model {
        id: RuleId::generate(transaction.now()),
        network: "192.0.2.0/24".parse().unwrap(),
        ..row
    };
    firewall_rule::Entity::insert(other.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let id = add("203.0.113.128/25").await;
    assert!(!admits(&testing, "203.0.113.200") && !admits(&testing, "198.51.100.1"));
    assert!(admits(&testing, "192.0.2.1"), "one changed network is one network to read");
    let removed = testing.delete(&format!("{RULES}/{id}")).expecting("*").send().await;
    assert_eq!(removed.status, StatusCode::OK, "{removed:?}");
    assert!(admits(&testing, "203.0.113.200") && !admits(&testing, "198.51.100.1") && admits(&testing, CLIENT));
}

async fn what_is_served_is_not_compiled_again(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let mut form = Vec::new();
    form.extend(b"--b\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"site.tar.gz\"\r\n\r\n");
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "index.html", &b"hi"[..]).unwrap();
    form.extend(tar.into_inner().unwrap().finish().unwrap());
    form.extend(b"\r\n--b--\r\n");
    let path = "/api/v1/projects/shop/deployments";
    let deployed = testing.upload(path, "multipart/form-data; boundary=b", form).send().await;
    assert_eq!(deployed.status, StatusCode::CREATED, "{deployed:?}");
    let before = site(&testing, "shop.localhost");
    let added = testing.post("/api/v1/projects/shop/domains", json!({ "host": "www.example.com" })).send().await;
    assert_eq!(added.status, StatusCode::CREATED);
    for host in ["shop.localhost", "www.example.com"] {
        let (Target::Files(before), Target::Files(after)) = (&before.target, &site(&testing, host).target) else {
            panic!("no files at {host}");
        };
        assert!(Arc::ptr_eq(before, after), "{host}");
    }
    let (before, after) = (before.certificate.clone().unwrap(), site(&testing, "shop.localhost").certificate.clone());
    assert!(Arc::ptr_eq(&before, &after.unwrap()), "nor is the certificate of another name");
}

async fn a_renewal_touches_what_was_renewed_only(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let day = Duration::from_secs(86_400);
    testing.clock.advance(day * 200);
    let mut renewed = testing.app.certificates.renew().await.unwrap();
    assert_eq!(renewed, [], "more than a third of the life is left");
    let young = "young.example.com".parse::<HostName>().unwrap();
    let transaction = testing.app.database.begin().await.unwrap();
    let production = environment::Entity::find().one(&transaction).await.unwrap().unwrap();
    let staging = environment::Model {
        id: EnvironmentId::generate(transaction.now()),
        slug: "staging".parse().unwrap(),
        ..production.clone()
    };
    environment::Entity::insert(staging.clone().into_active_model())
        .exec_without_returning(&transaction)
        .await
        .unwrap();
    let row = domain::Model {
        id: temps_model::DomainId::generate(transaction.now()),
        project_id: staging.project_id,
        environment_id: staging.id,
        host: young.clone(),
        kind: domain::DomainKind::Custom,
        created_at: transaction.now(),
    };
    domain::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    testing.app.certificates.issue(&transaction, &young).await.unwrap();
    transaction.commit().await.unwrap();
    testing.app.edge.refresh([Touched::Environment(staging.id)]).await;

    let hosts = ["temps.localhost", "shop.localhost", "young.example.com"];
    let before = hosts.map(|host| site(&testing, host));
    testing.clock.advance(day * 60);
    renewed = testing.app.certificates.renew().await.unwrap();
    renewed.sort_unstable();
    assert_eq!(renewed.iter().map(HostName::as_str).collect::<Vec<_>>(), ["shop.localhost", "temps.localhost"]);
    testing.app.edge.renewed(&renewed).await;
    let after = hosts.map(|host| site(&testing, host));
    let same = |n: usize| Arc::ptr_eq(before[n].certificate.as_ref().unwrap(), after[n].certificate.as_ref().unwrap());
    assert_eq!([same(0), same(1)], [false, false], "what was renewed is served");
    assert!(Arc::ptr_eq(&before[2], &after[2]), "the site of another certificate was made anew");
}

async fn a_name_that_moved_is_not_taken_down_with_its_former_place(test: TestDatabase) {
    let testing = Testing::start(test).await;
    let made = testing.post("/api/v1/projects/shop/environments", json!({ "slug": "staging" })).send().await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (production, staging) =
        (environment_of(&testing, "production").await, environment_of(&testing, "staging").await);
    let transaction = testing.app.database.begin().await.unwrap();
    let rows = domain::Entity::find().all(&transaction).await.unwrap();
    let moved = rows.into_iter().find(|row| row.host.as_str() == "shop.localhost").unwrap();
    let mut moved = moved.into_active_model();
    moved.environment_id = Set(staging);
    domain::Entity::update(moved).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let owner = || match site(&testing, "shop.localhost").id {
        SiteId::Environment { environment, .. } => environment,
        SiteId::Console => panic!("the console's"),
    };
    let edge = &testing.app.edge;
    edge.refresh([Touched::Environment(staging)]).await;
    assert_eq!(owner(), staging);
    let project = environment::Entity::find().one(testing.app.database.read()).await.unwrap().unwrap().project_id;
    edge.refresh([Touched::Headers(project)]).await;
    assert_eq!(owner(), staging, "what is known of its former place does not bring it back");
    edge.refresh([Touched::Environment(production)]).await;
    assert_eq!(owner(), staging);
}

async fn an_environment_that_was_deleted_leaves_nothing(test: TestDatabase) {
    let testing = Testing::start(test).await;
    testing.post("/api/v1/projects/shop/environments", json!({ "slug": "staging" })).send().await;
    let own = json!({ "action": "block", "network": "198.51.100.0/24", "environment": "staging" });
    assert_eq!(testing.post(RULES, own).send().await.status, StatusCode::CREATED);
    let firewalls = async || testing.app.edge.state.lock().await.parts.firewalls().count();
    let before = firewalls().await;
    let deleted = testing.delete("/api/v1/projects/shop/environments/staging").expecting("*").send().await;
    assert_eq!(deleted.status, StatusCode::OK, "{deleted:?}");
    assert_eq!(firewalls().await, before - 1);
    assert!(!testing.app.edge.current().sites.contains_key("shop-staging.localhost"));
}
