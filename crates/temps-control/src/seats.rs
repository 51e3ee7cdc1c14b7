//! How much of something one user may have at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use temps_model::UserId;

/// Places that users take. Whoever has as many as anybody can have waits for nobody: they are refused.
#[derive(Debug)]
pub struct Seats {
    each: usize,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place; it is given back when this is dropped.
#[derive(Debug)]
pub struct Seat {
    user: UserId,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Seats {
    pub fn new(each: usize) -> Self {
        Self { each, taken: Arc::default() }
    }

    /// One more place for a user, unless they have all of theirs.
    pub fn take(&self, user: UserId) -> Option<Seat> {
        let mut all = lock(&self.taken);
        let taken = all.entry(user).or_default();
        (*taken < self.each).then(|| {
            *taken += 1;
            Seat { user, taken: Arc::clone(&self.taken) }
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = lock(&self.taken);
        if let Some(taken) = all.get_mut(&self.user) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.user);
            }
        }
    }
}

/// A number is never left half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use temps_model::Timestamp;

    use super::*;

    #[test]
    fn a_user_has_so_many_places_and_gets_one_back_when_it_is_left() {
        let (seats, user) = (Seats::new(3), UserId::generate(Timestamp::from_micros(0)));
        let mut taken: Vec<Seat> = (0..3).filter_map(|_| seats.take(user)).collect();
        assert_eq!((taken.len(), seats.take(user).is_some()), (3, false));
        assert!(seats.take(UserId::generate(Timestamp::from_micros(0))).is_some(), "others are not concerned");
        taken.pop();
        assert!(seats.take(user).is_some());
        drop(taken);
        assert!(lock(&seats.taken).is_empty());
    }
}
