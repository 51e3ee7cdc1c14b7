//! Taking content in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, File},
    io::{self, Write},
    mem,
    path::PathBuf,
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
use tempfile::{NamedTempFile, TempPath};
use temps_policy::{BlobId, Encoding, FileEntry, Manifest};
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit};

use super::{Blobs, compress, id_of, make_folder};

/// The content of one deployment on its way in. Keep it until the deployment is committed: while it lives, no sweep takes
/// away what it brought. Dropped before [`settle`](Self::settle), it leaves nothing. Everything here touches the disk.
#[derive(Debug)]
pub struct Intake {
    blobs: Arc<Blobs>,
    /// Where each new file shall be, and where it is.
    pending: BTreeMap<PathBuf, TempPath>,
    /// The folders of all blobs that were named, new or not.
    folders: BTreeSet<PathBuf>,
    progress: Progress,
    _turn: OwnedSemaphorePermit,
    _shared: OwnedRwLockReadGuard<()>,
}

/// How far it is, and who is told.
#[derive(Default)]
struct Progress {
    files: u64,
    bytes: u64,
    told: Option<Box<dyn Fn(u64, u64) + Send>>,
}

/// The content of one file while it is written.
pub struct Arrival {
    file: NamedTempFile,
    hash: Context,
    size: u64,
}

impl Intake {
    pub(super) fn new(blobs: Arc<Blobs>, turn: OwnedSemaphorePermit, shared: OwnedRwLockReadGuard<()>) -> Self {
        let (pending, folders, progress) = (BTreeMap::new(), BTreeSet::new(), Progress::default());
        Self { blobs, pending, folders, progress, _turn: turn, _shared: shared }
    }

    /// Tells the number of files and bytes after each file.
    pub fn tell(&mut self, told: impl Fn(u64, u64) + Send + 'static) {
        self.progress.told = Some(Box::new(told));
    }

    pub fn begin(&self) -> io::Result<Arrival> {
        Ok(Arrival { file: self.blobs.temporary()?, hash: Context::new(&SHA256), size: 0 })
    }

    /// Makes a blob of what arrived, and compressed forms of it where they save at least 5 %. What is there already is
    /// not written again.
    pub fn put(&mut self, arrival: Arrival, media_type: &str) -> io::Result<FileEntry> {
        let Arrival { file, hash, size } = arrival;
        let blob = id_of(hash.finish());
        let (gzip, brotli) = match compress::is_worth_trying(media_type, size) {
            true => (
                self.compressed(blob, &file, size, Encoding::Gzip)?,
                self.compressed(blob, &file, size, Encoding::Brotli)?,
            ),
            false => (None, None),
        };
        self.keep(blob, file)?;
        self.progress.add(size);
        Ok(FileEntry { blob, size, media_type: media_type.to_owned(), gzip, brotli })
    }

    pub fn put_manifest(&mut self, manifest: &Manifest) -> io::Result<BlobId> {
        let mut arrival = self.begin()?;
        arrival.write_all(&serde_json::to_vec(manifest)?)?;
        let blob = id_of(arrival.hash.finish());
        self.keep(blob, arrival.file)?;
        Ok(blob)
    }

    /// Makes everything last: content first, then names, then the folders that hold the names, so that a name never
    /// stands for half a file. Only after this may a deployment name what was put.
    pub fn settle(&mut self) -> io::Result<()> {
        let pending = mem::take(&mut self.pending);
        for file in pending.values() {
            File::open(file)?.sync_all()?;
        }
        self.folders.iter().try_for_each(|folder| make_folder(folder))?;
        for (path, file) in pending {
            match file.persist_noclobber(&path) {
                Ok(()) => {}
                // Another upload brought the same content meanwhile.
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.error),
            }
        }
        self.folders.iter().chain([&self.blobs.folder]).try_for_each(|folder| File::open(folder)?.sync_all())
    }

    fn keep(&mut self, blob: BlobId, file: NamedTempFile) -> io::Result<()> {
        let path = self.blobs.path(blob, Encoding::Identity);
        self.folders.extend(path.parent().map(PathBuf::from));
        if self.length(&path)?.is_none() {
            self.pending.insert(path, file.into_temp_path());
        }
        Ok(())
    }

    /// The bytes of a compressed form; `None` if it does not pay.
    fn compressed(
        &mut self,
        blob: BlobId,
        content: &NamedTempFile,
        size: u64,
        encoding: Encoding,
    ) -> io::Result<Option<u64>> {
        let path = self.blobs.path(blob, encoding);
        if let Some(length) = self.length(&path)? {
            return Ok(Some(length));
        }
        let compressed = self.blobs.temporary()?;
        compress::compress(content.reopen()?, size, encoding, compressed.as_file())?;
        let length = compressed.as_file().metadata()?.len();
        if !compress::pays(size, length) {
            return Ok(None);
        }
        self.pending.insert(path, compressed.into_temp_path());
        Ok(Some(length))
    }

    /// The bytes of a file that is there or will be.
    fn length(&self, path: &PathBuf) -> io::Result<Option<u64>> {
        let present = self.pending.get(path).map_or(path.as_path(), |pending| pending);
        match fs::metadata(present) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Progress {
    fn add(&mut self, size: u64) {
        (self.files, self.bytes) = (self.files + 1, self.bytes + size);
        if let Some(told) = &self.told {
            told(self.files, self.bytes);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files", self.files)
    }
}

impl Write for Arrival {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
