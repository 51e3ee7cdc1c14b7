//! Which instance a data directory is of. The files in it mean nothing to another database, which would take them for leftovers.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use temps_model::InstanceId;

const FILE: &str = "instance-id";

/// Why a data directory and a database do not go together. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum InstanceIdError {
    #[error(
        "The data directory {} was used with a database, but the one that is configured is new. Put the database back, or name it \
         with database_url; to begin anew, name an empty directory with --data-dir. Nothing was changed.",
        .0.display()
    )]
    NewDatabase(PathBuf),
    #[error(
        "The data directory {} belongs to the instance {kept}, but the database to the instance {found}. Name the database that \
         this directory was used with, or the directory of this database with --data-dir. Nothing was changed.",
        data_dir.display()
    )]
    OtherDatabase { data_dir: PathBuf, kept: InstanceId, found: InstanceId },
    #[error(
        "{} does not hold the id of an instance. If the data directory and the database belong together, remove this file; it is \
         written again.",
        .0.display()
    )]
    Damaged(PathBuf),
    #[error("{} cannot be read or written: {error}", file.display())]
    Io { file: PathBuf, error: io::Error },
}

/// Refuses a database that is not the one that the data directory was used with; `found` is none if it is new. A directory that
/// was not used yet goes with any.
pub fn check_instance(data_dir: &Path, found: Option<InstanceId>) -> Result<(), InstanceIdError> {
    let data_dir = data_dir.to_owned();
    match (read(&data_dir)?, found) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(InstanceIdError::NewDatabase(data_dir)),
        (Some(kept), Some(found)) if kept == found => Ok(()),
        (Some(kept), Some(found)) => Err(InstanceIdError::OtherDatabase { data_dir, kept, found }),
    }
}

/// Writes down which instance the data directory is of from now on. Comes before anything else is put there.
pub fn keep_instance(data_dir: &Path, id: InstanceId) -> Result<(), InstanceIdError> {
    match read(data_dir)? {
        Some(_) => Ok(()),
        None => write(data_dir, id).map_err(|error| InstanceIdError::Io { file: data_dir.join(FILE), error }),
    }
}

fn read(data_dir: &Path) -> Result<Option<InstanceId>, InstanceIdError> {
    let file = data_dir.join(FILE);
    match fs::read_to_string(&file) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| InstanceIdError::Damaged(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(InstanceIdError::Io { file, error }),
    }
}

/// The file is there whole or not at all, also after a power failure.
fn write(data_dir: &Path, id: InstanceId) -> io::Result<()> {
    let new = data_dir.join("instance-id.new");
    // What a start that was killed left here.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    writeln!(file, "{id}")?;
    file.sync_all()?;
    fs::rename(new, data_dir.join(FILE))?;
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use temps_model::Timestamp;

    use super::*;

    fn id() -> InstanceId {
        InstanceId::generate(Timestamp::default())
    }

    fn kept(data_dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(data_dir).unwrap().map(|file| file.unwrap().path());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    #[test]
    fn a_directory_goes_with_the_database_that_it_was_first_used_with() {
        let data_dir = tempfile::tempdir().unwrap();
        let (ours, other) = (id(), id());
        for found in [None, Some(ours), Some(other)] {
            check_instance(data_dir.path(), found).unwrap();
        }
        // What a start that was killed in the middle left.
        fs::write(data_dir.path().join("instance-id.new"), "half").unwrap();
        keep_instance(data_dir.path(), ours).unwrap();
        let before = kept(data_dir.path());
        assert_eq!(before, [(data_dir.path().join(FILE), format!("{ours}\n").into_bytes())]);
        assert_eq!(fs::metadata(data_dir.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);

        check_instance(data_dir.path(), Some(ours)).unwrap();
        keep_instance(data_dir.path(), ours).unwrap();
        let error = check_instance(data_dir.path(), Some(other)).unwrap_err();
        assert!(error.to_string().contains(&format!("to the instance {other}")), "{error}");
        let error = check_instance(data_dir.path(), None).unwrap_err();
        assert!(matches!(error, InstanceIdError::NewDatabase(_)), "{error}");
        assert_eq!(kept(data_dir.path()), before);
    }

    #[test]
    fn a_file_that_holds_no_id_is_refused() {
        let data_dir = tempfile::tempdir().unwrap();
        fs::write(data_dir.path().join(FILE), "").unwrap();
        assert!(matches!(check_instance(data_dir.path(), None), Err(InstanceIdError::Damaged(_))));
        assert!(matches!(keep_instance(data_dir.path(), id()), Err(InstanceIdError::Damaged(_))));
    }
}
