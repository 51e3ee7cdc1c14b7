//! The form of a sealed value: format (1 byte), key id (16), version of the key (4, big-endian), nonce (12), ciphertext
//! with its tag (16 more than the plaintext).

use aws_lc_rs::aead::NONCE_LEN;
use sea_orm::DeriveValueType;
use temps_model::DataKeyId;
use uuid::Uuid;

/// The only form there is so far: AES-256-GCM-SIV (RFC 8452).
const FORMAT: u8 = 1;
const HEADER: usize = 1 + 16 + 4 + NONCE_LEN;

/// A sealed value as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, DeriveValueType)]
pub struct SealedBytes(Vec<u8>);

/// The parts of a sealed value.
pub(super) struct Parts<'a> {
    pub key: DataKeyId,
    pub version: i32,
    pub nonce: [u8; NONCE_LEN],
    pub ciphertext: &'a [u8],
}

impl SealedBytes {
    /// Takes what [`as_bytes`](Self::as_bytes) gave; whether it is a sealed value shows when it is opened.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key that the value says it was sealed with; none if it is no sealed value.
    pub fn key_id(&self) -> Option<DataKeyId> {
        self.parts().map(|parts| parts.key)
    }

    /// What is left of a value that was destroyed.
    pub(super) fn empty() -> Self {
        Self(Vec::new())
    }

    pub(super) fn join(parts: &Parts<'_>) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + parts.ciphertext.len());
        bytes.push(FORMAT);
        bytes.extend(parts.key.uuid().as_bytes());
        bytes.extend(parts.version.to_be_bytes());
        bytes.extend(parts.nonce);
        bytes.extend(parts.ciphertext);
        Self(bytes)
    }

    pub(super) fn parts(&self) -> Option<Parts<'_>> {
        let (&[format], rest) = self.0.split_first_chunk::<1>()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        (format == FORMAT).then_some(Parts {
            key: DataKeyId::from_uuid(Uuid::from_bytes(*key)),
            version: i32::from_be_bytes(*version),
            nonce: *nonce,
            ciphertext,
        })
    }
}
