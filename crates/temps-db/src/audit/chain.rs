//! The hash chain: `h_n = SHA-256("temps-audit-v1" ‖ seq ‖ sealed_at ‖ h_{n-1} ‖ body)`, with both numbers as 8 bytes,
//! big-endian, and 32 zero bytes as `h_0`.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{Context, SHA256};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use temps_model::Timestamp;

use super::{Body, Fault};
use crate::{DbError, entities::audit_record};

const DOMAIN: &[u8] = b"temps-audit-v1";

/// A SHA-256 digest, written in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What comes before the first record.
    pub const ORIGIN: Self = Self([0; 32]);

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// A record with its place in the chain, as it stands in the database and, one a line, in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRecord {
    /// Counts from 1 without a gap.
    pub seq: i64,
    /// Microseconds since 1970-01-01 in UTC; never less than that of the record before.
    pub sealed_at: i64,
    pub previous_hash: Digest,
    pub hash: Digest,
    /// The exact text that was hashed; a [`Body`].
    pub body: String,
}

impl SealedRecord {
    /// Links `body` to the record before it.
    pub(super) fn link(seq: i64, sealed_at: Timestamp, previous_hash: Digest, body: String) -> Self {
        let mut record = Self { seq, sealed_at: sealed_at.micros(), previous_hash, hash: Digest::ORIGIN, body };
        record.hash = record.computed_hash();
        record
    }

    pub(super) fn computed_hash(&self) -> Digest {
        let mut hash = Context::new(&SHA256);
        hash.update(DOMAIN);
        hash.update(&self.seq.to_be_bytes());
        hash.update(&self.sealed_at.to_be_bytes());
        hash.update(&self.previous_hash.0);
        hash.update(self.body.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        Digest(bytes)
    }

    /// Reads a line of an export.
    pub fn from_line(line: &str) -> Result<Self, Fault> {
        serde_json::from_str(line).map_err(|error| Fault::Unreadable(error.to_string()))
    }

    /// Writes a line of an export, without its end.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a row. The columns by which records are found repeat parts of the body and must agree with it.
    fn from_row(row: audit_record::Model) -> Result<Self, Fault> {
        let unreadable = |what: &str| Fault::Unreadable(what.to_owned());
        let digest = |bytes: Option<Vec<u8>>| {
            bytes.and_then(|bytes| Digest::from_slice(&bytes)).ok_or_else(|| unreadable("a hash is not 32 bytes"))
        };
        let body = Body::parse(&row.body).map_err(|error| Fault::Unreadable(error.to_string()))?;
        let agrees = body.id == row.id
            && body.time == row.created_at
            && body.action == row.action
            && body.outcome == row.outcome
            && body.project == row.project_id
            && body.actor.id == row.actor_id;
        if !agrees {
            return Err(Fault::Edited);
        }
        Ok(Self {
            seq: row.seq.ok_or_else(|| unreadable("it is not sealed"))?,
            sealed_at: row.sealed_at.ok_or_else(|| unreadable("it is not sealed"))?.micros(),
            previous_hash: digest(row.previous_hash)?,
            hash: digest(row.hash)?,
            body: row.body,
        })
    }
}

/// Up to `limit` sealed records after `seq`, in the order of the chain; what is wrong with one that cannot be read.
pub async fn sealed_records(
    connection: &impl ConnectionTrait,
    after: i64,
    limit: u64,
) -> Result<Vec<(i64, Result<SealedRecord, Fault>)>, DbError> {
    let rows = audit_record::Entity::find()
        .filter(audit_record::Column::Seq.gt(after))
        .order_by_asc(audit_record::Column::Seq)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.seq.unwrap_or(after), SealedRecord::from_row(row))).collect())
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ERROR: &str = "a hash is 64 digits 0 to 9 and a to f";
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ERROR);
        }
        let mut bytes = [0; 32];
        for (byte, index) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[index..index + 2], 16).map_err(|_| ERROR)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
