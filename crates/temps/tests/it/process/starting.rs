//! Refusing to start, with a reason, and without a trace.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sea_orm::ConnectionTrait;
use temps_testkit::{
    Program, TestDatabase,
    app::PASSWORD,
    database::Location,
    on_both_databases,
    program::{OWNER, files_below, text},
};

use super::{program, program_on};

on_both_databases!(
    r_sec_4_a_wrong_or_missing_master_key_is_refused_and_nothing_changes,
    a_database_of_a_newer_version_is_refused_and_nothing_changes,
);

/// Every file of the data directory with its content, but for the lock, which names the process that looked last.
fn content(program: &Program) -> Vec<(PathBuf, Vec<u8>)> {
    files_below(&program.data_dir()).into_iter().filter(|(path, _)| !path.ends_with("lock")).collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

async fn run_sql(url: &str, sql: &str) {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

async fn r_sec_4_a_wrong_or_missing_master_key_is_refused_and_nothing_changes(database: TestDatabase) {
    let program = program_on(database);
    // Killed, so that there is a write-ahead log, which a refused start must leave alone too.
    program.serve_with_owner(&[]).kill();
    let key = program.data_dir().join("master.key");
    let right = fs::read_to_string(&key).unwrap();

    fs::remove_file(&key).unwrap();
    let before = content(&program);
    let complaint = program.refuses_to_serve(&[]);
    assert!(complaint.contains("the master key is missing"), "{complaint}");
    assert!(content(&program) == before, "something was changed");

    fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    set_mode(&key, 0o600);
    let before = content(&program);
    let complaint = program.refuses_to_serve(&[]);
    assert!(complaint.contains("is not the one that this database was created with"), "{complaint}");
    assert!(content(&program) == before, "something was changed");

    fs::write(&key, right).unwrap();
    let server = program.serve(&[]);
    server.owner().await.get("/me").await.expect(200);
}

async fn a_database_of_a_newer_version_is_refused_and_nothing_changes(database: TestDatabase) {
    let url = match database.location() {
        Location::Sqlite(_) => format!("sqlite://{}", database.directory().join("data/temps.db").display()),
        Location::Postgres(url) => url,
    };
    let program = program_on(database);
    program.serve_with_owner(&[]).kill();
    run_sql(&url, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_a_later_version', 0)").await;
    let before = content(&program);
    let complaint = program.refuses_to_serve(&[]);
    assert!(complaint.contains("was written by a newer version of Temps"), "{complaint}");
    assert!(complaint.contains("m9999_of_a_later_version"), "{complaint}");
    assert!(content(&program) == before, "something was changed");

    run_sql(&url, "DELETE FROM seaql_migrations WHERE version = 'm9999_of_a_later_version'").await;
    let server = program.serve(&[]);
    server.owner().await.get("/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_serve_on_the_same_data_directory_is_refused_and_the_first_does_not_notice() {
    let program = program();
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    let complaint = program.refuses_to_serve(&[]);
    assert!(complaint.contains(&format!("in use by another `temps serve` (process {})", server.id())), "{complaint}");
    assert!(complaint.contains("--data-dir"), "it says what to do: {complaint}");
    assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
    owner.create_project("blog").await;
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn r_sec_9_what_other_users_can_open_is_refused_with_the_command_that_mends_it() {
    let program = program();
    program.serve(&[]).stop();
    let data_dir = program.data_dir();
    for (path, mode, fix) in [
        (data_dir.clone(), 0o755, "chmod 0700"),
        (data_dir.join("master.key"), 0o644, "chmod 0600"),
        (data_dir.join("setup-token"), 0o640, "chmod 0600"),
        (data_dir.join("run"), 0o711, "chmod 0700"),
    ] {
        let right = fs::metadata(&path).unwrap().permissions();
        set_mode(&path, mode);
        let before = content(&program);
        let complaint = program.refuses_to_serve(&[]);
        assert!(complaint.contains(&format!("{fix} {}", path.display())), "{complaint}");
        assert!(content(&program) == before, "something was changed");
        fs::set_permissions(&path, right).unwrap();
    }
    program.serve(&[]);
}

#[test]
fn r_sec_9_nothing_that_it_writes_can_be_opened_by_others() {
    let program = program();
    let server = program.serve_with_owner(&[]);
    program.done(&["projects", "create", "demo"]);
    program.done(&["deploy", super::example_site(), "--project", "demo"]);
    let secret = |path: &Path| !["ca.pem", "ca-fallback.pem"].iter().any(|public| path.ends_with(public));
    for (path, _) in files_below(&program.data_dir()).into_iter().filter(|(path, _)| secret(path)) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
    drop(server);
}

#[test]
fn a_bad_configuration_is_refused_as_a_whole_and_before_anything_is_made() {
    let program = program();
    let file = program.path("temps.toml");
    fs::write(&file, "http_adr = \"127.0.0.1:80\"\nmax_upload = \"lots\"\n").unwrap();
    let mut command = program.command(&["serve", "--config", file.to_str().unwrap(), "--log-format", "xml"]);
    let output = command.env("TEMPS_DRAIN_TIMEOUT", "2 fortnights").output().unwrap();
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("4 problems; nothing was started"), "{complaint}");
    for expected in [
        "temps.toml:1: http_adr",
        "temps.toml:2: max_upload",
        "environment TEMPS_DRAIN_TIMEOUT: drain_timeout",
        "flag --log-format: log_format",
    ] {
        assert!(complaint.contains(expected), "{expected} is not named: {complaint}");
    }
    assert_eq!(files_below(&program.path("")), [(file.clone(), fs::read(&file).unwrap())], "nothing else was made");
    assert!(program.fails(2, &["config", "--config", file.to_str().unwrap()]).contains("2 problems"));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let program = program();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flag, other) in [("--http-addr", "--https-addr"), ("--https-addr", "--http-addr")] {
        let complaint = program.fails(2, &["serve", flag, &address, other, "127.0.0.1:0"]);
        assert!(complaint.contains(&format!("cannot listen on {address}: ")), "{complaint}");
        assert!(complaint.contains(flag) && !complaint.contains(&format!("{other}.")), "{complaint}");
        assert_eq!(complaint.matches("in use").count(), 1, "{complaint}");
    }
}

#[test]
fn a_login_works_after_a_restart_and_the_setup_token_does_not_come_back() {
    let program = program();
    program.serve_with_owner(&[]).stop();
    let server = program.serve(&[]);
    assert!(!program.data_dir().join("setup-token").exists());
    program.log_in(&server);
    assert!(!server.printed().so_far().contains("setup token"));
    let login = ["login", "--server", server.url(), "--email", OWNER, "--password-stdin"];
    let wrong = program.run(&login, &PASSWORD.to_uppercase());
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong.stderr));
}
