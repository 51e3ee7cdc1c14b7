//! What the process owes its operator: a data directory of its own, secrets that stay in memory, an orderly end.

mod data_dir;
mod files;
mod hardening;
mod instance_id;
mod signals;

pub use data_dir::{DataDir, DataDirError};
pub use files::raise_file_limit;
pub use hardening::harden;
pub use instance_id::{InstanceIdError, check_instance, keep_instance};
pub use signals::stop_requested;
