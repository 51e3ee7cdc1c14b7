//! Mode and limits of a firewall.

pub mod api;
mod limits;
mod store;

pub use limits::LimitsBody;
pub use store::lock;
