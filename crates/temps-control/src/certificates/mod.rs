//! Certificates of host names: made, sealed, renewed.

mod authority;
mod store;

pub use authority::{Authority, CertificateError, Pair, Reach, is_due};
pub use store::{Certificates, CertificatesError, forget};
