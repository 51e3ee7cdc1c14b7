//! What was compiled and is still in use.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Compiled things by the id of what they were made from, which never changes under that id. They are found as long as somebody holds them, so
/// that nothing is read and compiled again that is in use.
#[derive(Debug)]
pub struct Kept<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K: Eq + Hash, V> Kept<K, V> {
    pub fn get(&self, id: &K) -> Option<Arc<V>> {
        self.kept().get(id)?.upgrade()
    }

    /// Remembers a thing, and forgets those that nobody holds any more.
    pub fn keep(&self, id: K, thing: &Arc<V>) {
        let mut kept = self.kept();
        if kept.len() == kept.capacity() {
            kept.retain(|_, thing| thing.strong_count() > 0);
        }
        kept.insert(id, Arc::downgrade(thing));
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<K, Weak<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_forgotten() {
        let kept = Kept::default();
        let held = Arc::new("held");
        kept.keep(0, &held);
        for id in 1..1_000 {
            kept.keep(id, &Arc::new("dropped"));
        }
        assert!(Arc::ptr_eq(&kept.get(&0).unwrap(), &held));
        assert_eq!(kept.get(&999), None);
        assert!(kept.kept().len() < 100, "it does not grow with what was");
    }
}
