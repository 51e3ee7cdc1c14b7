//! Idle connections to origins, kept by each worker for itself.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    time::{Duration, Instant},
};

use hyper::client::conn::http1;

use super::{
    connect::{ConnectError, Origin, connect},
    upload::Upload,
};
use crate::worker::Worker;

pub type Sender = http1::SendRequest<Upload>;

/// The idle connections of one worker.
#[derive(Default)]
pub struct Pool {
    idle: RefCell<HashMap<Origin, Vec<Idle>>>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

/// A connection that is in use. Dropping it closes it; only who saw the end of its response may [give it back](Lease::give_back).
pub struct Lease {
    worker: Rc<Worker>,
    origin: Origin,
    pub sender: Sender,
    /// Whether it was used before, so that its other end may have closed it in the meantime.
    pub reused: bool,
}

impl Lease {
    /// An idle connection, or a new one.
    pub async fn obtain(worker: &Rc<Worker>, origin: &Origin) -> Result<Self, ConnectError> {
        match worker.pool.take(origin) {
            Some(sender) => Ok(Self { worker: Rc::clone(worker), origin: origin.clone(), sender, reused: true }),
            None => Self::fresh(worker, origin).await,
        }
    }

    pub async fn fresh(worker: &Rc<Worker>, origin: &Origin) -> Result<Self, ConnectError> {
        let sender = connect(worker, origin).await?;
        Ok(Self { worker: Rc::clone(worker), origin: origin.clone(), sender, reused: false })
    }

    pub fn give_back(self) {
        let now = self.worker.shared.clock.monotonic();
        self.worker.pool.put(self.origin, self.sender, now);
    }
}

impl Pool {
    /// Idle connections that are kept for one origin.
    const PER_ORIGIN: usize = 64;
    /// How long a connection is kept idle. Shorter than what common servers allow, so that it is rarely closed at the moment it is used.
    const KEPT: Duration = Duration::from_secs(50);
    /// How often connections that were idle too long are dropped.
    pub const SWEEP: Duration = Duration::from_secs(10);

    /// The connection that became idle last: it is the least likely to have been closed by the other end.
    fn take(&self, origin: &Origin) -> Option<Sender> {
        let mut idle = self.idle.borrow_mut();
        let connections = idle.get_mut(origin)?;
        connections.retain(|idle| !idle.sender.is_closed());
        let ready = connections.iter().rposition(|idle| idle.sender.is_ready())?;
        Some(connections.remove(ready).sender)
    }

    fn put(&self, origin: Origin, sender: Sender, now: Instant) {
        let mut idle = self.idle.borrow_mut();
        let connections = idle.entry(origin).or_default();
        if !sender.is_closed() && connections.len() < Self::PER_ORIGIN {
            connections.push(Idle { sender, since: now });
        }
    }

    /// Drops what is closed or was idle too long.
    pub fn sweep(&self, now: Instant) {
        self.idle.borrow_mut().retain(|_, connections| {
            connections
                .retain(|idle| !idle.sender.is_closed() && now.saturating_duration_since(idle.since) < Self::KEPT);
            !connections.is_empty()
        });
    }
}
