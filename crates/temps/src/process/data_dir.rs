//! The data directory: one user, one process (R-SEC-9).

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, FlockOperation, access, flock},
    process::geteuid,
};

const LOCK: &str = "lock";
/// Holds the sockets between the parts of Temps.
const SOCKETS: &str = "run";
/// Directories of the data directory that are nobody else's business.
const PRIVATE_DIRECTORIES: [&str; 2] = [SOCKETS, "blobs"];
/// Files whose content opens everything else, and the database.
const PRIVATE_FILES: [&str; 5] = ["master.key", "setup-token", "temps.db", "temps.db-wal", "temps.db-shm"];

/// A data directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Holds the lock; the kernel releases it however the process ends.
    _lock: File,
}

/// Why a data directory is refused.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("The data directory {} cannot be {what}: {error}", path.display())]
    Io { path: PathBuf, what: &'static str, error: io::Error },
    #[error("{} is not a directory. Name another one with --data-dir.", .0.display())]
    NotADirectory(PathBuf),
    #[error(
        "{} belongs to the user with id {owner}, but Temps runs as {me}. Run Temps as that user, or: chown -R {me} {}",
        path.display(), path.display()
    )]
    Foreign { path: PathBuf, owner: u32, me: u32 },
    #[error("{} may be opened by other users of this machine (mode {mode:04o}). Run: chmod {fix:04o} {}", path.display(), path.display())]
    Open { path: PathBuf, mode: u32, fix: u32 },
    #[error("The data directory {} is in use by another `temps serve`{}. Stop that one first, or name another directory with --data-dir.", path.display(), process_of(pid))]
    InUse { path: PathBuf, pid: String },
}

impl DataDir {
    /// Makes the directory if there is none (mode 0700) and locks it.
    ///
    /// # Errors
    /// If it or something private in it is open to other users, belongs to another one, cannot be written, or is in use. Nothing was changed then.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |what| move |error| DataDirError::Io { path: path.to_owned(), what, error };
        make(path).map_err(failed("made"))?;
        let path = path.canonicalize().map_err(failed("opened"))?;
        if !path.is_dir() {
            return Err(DataDirError::NotADirectory(path));
        }
        check(&path, 0o700)?;
        for name in PRIVATE_FILES {
            check_if_present(&path.join(name), 0o600)?;
        }
        for name in PRIVATE_DIRECTORIES {
            check_if_present(&path.join(name), 0o700)?;
        }
        access(&path, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed("written")(error.into()))?;
        let lock = lock(&path)?;
        let sockets = path.join(SOCKETS);
        make(&sockets).map_err(failed("written"))?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a directory of ours alone, if there is none.
fn make(path: &Path) -> io::Result<()> {
    match path.exists() {
        true => Ok(()),
        false => DirBuilder::new().recursive(true).mode(0o700).create(path),
    }
}

fn check_if_present(path: &Path, fix: u32) -> Result<(), DataDirError> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        _ => check(path, fix),
    }
}

/// A file or directory must be ours alone.
fn check(path: &Path, fix: u32) -> Result<(), DataDirError> {
    let metadata =
        fs::metadata(path).map_err(|error| DataDirError::Io { path: path.to_owned(), what: "examined", error })?;
    let me = geteuid().as_raw();
    if metadata.uid() != me {
        return Err(DataDirError::Foreign { path: path.to_owned(), owner: metadata.uid(), me });
    }
    let mode = metadata.mode() & 0o7777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(DataDirError::Open { path: path.to_owned(), mode, fix }),
    }
}

/// Takes the lock and leaves our process id in it, for the text that the next one shows.
fn lock(directory: &Path) -> Result<File, DataDirError> {
    let failed = |error| DataDirError::Io { path: directory.to_owned(), what: "locked", error };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(directory.join(LOCK)).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(failed)?;
            return Err(DataDirError::InUse { path: directory.to_owned(), pid: pid.trim().to_owned() });
        }
        Err(error) => return Err(failed(error.into())),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

fn process_of(pid: &str) -> String {
    if pid.is_empty() { String::new() } else { format!(" (process {pid})") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn r_sec_9_a_new_data_directory_is_private() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let data_dir = DataDir::open(&path).unwrap();
        assert_eq!(fs::metadata(data_dir.path()).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(fs::metadata(path.join(LOCK)).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn r_sec_9_what_others_may_open_is_refused_with_the_command_that_mends_it() {
        let root = tempfile::tempdir().unwrap();
        for mode in [0o750, 0o705, 0o777] {
            set_mode(root.path(), mode);
            let text = DataDir::open(root.path()).unwrap_err().to_string();
            assert!(text.contains(&format!("(mode {mode:04o}). Run: chmod 0700 {}", root.path().display())), "{text}");
        }
        set_mode(root.path(), 0o700);
        for name in PRIVATE_FILES {
            let key = root.path().join(name);
            fs::write(&key, "x").unwrap();
            for mode in [0o640, 0o604, 0o660] {
                set_mode(&key, mode);
                let text = DataDir::open(root.path()).unwrap_err().to_string();
                assert!(text.contains(&format!("chmod 0600 {}", key.display())), "{text}");
            }
            set_mode(&key, 0o600);
        }
        for name in PRIVATE_DIRECTORIES {
            let directory = root.path().join(name);
            fs::create_dir(&directory).unwrap();
            set_mode(&directory, 0o755);
            let text = DataDir::open(root.path()).unwrap_err().to_string();
            assert!(text.contains(&format!("chmod 0700 {}", directory.display())), "{text}");
            set_mode(&directory, 0o700);
        }
        assert!(DataDir::open(root.path()).is_ok());
    }

    #[test]
    fn a_second_process_on_the_same_directory_is_refused() {
        let root = tempfile::tempdir().unwrap();
        set_mode(root.path(), 0o700);
        let first = DataDir::open(root.path()).unwrap();
        let text = DataDir::open(root.path()).unwrap_err().to_string();
        assert!(text.contains(&format!("in use by another `temps serve` (process {})", std::process::id())), "{text}");
        drop(first);
        assert!(DataDir::open(root.path()).is_ok());
    }

    #[test]
    fn a_file_is_no_data_directory() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "").unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::NotADirectory(_))));
    }
}
