//! One kind of check at the edge each: what the user saves, what the edge runs, and the check itself.

pub mod firewall;
pub mod headers;
pub mod limits;
