//! A clock that the test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use temps_model::{Clock, SystemClock, Timestamp};

/// Stands still until it is moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<State>);

#[derive(Debug)]
struct State {
    wall: AtomicI64,
    elapsed: AtomicI64,
    started: Instant,
}

impl FakeClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(State {
            wall: AtomicI64::new(now.micros()),
            elapsed: AtomicI64::new(0),
            started: SystemClock.monotonic(),
        }))
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a test lets pass less than 292,000 years");
        self.0.wall.fetch_add(micros, Ordering::SeqCst);
        self.0.elapsed.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the wall clock, forwards or back; the monotonic clock does not notice.
    pub fn set(&self, now: Timestamp) {
        self.0.wall.store(now.micros(), Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    /// 2026-01-31T12:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_769_860_800_000_000))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Instant {
        self.0.started + Duration::from_micros(self.0.elapsed.load(Ordering::SeqCst).unsigned_abs())
    }
}
