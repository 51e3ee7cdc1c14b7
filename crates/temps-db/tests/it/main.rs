//! Everything here runs on SQLite and on PostgreSQL.

mod audit;
mod chain;
mod opening;
mod schema;
mod support;
mod transactions;
mod vault;
