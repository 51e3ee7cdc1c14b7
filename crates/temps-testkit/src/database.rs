//! The same test on both databases.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::postgres::FreshDatabase;

/// An empty database of a test's own, gone when it is dropped, and a directory beside it for files.
pub struct TestDatabase {
    server: Option<FreshDatabase>,
    directory: TempDir,
}

/// Where a test database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The file, which does not exist yet.
    Sqlite(PathBuf),
    /// The URL of the database on the server.
    Postgres(String),
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        Self { server: None, directory: tempdir() }
    }

    pub fn postgres() -> Self {
        Self { server: Some(FreshDatabase::create()), directory: tempdir() }
    }

    pub fn location(&self) -> Location {
        match &self.server {
            Some(database) => Location::Postgres(database.url().to_owned()),
            None => Location::Sqlite(self.directory.path().join("temps.db")),
        }
    }

    /// A directory for the test, such as a data directory.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

fn tempdir() -> TempDir {
    TempDir::with_prefix("temps-test-").expect("the test needs a temporary directory")
}

/// Makes two tests of each named `async fn(TestDatabase)`: `sqlite::name` and `postgres::name`.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::TestDatabase::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::TestDatabase::postgres()).await;
            })+
        }
    };
}
