//! Last stage: one event per request, however it ended.

use std::{cell::RefCell, rc::Rc, time::Instant};

use temps_policy::{Event, Facts, Outcome, Site, link::EventSender};
use tokio::sync::Notify;

use crate::worker::Worker;

/// The status of a request that was not answered, because its client went away or the edge ended.
const CLIENT_GONE: u16 = 499;

/// The events of one worker that were not sent up yet.
pub struct Journal {
    events: RefCell<Vec<Event>>,
    sender: EventSender,
    written: Notify,
}

impl Journal {
    /// Events that are sent together at most.
    const BATCH: usize = 256;

    pub fn new(sender: EventSender) -> Self {
        Self { events: RefCell::default(), sender, written: Notify::new() }
    }

    fn write(&self, event: Event) {
        let events = {
            let mut events = self.events.borrow_mut();
            events.push(event);
            events.len()
        };
        match events {
            1 => self.written.notify_one(),
            Self::BATCH.. => self.flush(),
            _ => {}
        }
    }

    /// Returns once there is something to send.
    pub async fn has_events(&self) {
        self.written.notified().await;
    }

    pub fn flush(&self) {
        let batch = self.events.take();
        if !batch.is_empty() {
            self.sender.send(batch);
        }
    }
}

/// Sends what is left. A record holds its worker and with it the journal, so this comes after the last record, also of requests that were
/// cut short when the worker ended.
impl Drop for Journal {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The record of one request, written when it is dropped: by then the response was sent, or nobody wants it any more.
pub struct Record {
    worker: Rc<Worker>,
    started: Instant,
    /// Taken when it is written.
    event: Option<Event>,
}

impl Record {
    /// Opens the record of a request of which only the sender is known.
    pub fn open(worker: Rc<Worker>, facts: &Facts) -> Self {
        let event = Event {
            id: facts.id,
            received: facts.received,
            duration: std::time::Duration::ZERO,
            client: facts.client,
            site: None,
            host: facts.host.clone(),
            method: facts.method.clone(),
            path: cut(facts.path.path(), Event::room_for_path(&facts.method)).into(),
            status: CLIENT_GONE,
            outcome: Outcome::Abandoned,
            sent: 0,
        };
        Self { worker, started: facts.started, event: Some(event) }
    }

    /// For a request without a readable path.
    pub fn unreadable(&mut self) {
        self.update(|event| event.path = "?".into());
    }

    pub fn site(&mut self, site: &Site) {
        self.update(|event| event.site = Some(site.id));
    }

    pub fn answered(&mut self, status: u16, outcome: Outcome) {
        self.update(|event| (event.status, event.outcome) = (status, outcome));
    }

    pub fn sent(&mut self, bytes: u64) {
        self.update(|event| event.sent += bytes);
    }

    fn update(&mut self, change: impl FnOnce(&mut Event)) {
        if let Some(event) = &mut self.event {
            change(event);
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(mut event) = self.event.take() {
            event.duration = self.worker.shared.clock.monotonic().saturating_duration_since(self.started);
            self.worker.journal.write(event);
        }
    }
}

/// The normal path is ASCII, so it can be cut anywhere.
fn cut(path: &str, bytes: usize) -> &str {
    path.get(..bytes).unwrap_or(path)
}
