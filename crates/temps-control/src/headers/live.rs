//! `GET …/headers/live`: the headers that a site really sends.
//!
//! Temps asks its own edge, over TLS and under the site's host name, like any visitor. It trusts exactly the certificate that the edge
//! was given for that name, so nothing else can answer in its place.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, Request, header},
};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use temps_db::{DbError, entities::domain};
use temps_model::{HostName, Timestamp, proof::HeadersRead};
use temps_policy::protections::headers::managed_headers;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::Grant,
    app::App,
    environments,
    problem::Problem,
    wire::{Json, Query},
};

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// Slug or id of the environment; `production` unless told.
    environment: Option<String>,
}

/// What a site answered to `GET /`.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveHeaders {
    url: String,
    status: u16,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// In the order in which they came.
    headers: Vec<LiveHeader>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LiveHeader {
    name: String,
    value: String,
    /// Whether it is one of the headers that Temps sees to.
    managed: bool,
}

pub async fn show(
    State(app): State<App>,
    grant: Grant<HeadersRead>,
    Query(query): Query<LiveQuery>,
) -> Result<Json<LiveHeaders>, Problem> {
    let name = query.environment.as_deref().unwrap_or("production");
    let environment = environments::store::find(app.database.read(), &grant, name).await?;
    let domain = domain::Entity::find()
        .filter(domain::Column::EnvironmentId.eq(environment.id))
        .order_by_asc(domain::Column::Id)
        .one(app.database.read())
        .await
        .map_err(DbError::from)?;
    let host = domain.map(|domain| domain.host).ok_or_else(|| {
        Problem::conflict("no_host", "No host name", "This environment has no host name that could be asked.")
            .hint("Add a domain to it first.")
    })?;
    let asked = timeout(PATIENCE, ask(&app, &host)).await.map_err(|_| "it did not answer within 5 seconds".to_owned());
    let (status, headers) = asked.and_then(|answer| answer).map_err(|reason| {
        tracing::warn!(%host, reason, "a site could not be asked for its headers");
        Problem::conflict("no_answer", "No answer", format!("{host} could not be asked: {reason}."))
            .hint("Try again in a moment; the log has more under the request id.")
    })?;
    Ok(Json(LiveHeaders { url: app.settings.url_of(&host), status, at: app.clock.now(), headers }))
}

/// Sends `GET /` to the edge as a visitor of this host name would.
async fn ask(app: &App, host: &HostName) -> Result<(u16, Vec<LiveHeader>), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let snapshot = app.edge.current();
    let site = snapshot.sites.get(host).ok_or("it is not known to the edge yet")?;
    let shown = site.certificate.as_ref().unwrap_or(&snapshot.instance.default_certificate);
    let expected = shown.cert.first().ok_or("it has no certificate")?.clone().into_owned();
    let server = ServerName::try_from(host.as_str().to_owned()).map_err(|error| text(&error))?;
    let socket = TcpStream::connect(app.settings.edge_addr).await.map_err(|error| text(&error))?;
    let connector = TlsConnector::from(Arc::new(trusting(expected)?));
    let tls = connector.connect(server, socket).await.map_err(|error| text(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await.map_err(|error| text(&error))?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/")
        .header(header::HOST, host.as_str())
        .header(header::USER_AGENT, "Temps")
        .header(header::ACCEPT, "text/html,*/*;q=0.8")
        .body(Empty::<Bytes>::new())
        .map_err(|error| text(&error))?;
    let response = sender.send_request(request).await.map_err(|error| text(&error));
    connection.abort();
    let response = response?;
    Ok((response.status().as_u16(), told(response.headers())))
}

fn told(headers: &HeaderMap) -> Vec<LiveHeader> {
    let managed = managed_headers();
    let is_managed = |name: &str| {
        managed.iter().any(|own| own.eq_ignore_ascii_case(name)) || name == header::STRICT_TRANSPORT_SECURITY.as_str()
    };
    let header = |(name, value): (&header::HeaderName, &header::HeaderValue)| LiveHeader {
        name: name.to_string(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        managed: is_managed(name.as_str()),
    };
    headers.iter().map(header).collect()
}

fn trusting(expected: CertificateDer<'static>) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let only = Only { expected, provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(only)).with_no_client_auth())
}

/// Trusts one certificate and no other, and its key has to sign the handshake.
#[derive(Debug)]
struct Only {
    expected: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match *shown == self.expected {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
