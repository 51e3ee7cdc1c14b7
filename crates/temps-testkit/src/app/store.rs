//! Looking into the database, and changing it, past everything that the program offers.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};
use temps::{config::Config, instance::database_settings};
use temps_db::{
    Database,
    entities::{
        link::{self, LinkPurpose},
        member, project,
    },
    tags::inventory,
    vault::KeySources,
};
use temps_model::{LinkId, Role, UserId};

use super::RunningClock;

/// What changes without anybody's doing.
const RESTLESS: [&str; 2] = ["leases", "audit_records"];
/// What every login leaves behind, also one that fails.
const TRACES: [&str; 4] = ["guess_counts", "login_attempts", "mails", "spent_proofs"];

pub async fn open(config: &Config, clock: &RunningClock) -> Database {
    let keys = KeySources { environment: None, credentials: None, file: config.data_dir.join("master.key") };
    Database::open(&database_settings(config), &keys, Arc::new(clock.clone()))
        .await
        .expect("the instance opened it too")
}

pub async fn join(database: &Database, project: &str, user: UserId, role: Role) {
    let found = project::Entity::find().filter(project::Column::Slug.eq(project)).one(database.read()).await;
    let project = found.expect("an answer").unwrap_or_else(|| panic!("there is no project {project}"));
    let transaction = database.begin().await.expect("a transaction");
    let row = member::ActiveModel {
        project_id: Set(project.id),
        user_id: Set(user),
        role: Set(role),
        created_at: Set(transaction.now()),
    };
    member::Entity::insert(row).exec_without_returning(&transaction).await.expect("a new member");
    transaction.commit().await.expect("a commit");
}

/// A link with which a user ends all of their sessions: its token.
pub async fn revocation(database: &Database, user: UserId) -> String {
    let transaction = database.begin().await.expect("a transaction");
    let (now, token) = (transaction.now(), LinkId::generate(transaction.now()).uuid().to_bytes_le().repeat(2));
    let row = link::ActiveModel {
        id: Set(LinkId::generate(now)),
        user_id: Set(user),
        purpose: Set(LinkPurpose::Revoke),
        token_hash: Set(digest(&SHA256, &token).as_ref().to_vec()),
        expires_at: Set(now.after(Duration::from_secs(3_600))),
        used_at: Set(None),
        created_at: Set(now),
        created_by: Set(user),
    };
    link::Entity::insert(row).exec_without_returning(&transaction).await.expect("a new link");
    transaction.commit().await.expect("a commit");
    URL_SAFE_NO_PAD.encode(token)
}

pub async fn execute(database: &Database, sql: &str) {
    let transaction = database.begin().await.expect("a transaction");
    transaction.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    transaction.commit().await.expect("a commit");
}

pub async fn count(database: &Database, sql: &str) -> i64 {
    let connection = database.read();
    let query = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(query).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.expect("a count is one row").try_get_by_index(0).expect("a number")
}

/// The rows that stay as they are if nobody does anything, as texts that begin with their table.
pub async fn rows(database: &Database) -> Vec<String> {
    dump(database, |table| !RESTLESS.contains(&table) && !TRACES.contains(&table)).await
}

/// Every row of the tables that are wanted.
pub async fn dump(database: &Database, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let connection = database.read();
    let backend = connection.get_database_backend();
    let mut rows = Vec::new();
    for table in inventory().into_iter().filter(|table| wanted(&table.name)) {
        let quoted: Vec<String> = table.columns.iter().map(|(column, _)| format!("quote(\"{column}\")")).collect();
        let columns = match backend {
            DbBackend::Sqlite => quoted.join(" || ', ' || "),
            _ => "(t.*)::text".to_owned(),
        };
        let query = Statement::from_string(backend, format!("SELECT {columns} FROM {} t ORDER BY 1", table.name));
        for row in connection.query_all_raw(query).await.expect("an answer") {
            let text: String = row.try_get_by_index(0).expect("a text");
            rows.push(format!("{}: {text}", table.name));
        }
    }
    rows
}
