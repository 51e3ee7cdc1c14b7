//! Removing what no deployment names any more.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use temps_model::Timestamp;
use temps_policy::BlobId;
use tokio::sync::OwnedRwLockWriteGuard;

/// How long a blob stays that nobody names: whoever has lost the deployments in some way has time to notice.
const GRACE: Duration = Duration::from_secs(86_400);

/// The right to remove blobs. While it lives no content is taken in, so what is read about the deployments meanwhile is
/// all that names blobs.
#[derive(Debug)]
pub struct Sweep {
    folder: PathBuf,
    _alone: OwnedRwLockWriteGuard<()>,
}

impl Sweep {
    pub(super) fn new(folder: PathBuf, alone: OwnedRwLockWriteGuard<()>) -> Self {
        Self { folder, _alone: alone }
    }

    /// Removes every blob that is not `named` and was written more than a day ago, and tells how many files that were.
    /// Touches the disk.
    pub fn remove_all_but(self, named: &HashSet<BlobId>, now: Timestamp) -> io::Result<u64> {
        let limit = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.before(GRACE).micros()).unwrap_or(0));
        let mut removed = 0;
        for prefix in fs::read_dir(&self.folder)? {
            for file in fs::read_dir(prefix?.path())? {
                let file = file?;
                let path = file.path();
                let is_unnamed = id_in(&path).is_some_and(|id| !named.contains(&id));
                if is_unnamed && file.metadata()?.modified()? < limit {
                    fs::remove_file(path)?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// The blob of which a file is a form; `None` for a file that is none of ours.
fn id_in(path: &Path) -> Option<BlobId> {
    let name = path.file_name()?.to_str()?;
    let id = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".br")).unwrap_or(name);
    id.parse().ok()
}
