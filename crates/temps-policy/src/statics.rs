//! Static sites: an immutable manifest of content-addressed files.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    io::{self, Read, Seek},
    str::FromStr,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use temps_model::Timestamp;

/// The name of a blob: the SHA-256 of its uncompressed content, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobId(pub [u8; 32]);

/// In which form a blob is read: as it was uploaded, or compressed then (RFC 9110 §8.4.1, RFC 7932).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

/// Where blobs are read from. May touch a disk, so the edge calls it on its blocking pool only.
pub trait BlobSource: fmt::Debug + Send + Sync {
    fn open(&self, id: BlobId, encoding: Encoding) -> io::Result<Box<dyn ReadSeek + Send>>;
}

/// Something that can be read from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The saved form of a static deployment: the path of each file, without leading slash, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub files: BTreeMap<String, FileEntry>,
}

/// One file of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    pub blob: BlobId,
    /// Bytes of the content as uploaded.
    pub size: u64,
    /// The value of `Content-Type`.
    pub media_type: String,
    /// Bytes of the compressed forms, where they exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gzip: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brotli: Option<u64>,
}

/// The compiled form: what the edge serves.
#[derive(Debug)]
pub struct StaticSite {
    pub files: HashMap<Box<str>, FileEntry>,
    /// When its deployment was created, the value of `Last-Modified`. A rollback brings an earlier one back, so that only the very same date
    /// stands for the same version, never a later one.
    pub modified: Timestamp,
    pub blobs: Arc<dyn BlobSource>,
}

impl StaticSite {
    pub fn new(manifest: Manifest, modified: Timestamp, blobs: Arc<dyn BlobSource>) -> Self {
        let files = manifest.files.into_iter().map(|(path, file)| (path.into_boxed_str(), file)).collect();
        Self { files, modified, blobs }
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a SHA-256 in hexadecimal")]
pub struct BlobIdError;

impl FromStr for BlobId {
    type Err = BlobIdError;

    fn from_str(text: &str) -> Result<Self, BlobIdError> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(BlobIdError);
        }
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| BlobIdError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BlobIdError)?;
        }
        Ok(Self(id))
    }
}

impl TryFrom<String> for BlobId {
    type Error = BlobIdError;

    fn try_from(text: String) -> Result<Self, BlobIdError> {
        text.parse()
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.to_string()
    }
}
