//! Starting and stopping the control plane.

use std::{
    fmt::Debug,
    io,
    num::NonZeroUsize,
    sync::{Arc, atomic::AtomicU64},
    thread::available_parallelism,
};

use axum::serve::Listener;
use temps_db::{
    Database, DbError,
    audit::Sealer,
    telemetry::{Telemetry, TelemetryError},
};
use temps_model::{Clock, Secret};
use temps_policy::{Console, EdgeSnapshot, link::Publisher};
use tokio::{net::UnixListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Activity,
    app::{App, Settings, State},
    blobs::Blobs,
    built_in::BuiltIn,
    certificates::{Certificates, CertificatesError},
    denials::Denials,
    edge::{Edge, Parts, Sources},
    guesses::{Prices, Stuffing},
    jobs,
    live::Live,
    login::{Pepper, attempts::Attempts},
    mail::{Post, PostError},
    operator,
    password::Passwords,
    server,
    setup::{SetupError, SetupToken},
    traffic::Traffic,
    users::store::Decoy,
};

/// Why the control plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("certificates: {0}")]
    Certificates(#[from] CertificatesError),
    #[error("mail: {0}")]
    Mail(#[from] PostError),
    #[error("setup token: {0}")]
    Setup(#[from] SetupError),
    #[error("the folder of deployed files cannot be used: {0}")]
    Blobs(io::Error),
    #[error("the file of past traffic {path} cannot be opened: {error}")]
    Telemetry { path: String, error: TelemetryError },
    #[error("the private socket {path} cannot be used: {error}")]
    Socket { path: String, error: io::Error },
}

/// Everything read and compiled, so that the edge can begin with the right snapshot.
pub struct Prepared {
    settings: Settings,
    database: Database,
    clock: Arc<dyn Clock>,
    certificates: Certificates,
    blobs: Arc<Blobs>,
    sources: Sources,
    parts: Parts,
    setup: SetupToken,
    pepper: Pepper,
    decoy: Decoy,
    post: Post,
    telemetry: Telemetry,
}

/// The running control plane.
pub struct Control {
    app: App,
    stop: CancellationToken,
    /// What serves calls and does jobs, all of which may leave records.
    tasks: Vec<JoinHandle<()>>,
    /// What seals records, with a token of its own because it ends after them.
    sealer: (CancellationToken, JoinHandle<()>),
}

impl Prepared {
    /// Reads what is saved and compiles the first snapshot.
    pub async fn new(
        settings: Settings,
        database: Database,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, EdgeSnapshot), StartError> {
        let blobs = Arc::new(Blobs::open(&settings.data_dir).map_err(StartError::Blobs)?);
        let certificates =
            Certificates::open(database.clone(), &settings.data_dir, settings.console_host.clone()).await?;
        let setup = SetupToken::prepare(&database, &settings.data_dir).await?;
        let pepper = Pepper::open(&database).await?;
        let decoy = Decoy::make(&database).await?;
        let post = Post::new(&settings.mail, &settings.data_dir)?;
        let sources = Sources {
            database: database.clone(),
            blobs: Arc::clone(&blobs),
            sites: Arc::default(),
            certificates: certificates.clone(),
            console_host: settings.console_host.clone(),
            console: Arc::new(Console { socket: settings.console_socket() }),
            max_upload: settings.max_upload,
        };
        let (parts, snapshot) = Edge::first(&sources).await?;
        let path = settings.data_dir.join("telemetry.db");
        let telemetry = Telemetry::open(&path, clock.now()).await;
        let telemetry = telemetry.map_err(|error| StartError::Telemetry { path: path.display().to_string(), error })?;
        let prepared = Self {
            settings,
            database,
            clock,
            certificates,
            blobs,
            sources,
            parts,
            setup,
            pepper,
            decoy,
            post,
            telemetry,
        };
        Ok((prepared, snapshot))
    }

    /// The one-time token of the first start, if there is no user yet.
    pub fn setup_token(&self) -> Option<Secret<String>> {
        self.setup.text()
    }

    /// Listens on the private sockets and begins its jobs. `missing` counts the events that the edge could not hand over, `metrics` renders the
    /// metrics of the whole program.
    pub fn start(
        self,
        publisher: Publisher,
        missing: Arc<AtomicU64>,
        built_in: BuiltIn,
        metrics: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Control, StartError> {
        let parallel = available_parallelism().map_or(1, NonZeroUsize::get);
        let stop = CancellationToken::new();
        let app: App = Arc::new(State {
            traffic: Arc::new(Traffic::new(self.telemetry, missing, Arc::clone(&self.clock))),
            live: Live::default(),
            stop: stop.clone(),
            edge: Edge::new(self.parts, publisher, self.sources, Arc::clone(&self.clock)),
            settings: self.settings,
            database: self.database,
            clock: self.clock,
            certificates: self.certificates,
            blobs: self.blobs,
            passwords: Passwords::new(parallel, &self.pepper),
            prices: Prices::new(&self.pepper),
            pepper: self.pepper,
            decoy: self.decoy,
            activity: Activity::default(),
            stuffing: Stuffing::default(),
            attempts: Attempts::default(),
            post: self.post,
            setup: self.setup,
            denials: Denials::default(),
            built_in,
            metrics: Arc::new(metrics),
        });
        let console = listen(app.settings.console_socket())?;
        let operators = listen(app.settings.operator_socket())?;
        let tasks = vec![
            tokio::spawn(serve(console, server::router(&app), stop.clone())),
            tokio::spawn(serve(operator::OwnersOnly::new(operators), operator::router(&app), stop.clone())),
            tokio::spawn(jobs::run(Arc::clone(&app), stop.clone())),
        ];
        let sealed = CancellationToken::new();
        let sealer = tokio::spawn(Sealer::new(app.database.clone()).run(sealed.clone().cancelled_owned()));
        Ok(Control { app, stop, tasks, sealer: (sealed, sealer) })
    }
}

impl Control {
    /// Where events of the edge are to be handed.
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.app.traffic)
    }

    /// Lets calls end, stops the jobs, records what is still counted, seals all that was recorded, closes the database: in this order, so that
    /// nothing is left unsealed.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            ended(task).await;
        }
        self.app.denials.flush(&self.app, true).await;
        self.app.attempts.save(&self.app).await;
        jobs::save_use(&self.app).await;
        let (sealed, sealer) = self.sealer;
        sealed.cancel();
        ended(sealer).await;
        self.app.traffic.close().await;
        if let Err(error) = self.app.database.close().await {
            tracing::error!(%error, "the database could not be closed");
        }
    }
}

async fn ended(task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, "a task of the control plane did not end well");
    }
}

fn listen(path: std::path::PathBuf) -> Result<UnixListener, StartError> {
    server::listen(&path).map_err(|error| StartError::Socket { path: path.display().to_string(), error })
}

async fn serve(listener: impl Listener<Addr: Debug>, router: axum::Router, stop: CancellationToken) {
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!(%error, "a private socket failed");
    }
}

#[cfg(test)]
mod tests;
