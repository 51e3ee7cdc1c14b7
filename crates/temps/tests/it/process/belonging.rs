//! A data directory and a database that do not belong together: refused, and nothing is lost.

use std::fs;

use sea_orm::ConnectionTrait;
use temps_testkit::{
    Program, TestDatabase,
    database::Location,
    on_both_databases,
    program::{files_below, text},
};

use super::{program, program_on};

on_both_databases!(a_data_directory_goes_with_its_own_database_alone);

/// A program with a site that was stopped well.
async fn with_a_site(database: TestDatabase) -> Program {
    let program = program_on(database);
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    assert_eq!(server.stop().0, Some(0));
    program
}

/// Starts it on another database, which it has to refuse; gives its complaint.
async fn refused_on(program: &Program, url: &str) -> String {
    let before = (content(program), tables(url).await);
    let output = program.command_to_serve(&[]).env("TEMPS_DATABASE_URL", url).output().unwrap();
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!((content(program), tables(url).await) == before, "something was changed");
    complaint
}

/// Every file of the data directory with its content, but for the lock, which names the process that looked last.
fn content(program: &Program) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    files_below(&program.data_dir()).into_iter().filter(|(path, _)| !path.ends_with("lock")).collect()
}

async fn tables(url: &str) -> Vec<String> {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    let query = "SELECT relname || relfilenode FROM pg_class ORDER BY 1";
    let rows = connection.query_all_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, query));
    let tables = rows.await.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    connection.close().await.unwrap();
    tables
}

fn url_of(database: &TestDatabase) -> String {
    match database.location() {
        Location::Postgres(url) => url,
        Location::Sqlite(path) => panic!("{} is no server", path.display()),
    }
}

async fn a_data_directory_goes_with_its_own_database_alone(database: TestDatabase) {
    let program = with_a_site(database).await;

    let new = TestDatabase::postgres();
    let complaint = refused_on(&program, &url_of(&new)).await;
    assert!(complaint.contains("was used with a database, but the one that is configured is new"), "{complaint}");
    assert!(complaint.contains("--data-dir"), "it says what to do: {complaint}");

    let url = url_of(&new);
    let connection = sea_orm::Database::connect(&url).await.unwrap();
    connection.execute_unprepared("CREATE TABLE orders (id integer)").await.unwrap();
    connection.close().await.unwrap();
    let complaint = refused_on(&program, &url).await;
    assert!(complaint.contains("the table orders, and nothing of Temps"), "{complaint}");

    let other = TestDatabase::postgres();
    let url = url_of(&other);
    let _other = with_a_site(other).await;
    let complaint = refused_on(&program, &url).await;
    assert!(complaint.contains("belongs to the instance"), "{complaint}");

    let server = program.serve(&[]);
    assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_moved_away_is_missed() {
    let program = with_a_site(TestDatabase::sqlite()).await;
    let (file, away) = (program.data_dir().join("temps.db"), program.path("moved-away.db"));
    fs::rename(&file, &away).unwrap();
    let before = content(&program);
    let complaint = program.refuses_to_serve(&[]);
    assert!(complaint.contains("Put the database back"), "{complaint}");
    assert!(content(&program) == before, "something was changed");

    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::metadata(&away).unwrap().permissions()).unwrap();
    let before = content(&program);
    assert!(program.refuses_to_serve(&[]).contains("is new"), "an empty file is a new database");
    assert!(content(&program) == before, "something was changed");

    fs::rename(&away, &file).unwrap();
    let server = program.serve(&[]);
    assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
}

/// Where there is no directory yet, none belongs to another database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_is_written_at_the_first_start() {
    let program = program();
    program.serve(&[]).stop();
    let id = fs::read_to_string(program.data_dir().join("instance-id")).unwrap();
    fs::remove_file(program.data_dir().join("instance-id")).unwrap();
    program.serve(&[]).stop();
    assert_eq!(fs::read_to_string(program.data_dir().join("instance-id")).unwrap(), id, "the database has it too");
}
