//! Connections to applications and to the console, and which addresses they may go to (R-APP-9).

use std::{
    fmt,
    hash::{Hash, Hasher},
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use temps_policy::{Console, Scheme, Upstream, UpstreamError, UpstreamHost};
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{pool::Sender, upload::Upload};
use crate::{stream::Stream, worker::Worker};

/// Where requests are forwarded to; connections to equal origins are interchangeable.
#[derive(Clone, Debug)]
pub enum Origin {
    Application(Arc<Upstream>),
    Console(Arc<Console>),
}

/// Why there is no connection. For the log; the visitor is told nothing internal.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no connection within the time limit")]
    TooSlow,
    #[error("the name has no address")]
    NoAddress,
    #[error(transparent)]
    Forbidden(#[from] UpstreamError),
    #[error("the address {0} is one of Temps' own")]
    OwnSocket(SocketAddr),
    #[error("the host name cannot be verified by TLS")]
    Name,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

/// A new connection, ready for a request.
pub async fn connect(worker: &Worker, origin: &Origin) -> Result<Sender, ConnectError> {
    let connecting = async {
        match origin {
            Origin::Application(upstream) => open_application(worker, upstream).await,
            Origin::Console(console) => Ok(Box::new(UnixStream::connect(&console.socket).await?) as Box<dyn Stream>),
        }
    };
    let time = worker.shared.config.timeouts.connect;
    let stream = timeout(time, connecting).await.map_err(|_| ConnectError::TooSlow)??;
    let (sender, connection) =
        http1::Builder::new().max_buf_size(64 * 1024).handshake::<_, Upload>(TokioIo::new(stream)).await?;
    // How it ends shows in the request that is on it; without one it does not matter.
    tokio::task::spawn_local(async move { drop(connection.with_upgrades().await) });
    Ok(sender)
}

async fn open_application(worker: &Worker, upstream: &Upstream) -> Result<Box<dyn Stream>, ConnectError> {
    let stream = open_tcp(worker, upstream).await?;
    stream.set_nodelay(true)?;
    match upstream.scheme {
        Scheme::Http => Ok(Box::new(stream)),
        Scheme::Https => {
            let name = match &upstream.host {
                UpstreamHost::Name(name) => ServerName::try_from(name.to_string()).map_err(|_| ConnectError::Name)?,
                UpstreamHost::Address(ip) => ServerName::IpAddress((*ip).into()),
            };
            let connector = TlsConnector::from(Arc::clone(&worker.shared.tls.client));
            Ok(Box::new(connector.connect(name, stream).await?))
        }
    }
}

/// Connects to the first address that answers. Each is checked after resolution, and exactly the checked address is connected to, so a name
/// that changes its address in between gains nothing.
async fn open_tcp(worker: &Worker, upstream: &Upstream) -> Result<TcpStream, ConnectError> {
    let addresses: Vec<SocketAddr> = match &upstream.host {
        UpstreamHost::Address(ip) => vec![SocketAddr::new(*ip, upstream.port)],
        UpstreamHost::Name(name) => worker.names.look_up(name, upstream.port).await?,
    };
    let mut last = ConnectError::NoAddress;
    for address in addresses {
        match open_checked(worker, address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn open_checked(worker: &Worker, address: SocketAddr) -> Result<TcpStream, ConnectError> {
    worker.shared.config.upstream_networks.permit(address.ip())?;
    if worker.shared.own_sockets.contain(address) {
        return Err(ConnectError::OwnSocket(address));
    }
    Ok(TcpStream::connect(address).await?)
}

/// The ports that the edge itself listens on. On any address of this machine they are out of bounds for applications.
pub struct OwnSockets {
    ports: [u16; 2],
}

impl OwnSockets {
    pub fn new(addresses: [SocketAddr; 2]) -> Self {
        Self { ports: addresses.map(|address| address.port()) }
    }

    fn contain(&self, address: SocketAddr) -> bool {
        self.ports.contains(&address.port()) && is_this_machine(address.ip().to_canonical())
    }
}

/// An address is this machine's own if a socket can be bound to it.
fn is_this_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(upstream) => upstream.fmt(f),
            Self::Console(_) => f.write_str("console"),
        }
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Application(one), Self::Application(other)) => one == other,
            (Self::Console(one), Self::Console(other)) => one.socket == other.socket,
            _ => false,
        }
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Application(upstream) => upstream.hash(state),
            Self::Console(console) => console.socket.hash(state),
        }
    }
}
