//! Rules: the entries of block and allow lists.

pub mod api;
pub mod change;
mod entry;
mod related;
mod store;
mod wire;

pub use wire::{AddedRules, ChangedRule, NewRules, Rule, RuleAfterChange};

/// Entries that one scope can have.
const MAX_IN_SCOPE: u64 = 100_000;
/// Entries that one call can add.
const MAX_AT_ONCE: usize = 10_000;
/// Bytes of a call that adds rules.
pub const MAX_BODY: usize = 8 << 20;
