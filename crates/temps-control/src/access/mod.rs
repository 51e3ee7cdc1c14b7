//! Who calls, and what they may do. The only place where either is decided.
//!
//! [`authorise`] runs before every handler with what `router.rs` declares for the route. A handler can obtain project data only through
//! functions that demand a [`Grant`], and a grant can only be made here.

mod authorise;
mod caller;
mod context;
mod cookie;
mod cross_site;
mod grant;
mod standing;
mod token;

pub use authorise::{Access, Declared, authorise};
pub use caller::Caller;
pub use context::RequestContext;
pub use cookie::{SESSION_COOKIE, clear_session_cookie, session_cookie};
pub use grant::{Administrator, Evidence, Grant, Proof, Public, User};
pub use standing::Standing;
pub use token::Token;
