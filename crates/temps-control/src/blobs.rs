//! The content of static sites: files named by the SHA-256 of what they hold, in `DATA_DIR/blobs`.
//!
//! A blob never changes, so it can be read without a lock, and content that two deployments share is kept once. It comes
//! into being whole: written to a temporary file, synced, renamed, and only then named by a deployment. Whatever a killed
//! process leaves behind is a temporary file, and those are removed at the next start.

mod compress;
mod intake;
mod sweep;

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::NamedTempFile;
use temps_policy::{BlobId, BlobSource, Encoding, Manifest, ReadSeek};
use tokio::sync::{RwLock, Semaphore};

pub use intake::Intake;
pub use sweep::Sweep;

/// Uploads that are unpacked and compressed at once; the others wait, so that the edge keeps its share of the processor.
const AT_ONCE: usize = 2;

/// The folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    temporary: PathBuf,
    turns: Arc<Semaphore>,
    /// Shared by every intake; a sweep has it alone.
    intakes: Arc<RwLock<()>>,
}

impl Blobs {
    /// Opens the folder in a data directory that belongs to this process, makes what is missing (mode 0700) and removes
    /// the temporary files that an earlier process left.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let (folder, temporary) = (data_dir.join("blobs"), data_dir.join("tmp"));
        make_folder(&folder)?;
        make_folder(&temporary)?;
        for leftover in fs::read_dir(&temporary)? {
            fs::remove_file(leftover?.path())?;
        }
        Ok(Self { folder, temporary, turns: Arc::new(Semaphore::new(AT_ONCE)), intakes: Arc::default() })
    }

    /// A file without a name, gone as soon as it is closed.
    pub fn scratch(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.temporary)
    }

    /// Waits for a turn to take content in.
    pub async fn intake(self: &Arc<Self>) -> io::Result<Intake> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(io::Error::other)?;
        let shared = Arc::clone(&self.intakes).read_owned().await;
        Ok(Intake::new(Arc::clone(self), turn, shared))
    }

    /// Waits until no content is taken in, and keeps it so until the sweep is dropped.
    pub async fn sweep(&self) -> Sweep {
        Sweep::new(self.folder.clone(), Arc::clone(&self.intakes).write_owned().await)
    }

    /// Reads a manifest. Touches the disk.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if what is stored is not what its name says.
    pub fn manifest(&self, id: BlobId) -> io::Result<Manifest> {
        let mut bytes = Vec::new();
        File::open(self.path(id, Encoding::Identity))?.read_to_end(&mut bytes)?;
        if id_of(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes)) != id {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its content was changed"));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    fn path(&self, id: BlobId, encoding: Encoding) -> PathBuf {
        let name = id.to_string();
        let suffix = match encoding {
            Encoding::Identity => "",
            Encoding::Gzip => ".gz",
            Encoding::Brotli => ".br",
        };
        self.folder.join(&name[..2]).join(format!("{name}{suffix}"))
    }

    /// A named file beside the blobs, mode 0600, removed unless it is renamed.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(&self.temporary)
    }
}

impl BlobSource for Blobs {
    fn open(&self, id: BlobId, encoding: Encoding) -> io::Result<Box<dyn ReadSeek + Send>> {
        Ok(Box::new(File::open(self.path(id, encoding))?))
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn id_of(digest: aws_lc_rs::digest::Digest) -> BlobId {
    let mut id = [0; 32];
    id.copy_from_slice(digest.as_ref());
    BlobId(id)
}

#[cfg(test)]
mod tests;
