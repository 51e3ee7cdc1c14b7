//! Writing records, their personal fields, and the sealer.

use std::time::Duration;

use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use temps_db::{
    Database, DbError,
    audit::{
        Action, Actor, AuditRecord, Authentication, Body, Outcome, Sealer, append, personal_fields, verify_database,
    },
    entities::audit_record,
    vault::KeyOwner,
};
use temps_model::{AuditId, ProjectId, RequestId, UserId};
use temps_testkit::{TestDatabase, on_both_databases};
use tokio::{sync::oneshot, task::JoinSet, time::timeout};

use crate::support::{Instance, execute, note, notes, open};

on_both_databases![
    r_aud_1_record_and_change_are_there_together_or_not_at_all,
    r_aud_1_a_failing_audit_aborts_the_change,
    r_aud_1_records_are_sealed_within_a_second_of_the_commit,
    r_aud_1_sealers_at_the_same_time_make_one_chain,
    r_aud_1_a_sealer_that_died_is_replaced,
    r_aud_1_the_unsealed_tail_is_reported,
    r_aud_2_a_record_tells_who_did_what_how_and_to_what,
    r_aud_5_personal_fields_open_until_the_key_of_their_subject_is_destroyed,
    r_aud_5_fields_of_people_unknown_are_destroyed_by_the_day,
    the_chain_does_not_follow_a_clock_that_goes_back,
    an_idle_sealer_writes_nothing,
];

const CREATE: Action = Action::new("projects.create");

async fn r_aud_1_record_and_change_are_there_together_or_not_at_all(place: TestDatabase) {
    let database = open(&place).await;
    let failed: Result<(), DbError> = database
        .write(|transaction| async move {
            note(&transaction, "a").await?;
            append(&transaction, &record()).await?;
            Err(DbError::NotFound)
        })
        .await;
    assert!(failed.is_err());
    assert!(records(&database).await.is_empty() && notes(&database).await.is_empty());

    let written: Result<(), DbError> = database
        .write(|transaction| async move {
            note(&transaction, "a").await?;
            append(&transaction, &record()).await.map(|_| ())
        })
        .await;
    written.unwrap();
    assert_eq!((records(&database).await.len(), notes(&database).await.len()), (1, 1));
}

async fn r_aud_1_a_failing_audit_aborts_the_change(place: TestDatabase) {
    let database = open(&place).await;
    execute(&database, "ALTER TABLE audit_records RENAME TO audit_records_gone").await;
    let result: Result<(), DbError> = database
        .write(|transaction| async move {
            note(&transaction, "a").await?;
            append(&transaction, &record()).await.map(|_| ())
        })
        .await;
    assert!(result.is_err());
    assert!(notes(&database).await.is_empty(), "the change stands without a record");
    execute(&database, "ALTER TABLE audit_records_gone RENAME TO audit_records").await;

    // A field that has no canonical form is refused as well, not rounded.
    let fraction = &record().change("ratio", 0.5, 0.6);
    let result: Result<AuditId, DbError> = database.write(|tx| async move { append(&tx, fraction).await }).await;
    assert!(result.is_err());
}

async fn r_aud_1_records_are_sealed_within_a_second_of_the_commit(place: TestDatabase) {
    let database = open(&place).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let sealer = tokio::spawn(Sealer::new(database.clone()).run(async { drop(stopped.await) }));
    for _ in 0..5 {
        write(&database, record()).await;
        timeout(Duration::from_secs(1), async {
            while verify_database(database.read()).await.unwrap().unsealed != Some(0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("a record was not sealed within a second");
    }
    // What is committed while the sealer is told to stop is sealed all the same.
    write(&database, record()).await;
    drop(stop);
    sealer.await.unwrap();
    let verdict = verify_database(database.read()).await.unwrap();
    assert_eq!((verdict.records, verdict.unsealed, verdict.finding), (6, Some(0), None));
}

/// Each pretends to be another node.
async fn r_aud_1_sealers_at_the_same_time_make_one_chain(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let mut work = JoinSet::new();
    for _ in 0..4 {
        let (database, clock) = (database.clone(), instance.clock.clone());
        work.spawn(async move {
            let sealer = Sealer::new(database.clone());
            for _ in 0..40 {
                write(&database, record()).await;
                clock.advance(Duration::from_millis(200));
                sealer.seal_pending().await.unwrap();
            }
        });
    }
    while let Some(result) = work.join_next().await {
        result.unwrap();
    }
    instance.clock.advance(Duration::from_secs(1));
    Sealer::new(database.clone()).seal_pending().await.unwrap();
    let verdict = verify_database(database.read()).await.unwrap();
    assert_eq!((verdict.head.0, verdict.unsealed, verdict.finding), (160, Some(0), None));
}

async fn r_aud_1_a_sealer_that_died_is_replaced(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    write(&database, record()).await;
    assert_eq!(Sealer::new(database.clone()).seal_pending().await.unwrap(), 1);
    let successor = Sealer::new(database.clone());
    write(&database, record()).await;
    assert_eq!(successor.seal_pending().await.unwrap(), 0, "the lease is still held");
    instance.clock.advance(Duration::from_millis(500));
    assert_eq!(successor.seal_pending().await.unwrap(), 1);
}

async fn r_aud_1_the_unsealed_tail_is_reported(place: TestDatabase) {
    let database = open(&place).await;
    let sealer = Sealer::new(database.clone());
    for _ in 0..600 {
        write(&database, record()).await;
    }
    assert_eq!(sealer.seal_pending().await.unwrap(), 600);
    write(&database, record()).await;
    write(&database, record()).await;
    let verdict = verify_database(database.read()).await.unwrap();
    assert_eq!((verdict.records, verdict.head.0, verdict.unsealed, verdict.finding), (600, 600, Some(2), None));
}

async fn r_aud_2_a_record_tells_who_did_what_how_and_to_what(place: TestDatabase) {
    let database = open(&place).await;
    let now = database.now();
    let (user, project, request) = (UserId::generate(now), ProjectId::generate(now), RequestId::generate(now));
    let entry = AuditRecord::new(CREATE, Actor::User(user), Authentication::Session)
        .outcome(Outcome::Denied)
        .project(project)
        .target("project", project)
        .count(3)
        .request(request)
        .personal("ip", "203.0.113.7")
        .change("name", Value::Null, "Shop\0\u{202e}\n");
    let id = write(&database, entry).await;
    let row = records(&database).await.remove(0);
    assert_eq!((row.id, row.project_id, row.actor_id, row.created_at), (id, Some(project), Some(user), now));
    assert_eq!((row.action.as_str(), row.seq), ("projects.create", None));
    let mut body: Value = serde_json::from_str(&row.body).unwrap();
    let personal = body["personal"].take();
    let expected = json!({
        "format": 1, "id": id.to_string(), "time": "2026-01-31T12:00:00Z", "action": "projects.create",
        "actor": {"kind": "user", "id": user.to_string()}, "authentication": "session", "outcome": "denied",
        "project": project.to_string(), "target": {"kind": "project", "id": project.to_string()}, "count": 3,
        "request": request.to_string(), "personal": null,
        "changes": {"name": {"before": null, "after": "Shop\0\u{202e}\n"}},
    });
    assert_eq!(body, expected);
    assert_eq!(personal.as_object().unwrap().keys().collect::<Vec<_>>(), ["ip"]);
    assert!(!row.body.contains("203.0.113.7"), "the address stands in the clear");
    assert!(row.body.starts_with(r#"{"action":"projects.create","actor":{"id":"#), "{}", row.body);
}

async fn r_aud_5_personal_fields_open_until_the_key_of_their_subject_is_destroyed(place: TestDatabase) {
    let database = open(&place).await;
    let [administrator, invited] = [UserId::generate(database.now()), UserId::generate(database.now())];
    let entry = AuditRecord::new(Action::new("users.create"), Actor::User(administrator), Authentication::Session)
        .personal("ip", "203.0.113.7")
        .personal_of(invited, "email", "new@shop.test");
    write(&database, entry).await;
    Sealer::new(database.clone()).seal_pending().await.unwrap();
    let before = verify_database(database.read()).await.unwrap();
    assert_eq!(personal(&database).await, [("email", Some("new@shop.test")), ("ip", Some("203.0.113.7"))].map(owned));

    destroy(&database, KeyOwner::Subject(invited)).await;
    assert_eq!(personal(&database).await, [("email", None), ("ip", Some("203.0.113.7"))].map(owned));
    destroy(&database, KeyOwner::Subject(administrator)).await;
    assert_eq!(personal(&database).await, [("email", None), ("ip", None)].map(owned));
    let after = verify_database(database.read()).await.unwrap();
    assert_eq!((after.finding.is_none(), &after), (true, &before));
}

async fn r_aud_5_fields_of_people_unknown_are_destroyed_by_the_day(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let denied = || {
        AuditRecord::new(Action::new("session.create"), Actor::Anonymous, Authentication::None)
            .outcome(Outcome::Failed)
            .personal("email", "typo@shop.test")
    };
    write(&database, denied()).await;
    let today = KeyOwner::anonymous(database.now());
    instance.clock.advance(Duration::from_secs(24 * 60 * 60));
    write(&database, denied()).await;
    destroy(&database, today).await;
    let rows = records(&database).await;
    let mut opened = Vec::new();
    for row in rows {
        opened.extend(fields(&database, &row.body).await);
    }
    assert_eq!(opened, [("email", None), ("email", Some("typo@shop.test"))].map(owned));
}

async fn the_chain_does_not_follow_a_clock_that_goes_back(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let sealer = Sealer::new(database.clone());
    let start = database.now();
    for hours in [0, 5, 1, 2] {
        instance.clock.set(start.after(Duration::from_secs(hours * 60 * 60)));
        write(&database, record()).await;
        sealer.seal_pending().await.unwrap();
    }
    let sealed_at: Vec<_> = records(&database).await.into_iter().map(|row| row.sealed_at.unwrap()).collect();
    let latest = start.after(Duration::from_secs(5 * 60 * 60));
    assert_eq!(sealed_at, [start, latest, latest, latest]);
    assert_eq!(verify_database(database.read()).await.unwrap().finding, None);
}

async fn an_idle_sealer_writes_nothing(place: TestDatabase) {
    let database = open(&place).await;
    let sealer = Sealer::new(database.clone());
    // Whoever writes would have to wait for this transaction on SQLite, and take the lease on PostgreSQL.
    let transaction = database.begin().await.unwrap();
    assert_eq!(timeout(Duration::from_secs(5), sealer.seal_pending()).await.unwrap().unwrap(), 0);
    transaction.rollback().await;
    assert!(temps_db::entities::lease::Entity::find().all(database.read()).await.unwrap().is_empty());
}

fn record() -> AuditRecord {
    AuditRecord::new(CREATE, Actor::Console, Authentication::Local)
}

async fn write(database: &Database, record: AuditRecord) -> AuditId {
    let record = &record;
    database.write(|transaction| async move { append(&transaction, record).await }).await.unwrap()
}

async fn destroy(database: &Database, owner: KeyOwner) {
    let destroyed =
        database.write(|transaction| async move { transaction.vault().destroy(&transaction, owner).await }).await;
    assert_eq!(destroyed.unwrap(), 1);
}

/// In the order of the chain, or of writing where they are not sealed.
async fn records(database: &Database) -> Vec<audit_record::Model> {
    audit_record::Entity::find()
        .order_by_asc(audit_record::Column::Seq)
        .order_by_asc(audit_record::Column::CreatedAt)
        .all(database.read())
        .await
        .unwrap()
}

async fn personal(database: &Database) -> Vec<(String, Option<String>)> {
    fields(database, &records(database).await[0].body).await
}

async fn fields(database: &Database, body: &str) -> Vec<(String, Option<String>)> {
    let body = Body::parse(body).unwrap();
    let mut fields = personal_fields(database.read(), database.vault(), &[body]).await.unwrap();
    fields.remove(0).into_iter().collect()
}

fn owned((name, value): (&str, Option<&str>)) -> (String, Option<String>) {
    (name.to_owned(), value.map(str::to_owned))
}
