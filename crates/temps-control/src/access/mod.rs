//! Who calls, and what they may do. The only place where either is decided.
//!
//! [`authorise`] runs before every handler with what `router.rs` declares for the route. A handler can obtain project data only through
//! functions that demand a [`Grant`], and a grant can only be made here.

mod activity;
mod authorise;
mod caller;
mod context;
mod cookie;
mod cross_site;
mod grant;
mod pending;
mod standing;
mod step_up;
mod token;

pub use activity::{Activity, Place};
pub use authorise::{Access, Declared, authorise};
pub use caller::Caller;
pub use context::RequestContext;
pub use cookie::{DEVICE_COOKIE, PENDING_COOKIE, SESSION_COOKIE, clear_cookie, set_cookie};
pub use grant::{Administrator, Evidence, Grant, Proof, Public, User};
pub use pending::{HalfAuthenticated, HalfLogin};
pub use standing::Standing;
pub use step_up::{StepUp, Strength, method_name};
pub use token::Token;
