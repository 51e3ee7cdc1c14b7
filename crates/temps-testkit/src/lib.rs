//! The tests' own tools: the real thing where it can be had, a clock that the test moves.
#![forbid(unsafe_code)]

#[cfg(feature = "app")]
pub mod app;
pub mod clock;
pub mod database;
#[cfg(feature = "edge")]
pub mod edge;
pub mod postgres;
#[cfg(feature = "app")]
pub mod program;
#[cfg(feature = "edge")]
pub mod raw;
#[cfg(feature = "edge")]
pub mod recorder;

#[cfg(feature = "app")]
pub mod smtp;

#[cfg(feature = "app")]
pub use app::TestApp;
pub use clock::FakeClock;
pub use database::TestDatabase;
#[cfg(feature = "edge")]
pub use edge::TestEdge;
#[cfg(feature = "app")]
pub use program::Program;
#[cfg(feature = "edge")]
pub use recorder::Recorder;
