//! First start, later starts, and starts that are refused and change nothing.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use temps_db::{OpenError, vault::KeyError};
use temps_model::Secret;
use temps_testkit::{TestDatabase, on_both_databases};
use tokio::task::JoinSet;

use crate::support::{Instance, execute, note, notes, texts};

on_both_databases![
    the_first_start_creates_schema_and_key_for_their_owner_alone,
    what_was_written_is_there_after_a_restart,
    r_sec_4_a_wrong_key_is_refused_and_changes_nothing,
    r_sec_4_a_missing_key_is_refused_and_none_is_made,
    r_sec_4_a_key_that_is_no_key_is_refused,
    r_sec_9_a_key_that_others_can_read_is_refused,
    r_sec_4_a_database_without_key_check_is_refused,
    the_environment_comes_before_the_credential_and_the_file,
    r_dep_7_a_newer_schema_is_refused_and_untouched,
    what_is_no_database_is_refused_and_untouched,
];

async fn the_first_start_creates_schema_and_key_for_their_owner_alone(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&instance.keys.file), 0o600);
    let key = STANDARD.decode(fs::read_to_string(&instance.keys.file).unwrap().trim()).unwrap();
    assert_eq!(key.len(), 32);
    for path in files(&instance).keys() {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    database.close().await.unwrap();
    if let Some(file) = instance.file() {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        instance.open().await;
        assert_eq!(mode(&file), 0o600);
    }
}

async fn what_was_written_is_there_after_a_restart(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    database.write(|transaction| async move { note(&transaction, "a").await }).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(notes(&instance.open().await).await, ["a"]);
}

async fn r_sec_4_a_wrong_key_is_refused_and_changes_nothing(place: TestDatabase) {
    let mut instance = Instance::of(&place);
    instance.open().await.close().await.unwrap();
    let before = state(&instance).await;
    instance.keys.environment = Some(Secret::new(STANDARD.encode([7; 32])));
    let error = instance.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::Key(KeyError::Wrong { .. })), "{error}");
    let text = error.to_string();
    for part in ["TEMPS_MASTER_KEY", "is not the one that this database was created with", "put the right key there"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(state(&instance).await, before);
}

async fn r_sec_4_a_missing_key_is_refused_and_none_is_made(place: TestDatabase) {
    let instance = Instance::of(&place);
    instance.open().await.close().await.unwrap();
    fs::remove_file(&instance.keys.file).unwrap();
    let before = state(&instance).await;
    let error = instance.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::Key(KeyError::Missing { .. })), "{error}");
    assert!(error.to_string().contains("a new key would not open the old secrets"), "{error}");
    assert!(!instance.keys.file.exists());
    assert_eq!(state(&instance).await, before);
}

/// A process that was killed leaves a log with what is not in the file yet, the key-check value included.
#[tokio::test]
async fn r_sec_4_a_refused_start_after_a_crash_changes_nothing() {
    let place = TestDatabase::sqlite();
    let mut instance = Instance::of(&place);
    let database = instance.open().await;
    execute(&database, "INSERT INTO instance (key, value) VALUES ('a', '')").await;
    let file = instance.file().unwrap();
    let crashed = place.directory().join("crashed");
    fs::create_dir(&crashed).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("temps.db{suffix}");
        fs::copy(file.with_file_name(&name), crashed.join(&name)).unwrap();
    }
    database.close().await.unwrap();
    instance.settings = temps_db::DatabaseSettings::Sqlite { path: crashed.join("temps.db") };
    let before = files(&instance);
    assert!(before[&crashed.join("temps.db-wal")].len() > 1_000, "the log was left behind");

    let right = instance.keys.clone();
    instance.keys.environment = Some(Secret::new(STANDARD.encode([7; 32])));
    let error = instance.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::Key(KeyError::Wrong { .. })), "{error}");
    assert!(files(&instance) == before, "the files of the database have changed");

    instance.keys = right;
    assert_eq!(notes(&instance.open().await).await, ["a"]);
}

/// A process that is killed can leave its log cut anywhere: after nothing, within the header, after it, within a frame.
#[tokio::test]
async fn what_was_committed_is_there_wherever_a_crash_cut_the_log() {
    let place = TestDatabase::sqlite();
    let mut instance = Instance::of(&place);
    instance.open().await.close().await.unwrap();
    let database = instance.open().await;
    database.write(|transaction| async move { note(&transaction, "a").await }).await.unwrap();
    let file = instance.file().unwrap();
    let left = ["", "-wal", "-shm"].map(|suffix| {
        let name = format!("temps.db{suffix}");
        (name.clone(), fs::read(file.with_file_name(name)).unwrap())
    });
    database.close().await.unwrap();
    let whole = left[1].1.len();
    for cut in [0, 1, 31, 32, 33, 56, 57, 2_000, whole - 1, whole] {
        let crashed = place.directory().join(format!("cut-{cut}"));
        fs::create_dir(&crashed).unwrap();
        for (name, content) in &left {
            fs::write(crashed.join(name), content).unwrap();
        }
        fs::write(crashed.join("temps.db-wal"), &left[1].1[..cut]).unwrap();
        instance.settings = temps_db::DatabaseSettings::Sqlite { path: crashed.join("temps.db") };
        let database = instance.try_open().await.unwrap_or_else(|error| panic!("cut after {cut} bytes: {error}"));
        let expected: &[&str] = if cut == whole { &["a"] } else { &[] };
        assert_eq!(notes(&database).await, expected, "cut after {cut} bytes");
        database.close().await.unwrap();
    }
}

async fn r_sec_4_a_key_that_is_no_key_is_refused(place: TestDatabase) {
    let mut instance = Instance::of(&place);
    for text in ["", "swordfish", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33])] {
        instance.keys.environment = Some(Secret::new(text.to_owned()));
        let error = instance.try_open().await.unwrap_err();
        assert!(matches!(error, OpenError::Key(KeyError::Malformed { .. })), "{text:?}: {error}");
        assert!(text.is_empty() || !error.to_string().contains(text), "the text quotes the key");
    }
    assert!(files(&instance).is_empty());
    assert!(!instance.keys.file.exists());
}

async fn r_sec_9_a_key_that_others_can_read_is_refused(place: TestDatabase) {
    let instance = Instance::of(&place);
    instance.open().await.close().await.unwrap();
    for mode in [0o640, 0o604, 0o660, 0o777] {
        fs::set_permissions(&instance.keys.file, fs::Permissions::from_mode(mode)).unwrap();
        let error = instance.try_open().await.unwrap_err();
        assert!(matches!(error, OpenError::Key(KeyError::Exposed { .. })), "{mode:o}: {error}");
        assert!(error.to_string().contains(&format!("{mode:04o}")), "{error}");
    }
    fs::set_permissions(&instance.keys.file, fs::Permissions::from_mode(0o400)).unwrap();
    instance.open().await;
}

async fn r_sec_4_a_database_without_key_check_is_refused(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    execute(&database, "DELETE FROM instance WHERE key = 'key_check'").await;
    database.close().await.unwrap();
    let error = instance.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::NoKeyCheck), "{error}");
}

async fn the_environment_comes_before_the_credential_and_the_file(place: TestDatabase) {
    let mut instance = Instance::of(&place);
    let credentials = place.directory().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("temps-master-key"), STANDARD.encode([2; 32]) + "\n").unwrap();
    instance.keys.environment = Some(Secret::new(STANDARD.encode([1; 32])));
    instance.keys.credentials = Some(credentials.clone());
    instance.open().await.close().await.unwrap();
    assert!(!instance.keys.file.exists(), "a key that is given is not written down");

    instance.keys.environment = None;
    let error = instance.try_open().await.unwrap_err().to_string();
    assert!(error.contains("systemd credential"), "{error}");

    fs::write(credentials.join("temps-master-key"), STANDARD.encode([1; 32])).unwrap();
    instance.open().await.close().await.unwrap();

    fs::write(&instance.keys.file, STANDARD.encode([3; 32])).unwrap();
    fs::set_permissions(&instance.keys.file, fs::Permissions::from_mode(0o600)).unwrap();
    instance.open().await.close().await.unwrap();
    instance.keys.credentials = None;
    let error = instance.try_open().await.unwrap_err().to_string();
    assert!(error.contains("master.key"), "{error}");
}

async fn r_dep_7_a_newer_schema_is_refused_and_untouched(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    execute(&database, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)").await;
    database.close().await.unwrap();
    let before = state(&instance).await;
    let error = instance.try_open().await.unwrap_err();
    let OpenError::NewerSchema { found, known } = &error else { panic!("{error}") };
    assert_eq!((found.as_str(), known.as_str()), ("m9999_later", "m0004_mail"));
    assert!(error.to_string().contains("newer version of Temps"), "{error}");
    assert_eq!(state(&instance).await, before);
}

/// Several nodes start on the same empty server; on SQLite only one process at a time opens a database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_at_the_same_time_agree() {
    let place = TestDatabase::postgres();
    let mut instance = Instance::of(&place);
    instance.keys.environment = Some(Secret::new(STANDARD.encode([7; 32])));
    let mut starts = JoinSet::new();
    for _ in 0..8 {
        let (settings, keys, clock) = (instance.settings.clone(), instance.keys.clone(), instance.clock.clone());
        starts.spawn(async move {
            temps_db::Database::open(&settings, &keys, std::sync::Arc::new(clock)).await.map(|_| ())
        });
    }
    while let Some(start) = starts.join_next().await {
        start.unwrap().unwrap();
    }
    let applied = texts(instance.open().await.read(), "SELECT version FROM seaql_migrations").await;
    assert_eq!(applied, ["m0001_foundations", "m0002_changed_rules", "m0003_login", "m0004_mail"]);
}

async fn what_is_no_database_is_refused_and_untouched(place: TestDatabase) {
    let mut instance = Instance::of(&place);
    match instance.file() {
        Some(file) => {
            let text = "not a database, but long enough for the header of one".repeat(100);
            fs::write(&file, &text).unwrap();
            assert!(matches!(instance.try_open().await, Err(OpenError::Database(_))));
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        None => {
            let secret = "postgres://temps:swordfish@127.0.0.1:1/temps".to_owned();
            instance.settings = temps_db::DatabaseSettings::Postgres { url: Secret::new(secret) };
            let error = instance.try_open().await.unwrap_err();
            assert!(error.to_string().contains("refused"), "{error}");
            assert!(!error.to_string().contains("swordfish") && !format!("{error:?}").contains("swordfish"));
        }
    }
    assert!(!instance.keys.file.exists());
}

/// The files of SQLite's database with their content.
fn files(instance: &Instance) -> BTreeMap<PathBuf, Vec<u8>> {
    let Some(file) = instance.file() else { return BTreeMap::new() };
    ["", "-wal", "-shm"]
        .iter()
        .map(|suffix| file.with_file_name(format!("temps.db{suffix}")))
        .filter_map(|path| fs::read(&path).ok().map(|content| (path, content)))
        .collect()
}

/// All that a refused start could change: files on SQLite, rows and tables on PostgreSQL.
async fn state(instance: &Instance) -> (BTreeMap<PathBuf, Vec<u8>>, Vec<String>) {
    let temps_db::DatabaseSettings::Postgres { url } = &instance.settings else {
        return (files(instance), Vec::new());
    };
    let connection = sea_orm::Database::connect(url.expose().as_str()).await.unwrap();
    let mut state = texts(&connection, "SELECT key || value FROM instance ORDER BY 1").await;
    state.extend(texts(&connection, "SELECT version || applied_at FROM seaql_migrations ORDER BY 1").await);
    state.extend(texts(&connection, "SELECT relname || relfilenode FROM pg_class ORDER BY 1").await);
    connection.close().await.unwrap();
    (BTreeMap::new(), state)
}
