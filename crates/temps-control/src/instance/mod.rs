//! Settings of the instance that are not configuration, and what the instance is.

pub mod api;
pub mod settings;
pub mod store;
