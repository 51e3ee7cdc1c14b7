//! The edge as a whole: its sockets, its workers, its end.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use futures_util::future::select_all;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use temps_model::Clock;
use temps_policy::{link::EdgeEnd, protections::limits::Counters};
use tokio_util::sync::CancellationToken;

use crate::{
    config::EdgeConfig,
    forward::{BlobCache, OwnSockets},
    tls::TlsShared,
    worker::{self, Shared},
};

/// A running edge. Dropping it ends it at once; [`drain`](Edge::drain) ends it well.
pub struct Edge {
    http_addr: SocketAddr,
    https_addr: SocketAddr,
    workers: Vec<WorkerThread>,
    shared: Arc<Shared>,
}

struct WorkerThread {
    thread: Option<thread::JoinHandle<()>>,
    /// Cancelled when the thread has ended, however it did.
    ended: CancellationToken,
}

/// Why the edge could not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    #[error("cannot listen on {addr}")]
    Bind { addr: SocketAddr, source: io::Error },
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// A worker ended although nobody told it to.
#[derive(Debug, thiserror::Error)]
#[error("worker {worker} of the edge ended unexpectedly")]
pub struct WorkerFailure {
    pub worker: usize,
}

impl Edge {
    /// Binds the sockets and starts the workers, which serve the snapshot that `end` holds. The link must have been made for as many workers.
    pub fn start(
        config: EdgeConfig,
        end: EdgeEnd,
        counters: Arc<Counters>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EdgeError> {
        let workers = config.workers.get();
        let http = Listeners::bind(config.http_addr, workers)?;
        let https = Listeners::bind(config.https_addr, workers)?;
        let tls = TlsShared::new(Arc::clone(&config.upstream_roots))?;
        let shared = Arc::new(Shared {
            own_sockets: OwnSockets::new([http.addr, https.addr]),
            started: clock.monotonic(),
            config,
            counters,
            clock,
            tls,
            blobs: BlobCache::default(),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
        });
        let sockets = http.listeners.into_iter().zip(https.listeners);
        let mut edge =
            Self { http_addr: http.addr, https_addr: https.addr, workers: Vec::new(), shared: Arc::clone(&shared) };
        for (index, (http, https)) in sockets.enumerate() {
            edge.workers.push(WorkerThread::start(index, http, https, end.clone(), Arc::clone(&shared))?);
        }
        Ok(edge)
    }

    /// Where plain HTTP is really served.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Where HTTPS is really served.
    pub fn https_addr(&self) -> SocketAddr {
        self.https_addr
    }

    /// Returns when a worker ended unexpectedly; the process must not go on as if nothing had happened.
    pub async fn failed(&self) -> WorkerFailure {
        WorkerFailure { worker: first_ended(&self.workers).await }
    }

    /// Stops accepting, lets open requests end within the drain timeout, ends streams at once, and returns when all is over.
    pub async fn drain(mut self) {
        self.shared.draining.cancel();
        for worker in &mut self.workers {
            worker.ended.cancelled().await;
            worker.join();
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.shared.draining.cancel();
        self.shared.stopping.cancel();
    }
}

impl WorkerThread {
    fn start(
        index: usize,
        http: TcpListener,
        https: TcpListener,
        end: EdgeEnd,
        shared: Arc<Shared>,
    ) -> Result<Self, EdgeError> {
        let runtime = worker::runtime(index).map_err(EdgeError::Worker)?;
        Self::spawn(index, move || worker::run(runtime, index, http, https, end, shared)).map_err(EdgeError::Worker)
    }

    fn spawn(index: usize, run: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let ended = CancellationToken::new();
        let at_end = ended.clone().drop_guard();
        let run = move || {
            let _at_end = at_end;
            run();
        };
        let thread = thread::Builder::new().name(format!("edge-{index}")).spawn(run)?;
        Ok(Self { thread: Some(thread), ended })
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a worker of the edge panicked");
        }
    }
}

async fn first_ended(workers: &[WorkerThread]) -> usize {
    let ends = workers.iter().map(|worker| Box::pin(worker.ended.cancelled()));
    let ((), worker, _) = select_all(ends).await;
    worker
}

/// As many listeners on one address as there are workers; the kernel spreads connections over them.
struct Listeners {
    addr: SocketAddr,
    listeners: Vec<TcpListener>,
}

impl Listeners {
    fn bind(addr: SocketAddr, workers: usize) -> Result<Self, EdgeError> {
        let failed = |source| EdgeError::Bind { addr, source };
        // A port that was asked for must be ours alone: a second process of the same user could otherwise join it unnoticed and take a
        // part of the connections. One socket that shares with nobody finds out, and makes room for ours.
        if addr.port() != 0 {
            bound(addr, SharedPort::No).map_err(failed)?;
        }
        let first = bound(addr, SharedPort::Yes).map_err(failed)?;
        let addr = first.local_addr().ok().and_then(|addr| addr.as_socket()).unwrap_or(addr);
        let others = (1..workers).map(|_| bound(addr, SharedPort::Yes));
        let sockets: Vec<Socket> =
            std::iter::once(Ok(first)).chain(others).collect::<Result<_, _>>().map_err(failed)?;
        let listeners = sockets.into_iter().map(listening).collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self { addr, listeners })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SharedPort {
    Yes,
    No,
}

fn bound(addr: SocketAddr, shared: SharedPort) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared == SharedPort::Yes)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn listening(socket: Socket) -> io::Result<TcpListener> {
    // Connections inherit these (Linux). A peer that vanished without a word is noticed after some minutes.
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(60)))?;
    socket.listen(1024)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_dies_is_noticed() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let workers = [
            WorkerThread::spawn(0, move || assert!(held.recv().is_err())).unwrap(),
            WorkerThread::spawn(1, || panic!("a worker of a test dies")).unwrap(),
        ];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(first_ended(&workers)), 1);
        drop(hold);
    }
}
