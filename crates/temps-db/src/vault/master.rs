//! The master key: where it comes from, and how it is known to be the right one.

use std::{fmt, io, path::PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use temps_model::{DataKeyId, Secret};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Place, SealedBytes, VaultError,
    key::{DataKey, KEY_LEN, random},
};
use crate::entities::{data_key, instance};

/// What the key-check value says when it is opened.
const CHECK: &[u8] = b"this is the master key";

/// Why there is no master key to work with. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "the master key is missing, and without it the secrets in the database cannot be read; it was looked for in the \
         environment variable TEMPS_MASTER_KEY, in the systemd credential temps-master-key and in the file {file}. Put \
         the key that this database was created with in one of these places; a new key would not open the old secrets, \
         so none is made"
    )]
    Missing { file: PathBuf },
    #[error(
        "the master key from {origin} is not the one that this database was created with (the key is {given}, the \
         database needs {needed}); put the right key there. Nothing was changed"
    )]
    Wrong { origin: Origin, given: String, needed: String },
    #[error(
        "the key-check value of the database does not open with the right master key; it is damaged: restore a backup"
    )]
    DamagedCheck,
    #[error("the master key from {origin} is not 32 bytes in base64")]
    Malformed { origin: Origin },
    #[error(
        "the master key file {file} can be read by others (its mode is {mode:04o}), so it may be known to them; allow \
         only its owner, chmod 600 {file}, and consider the key as seen"
    )]
    Exposed { file: PathBuf, mode: u32 },
    #[error("the master key in {file} cannot be read or written: {error}")]
    File { file: PathBuf, error: io::Error },
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Where a master key was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Environment,
    Credential,
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment variable TEMPS_MASTER_KEY"),
            Self::Credential => f.write_str("the systemd credential temps-master-key"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

/// The key that seals the data keys. Its id is derived from the key itself, so that a wrong one is told apart from a
/// damaged value.
pub struct MasterKey {
    key: DataKey,
    origin: Origin,
}

impl MasterKey {
    pub(super) fn generate(origin: Origin) -> Result<Self, VaultError> {
        Ok(Self::new(Secret::new(random()?), origin))
    }

    /// Reads 32 bytes in base64.
    pub(super) fn parse(text: &str, origin: Origin) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        match bytes.as_ref().map(|bytes| <[u8; KEY_LEN]>::try_from(bytes.as_slice())) {
            Ok(Ok(material)) => Ok(Self::new(Secret::new(material), origin)),
            _ => Err(KeyError::Malformed { origin }),
        }
    }

    pub(super) fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.key.material()))
    }

    fn new(material: Secret<[u8; KEY_LEN]>, origin: Origin) -> Self {
        let named = Zeroizing::new([b"temps-master-key-id".as_slice(), material.expose()].concat());
        let mut id = [0; 16];
        id.copy_from_slice(&digest(&SHA256, &named).as_ref()[..16]);
        Self { key: DataKey::new(DataKeyId::from_uuid(Uuid::from_bytes(id)), 1, material), origin }
    }

    /// The value that a new database keeps, so that only this key opens it from then on.
    pub(crate) fn check_value(&self) -> Result<String, KeyError> {
        Ok(STANDARD.encode(self.key.seal(&check_place(), CHECK)?.as_bytes()))
    }

    /// Whether this is the key that the database was created with.
    pub(crate) fn check(&self, value: &str) -> Result<(), KeyError> {
        let sealed = STANDARD.decode(value).map(SealedBytes::from_bytes).map_err(|_| KeyError::DamagedCheck)?;
        let needed = sealed.key_id().ok_or(KeyError::DamagedCheck)?;
        if needed != self.key.id() {
            let (given, needed) = (self.key.id().to_string(), needed.to_string());
            return Err(KeyError::Wrong { origin: self.origin.clone(), given, needed });
        }
        match self.key.try_open(&check_place(), &sealed) {
            Some(text) if text.expose() == CHECK => Ok(()),
            _ => Err(KeyError::DamagedCheck),
        }
    }

    pub(super) fn wrap(&self, key: &DataKey) -> Result<SealedBytes, VaultError> {
        self.key.seal(&Place::new(data_key::Column::Wrapped, key.id()), key.material())
    }

    pub(super) fn unwrap(&self, id: DataKeyId, version: i32, wrapped: &SealedBytes) -> Result<DataKey, VaultError> {
        let place = Place::new(data_key::Column::Wrapped, id);
        let opened = self.key.open(&place, wrapped)?;
        let material = <[u8; KEY_LEN]>::try_from(opened.expose().as_slice());
        let material = material.map_err(|_| VaultError::tampered(&place))?;
        Ok(DataKey::new(id, version, Secret::new(material)))
    }
}

fn check_place() -> Place {
    Place::new(instance::Column::Value, "key_check")
}
