//! The database of Temps: SQLite or PostgreSQL, the same code and the same tests on both.
//!
//! [`Database`] gives out read-only connections and write transactions; a [`WriteTransaction`] is what everything that
//! changes something asks for, the [audit log](audit) and the [vault] included. Knows no HTTP.
#![forbid(unsafe_code)]

pub mod audit;
mod connect;
mod database;
pub mod entities;
mod error;
mod migrate;
mod migrations;
mod open;
pub mod tags;
pub mod telemetry;
mod transaction;
pub mod vault;

pub use database::Database;
pub use error::DbError;
pub use open::{DatabaseSettings, OpenError};
pub use transaction::WriteTransaction;
