//! What the edge must know, as data, and the protections that decide.
//!
//! The control plane makes an [`EdgeSnapshot`] and sends it down a [`link`](crate::link); the edge computes [`Facts`] of each
//! request, asks [`pipeline::judge`] for a [`Verdict`] and sends [`Event`]s up. Everything here is synchronous and does no I/O.
#![forbid(unsafe_code)]

mod event;
mod facts;
pub mod link;
mod path;
pub mod pipeline;
pub mod protections;
mod site;
mod snapshot;
mod statics;
mod upstream;
mod verdict;

pub use event::{Event, Outcome};
pub use facts::{Facts, TlsFacts};
pub use path::{NormalPath, PathError};
pub use site::{Console, Site, SiteId, Target};
pub use snapshot::{EdgeSnapshot, InstancePolicy, SiteTable};
pub use statics::{BlobId, BlobSource, Encoding, FileEntry, Manifest, ReadSeek, StaticSite};
pub use upstream::{Scheme, Upstream, UpstreamError, UpstreamHost, UpstreamNetworks};
pub use verdict::{FirewallScope, Refusal, Verdict};
