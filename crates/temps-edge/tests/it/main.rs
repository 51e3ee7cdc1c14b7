//! The edge over real sockets.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails where it stands")]

mod console;
mod endings;
mod files;
mod forwarding;
mod framing;
mod headers;
mod limits;
mod rules;
mod serving;
mod switching;
mod tls;
mod upstreams;
