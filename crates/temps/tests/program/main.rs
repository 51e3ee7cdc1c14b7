//! The real program, started as people start it.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod commands;
mod place;
mod serve;
