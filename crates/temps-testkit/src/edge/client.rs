//! Clients over HTTP/1.1 and HTTP/2.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::raw::PATIENCE;

pub type Outgoing = BoxBody<Bytes, std::io::Error>;

/// One connection to the edge.
pub enum Client {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

/// A response that was read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// The one value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "{name} stands more than once: {values:?}");
        values.first().copied()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

impl Client {
    pub async fn http1(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection.with_upgrades());
        Self::Http1(sender)
    }

    pub async fn http2(stream: TlsStream<TcpStream>) -> Self {
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "HTTP/2 was negotiated");
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        Self::Http2(sender)
    }

    /// Sends a request and returns as soon as the head of the response is there.
    pub async fn open(&mut self, request: Request<Outgoing>) -> hyper::Result<Response<Incoming>> {
        let response = async {
            match self {
                Self::Http1(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Self::Http2(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
            }
        };
        timeout(PATIENCE, response).await.expect("the edge answers in time")
    }

    pub async fn send(&mut self, request: Request<Outgoing>) -> Reply {
        self.try_send(request).await.expect("a whole response")
    }

    pub async fn try_send(&mut self, request: Request<Outgoing>) -> hyper::Result<Reply> {
        let (parts, mut body) = self.open(request).await?.into_parts();
        // A stream of events has no end, so its beginning stands for it.
        let is_stream = parts.headers.get("content-type").is_some_and(|value| value == "text/event-stream");
        let body = match is_stream {
            true => {
                let frame = timeout(PATIENCE, body.frame()).await.expect("an event in time").transpose()?;
                frame.and_then(|frame| frame.into_data().ok()).unwrap_or_default()
            }
            false => timeout(PATIENCE, body.collect()).await.expect("a body in time")?.to_bytes(),
        };
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// A request with header lines and a body. The host goes where the protocol wants it.
    pub async fn request(
        &mut self,
        method: &str,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let request = self.build(method, host, path, headers, full(body));
        self.send(request).await
    }

    pub async fn get(&mut self, host: &str, path: &str) -> Reply {
        self.request("GET", host, path, &[], "").await
    }

    pub fn build(
        &self,
        method: &str,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Outgoing,
    ) -> Request<Outgoing> {
        let request = match self {
            Self::Http1(_) => Request::builder().uri(path).header("host", host),
            Self::Http2(_) => Request::builder().uri(format!("https://{host}{path}")),
        };
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.method(method).body(body).expect("a sound request")
    }
}

pub fn full(body: impl Into<Bytes>) -> Outgoing {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}

/// What a client trusts.
pub enum Trust {
    Roots(Arc<RootCertStore>),
    /// Any certificate: for tests about names that have none.
    Anything,
}

/// A TLS connection. `name` is asked for in the handshake; an address is not.
pub async fn handshake(
    addr: SocketAddr,
    name: &str,
    alpn: &[&[u8]],
    trust: Trust,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = config(trust, aws_lc_rs::default_provider());
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    connect(addr, name, config).await
}

pub async fn connect(addr: SocketAddr, name: &str, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(name.to_owned()).expect("a name or an address");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

pub fn config(trust: Trust, provider: CryptoProvider) -> ClientConfig {
    let algorithms = provider.signature_verification_algorithms;
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider offers TLS 1.2 and 1.3");
    match trust {
        Trust::Roots(roots) => config.with_root_certificates(roots).with_no_client_auth(),
        Trust::Anything => {
            config.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(algorithms))).with_no_client_auth()
        }
    }
}

/// The common name of the certificate that the edge showed.
pub fn shown_certificate(connection: &ClientConnection) -> CertificateDer<'static> {
    connection.peer_certificates().expect("a certificate was shown")[0].clone().into_owned()
}

#[derive(Debug)]
struct AcceptAny(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
