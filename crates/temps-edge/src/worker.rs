//! One worker: a single-threaded runtime with its own listeners, connections, upstream pool and copy of the current snapshot.

use std::{
    cell::RefCell,
    io,
    net::TcpListener,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use temps_model::Clock;
use temps_policy::{EdgeSnapshot, link::EdgeEnd, protections::limits::Counters};
use tokio::{runtime::Runtime, sync::watch, task::LocalSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    accept,
    config::EdgeConfig,
    forward::{BlobCache, Names, OwnSockets, Pool},
    record::Journal,
    seldom::Seldom,
    tls::TlsShared,
};

/// What all workers have in common.
pub struct Shared {
    pub config: EdgeConfig,
    pub counters: Arc<Counters>,
    pub clock: Arc<dyn Clock>,
    pub tls: TlsShared,
    pub blobs: BlobCache,
    pub own_sockets: OwnSockets,
    pub started: Instant,
    /// No new connections; open requests may end, streams end at once.
    pub draining: CancellationToken,
    /// Everything ends at once.
    pub stopping: CancellationToken,
}

/// What one worker has for itself.
pub struct Worker {
    pub shared: Arc<Shared>,
    pub journal: Journal,
    pub pool: Pool,
    pub names: Names,
    pub accept_failures: Seldom,
    /// Connections, streams and tunnels that are open.
    pub tasks: TaskTracker,
    /// Reached by requests without touching a counter that other workers touch too.
    snapshot: RefCell<Rc<EdgeSnapshot>>,
    /// The same, for handshakes.
    certificates: Arc<ArcSwap<EdgeSnapshot>>,
    /// The version in `snapshot`, to be waited for.
    version: watch::Sender<u64>,
}

impl Worker {
    pub fn snapshot(&self) -> Rc<EdgeSnapshot> {
        Rc::clone(&self.snapshot.borrow())
    }

    fn take_into_use(&self, snapshot: Arc<EdgeSnapshot>) {
        let version = snapshot.version;
        self.certificates.store(Arc::clone(&snapshot));
        self.snapshot.replace(Rc::new(EdgeSnapshot::clone(&snapshot)));
        self.version.send_replace(version);
    }

    /// Learns of every change of the snapshot from now on.
    pub fn snapshot_changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The time on a clock that never goes back.
    pub fn uptime(&self) -> Duration {
        self.shared.clock.monotonic().saturating_duration_since(self.shared.started)
    }
}

/// The runtime of one worker. Few blocking threads: they read files, one piece at a time for each stream, and resolve names.
pub fn runtime(index: usize) -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(16)
        .thread_name(format!("edge-{index}-files"))
        .build()
}

/// Runs a worker on the current thread until the edge is drained or stopped.
pub fn run(runtime: Runtime, index: usize, http: TcpListener, https: TcpListener, end: EdgeEnd, shared: Arc<Shared>) {
    if let Err(error) = LocalSet::new().block_on(&runtime, serve(index, http, https, end, shared)) {
        tracing::error!(worker = index, %error, "a worker of the edge failed");
    }
    // Not waited for: a file or a name that somebody is still reading is of no use to anybody now.
    runtime.shutdown_background();
}

async fn serve(
    index: usize,
    http: TcpListener,
    https: TcpListener,
    mut end: EdgeEnd,
    shared: Arc<Shared>,
) -> Result<(), io::Error> {
    let first = end.snapshots.borrow_and_update().clone();
    let version = first.version;
    let certificates = Arc::new(ArcSwap::new(Arc::clone(&first)));
    let tls = shared.tls.server(Arc::clone(&certificates)).map_err(io::Error::other)?;
    let worker = Rc::new(Worker {
        journal: Journal::new(end.events.clone()),
        pool: Pool::default(),
        names: Names::default(),
        accept_failures: Seldom::default(),
        tasks: TaskTracker::new(),
        snapshot: RefCell::new(Rc::new(EdgeSnapshot::clone(&first))),
        certificates,
        version: watch::channel(version).0,
        shared,
    });
    let plain = tokio::net::TcpListener::from_std(http)?;
    let encrypted = tokio::net::TcpListener::from_std(https)?;

    end.acks.report(index, version);
    // All of this is part of the worker itself rather than tasks of their own: a panic in it ends the worker, which is noticed.
    let upkeep = async {
        tokio::join!(follow_snapshots(index, &worker, end), flush_events(&worker), sweep_pool(&worker));
    };
    let serving = async {
        tokio::join!(accept::plain(Rc::clone(&worker), plain), accept::encrypted(Rc::clone(&worker), encrypted, tls));
        worker.tasks.close();
        tokio::select! {
            () = worker.tasks.wait() => {}
            () = tokio::time::sleep(worker.shared.config.drain_timeout) => {}
            () = worker.shared.stopping.cancelled() => {}
        }
    };
    tokio::select! {
        () = upkeep => {}
        () = serving => {}
    }
    Ok(())
}

/// Takes each new snapshot into use and says so. When the control plane is gone, the last one stays in force.
async fn follow_snapshots(index: usize, worker: &Worker, mut end: EdgeEnd) {
    while end.snapshots.changed().await.is_ok() {
        let next = end.snapshots.borrow_and_update().clone();
        let version = next.version;
        worker.take_into_use(next);
        end.acks.report(index, version);
    }
}

async fn flush_events(worker: &Worker) {
    loop {
        worker.journal.has_events().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        worker.journal.flush();
    }
}

async fn sweep_pool(worker: &Worker) {
    loop {
        tokio::time::sleep(Pool::SWEEP).await;
        worker.pool.sweep(worker.shared.clock.monotonic());
    }
}
