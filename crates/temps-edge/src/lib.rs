//! Sockets, TLS, HTTP, pages and forwarding.
//!
//! The edge terminates TLS, decides for every request whether it may pass, and forwards it. What it must know comes down as an
//! [`EdgeSnapshot`](temps_policy::EdgeSnapshot); what happened goes up as [`Event`](temps_policy::Event)s. It knows no database and no
//! control plane.
//!
//! The way of a request is `accept → tls → facts → route → guard → forward → respond → record`, one module a stage; `serve` calls them in
//! that order.
#![forbid(unsafe_code)]

mod accept;
mod answer;
mod body;
mod config;
mod edge;
mod facts;
mod forward;
mod framing;
mod guard;
mod open;
mod pages;
mod record;
mod respond;
mod route;
mod seldom;
mod serve;
mod stream;
mod streams;
mod tls;
mod worker;

pub use config::{EdgeConfig, Timeouts};
pub use edge::{Edge, EdgeError, WorkerFailure};
pub use tls::system_roots;
