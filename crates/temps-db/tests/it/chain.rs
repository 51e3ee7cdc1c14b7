//! One negative test for each way of R-AUD-4 that needs no checkpoint, on rows and on an export alike.

use temps_db::{
    Database,
    audit::{
        Action, Actor, AuditRecord, Authentication, Fault, SealedRecord, Sealer, append, sealed_records, verify,
        verify_database,
    },
};
use temps_testkit::{TestDatabase, on_both_databases};

use crate::support::{execute, is_sqlite, open};

on_both_databases![
    an_untouched_chain_verifies_in_the_database_and_exported,
    r_aud_4_an_edited_row_is_found,
    r_aud_4_every_edited_column_is_found,
    r_aud_4_a_deleted_row_is_found,
    r_aud_4_an_inserted_row_is_found,
    r_aud_4_reordered_rows_are_found,
    r_aud_4_a_row_of_another_chain_is_found,
    r_aud_4_every_edited_bit_of_an_export_is_found,
    r_aud_4_lines_of_an_export_deleted_inserted_reordered_and_spliced_are_found,
];

async fn an_untouched_chain_verifies_in_the_database_and_exported(place: TestDatabase) {
    let database = chain(&place, 5).await;
    let rows = verify_database(database.read()).await.unwrap();
    assert_eq!((rows.records, rows.head.0, rows.unsealed, &rows.finding), (5, 5, Some(0), &None));
    let lines = verify(export(&database).await.iter().map(|line| SealedRecord::from_line(line)));
    assert_eq!((lines.records, lines.head, lines.finding), (5, rows.head, None));
    assert_eq!(verify([]).finding, None);
}

async fn r_aud_4_an_edited_row_is_found(place: TestDatabase) {
    let database = chain(&place, 5).await;
    execute(&database, "UPDATE audit_records SET body = replace(body, 'console', 'system') WHERE seq = 3").await;
    assert_eq!(found(&database).await, Some((3, Fault::Edited)));
}

async fn r_aud_4_every_edited_column_is_found(place: TestDatabase) {
    let database = chain(&place, 5).await;
    let id = if is_sqlite(database.read()) { "zeroblob(16)" } else { "'00000000-0000-0000-0000-000000000000'" };
    let bytes = if is_sqlite(database.read()) { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    for edit in [
        "sealed_at = sealed_at + 1".to_owned(),
        "created_at = created_at + 1".to_owned(),
        "action = 'nothing'".to_owned(),
        format!("project_id = {id}"),
        format!("actor_id = {id}"),
        format!("id = {id}"),
        format!("hash = {bytes}"),
        format!("previous_hash = {bytes}"),
    ] {
        execute(&database, "CREATE TABLE kept AS SELECT * FROM audit_records").await;
        execute(&database, &format!("UPDATE audit_records SET {edit} WHERE seq = 3")).await;
        assert_eq!(found(&database).await, Some((3, Fault::Edited)), "{edit}");
        execute(&database, "DELETE FROM audit_records; INSERT INTO audit_records SELECT * FROM kept; DROP TABLE kept")
            .await;
        assert_eq!(found(&database).await, None);
    }
}

async fn r_aud_4_a_deleted_row_is_found(place: TestDatabase) {
    let database = chain(&place, 5).await;
    execute(&database, "DELETE FROM audit_records WHERE seq = 2").await;
    assert_eq!(found(&database).await, Some((2, Fault::Missing)));
    execute(&database, "DELETE FROM audit_records WHERE seq = 1").await;
    assert_eq!(found(&database).await, Some((1, Fault::Missing)));
}

/// Room is made by moving all later ones.
async fn r_aud_4_an_inserted_row_is_found(place: TestDatabase) {
    let database = chain(&place, 5).await;
    execute(&database, "UPDATE audit_records SET seq = seq + 100 WHERE seq > 2").await;
    execute(&database, "UPDATE audit_records SET seq = seq - 99 WHERE seq > 100").await;
    write(&database).await;
    let copied = "SELECT hash FROM audit_records WHERE seq = 2";
    execute(
        &database,
        &format!(
            "UPDATE audit_records SET seq = 3, sealed_at = created_at, previous_hash = ({copied}), hash = ({copied})
             WHERE seq IS NULL"
        ),
    )
    .await;
    assert_eq!(found(&database).await, Some((3, Fault::Edited)));
    execute(&database, "UPDATE audit_records SET seq = 0 WHERE seq = 3").await;
    assert_eq!(found(&database).await.map(|(seq, _)| seq), Some(1), "a number below 1 is looked at too");
}

async fn r_aud_4_reordered_rows_are_found(place: TestDatabase) {
    let database = chain(&place, 5).await;
    for edit in ["seq = 99 WHERE seq = 2", "seq = 2 WHERE seq = 4", "seq = 4 WHERE seq = 99"] {
        execute(&database, &format!("UPDATE audit_records SET {edit}")).await;
    }
    assert_eq!(found(&database).await, Some((2, Fault::Edited)));
}

/// The last row of a chain as long is whole in itself.
async fn r_aud_4_a_row_of_another_chain_is_found(place: TestDatabase) {
    let database = chain(&place, 3).await;
    let elsewhere = TestDatabase::sqlite();
    let other = chain(&elsewhere, 3).await;
    let mut lines = export(&database).await;
    lines[1] = export(&other).await[1].clone();
    assert_eq!(found_in(&lines), Some((2, Fault::Spliced)));
    let mut lines = export(&database).await;
    lines[2] = export(&other).await[2].clone();
    assert_eq!(found_in(&lines), Some((3, Fault::Spliced)));
}

async fn r_aud_4_every_edited_bit_of_an_export_is_found(place: TestDatabase) {
    let database = chain(&place, 2).await;
    let lines = export(&database).await;
    let text = lines.join("\n").into_bytes();
    for index in 0..text.len() {
        for bit in 0..8 {
            let mut edited = text.clone();
            edited[index] ^= 1 << bit;
            let Ok(edited) = String::from_utf8(edited) else { continue };
            let records: Vec<_> = edited.split('\n').map(SealedRecord::from_line).collect();
            assert!(verify(records).finding.is_some(), "bit {bit} of byte {index}: {edited}");
        }
    }
}

async fn r_aud_4_lines_of_an_export_deleted_inserted_reordered_and_spliced_are_found(place: TestDatabase) {
    let database = chain(&place, 6).await;
    let lines = export(&database).await;
    let with = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        edit(&mut lines);
        found_in(&lines)
    };
    assert_eq!(with(&|lines| drop(lines.remove(0))), Some((1, Fault::Missing)));
    assert_eq!(with(&|lines| drop(lines.remove(3))), Some((4, Fault::Missing)));
    assert_eq!(with(&|lines| lines.insert(3, lines[2].clone())), Some((3, Fault::Inserted)));
    assert_eq!(with(&|lines| lines.swap(1, 2)), Some((2, Fault::Reordered)));
    assert_eq!(with(&|lines| lines.swap(0, 5)), Some((1, Fault::Reordered)));
    assert_eq!(with(&|lines| lines.push(lines[0].clone())), Some((1, Fault::Reordered)));
    let unreadable = with(&|lines| lines[2].truncate(40));
    assert!(matches!(unreadable, Some((3, Fault::Unreadable(_)))), "{unreadable:?}");
    let unknown = with(&|lines| lines[2].insert_str(1, r#""note":1,"#));
    assert!(matches!(unknown, Some((3, Fault::Unreadable(_)))), "{unknown:?}");
}

/// A database with so many sealed records.
async fn chain(place: &TestDatabase, records: usize) -> Database {
    let database = open(place).await;
    for _ in 0..records {
        write(&database).await;
    }
    Sealer::new(database.clone()).seal_pending().await.unwrap();
    database
}

async fn write(database: &Database) {
    let record = &AuditRecord::new(Action::new("projects.create"), Actor::Console, Authentication::Local);
    database.write(|transaction| async move { append(&transaction, record).await }).await.unwrap();
}

async fn sealed(database: &Database) -> Vec<SealedRecord> {
    let records = sealed_records(database.read(), 0, 1_000).await.unwrap();
    records.into_iter().map(|(_, record)| record.unwrap()).collect()
}

async fn export(database: &Database) -> Vec<String> {
    sealed(database).await.iter().map(|record| record.to_line().unwrap()).collect()
}

async fn found(database: &Database) -> Option<(i64, Fault)> {
    verify_database(database.read()).await.unwrap().finding.map(|finding| (finding.seq, finding.fault))
}

fn found_in(lines: &[String]) -> Option<(i64, Fault)> {
    let finding = verify(lines.iter().map(|line| SealedRecord::from_line(line))).finding;
    finding.map(|finding| (finding.seq, finding.fault))
}
