//! Applications. Whoever creates one owns it.

pub mod api;
pub mod store;
