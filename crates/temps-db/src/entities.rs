//! One file a table: its columns as types, and beside them what each column holds (R-GDPR-1).
//!
//! Identifiers, times, host names and slugs are the types of `temps-model`, so that a row that was read is correct by
//! construction. Columns of sealed values are [`SealedBytes`](crate::vault::SealedBytes).

pub mod audit_record;
pub mod certificate;
pub mod data_key;
pub mod deployment;
pub mod domain;
pub mod environment;
pub mod firewall;
pub mod firewall_rule;
pub mod guess_count;
pub mod header_settings;
pub mod instance;
pub mod instance_secret;
pub mod known_device;
pub mod lease;
pub mod link;
pub mod login_attempt;
pub mod mail;
pub mod member;
pub mod pending_login;
pub mod project;
pub mod recovery_code;
pub mod session;
pub mod spent_proof;
pub mod totp_key;
pub mod user;
