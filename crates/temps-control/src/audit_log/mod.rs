//! Reading the audit log. Reading it is itself recorded (R-AUD-7).

pub mod api;
mod export;

pub use export::export;
