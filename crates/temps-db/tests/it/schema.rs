//! The real schema against what the entities say of it.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use temps_db::tags::{Tag, inventory};
use temps_testkit::{TestDatabase, on_both_databases};

use crate::support::{is_sqlite, open, texts};

on_both_databases![
    r_gdpr_1_every_column_of_the_real_schema_is_tagged,
    r_gdpr_1_secret_columns_hold_bytes_and_are_the_expected_ones,
];

async fn r_gdpr_1_every_column_of_the_real_schema_is_tagged(place: TestDatabase) {
    let database = open(&place).await;
    let real: BTreeSet<String> = columns(database.read()).await.into_iter().collect();
    let tagged: BTreeSet<String> = inventory()
        .into_iter()
        .flat_map(|table| table.columns.into_iter().map(move |(column, _)| format!("{}.{column}", table.name)))
        .collect();
    assert!(real.len() > 100, "the schema was read: {real:?}");
    assert_eq!(real.difference(&tagged).collect::<Vec<_>>(), Vec::<&String>::new(), "columns without a tag");
    assert_eq!(tagged.difference(&real).collect::<Vec<_>>(), Vec::<&String>::new(), "tags without a column");
}

async fn r_gdpr_1_secret_columns_hold_bytes_and_are_the_expected_ones(place: TestDatabase) {
    let database = open(&place).await;
    let secret: Vec<String> = inventory()
        .into_iter()
        .flat_map(|table| {
            let of = |(column, tag)| (tag == Tag::Secret).then(|| format!("{}.{column}", table.name));
            table.columns.into_iter().filter_map(of).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        secret,
        [
            "certificates.key",
            "data_keys.wrapped",
            "instance_secrets.value",
            "mails.content",
            "totp_keys.secret",
            "users.password_hash"
        ]
    );
    let bytes = columns_of_bytes(database.read()).await;
    for column in secret {
        assert!(bytes.contains(&column), "{column} must hold sealed bytes");
    }
}

#[tokio::test]
async fn sqlite_tables_are_strict() {
    let place = TestDatabase::sqlite();
    let database = open(&place).await;
    let loose = texts(
        database.read(),
        "SELECT name FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%' AND type = 'table'",
    );
    assert_eq!(loose.await, ["seaql_migrations"], "only the migrations' own table is not ours to declare");
}

async fn columns(connection: &impl ConnectionTrait) -> Vec<String> {
    let sql = if is_sqlite(connection) {
        "SELECT t.name || '.' || c.name FROM pragma_table_list t, pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
    } else {
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
    };
    texts(connection, sql).await
}

async fn columns_of_bytes(connection: &impl ConnectionTrait) -> Vec<String> {
    let sql = if is_sqlite(connection) {
        "SELECT t.name || '.' || c.name FROM pragma_table_list t, pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND c.type = 'BLOB'"
    } else {
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'bytea'"
    };
    texts(connection, sql).await
}
