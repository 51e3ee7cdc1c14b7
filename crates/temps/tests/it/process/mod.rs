//! The real program as a process of its own: its first start, its refusals, its end, and its death.

use temps_testkit::{Program, TestDatabase};

mod belonging;
mod commands;
mod first_steps;
mod full_disk;
mod killed;
mod killed_early;
mod logs;
mod propagation;
mod secrets;
mod starting;
mod stopping;

/// The program on SQLite.
fn program() -> Program {
    program_on(TestDatabase::sqlite())
}

fn program_on(database: TestDatabase) -> Program {
    Program::new(env!("CARGO_BIN_EXE_temps"), database)
}

/// The example site of the repository.
fn example_site() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/site")
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}
