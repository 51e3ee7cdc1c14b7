//! Which requests of a connection are open.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::sleep;

/// How many requests of a connection were begun, and how many of them are open: from their head until their answer was handed over. A
/// connection stays on one thread; the numbers are atomic only because hyper hands upgraded streams on as `Send`.
#[derive(Debug, Default)]
pub struct OpenRequests {
    begun: AtomicU64,
    open: AtomicUsize,
}

/// Held as long as a request is open.
pub struct OpenRequest(Arc<OpenRequests>);

impl OpenRequests {
    pub fn begin(self: &Arc<Self>) -> OpenRequest {
        self.begun.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        OpenRequest(Arc::clone(self))
    }

    pub fn is_any(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    /// Returns once a whole period passed in which no request was open.
    pub async fn idle_for(&self, period: Duration) {
        loop {
            let begun = self.begun.load(Relaxed);
            sleep(period).await;
            if !self.is_any() && self.begun.load(Relaxed) == begun {
                return;
            }
        }
    }

    /// Returns if the first request was not begun within a time.
    pub async fn none_within(&self, time: Duration) {
        sleep(time).await;
        if self.begun.load(Relaxed) > 0 {
            pending().await
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
