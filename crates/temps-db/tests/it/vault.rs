//! Sealing and opening, destroyed keys, values in the wrong place.

use std::{
    io,
    sync::{Arc, Mutex},
};

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr};
use temps_db::{
    Database, DbError, WriteTransaction,
    entities::{certificate, data_key, instance_secret, user},
    vault::{KeyOwner, Place, SealedBytes, VaultError},
};
use temps_model::{ProjectId, Timestamp, UserId};
use temps_testkit::{TestDatabase, on_both_databases};
use tokio::task::JoinSet;

use crate::support::{Instance, open};

on_both_databases![
    what_was_sealed_opens_after_a_restart,
    r_sec_1_neither_files_nor_rows_hold_the_plaintext,
    r_sec_2_a_value_opens_in_its_own_place_only,
    r_sec_2_ciphertexts_swapped_between_rows_columns_and_projects_are_refused,
    r_sec_2_every_altered_byte_and_every_cut_is_refused,
    r_sec_2_a_value_of_an_unknown_or_moved_key_is_refused,
    r_sec_2_a_tampered_value_is_a_security_event,
    equal_values_are_sealed_differently,
    r_sec_8_destroying_the_key_of_a_project_destroys_its_values_and_no_others,
    an_opener_reads_each_key_once_and_refuses_what_opening_refuses,
    an_owner_whose_key_was_destroyed_gets_another,
    sealing_at_the_same_time_makes_one_key,
    a_key_made_in_a_transaction_that_fails_was_never_there,
];

const SENTINEL: &[u8] = b"sentinel-of-the-vault-4711";

async fn what_was_sealed_opens_after_a_restart(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let sealed = seal(&database, KeyOwner::Instance, &here("a")).await;
    database.close().await.unwrap();
    let database = instance.open().await;
    assert_eq!(open_at(&database, &here("a"), &sealed).await.unwrap(), SENTINEL);
}

async fn r_sec_1_neither_files_nor_rows_hold_the_plaintext(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let stored = database
        .write(|transaction| async move {
            let at = Place::new(instance_secret::Column::Value, "ca");
            let value = transaction.vault().seal(&transaction, KeyOwner::Instance, &at, SENTINEL).await?;
            let row = instance_secret::ActiveModel {
                name: Set("ca".into()),
                key_id: Set(value.key_id().unwrap()),
                value: Set(value),
                updated_at: Set(transaction.now()),
            };
            instance_secret::Entity::insert(row).exec_with_returning(&transaction).await.map_err(DbError::from)
        })
        .await
        .unwrap();
    let at = Place::new(instance_secret::Column::Value, &stored.name);
    assert_eq!(open_at(&database, &at, &stored.value).await.unwrap(), SENTINEL);
    let contains = |bytes: &[u8]| bytes.windows(SENTINEL.len()).any(|window| window == SENTINEL);
    assert!(!contains(stored.value.as_bytes()));
    if let Some(file) = instance.file() {
        for suffix in ["", "-wal"] {
            let bytes = std::fs::read(file.with_file_name(format!("temps.db{suffix}"))).unwrap();
            assert!(!bytes.is_empty() && !contains(&bytes), "temps.db{suffix}");
        }
    }
}

async fn r_sec_2_a_value_opens_in_its_own_place_only(place: TestDatabase) {
    let database = open(&place).await;
    let sealed = seal(&database, KeyOwner::Instance, &here("ab")).await;
    let elsewhere = [
        Place::new(instance_secret::Column::Value, "a"),
        Place::new(instance_secret::Column::Name, "ab"),
        Place::new(certificate::Column::Key, "ab"),
        Place::part(instance_secret::Column::Value, "ab", "x"),
    ];
    for other in elsewhere {
        let error = open_at(&database, &other, &sealed).await.unwrap_err();
        assert!(matches!(error, DbError::Sealed(VaultError::Tampered(_))), "{other}: {error}");
    }
    assert_eq!(open_at(&database, &here("ab"), &sealed).await.unwrap(), SENTINEL);

    // The same letters, divided otherwise between row and column.
    let sealed = seal(&database, KeyOwner::Instance, &Place::part(certificate::Column::Key, "x", "kkey")).await;
    let other = Place::new(certificate::Column::Key, "xkey.k");
    assert!(open_at(&database, &other, &sealed).await.is_err());
}

async fn r_sec_2_ciphertexts_swapped_between_rows_columns_and_projects_are_refused(place: TestDatabase) {
    let database = open(&place).await;
    let [first, second] = [project(&database), project(&database)];
    let user = UserId::generate(database.now());
    let places = [
        (KeyOwner::Project(first), Place::new(certificate::Column::Key, "one")),
        (KeyOwner::Project(first), Place::new(certificate::Column::Key, "two")),
        (KeyOwner::Project(second), Place::new(certificate::Column::Key, "three")),
        (KeyOwner::Instance, Place::new(instance_secret::Column::Value, "one")),
        (KeyOwner::Subject(user), Place::new(user::Column::PasswordHash, "one")),
    ];
    let mut sealed = Vec::new();
    for (owner, at) in &places {
        sealed.push(seal(&database, *owner, at).await);
    }
    for (from, value) in sealed.iter().enumerate() {
        for (to, (_, at)) in places.iter().enumerate() {
            let opened = open_at(&database, at, value).await;
            assert_eq!(opened.is_ok(), from == to, "from {from} to {to}");
        }
    }
}

async fn r_sec_2_every_altered_byte_and_every_cut_is_refused(place: TestDatabase) {
    let database = open(&place).await;
    let sealed = seal(&database, KeyOwner::Instance, &here("a")).await;
    let bytes = sealed.as_bytes();
    let altered = (0..bytes.len()).map(|index| {
        let mut bytes = bytes.to_vec();
        bytes[index] ^= 1;
        bytes
    });
    let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    let longer = [[bytes, &[0]].concat()];
    for bytes in altered.chain(cut).chain(longer) {
        let error = open_at(&database, &here("a"), &SealedBytes::from_bytes(bytes)).await.unwrap_err();
        assert!(matches!(error, DbError::Sealed(VaultError::Tampered(_))), "{error}");
    }
}

/// Somebody who can write to the database, but has no master key, exchanges the wrapped keys of two projects.
async fn r_sec_2_a_value_of_an_unknown_or_moved_key_is_refused(place: TestDatabase) {
    let database = open(&place).await;
    let [first, second] = [KeyOwner::Project(project(&database)), KeyOwner::Project(project(&database))];
    let sealed = seal(&database, first, &here("a")).await;
    let other = seal(&database, second, &here("b")).await;
    let keys = data_key::Entity::find().all(database.read()).await.unwrap();
    let wrapped_of = |sealed: &SealedBytes| {
        keys.iter().find(|key| Some(key.id) == sealed.key_id()).map(|key| key.wrapped.clone()).unwrap()
    };
    let exchange = &[(&sealed, wrapped_of(&other)), (&other, wrapped_of(&sealed))];
    database
        .write(|transaction| async move {
            for (value, wrapped) in exchange {
                data_key::Entity::update_many()
                    .col_expr(data_key::Column::Wrapped, Expr::val(wrapped.clone()))
                    .filter(data_key::Column::Id.eq(value.key_id().unwrap()))
                    .exec(&transaction)
                    .await?;
            }
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
    let error = open_at(&database, &here("a"), &sealed).await.unwrap_err();
    assert!(matches!(error, DbError::Sealed(VaultError::Tampered(_))), "{error}");

    database
        .write(|transaction| async move {
            data_key::Entity::delete_many().exec(&transaction).await.map(|_| ()).map_err(DbError::from)
        })
        .await
        .unwrap();
    let error = open_at(&database, &here("b"), &other).await.unwrap_err();
    assert!(matches!(error, DbError::Sealed(VaultError::Tampered(_))), "{error}");
}

async fn r_sec_2_a_tampered_value_is_a_security_event(place: TestDatabase) {
    let database = open(&place).await;
    let sealed = seal(&database, KeyOwner::Instance, &here("a")).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    assert!(open_at(&database, &here("b"), &sealed).await.is_err());
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let event = text.lines().find(|line| line.contains("sealed_value_tampered")).expect("an event");
    assert!(event.contains("ERROR security:") && event.contains("instance_secrets.value of b"), "{event}");
}

async fn equal_values_are_sealed_differently(place: TestDatabase) {
    let database = open(&place).await;
    let [first, second] =
        [seal(&database, KeyOwner::Instance, &here("a")).await, seal(&database, KeyOwner::Instance, &here("a")).await];
    assert_eq!(first.key_id(), second.key_id());
    assert_ne!(first, second);
}

async fn r_sec_8_destroying_the_key_of_a_project_destroys_its_values_and_no_others(place: TestDatabase) {
    let database = open(&place).await;
    let [gone, kept] = [KeyOwner::Project(project(&database)), KeyOwner::Project(project(&database))];
    let [of_gone, of_kept] = [seal(&database, gone, &here("a")).await, seal(&database, kept, &here("b")).await];
    let wrapped = data_key::Entity::find_by_id(of_gone.key_id().unwrap()).one(database.read()).await.unwrap().unwrap();
    let destroyed = database
        .write(|transaction| async move { transaction.vault().destroy(&transaction, gone).await })
        .await
        .unwrap();
    assert_eq!(destroyed, 1);
    let error = open_at(&database, &here("a"), &of_gone).await.unwrap_err();
    assert!(matches!(error, DbError::Sealed(VaultError::Destroyed)), "{error}");
    assert_eq!(open_at(&database, &here("b"), &of_kept).await.unwrap(), SENTINEL);

    let row = data_key::Entity::find_by_id(wrapped.id).one(database.read()).await.unwrap().unwrap();
    assert!(row.wrapped.as_bytes().is_empty() && row.destroyed_at.is_some());
    if let Some(file) = Instance::of(&place).file() {
        database.close().await.unwrap();
        let bytes = std::fs::read(file).unwrap();
        let key = wrapped.wrapped.as_bytes();
        assert!(!bytes.windows(key.len()).any(|window| window == key), "the wrapped key is still in the file");
    }
}

async fn an_opener_reads_each_key_once_and_refuses_what_opening_refuses(place: TestDatabase) {
    let database = open(&place).await;
    let mut sealed = Vec::new();
    for name in ["a", "b", "c"] {
        sealed.push(seal(&database, KeyOwner::Instance, &here(name)).await);
    }
    let opener = database.vault().opener(database.read(), &sealed).await.unwrap();
    let destroyed = database
        .write(|transaction| async move { transaction.vault().destroy(&transaction, KeyOwner::Instance).await })
        .await;
    assert_eq!(destroyed.unwrap(), 1);
    for (name, sealed) in ["a", "b", "c"].into_iter().zip(&sealed) {
        assert_eq!(opener.open(&here(name), sealed).unwrap().expose(), SENTINEL, "asks the database no more");
    }
    assert!(matches!(opener.open(&here("b"), &sealed[0]), Err(VaultError::Tampered(_))));
    let late = database.vault().opener(database.read(), &sealed).await.unwrap();
    assert_eq!(late.open(&here("a"), &sealed[0]).unwrap_err(), VaultError::Destroyed);
    let none = database.vault().opener(database.read(), []).await.unwrap();
    assert!(matches!(none.open(&here("a"), &sealed[0]), Err(VaultError::Tampered(_))), "of a key that was not read");
}

async fn an_owner_whose_key_was_destroyed_gets_another(place: TestDatabase) {
    let database = open(&place).await;
    let owner = KeyOwner::Subject(UserId::generate(database.now()));
    let before = seal(&database, owner, &here("a")).await;
    database.write(|transaction| async move { transaction.vault().destroy(&transaction, owner).await }).await.unwrap();
    let after = seal(&database, owner, &here("a")).await;
    assert!(open_at(&database, &here("a"), &before).await.is_err());
    assert_eq!(open_at(&database, &here("a"), &after).await.unwrap(), SENTINEL);
    let versions: Vec<i32> = data_key::Entity::find()
        .order_by_asc(data_key::Column::Version)
        .all(database.read())
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.version)
        .collect();
    assert_eq!(versions, [1, 2]);
}

async fn sealing_at_the_same_time_makes_one_key(place: TestDatabase) {
    let database = open(&place).await;
    let mut sealing = JoinSet::new();
    for _ in 0..20 {
        let database = database.clone();
        sealing.spawn(async move { seal(&database, KeyOwner::anonymous(Timestamp::default()), &here("a")).await });
    }
    while let Some(sealed) = sealing.join_next().await {
        assert_eq!(open_at(&database, &here("a"), &sealed.unwrap()).await.unwrap(), SENTINEL);
    }
    assert_eq!(keys(&database).await, 1);
}

async fn a_key_made_in_a_transaction_that_fails_was_never_there(place: TestDatabase) {
    let database = open(&place).await;
    let transaction = database.begin().await.unwrap();
    seal_in(&transaction, KeyOwner::Instance, &here("a")).await;
    transaction.rollback().await;
    assert_eq!(keys(&database).await, 0);
    seal(&database, KeyOwner::Instance, &here("a")).await;
    assert_eq!(keys(&database).await, 1);
}

fn here(row: &str) -> Place {
    Place::new(instance_secret::Column::Value, row)
}

fn project(database: &Database) -> ProjectId {
    ProjectId::generate(database.now())
}

async fn seal(database: &Database, owner: KeyOwner, at: &Place) -> SealedBytes {
    let transaction = database.begin().await.unwrap();
    let sealed = seal_in(&transaction, owner, at).await;
    transaction.commit().await.unwrap();
    sealed
}

async fn seal_in(transaction: &WriteTransaction, owner: KeyOwner, at: &Place) -> SealedBytes {
    transaction.vault().seal(transaction, owner, at, SENTINEL).await.unwrap()
}

async fn open_at(database: &Database, at: &Place, sealed: &SealedBytes) -> Result<Vec<u8>, DbError> {
    database.vault().open(database.read(), at, sealed).await.map(|value| value.expose().clone())
}

/// A log that the test reads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

async fn keys(database: &Database) -> u64 {
    data_key::Entity::find().count(database.read()).await.unwrap()
}
