//! Files that are part of the program.

use std::{borrow::Cow, sync::Arc};

/// A folder of files.
pub trait Files: Send + Sync {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>>;
    /// All paths, relative to the folder.
    fn paths(&self) -> Vec<Cow<'static, str>>;
}

/// The folders that the program brings with it; `None` where it was built without.
#[derive(Clone, Default)]
pub struct BuiltIn {
    /// The dashboard, with compressed forms (`.br`, `.gz`) beside its files.
    pub dashboard: Option<Arc<dyn Files>>,
    /// A site to try things with.
    pub example: Option<Arc<dyn Files>>,
}
