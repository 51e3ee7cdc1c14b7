//! How long sessions last (R-SESS-6), by two clocks: whichever says first that a session is over is right, so that no change of the wall clock
//! makes one last longer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use temps_db::entities::session;
use temps_model::{Clock, SessionId, Timestamp};

/// Two places that a session is used from within this time are one too many.
const AT_ONCE: Duration = Duration::from_secs(60);

/// When sessions were last used. What the database does not know yet is written every half minute.
#[derive(Debug, Default)]
pub struct Activity(Mutex<HashMap<SessionId, Seen>>);

#[derive(Debug)]
struct Seen {
    /// By the clock that never goes back: when the session ends at the latest.
    ends: Instant,
    /// The latest use by both clocks, and what had passed since it when the session was first seen here.
    last: Instant,
    lag: Duration,
    last_used: Timestamp,
    unsaved: bool,
    place: Option<(Place, Instant)>,
}

/// Where a session is used: the network and the kind of browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub network: String,
    /// The user agent without its versions.
    pub family: String,
}

impl Place {
    pub fn new(network: impl Into<String>, user_agent: &str) -> Self {
        let family = user_agent.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
        Self { network: network.into(), family }
    }

    /// Another network alone is a phone on its way, another browser alone is an update.
    fn is_elsewhere(&self, other: &Self) -> bool {
        self.network != other.network && self.family != other.family
    }
}

impl Seen {
    fn first(row: &session::Model, now: Timestamp, monotonic: Instant) -> Self {
        let now = now.max(row.last_used_at);
        Self {
            ends: monotonic + row.expires_at.since(now),
            last: monotonic,
            lag: now.since(row.last_used_at),
            last_used: row.last_used_at,
            unsaved: false,
            place: None,
        }
    }

    fn idle(&self, monotonic: Instant) -> Duration {
        self.lag + monotonic.saturating_duration_since(self.last)
    }
}

impl Activity {
    /// Whether a session is neither ended, nor too old, nor unused for too long.
    pub fn lives(&self, row: &session::Model, clock: &dyn Clock) -> bool {
        let (now, monotonic) = (clock.now(), clock.monotonic());
        let mut all = self.lock();
        let seen = all.entry(row.id).or_insert_with(|| Seen::first(row, now, monotonic));
        if row.last_used_at > seen.last_used {
            // It was used through another node.
            (seen.last, seen.lag, seen.last_used) = (monotonic, now.since(row.last_used_at), row.last_used_at);
        }
        let limit = Duration::from_secs(u64::try_from(row.idle_seconds).unwrap_or_default());
        let (by_wall, by_monotonic) = (now.since(seen.last_used), seen.idle(monotonic));
        row.revoked_at.is_none()
            && now < row.expires_at
            && monotonic < seen.ends
            && by_wall < limit
            && by_monotonic < limit
    }

    /// Takes note that a living session was used, from this place; with `attended` by its user and not by a page that is merely open, which
    /// makes it last longer. `false` if it was used elsewhere a moment ago (R-SESS-7).
    pub fn used(&self, session: SessionId, place: Place, attended: bool, clock: &dyn Clock) -> bool {
        let (now, monotonic) = (clock.now(), clock.monotonic());
        let mut all = self.lock();
        let Some(seen) = all.get_mut(&session) else { return true };
        if attended {
            (seen.last, seen.lag) = (monotonic, Duration::ZERO);
            seen.last_used = seen.last_used.max(now);
            seen.unsaved = true;
        }
        let before = seen.place.replace((place.clone(), monotonic));
        before.is_none_or(|(before, at)| {
            !place.is_elsewhere(&before) || monotonic.saturating_duration_since(at) >= AT_ONCE
        })
    }

    /// When a session was last used, as far as is known here.
    pub fn last_used(&self, row: &session::Model) -> Timestamp {
        self.lock().get(&row.id).map_or(row.last_used_at, |seen| seen.last_used.max(row.last_used_at))
    }

    /// What the database is to be told, and forgets sessions that are over.
    pub fn unsaved(&self, clock: &dyn Clock) -> Vec<(SessionId, Timestamp)> {
        let monotonic = clock.monotonic();
        let mut all = self.lock();
        let changed = all.iter_mut().filter(|(_, seen)| seen.unsaved);
        let changed = changed.map(|(id, seen)| {
            seen.unsaved = false;
            (*id, seen.last_used)
        });
        let changed = changed.collect();
        all.retain(|_, seen| monotonic < seen.ends);
        changed
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use temps_db::entities::session::Proved;
    use temps_model::UserId;
    use temps_testkit::FakeClock;

    use super::*;

    fn session(clock: &FakeClock) -> session::Model {
        let now = clock.now();
        session::Model {
            id: SessionId::generate(now),
            user_id: UserId::generate(now),
            token_hash: Vec::new(),
            created_at: now,
            expires_at: now.after(Duration::from_secs(12 * 3_600)),
            revoked_at: None,
            ip: String::new(),
            user_agent: String::new(),
            last_used_at: now,
            idle_seconds: 1_800,
            remembered: false,
            proved_at: now,
            proved_with: Proved::Password,
            suspected: false,
        }
    }

    fn minutes(n: u64) -> Duration {
        Duration::from_secs(n * 60)
    }

    #[test]
    fn r_sess_6_a_session_ends_unused_and_it_ends_used() {
        let (clock, activity) = (FakeClock::default(), Activity::default());
        let row = session(&clock);
        let place = Place::new("203.0.113.7", "Browser/1.0");
        for _ in 0..24 {
            assert!(activity.lives(&row, &clock));
            assert!(activity.used(row.id, place.clone(), true, &clock));
            clock.advance(minutes(29));
        }
        assert_eq!(activity.unsaved(&clock).len(), 1);
        assert!(activity.lives(&row, &clock), "11 h 36 min");
        clock.advance(minutes(2));
        assert!(!activity.lives(&row, &clock), "unused for 31 minutes");
        let row = session(&clock);
        for _ in 0..25 {
            activity.lives(&row, &clock);
            activity.used(row.id, place.clone(), true, &clock);
            clock.advance(minutes(29));
        }
        assert!(!activity.lives(&row, &clock), "12 h 5 min");
    }

    #[test]
    fn r_sess_6_no_change_of_the_clock_makes_a_session_last_longer() {
        let (clock, activity) = (FakeClock::default(), Activity::default());
        let row = session(&clock);
        assert!(activity.lives(&row, &clock));
        clock.advance(minutes(20));
        clock.set(clock.now().before(minutes(10_000)));
        assert!(activity.lives(&row, &clock));
        clock.advance(minutes(11));
        assert!(!activity.lives(&row, &clock), "31 minutes have passed, whatever the wall clock says");
        let after_a_restart = Activity::default();
        assert!(after_a_restart.lives(&row, &clock), "it cannot be known how long the program was gone");
        clock.advance(minutes(31));
        assert!(!after_a_restart.lives(&row, &clock));
    }

    #[test]
    fn r_sess_7_a_session_in_two_places_at_once_is_seen() {
        let (clock, activity) = (FakeClock::default(), Activity::default());
        let row = session(&clock);
        let used = |network: &str, agent: &str| {
            activity.lives(&row, &clock);
            activity.used(row.id, Place::new(network, agent), false, &clock)
        };
        assert!(used("203.0.113.7", "Mozilla/5.0 (X11; Linux) Firefox/140.0"));
        assert!(used("203.0.113.7", "Mozilla/5.0 (X11; Linux) Firefox/141.1"), "an update");
        assert!(used("198.51.100.9", "Mozilla/5.0 (X11; Linux) Firefox/141.1"), "a phone on its way");
        assert!(!used("203.0.113.99", "curl/8.1"), "a copied cookie");
        clock.advance(Duration::from_secs(61));
        assert!(used("192.0.2.1", "Mozilla/5.0 (X11; Linux) Firefox/141.1"));
    }
}
