//! A clock that runs and can be put forward.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use temps_model::{Clock, SystemClock, Timestamp};

/// The system's clock and what the test added to it. It runs, because a standing clock would never refill a rate limit, and begins
/// with the real hour, because clients verify certificates by that. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct RunningClock(Arc<AtomicU64>);

impl RunningClock {
    /// Lets time pass at once, on both clocks.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).expect("a test lets pass less than 584,000 years");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    fn added(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().after(self.added())
    }

    fn monotonic(&self) -> Instant {
        SystemClock.monotonic() + self.added()
    }
}
