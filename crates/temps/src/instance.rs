//! One Temps: the control plane, the edge, and the two channels between them.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use anyhow::Context;
use temps_control::{Control, MailSettings, Prepared, SmtpServer, app::Settings};
use temps_db::{Database, DatabaseSettings, vault::KeySources};
use temps_edge::{Edge, EdgeConfig, EdgeError, Timeouts, WorkerFailure, system_roots};
use temps_model::{Clock, InstanceId, Secret};
use temps_policy::{
    UpstreamNetworks,
    link::{self, EdgeEnd},
    protections::limits::Counters,
};
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::{
    access, built_in,
    config::{Config, PublicUrl},
    metrics,
    process::{DataDir, check_instance, keep_instance},
};

/// Batches of events that may wait for the access log before some are dropped.
const EVENT_BATCHES: usize = 1_024;
/// Clients whose rates are counted at a time.
const COUNTED_CLIENTS: usize = 262_144;
/// How long the last events may take to be logged when stopping.
const LAST_EVENTS: Duration = Duration::from_secs(2);

/// A running Temps. Dropping it ends it at once; [`stop`](Instance::stop) ends it well.
pub struct Instance {
    edge: Edge,
    plane: Plane,
    public_url: PublicUrl,
    setup_token: Option<Secret<String>>,
    /// Keeps every other process out as long as this one runs.
    data_dir: DataDir,
}

/// The control plane on its own threads, so that hashing a password or building an export never delays a visitor.
struct Plane {
    runtime: Option<Runtime>,
    control: Option<Control>,
    access_log: Option<JoinHandle<()>>,
}

impl Instance {
    /// Opens the data directory and the database, starts the control plane, then the edge.
    ///
    /// # Errors
    /// With a text for the operator. Nothing goes on running then.
    pub async fn start(mut config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        choose_port(&mut config)?;
        let data_dir = DataDir::open(&config.data_dir)?;
        let workers = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("control").enable_all().build()?;
        let begin = begin(config.clone(), data_dir.path().to_owned(), workers, Arc::clone(&clock));
        let begun = runtime.spawn(begin);
        let mut plane = Plane { runtime: Some(runtime), control: None, access_log: None };
        let begun = begun.await.context("the control plane panicked")??;
        plane.control = Some(begun.control);
        plane.access_log = Some(begun.access_log);
        let counters = Arc::new(Counters::new(COUNTED_CLIENTS));
        let edge = Edge::start(edge_config(&config, workers, begun.id), begun.edge_end, counters, clock);
        let edge = edge.map_err(|error| explained(error, &config))?;
        Ok(Self { edge, plane, public_url: config.public_url, setup_token: begun.setup_token, data_dir })
    }

    pub fn http_addr(&self) -> SocketAddr {
        self.edge.http_addr()
    }

    pub fn https_addr(&self) -> SocketAddr {
        self.edge.https_addr()
    }

    pub fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The one-time token, if there is no user yet.
    pub fn setup_token(&self) -> Option<&Secret<String>> {
        self.setup_token.as_ref()
    }

    /// Returns when a part of it ended although nobody told it to.
    pub async fn failed(&self) -> WorkerFailure {
        self.edge.failed().await
    }

    /// Lets open requests end within the drain timeout, then stops the control plane.
    pub async fn stop(mut self) {
        self.edge.drain().await;
        if let Some(access_log) = self.plane.access_log.take()
            && tokio::time::timeout(LAST_EVENTS, access_log).await.is_err()
        {
            tracing::warn!("the last lines of the access log were not written in time");
        }
        if let (Some(control), Some(runtime)) = (self.plane.control.take(), &self.plane.runtime)
            && runtime.spawn(control.stop()).await.is_err()
        {
            tracing::error!("the control plane panicked while it stopped");
        }
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting is not possible here: the caller may be on a thread that must not block.
            runtime.shutdown_background();
        }
    }
}

/// What the control plane's threads hand back when they have begun.
struct Begun {
    id: InstanceId,
    control: Control,
    access_log: JoinHandle<()>,
    edge_end: EdgeEnd,
    setup_token: Option<Secret<String>>,
}

async fn begin(
    config: Config,
    data_dir: PathBuf,
    workers: NonZeroUsize,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Begun> {
    let keys = KeySources::of_process(&data_dir);
    let config = Config { data_dir, ..config };
    let settings = database_settings(&config);
    check_instance(&config.data_dir, Database::instance_of(&settings).await?)?;
    let database = Database::open(&settings, &keys, Arc::clone(&clock)).await?;
    let id = database.instance_id();
    keep_instance(&config.data_dir, id)?;
    let (prepared, snapshot) = Prepared::new(control_settings(config)?, database, clock).await?;
    let setup_token = prepared.setup_token();
    let (control_end, edge_end) = link::link(snapshot, workers.get(), EVENT_BATCHES);
    let (publisher, sent) = (control_end.publisher(), control_end.publisher());
    let render = metrics::install()?;
    let missing = Arc::clone(&control_end.dropped);
    let control = prepared.start(publisher, missing, built_in::files(), move || render())?;
    let version = move || sent.current().version;
    let log = access::record(control_end.events, control.traffic(), control_end.dropped, version);
    let access_log = tokio::spawn(log);
    Ok(Begun { id, control, access_log, edge_end, setup_token })
}

/// Where the database of a configuration is.
pub fn database_settings(config: &Config) -> DatabaseSettings {
    match &config.database {
        Some(url) => DatabaseSettings::Postgres { url: url.0.clone() },
        None => DatabaseSettings::Sqlite { path: config.data_dir.join("temps.db") },
    }
}

fn control_settings(config: Config) -> anyhow::Result<Settings> {
    let mail = mail_settings(&config)?;
    Ok(Settings {
        mail,
        data_dir: config.data_dir,
        public_origin: config.public_url.to_string(),
        console_host: config.public_url.host,
        public_https_port: config.public_url.port,
        apps_domain: config.apps_domain,
        upstream_networks: UpstreamNetworks::new(config.upstream_networks),
        edge_addr: from_here(config.https_addr),
        demo: config.demo,
        max_upload: config.max_upload,
        security_contact: config.security_contact.map(|contact| contact.as_str().to_owned()),
        metrics_token: config.metrics_token,
    })
}

fn mail_settings(config: &Config) -> anyhow::Result<MailSettings> {
    let authorities = match &config.mail_ca {
        Some(path) => Some(fs::read(path).with_context(|| format!("mail_ca: {}", path.display()))?),
        None => None,
    };
    let credentials = config.mail_user.clone().zip(config.mail_password.clone());
    let server = config.mail_server.clone().map(|server| SmtpServer {
        host: server.host,
        port: server.port,
        implicit_tls: server.implicit_tls,
        credentials,
        authorities,
    });
    Ok(MailSettings { from: config.mail_from.clone(), server })
}

/// Where this machine itself reaches what listens at an address.
fn from_here(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

fn edge_config(config: &Config, workers: NonZeroUsize, id: InstanceId) -> EdgeConfig {
    EdgeConfig {
        http_addr: config.http_addr,
        https_addr: config.https_addr,
        workers,
        trusted_proxies: config.trusted_proxies.clone(),
        upstream_networks: UpstreamNetworks::new(config.upstream_networks.clone()),
        upstream_roots: system_roots(),
        apps_domain: config.apps_domain.clone(),
        public_https_port: config.public_url.port,
        instance_id: format!("temps-{}", id.uuid().simple()),
        drain_timeout: config.drain_timeout,
        timeouts: Timeouts::default(),
    }
}

/// Names the setting of an address that cannot be listened on.
fn explained(error: EdgeError, config: &Config) -> anyhow::Error {
    let EdgeError::Bind { addr, source } = &error else { return error.into() };
    let flag = if *addr == config.http_addr { "--http-addr" } else { "--https-addr" };
    anyhow::anyhow!("{error}: {source}\n  Choose another address with {flag}.")
}

/// Port 0 means any free one. It is chosen before anything starts, because the public URL has to name it.
fn choose_port(config: &mut Config) -> io::Result<()> {
    if config.https_addr.port() == 0 {
        config.https_addr = TcpListener::bind(config.https_addr)?.local_addr()?;
    }
    if config.public_url.port == 0 {
        config.public_url.port = config.https_addr.port();
    }
    Ok(())
}
