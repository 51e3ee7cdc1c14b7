//! The tests' own tools: the real thing where it can be had, a clock that the test moves.
#![forbid(unsafe_code)]

pub mod clock;
pub mod database;
pub mod postgres;

pub use clock::FakeClock;
pub use database::TestDatabase;
