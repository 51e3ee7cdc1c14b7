//! Host names of environments. A new environment gets one under `apps_domain`; members add their own.

pub mod api;
pub mod store;
