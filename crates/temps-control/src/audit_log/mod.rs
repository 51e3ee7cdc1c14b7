//! Reading the audit log. Reading it is itself recorded before anything is shown (R-AUD-7); reading it again and again makes
//! it no longer, because repetitions are counted (R-AUD-8).

pub mod api;
mod export;

pub use export::export;
