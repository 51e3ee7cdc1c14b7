//! What is known of a request before any decision.

use std::{net::SocketAddr, time::Instant};

use http::Method;
use temps_model::{ClientIp, HostName, RequestId, Timestamp};

use crate::NormalPath;

/// Computed once per request by the edge. Nobody downstream looks at a forwarding header or an undecoded path again.
#[derive(Clone, Debug)]
pub struct Facts {
    pub id: RequestId,
    pub received: Timestamp,
    pub started: Instant,
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// The client, through trusted proxies if there are any (R-EDGE-6).
    pub client: ClientIp,
    /// `None` over plain HTTP.
    pub tls: Option<TlsFacts>,
    /// The host name that the request is for; `None` if it named none or an address.
    pub host: Option<HostName>,
    pub method: Method,
    pub path: NormalPath,
}

/// What is known of the TLS session.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    /// The name that the client asked for in the handshake.
    pub sni: Option<HostName>,
}
