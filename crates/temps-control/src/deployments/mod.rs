//! Deployments: immutable versions of environments, with their history.
//!
//! A deployment is either a static site, uploaded as an [`archive`], or the URL of an application that runs elsewhere. It
//! goes to one environment (`production` unless told), gets the next number there, and is live as soon as the call is
//! answered; the answer says in how many milliseconds every worker served it. Earlier deployments are kept, and any of
//! them can be made live again at once. A site is published whole or not at all: an upload that is cut off, refused, or
//! meets a full disk changes nothing.
//!
//! The application of an upstream deployment is named by scheme, host and port, such as `http://127.0.0.1:3000`; requests
//! keep their own path. Loopback, private and link-local addresses have to be listed in `upstream_networks`. A host name
//! is resolved and checked at every connection, not when it is saved.
//!
//! Content that no deployment names any more, because its environment or project was deleted, is removed within the hour.

pub mod api;
mod archive;
mod media_type;
pub mod store;
mod sweep;
mod upload;
pub mod wire;

pub use sweep::sweep;
pub use wire::kind_name;

#[cfg(test)]
mod tests;
