//! TLS: versions, suites, key exchange, and which certificate a handshake gets.
//!
//! TLS 1.3 and 1.2, only suites with ephemeral key exchange and authenticated encryption (R-TLS-10), X25519MLKEM768 first (R-TLS-12). The certificate
//! follows the name that the client asks for; a name that nobody configured gets the default certificate and starts nothing (R-TLS-4).

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, ProducesTickets, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use temps_model::HostName;
use temps_policy::EdgeSnapshot;

/// What all workers share of TLS.
#[derive(Clone)]
pub struct TlsShared {
    provider: Arc<CryptoProvider>,
    /// One key for the tickets of all workers, so that a session is resumed whichever worker gets the connection.
    tickets: Arc<dyn ProducesTickets>,
    /// For connections to applications.
    pub client: Arc<rustls::ClientConfig>,
}

impl TlsShared {
    pub fn new(upstream_roots: Arc<RootCertStore>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_root_certificates(upstream_roots)
            .with_no_client_auth();
        Ok(Self { provider, tickets: aws_lc_rs::Ticketer::new()?, client: Arc::new(client) })
    }

    /// The settings of one worker, whose certificates come from its current snapshot.
    pub fn server(&self, snapshot: Arc<ArcSwap<EdgeSnapshot>>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SnapshotCertificates(snapshot)));
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        config.ticketer = Arc::clone(&self.tickets);
        Ok(Arc::new(config))
    }
}

/// The certificate authorities that this machine trusts, so that its operator decides whom `https` upstreams are verified against, a private
/// authority included. What cannot be read is logged and left out.
pub fn system_roots() -> Arc<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some certificate authorities of this machine cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (_, ignored) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() || ignored > 0 {
        tracing::warn!(used = roots.len(), ignored, "certificate authorities of this machine");
    }
    Arc::new(roots)
}

/// The protocol name of HTTP/2 in the handshake (RFC 9113 §3.2).
pub const H2: &[u8] = b"h2";

/// The name that a handshake asked for, as a host name. One that no site can have stands as `invalid`, which is reserved for that
/// (RFC 6761 §6.4), so that such a connection reaches no site either.
pub fn requested_name(sni: &str) -> HostName {
    sni.parse().unwrap_or_else(|_| "invalid".parse().expect("`invalid` is a host name"))
}

#[derive(Debug)]
struct SnapshotCertificates(Arc<ArcSwap<EdgeSnapshot>>);

impl ResolvesServerCert for SnapshotCertificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let snapshot = self.0.load();
        let named = hello
            .server_name()
            .and_then(|name| snapshot.sites.get(&requested_name(name)))
            .and_then(|site| site.certificate.clone());
        Some(named.unwrap_or_else(|| Arc::clone(&snapshot.instance.default_certificate)))
    }
}
