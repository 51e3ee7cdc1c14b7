//! IP rules, allow-list mode and limits of the four scopes: instance, console, project, environment.
//!
//! One implementation serves all of them: [`Held`] joins the proof of a route with the scope that its path names, and everything else works on
//! that. Settings are held per scope; rules of a project's environments are kept beside the project's own and name their environment.
//!
//! A change that would shut out its own author, or everybody, is refused until that is confirmed (see [`shut_out`]).

mod authority;
mod dry_run;
mod held;
mod places;
pub mod rules;
mod saved;
mod scope;
pub mod settings;
mod shut_out;

pub use held::{Console, Held, Instance, OfEnvironment, OfProject};
use saved::entry_of;
pub use saved::{action_of, mode_of};
pub use scope::Scope;

#[cfg(test)]
mod tests;
