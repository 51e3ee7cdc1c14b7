//! Log lines that would repeat themselves.

use std::{cell::Cell, time::Duration};

/// Says the same thing at most once a second.
#[derive(Debug, Default)]
pub struct Seldom(Cell<Option<Duration>>);

impl Seldom {
    /// Whether it may be said at this moment of a clock that never goes back.
    pub fn may(&self, uptime: Duration) -> bool {
        let may = self.0.get().is_none_or(|last| uptime.saturating_sub(last) >= Duration::from_secs(1));
        if may {
            self.0.set(Some(uptime));
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_failures_in_a_second_are_one_line() {
        let seldom = Seldom::default();
        let said = (0..3000).filter(|at| seldom.may(Duration::from_millis(*at))).count();
        assert_eq!(said, 3);
    }
}
