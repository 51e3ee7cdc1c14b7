//! One counter: pure arithmetic, so that it can be tested against years of guesses.

use std::time::Duration;

use temps_model::Timestamp;

use super::factor::Limits;

/// Wrong guesses so far, as they were at the latest of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In thousandths, because they fade all the time.
    pub thousandths: u32,
    pub last_at: Timestamp,
    /// A guess before this moment counts for nothing.
    pub not_before: Timestamp,
}

const ONE: u32 = 1_000;

impl Tally {
    /// How hard the proof of work for the next guess has to be; `None` if there needs to be none.
    pub fn price(&self, limits: &Limits, now: Timestamp) -> Option<u32> {
        let failures = whole(self.faded(limits, now));
        failures.checked_sub(limits.priced_from).map(|beyond| (beyond / 5).min(super::price::HARDEST))
    }

    /// Counts one more guess. A guess that comes before its time changes nothing, so that whoever hammers makes nobody wait longer.
    pub fn take(&self, limits: &Limits, now: Timestamp) -> (Self, bool) {
        // A clock that was set back must not make anybody wait for longer than ever was meant.
        let not_before = self.not_before.min(now.after(limits.longest));
        if now < not_before {
            return (Self { not_before, ..*self }, false);
        }
        let thousandths = self.faded(limits, now).saturating_add(ONE);
        // Without a delay there is no moment to wait for, so that of two guesses at once neither is too early.
        let not_before = match whole(thousandths).checked_sub(limits.delayed_from) {
            None | Some(0) => Timestamp::default(),
            Some(beyond) => now.after(Duration::from_secs(1 << (beyond - 1).min(20)).min(limits.longest)),
        };
        (Self { thousandths, last_at: now, not_before }, true)
    }

    /// One guess was right: it is taken back.
    pub fn give_back(&self, limits: &Limits, now: Timestamp) -> Self {
        Self { thousandths: self.faded(limits, now).saturating_sub(ONE), last_at: now, ..*self }
    }

    /// What still counts: one half after each half-life, and everything in between accordingly.
    fn faded(&self, limits: &Limits, now: Timestamp) -> u32 {
        let half_lives = now.since(self.last_at).as_secs_f64() / limits.half_life.as_secs_f64();
        let left = f64::from(self.thousandths) * (-half_lives).exp2();
        left.round() as u32
    }
}

fn whole(thousandths: u32) -> u32 {
    thousandths.saturating_add(ONE / 2) / ONE
}
