//! What the edge is started with.

use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use rustls::RootCertStore;
use temps_model::{HostName, Network};
use temps_policy::UpstreamNetworks;

/// Everything that stays the same as long as the edge runs.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// Where plain HTTP is served; port 0 takes a free one.
    pub http_addr: SocketAddr,
    /// Where HTTPS is served; port 0 takes a free one.
    pub https_addr: SocketAddr,
    /// How many workers there are, usually one per core.
    pub workers: NonZeroUsize,
    /// Peers whose `X-Forwarded-For` is believed (R-EDGE-6).
    pub trusted_proxies: Vec<Network>,
    /// Where upstreams may point beyond the public Internet (R-APP-9).
    pub upstream_networks: UpstreamNetworks,
    /// Whom `https` upstreams are verified against, usually [`system_roots`](crate::system_roots).
    pub upstream_roots: Arc<RootCertStore>,
    /// The domain under which applications get their host names; no cookie of theirs may reach it (R-APP-8).
    pub apps_domain: Option<HostName>,
    /// The port that redirects to HTTPS name; 443 is left out.
    pub public_https_port: u16,
    /// How this instance calls itself in `Via` (RFC 9110 §7.6.3), so that it recognises a request that it sent itself. A token.
    pub instance_id: String,
    /// How long open requests may take after the edge was told to drain.
    pub drain_timeout: Duration,
    pub timeouts: Timeouts,
}

/// How long a client or an application may let the edge wait.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For a request head, from its first byte; for the first one from the beginning of the connection. Also how long a client that has ended
    /// its sending direction, or was told that its HTTP/2 connection ends, may do nothing until it counts as gone.
    pub head: Duration,
    /// For the next request on an open connection.
    pub idle: Duration,
    /// For the next piece of a request body, and for the client to take the next piece of a response; over HTTP/2 up to twice as long.
    pub body: Duration,
    /// For a connection to an application.
    pub connect: Duration,
    /// For the head of an application's response, once it has the whole request.
    pub response: Duration,
    /// For the next piece of an application's response, unless it is a stream of events.
    pub pause: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(30),
            connect: Duration::from_secs(5),
            response: Duration::from_secs(60),
            pause: Duration::from_secs(60),
        }
    }
}
