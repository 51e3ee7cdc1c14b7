//! Where the master key is looked for.

use std::{
    env, fs,
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use temps_model::Secret;
use zeroize::Zeroizing;

use super::{KeyError, MasterKey, Origin};

const VARIABLE: &str = "TEMPS_MASTER_KEY";
const CREDENTIAL: &str = "temps-master-key";
const FILE: &str = "master.key";

/// The places in which the master key is looked for, in this order. Everywhere it is written as 32 bytes in base64.
#[derive(Clone, Debug)]
pub struct KeySources {
    /// The value of `TEMPS_MASTER_KEY`.
    pub environment: Option<Secret<String>>,
    /// The directory with the credential `temps-master-key` that systemd made for this process.
    pub credentials: Option<PathBuf>,
    /// The file, readable by its owner alone; created with a new key if there is no database yet.
    pub file: PathBuf,
}

impl KeySources {
    /// The environment of this process, and `master.key` in the data directory.
    pub fn of_process(data_dir: &Path) -> Self {
        Self {
            environment: env::var(VARIABLE).ok().map(Secret::new),
            credentials: env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            file: data_dir.join(FILE),
        }
    }

    /// The master key of a database that exists.
    pub(crate) fn load(&self) -> Result<MasterKey, KeyError> {
        self.find()?.ok_or_else(|| KeyError::Missing { file: self.file.clone() })
    }

    /// The master key of a new database: the one that is there, otherwise a new one in the file.
    pub(crate) fn load_or_create(&self) -> Result<MasterKey, KeyError> {
        match self.find()? {
            Some(key) => Ok(key),
            None => self.create(),
        }
    }

    fn find(&self) -> Result<Option<MasterKey>, KeyError> {
        if let Some(text) = &self.environment {
            return MasterKey::parse(text.expose(), Origin::Environment).map(Some);
        }
        if let Some(text) = self.credential()? {
            return MasterKey::parse(&text, Origin::Credential).map(Some);
        }
        match self.read_file()? {
            Some(text) => MasterKey::parse(&text, Origin::File(self.file.clone())).map(Some),
            None => Ok(None),
        }
    }

    fn credential(&self) -> Result<Option<Zeroizing<String>>, KeyError> {
        let Some(path) = self.credentials.as_ref().map(|directory| directory.join(CREDENTIAL)) else { return Ok(None) };
        found(fs::read_to_string(&path).map(Zeroizing::new)).map_err(|error| KeyError::File { file: path, error })
    }

    fn read_file(&self) -> Result<Option<Zeroizing<String>>, KeyError> {
        let failed = |error| KeyError::File { file: self.file.clone(), error };
        let Some(mut file) = found(fs::File::open(&self.file)).map_err(failed)? else { return Ok(None) };
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { file: self.file.clone(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(failed)?;
        Ok(Some(text))
    }

    /// The key must outlive a power failure, or the database that is created with it is lost: file and directory are
    /// flushed.
    fn create(&self) -> Result<MasterKey, KeyError> {
        let failed = |error| KeyError::File { file: self.file.clone(), error };
        let key = MasterKey::generate(Origin::File(self.file.clone()))?;
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file).map_err(failed)?;
        writeln!(file, "{}", key.to_base64().as_str()).and_then(|()| file.sync_all()).map_err(failed)?;
        let directory = self.file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        Ok(key)
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
