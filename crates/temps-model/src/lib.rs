//! Words of the domain that are correct by construction.
//!
//! Nothing here does I/O. A value of one of these types was checked when it was made, so nothing downstream
//! checks it again: a [`HostName`] is a host name, a [`ClientIp`] is canonical, a [`Secret`] cannot be printed.
#![forbid(unsafe_code)]

mod clock;
mod email;
mod host;
mod id;
mod ip;
mod permission;
mod secret;
mod slug;
mod text;

pub use clock::{Clock, SystemClock, Timestamp};
pub use email::EmailAddress;
pub use host::{HostName, HostNameError};
pub use id::*;
pub use ip::{ClientIp, Network, NetworkError, NetworkNotice};
pub use permission::{Permission, Role, grants, permissions_of, proof};
pub use secret::Secret;
pub use slug::{EnvironmentSlug, ProjectSlug, SlugError};
pub use text::{Text, TextError};
