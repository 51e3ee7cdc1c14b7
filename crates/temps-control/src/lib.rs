//! The control plane: REST API, authentication, authorisation, audit, deployments and jobs.
//!
//! It never sees the edge: it sends snapshots down a [`temps_policy::link`] and answers on a private Unix socket that the edge forwards the console's
//! host name to. `router.rs` is the page to begin with.
#![forbid(unsafe_code)]

pub mod access;
mod action;
pub mod app;
mod audit_log;
mod blobs;
mod browse;
mod built_in;
mod certificates;
mod change;
mod dashboard;
mod demo;
mod denials;
mod deployments;
mod domains;
mod edge;
mod environments;
mod factors;
mod firewall;
pub mod guesses;
mod headers;
mod health;
mod instance;
mod jobs;
mod live;
mod login;
mod mail;
mod members;
pub mod openapi;
mod operator;
mod password;
mod problem;
mod projects;
mod remainder;
pub mod route;
pub mod router;
mod seats;
mod server;
mod sessions;
mod setup;
mod start;
#[cfg(test)]
mod testing;
mod traffic;
mod users;
mod wire;

pub use action::Action;
pub use built_in::{BuiltIn, Files};
pub use mail::{MailSettings, SmtpServer};
pub use start::{Control, Prepared, StartError};
pub use traffic::Traffic;
