//! The audit log: who did what, when, to what, and how it ended.
//!
//! A record is written in the transaction of the change that it describes ([`append`]), so that neither exists without
//! the other. The [`Sealer`] then links committed records into a hash chain, and [`verify`] finds out whether anything
//! in the chain was changed since. Personal fields are sealed with a key per person; when that key is destroyed, the
//! chain still verifies, because it is the sealed form that was hashed.

mod append;
mod body;
mod canonical;
mod chain;
mod record;
mod sealer;
mod verify;

pub use append::{append, personal_fields};
pub use body::{Body, BodyActor, BodyTarget};
pub use canonical::{NotCanonical, canonical};
pub use chain::{Digest, SealedRecord, sealed_records};
pub use record::{Action, Actor, AuditRecord, Authentication, Outcome, Target};
pub use sealer::Sealer;
pub use verify::{Fault, Finding, Verdict, Verifier, verify, verify_database};
