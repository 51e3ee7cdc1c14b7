//! Logging in and out.

pub mod api;
pub mod store;
