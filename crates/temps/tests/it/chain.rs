//! The audit log as it leaves the instance: a chain that anybody can verify and that tells nothing of people.

use serde_json::json;
use temps_db::audit::{SealedRecord, verify, verify_database};
use temps_testkit::{TestApp, TestDatabase, app::eventually, on_both_databases};

on_both_databases!(
    r_aud_1_an_export_is_a_chain_that_verifies_without_the_instance,
    r_aud_4_what_was_changed_in_the_database_is_found,
    r_aud_5_an_export_tells_nothing_of_people,
);

/// Something of every kind happened, and all of it is sealed.
async fn used(database: TestDatabase) -> TestApp {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    app.user("somebody").await;
    for number in 0..5 {
        owner.create_project(&format!("p{number}")).await;
    }
    owner.elsewhere().log_in_with("not the password").await.expect(401);
    all_sealed(&app).await;
    app
}

async fn all_sealed(app: &TestApp) {
    eventually("all records are sealed", async || {
        app.count("SELECT count(*) FROM audit_records WHERE seq IS NULL").await == 0
    })
    .await;
}

async fn export(app: &TestApp) -> String {
    let answer = app.owner().await.get("/audit/export").await;
    assert_eq!(answer.header("content-type"), Some("application/jsonl"));
    answer.text().to_owned()
}

async fn r_aud_1_an_export_is_a_chain_that_verifies_without_the_instance(database: TestDatabase) {
    let app = used(database).await;
    let records = app.count("SELECT count(*) FROM audit_records").await;
    let text = export(&app).await;
    let lines: Vec<&str> = text.lines().collect();
    let verdict = verify(lines.iter().map(|line| SealedRecord::from_line(line)));
    assert!(verdict.finding.is_none(), "{:?}", verdict.finding);
    assert!(verdict.records >= u64::try_from(records).unwrap());
    // Whatever is done to one line is found: cut, doubled, exchanged, changed.
    for at in [0, lines.len() / 2] {
        let (mut without, mut twice, mut swapped) = (lines.clone(), lines.clone(), lines.clone());
        without.remove(at);
        twice.insert(at, lines[at]);
        swapped.swap(at, at + 1);
        let edited = lines[at].replacen("done", "none", 1);
        let mut changed = lines.clone();
        changed[at] = &edited;
        for (what, lines) in [("without", without), ("twice", twice), ("swapped", swapped), ("changed", changed)] {
            let verdict = verify(lines.iter().map(|line| SealedRecord::from_line(line)));
            assert!(verdict.finding.is_some(), "{what} at {at} is not found");
        }
    }
}

async fn r_aud_4_what_was_changed_in_the_database_is_found(database: TestDatabase) {
    let app = used(database).await;
    assert!(verify_database(app.store().read()).await.unwrap().finding.is_none());
    for change in [
        "UPDATE audit_records SET body = replace(body, 'p1', 'p9') WHERE action = 'project.create'",
        "UPDATE audit_records SET action = 'project.delete' WHERE seq = 3",
        "UPDATE audit_records SET outcome = 'failed' WHERE seq = 2",
        "UPDATE audit_records SET actor_id = NULL WHERE seq = 4",
        "DELETE FROM audit_records WHERE seq = 2",
    ] {
        let transaction = app.store().begin().await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&transaction, change).await.unwrap();
        let verdict = verify_database(&transaction).await.unwrap();
        drop(transaction);
        assert!(verdict.finding.is_some(), "{change} is not found");
    }
    assert!(verify_database(app.store().read()).await.unwrap().finding.is_none());
}

async fn r_aud_5_an_export_tells_nothing_of_people(database: TestDatabase) {
    let app = used(database).await;
    let owner = app.owner().await;
    owner.post("/projects", json!({ "slug": "last" })).header("user-agent", "Sentinel/1.0").await.expect(201);
    all_sealed(&app).await;
    let text = export(&app).await;
    assert!(text.contains("project.create"));
    for personal in ["example.com", "Sentinel", &owner.address().to_string(), "127.0."] {
        assert!(!text.contains(personal), "the export holds {personal}");
    }
    let listed = owner.get("/audit?action=project.create&limit=1").await.expect(200);
    assert_eq!(listed["items"][0]["personal"]["user_agent"], "Sentinel/1.0", "who may read the log sees it");
}
