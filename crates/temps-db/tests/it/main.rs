//! Everything here runs on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod belonging;
mod chain;
mod full_disk;
mod opening;
mod schema;
mod support;
mod transactions;
mod vault;
