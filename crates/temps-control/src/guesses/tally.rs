//! One counter: pure arithmetic, so that it can be tested against years of guesses.

use std::time::Duration;

use temps_model::Timestamp;

use super::factor::Limits;

/// Wrong guesses so far, as they were at the latest of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub failures: u32,
    pub last_at: Timestamp,
    /// A guess before this moment counts for nothing.
    pub not_before: Timestamp,
}

impl Tally {
    /// How hard the proof of work for the next guess has to be; `None` if there needs to be none.
    pub fn price(&self, limits: &Limits, now: Timestamp) -> Option<u32> {
        let failures = self.faded(limits, now);
        failures.checked_sub(limits.priced_from).map(|beyond| (beyond / 5).min(super::price::HARDEST))
    }

    /// Counts one more guess. A guess that comes before its time changes nothing, so that whoever hammers makes nobody wait longer.
    pub fn take(&self, limits: &Limits, now: Timestamp) -> (Self, bool) {
        // A clock that was set back must not make anybody wait for longer than ever was meant.
        let not_before = self.not_before.min(now.after(limits.longest));
        if now < not_before {
            return (Self { not_before, ..*self }, false);
        }
        let failures = self.faded(limits, now).saturating_add(1);
        // Without a delay there is no moment to wait for, so that of two guesses at once neither is too early.
        let not_before = match failures.checked_sub(limits.delayed_from) {
            None | Some(0) => Timestamp::default(),
            Some(beyond) => now.after(Duration::from_secs(1 << (beyond - 1).min(20)).min(limits.longest)),
        };
        (Self { failures, last_at: self.last_at.max(now), not_before }, true)
    }

    /// The failures that still count: one half after each half-life.
    fn faded(&self, limits: &Limits, now: Timestamp) -> u32 {
        let halvings = now.since(self.last_at).as_secs() / limits.half_life.as_secs();
        u32::try_from(halvings).ok().and_then(|halvings| self.failures.checked_shr(halvings)).unwrap_or(0)
    }
}
