//! One bounded table of rate-limit counters per process, shared by all workers.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Counted, Rate};

const SHARDS: usize = 64;

/// Counters by the generic cell rate algorithm (GCRA, ITU-T I.371): of each client only the moment is kept at which its allowance will be
/// whole again. A counter whose moment has passed says nothing any more and is dropped when room is needed. If all of a shard's counters are
/// live, the one that would be whole soonest makes room, so a flood of new clients can never reset those that are furthest over.
#[derive(Debug)]
pub struct Counters {
    shards: [Mutex<HashMap<Counted, Duration>>; SHARDS],
    hasher: RandomState,
    per_shard: usize,
}

impl Counters {
    /// A table for at most `capacity` clients (about 64 bytes each).
    pub fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            per_shard: capacity.div_ceil(SHARDS),
        }
    }

    /// Takes one request from a client's allowance at the moment `now` of a clock that never goes back.
    pub(super) fn take(&self, counted: Counted, rate: Rate, now: Duration) -> Result<(), Duration> {
        let interval = Duration::from_secs(1) / rate.per_second.get();
        let allowance = interval * rate.burst.get();
        let shard = &self.shards[self.hasher.hash_one(counted) as usize % SHARDS];
        // A panic while the lock was held cannot have left a counter half-written: its value is one word.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_at = shard.get(&counted).copied().unwrap_or(now).max(now) + interval;
        if whole_at - now > allowance {
            return Err(whole_at - now - allowance);
        }
        if shard.len() >= self.per_shard && !shard.contains_key(&counted) {
            make_room(&mut shard, self.per_shard, now);
        }
        shard.insert(counted, whole_at);
        Ok(())
    }

    /// The number of clients that are being counted.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Drops what has passed; if that is nothing, the eighth that would pass soonest, so that the cost is spread over many requests.
fn make_room(shard: &mut HashMap<Counted, Duration>, capacity: usize, now: Duration) {
    shard.retain(|_, whole_at| *whole_at > now);
    if shard.len() < capacity {
        return;
    }
    let mut moments: Vec<Duration> = shard.values().copied().collect();
    let eighth = (moments.len() / 8).min(moments.len() - 1);
    let (_, limit, _) = moments.select_nth_unstable(eighth);
    let limit = *limit;
    shard.retain(|_, whole_at| *whole_at > limit);
}
