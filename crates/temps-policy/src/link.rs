//! The two channels between control plane and edge: snapshots down, events up.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{Notify, mpsc, watch};

use crate::{EdgeSnapshot, Event};

/// The control plane's end.
#[derive(Debug)]
pub struct ControlEnd {
    snapshots: watch::Sender<Arc<EdgeSnapshot>>,
    acks: Arc<Acks>,
    /// Batches of events, in the order of each worker.
    pub events: mpsc::Receiver<Vec<Event>>,
    pub dropped: Arc<AtomicU64>,
}

/// The edge's end.
#[derive(Clone, Debug)]
pub struct EdgeEnd {
    pub snapshots: watch::Receiver<Arc<EdgeSnapshot>>,
    pub acks: Arc<Acks>,
    pub events: EventSender,
}

/// Joins a control plane to an edge of `workers` workers, with room for `batches` batches of events.
pub fn link(first: EdgeSnapshot, workers: usize, batches: usize) -> (ControlEnd, EdgeEnd) {
    let (snapshots, receiver) = watch::channel(Arc::new(first));
    let (sender, events) = mpsc::channel(batches);
    let acks = Arc::new(Acks::new(workers));
    let dropped = Arc::new(AtomicU64::new(0));
    let edge = EdgeEnd {
        snapshots: receiver,
        acks: Arc::clone(&acks),
        events: EventSender { sender, dropped: Arc::clone(&dropped) },
    };
    (ControlEnd { snapshots, acks, events, dropped }, edge)
}

/// Sends snapshots and learns when they are in force.
#[derive(Clone, Debug)]
pub struct Publisher {
    snapshots: watch::Sender<Arc<EdgeSnapshot>>,
    acks: Arc<Acks>,
}

impl ControlEnd {
    pub fn publisher(&self) -> Publisher {
        Publisher { snapshots: self.snapshots.clone(), acks: Arc::clone(&self.acks) }
    }
}

impl Publisher {
    /// The snapshot that was sent last.
    pub fn current(&self) -> Arc<EdgeSnapshot> {
        self.snapshots.borrow().clone()
    }

    /// Sends a snapshot under the next version, which is returned. Callers take turns, so that none is lost.
    pub fn send(&self, change: impl FnOnce(&EdgeSnapshot) -> EdgeSnapshot) -> u64 {
        let mut version = 0;
        self.snapshots.send_modify(|current| {
            let next = change(current);
            version = current.version + 1;
            *current = Arc::new(EdgeSnapshot { version, ..next });
        });
        version
    }

    /// Returns once every worker runs `version` or a later one. Waits for ever if a worker never does: use a time limit.
    pub async fn in_force(&self, version: u64) {
        self.acks.reached(version).await;
    }

    /// The workers that do not run `version` yet.
    pub fn laggards(&self, version: u64) -> Vec<usize> {
        self.acks.behind(version)
    }
}

/// The version that each worker runs.
#[derive(Debug)]
pub struct Acks {
    versions: Vec<AtomicU64>,
    changed: Notify,
}

impl Acks {
    fn new(workers: usize) -> Self {
        Self { versions: (0..workers).map(|_| AtomicU64::new(0)).collect(), changed: Notify::new() }
    }

    /// Called by a worker after it began to use the snapshot of this version.
    pub fn report(&self, worker: usize, version: u64) {
        if let Some(slot) = self.versions.get(worker) {
            slot.store(version, Ordering::Release);
        }
        self.changed.notify_waiters();
    }

    fn behind(&self, version: u64) -> Vec<usize> {
        let versions = self.versions.iter().enumerate();
        versions.filter(|(_, v)| v.load(Ordering::Acquire) < version).map(|(worker, _)| worker).collect()
    }

    async fn reached(&self, version: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.behind(version).is_empty() {
                return;
            }
            changed.await;
        }
    }
}

/// Sends batches of events without ever waiting.
#[derive(Clone, Debug)]
pub struct EventSender {
    sender: mpsc::Sender<Vec<Event>>,
    dropped: Arc<AtomicU64>,
}

impl EventSender {
    /// Hands a batch up. If the queue is full the batch is dropped and counted; a request never waits for its record.
    pub fn send(&self, batch: Vec<Event>) {
        let events = batch.len() as u64;
        if self.sender.try_send(batch).is_err() {
            self.dropped.fetch_add(events, Ordering::Relaxed);
        }
    }
}
