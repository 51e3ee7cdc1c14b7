//! The edge over real sockets.

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
