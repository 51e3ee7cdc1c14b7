//! What every handler can reach.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use temps_db::Database;
use temps_model::{Clock, HostName};
use temps_policy::UpstreamNetworks;

use tokio_util::sync::CancellationToken;

use crate::{
    access::Activity,
    blobs::Blobs,
    built_in::BuiltIn,
    certificates::Certificates,
    denials::Denials,
    edge::Edge,
    guesses::{Prices, Stuffing},
    live::Live,
    login::{Pepper, attempts::Attempts},
    mail::{MailSettings, Post},
    password::Passwords,
    setup::SetupToken,
    traffic::Traffic,
    users::store::Decoy,
};

/// The state of the control plane. Cheap to clone.
pub type App = Arc<State>;

pub struct State {
    pub settings: Settings,
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    pub edge: Edge,
    pub certificates: Certificates,
    pub blobs: Arc<Blobs>,
    pub pepper: Pepper,
    pub passwords: Passwords,
    pub decoy: Decoy,
    pub activity: Activity,
    pub prices: Prices,
    pub stuffing: Stuffing,
    pub attempts: Attempts,
    pub post: Post,
    pub setup: SetupToken,
    pub denials: Denials,
    pub traffic: Arc<Traffic>,
    pub live: Live,
    /// Cancelled when the control plane stops, so that streams end.
    pub stop: CancellationToken,
    pub built_in: BuiltIn,
    /// Writes the metrics of the whole program in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// What the configuration says to the control plane.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// The scheme, host and port under which people reach the console, without a slash at the end.
    pub public_origin: String,
    pub console_host: HostName,
    /// The port of `https` URLs; left out of URLs when it is 443.
    pub public_https_port: u16,
    /// The domain under which new environments get a name.
    pub apps_domain: Option<HostName>,
    pub upstream_networks: UpstreamNetworks,
    /// Where the edge itself can be reached from this machine, over TLS.
    pub edge_addr: SocketAddr,
    /// Whether the first user gets a project to try things with.
    pub demo: bool,
    pub mail: MailSettings,
    /// Bytes of an upload.
    pub max_upload: u64,
    /// `mailto:` or `https:` URI for reports of vulnerabilities.
    pub security_contact: Option<String>,
    pub metrics_token: Option<temps_model::Secret<String>>,
}

impl Settings {
    /// The URL at which a host name of this instance is reached.
    pub fn url_of(&self, host: &HostName) -> String {
        match self.public_https_port {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        }
    }

    pub fn socket_dir(&self) -> PathBuf {
        self.data_dir.join("run")
    }

    /// Where the control plane listens for the edge.
    pub fn console_socket(&self) -> PathBuf {
        self.socket_dir().join("console.sock")
    }

    /// Where the control plane listens for the operator of the server itself.
    pub fn operator_socket(&self) -> PathBuf {
        self.socket_dir().join("operator.sock")
    }
}
