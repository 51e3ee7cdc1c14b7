//! The whole of Temps, as those who use and attack it find it. What touches the database runs on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod attack;
mod audit;
mod cases;
mod chain;
mod concurrency;
mod dashboard;
mod deployments;
mod domains;
mod errors;
mod firewall;
mod guessing;
mod health;
mod login;
mod mail;
mod process;
mod projects;
mod secrets;
mod sessions;
mod setup;
mod traffic;
mod versions;
