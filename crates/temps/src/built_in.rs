//! The folders that are built into the program. A program without optimisation reads them from where they were built, so that work on the
//! dashboard shows without building the program again.

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use rust_embed::RustEmbed;
use temps_control::{BuiltIn, Files};

/// What `npm run build` made, if it was run.
#[derive(RustEmbed)]
#[folder = "../../dashboard/build"]
#[allow_missing = true]
struct Dashboard;

#[derive(RustEmbed)]
#[folder = "../../examples/site"]
struct Example;

/// A folder as the control plane takes it.
struct Folder<F>(PhantomData<F>);

impl<F: RustEmbed + Send + Sync> Files for Folder<F> {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        F::get(path).map(|file| file.data)
    }

    fn paths(&self) -> Vec<Cow<'static, str>> {
        F::iter().collect()
    }
}

pub fn files() -> BuiltIn {
    BuiltIn {
        dashboard: Some(Arc::new(Folder::<Dashboard>(PhantomData))),
        example: Some(Arc::new(Folder::<Example>(PhantomData))),
    }
}
