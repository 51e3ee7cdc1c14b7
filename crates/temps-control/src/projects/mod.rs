//! Applications. Whoever creates one owns it.

pub mod api;
mod glance;
pub mod store;
