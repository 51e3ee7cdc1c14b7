//! How clients of a test reach the instance: where it listens, whom they trust, from which address they come.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use rustls::{RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    edge::client::{Client, Trust, config},
    raw::RawClient,
};

/// What a client has to know of a running instance.
#[derive(Clone, Debug)]
pub struct Reach {
    pub http_addr: SocketAddr,
    pub https_addr: SocketAddr,
    /// What programs send as `Origin`.
    pub origin: String,
    pub console: String,
    local: Arc<RootCertStore>,
    fallback: Arc<RootCertStore>,
}

impl Reach {
    pub fn new(
        http_addr: SocketAddr,
        https_addr: SocketAddr,
        origin: String,
        console: String,
        data_dir: &Path,
    ) -> Self {
        let (local, fallback) = (roots(&data_dir.join("ca.pem")), roots(&data_dir.join("ca-fallback.pem")));
        Self { http_addr, https_addr, origin, console, local, fallback }
    }

    /// A connection over TLS and HTTP/1.1 to a host name, from an address of the loopback network. Only the authority that the instance
    /// uses for the name is trusted.
    pub async fn connect(&self, host: &str, from: Ipv4Addr) -> Client {
        Client::http1(self.tls(host, from).await).await
    }

    /// Bytes over TLS.
    pub async fn raw(&self, host: &str, from: Ipv4Addr) -> RawClient {
        RawClient::new(self.tls(host, from).await)
    }

    /// A connection on which any certificate is taken: for names that have none here.
    pub async fn connect_unverified(&self, host: &str, from: Ipv4Addr) -> Client {
        Client::http1(self.handshake(host, from, Trust::Anything).await).await
    }

    async fn tls(&self, host: &str, from: Ipv4Addr) -> TlsStream<TcpStream> {
        let roots = if host.ends_with(".localhost") { &self.local } else { &self.fallback };
        self.handshake(host, from, Trust::Roots(Arc::clone(roots))).await
    }

    async fn handshake(&self, host: &str, from: Ipv4Addr, trust: Trust) -> TlsStream<TcpStream> {
        let mut config = config(trust, aws_lc_rs::default_provider());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(host.to_owned()).expect("a host name");
        let stream = tcp(self.https_addr, from).await;
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap_or_else(|error| panic!("{host}: {error}"))
    }
}

async fn tcp(to: SocketAddr, from: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((from, 0))).expect("all of 127.0.0.0/8 is ours");
    let stream = socket.connect(to).await.expect("the instance listens");
    stream.set_nodelay(true).expect("an open connection");
    stream
}

fn roots(file: &Path) -> Arc<RootCertStore> {
    let pem = fs::read(file).expect("the instance writes its authorities into the data directory");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("an authority");
    Arc::new(roots)
}
