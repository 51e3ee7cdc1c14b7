//! Logging in: from the first factor to a session.

pub mod attempts;
pub mod devices;
pub mod finish;
mod pepper;
pub mod second_factor;
pub mod step_up;

pub use finish::{LoggedInBody, Progress, SecondFactorNeeded};
pub use pepper::{Pepper, Purpose};
