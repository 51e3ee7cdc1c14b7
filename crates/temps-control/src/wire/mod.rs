//! How requests are read and answers written: strict JSON, pages, versions, dry runs.

mod json;
mod page;
mod version;

pub use json::{Json, Query};
pub use page::{Page, PageQuery};
pub use version::{Answer, ChangeQuery, Difference, DryRun, Expected};
#[cfg(test)]
pub use version::{Confirm, Override};
