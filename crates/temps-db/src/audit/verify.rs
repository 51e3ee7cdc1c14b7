//! Finding out whether the chain was changed after it was sealed.
//!
//! Without a signed checkpoint kept elsewhere it cannot be seen that the end was cut off, or that the whole chain was
//! computed anew.

use std::fmt;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::{Digest, SealedRecord, chain::sealed_records};
use crate::{DbError, entities::audit_record};

const PAGE: u64 = 1_000;

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many records were looked at.
    pub records: u64,
    /// Sequence number and hash of the last record of the unbroken part, from 0 and the origin.
    pub head: (i64, Digest),
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
    /// How many records are not part of the chain yet; none where only an export was looked at.
    pub unsealed: Option<u64>,
}

/// Where the chain is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The sequence number of the first record that is not as it was sealed, or that is missing.
    pub seq: i64,
    pub fault: Fault,
}

/// How a record differs from what was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no record at all.
    Unreadable(String),
    /// Its content does not have its hash.
    Edited,
    /// It is not there, while later ones are.
    Missing,
    /// There are two with its number.
    Inserted,
    /// It stands elsewhere.
    Reordered,
    /// It is whole, but follows another record than the one before it: it comes from another chain.
    Spliced,
    /// It says that it was sealed before the record before it.
    ClockWentBack,
}

/// Verifies records in the order in which they stand.
pub fn verify(records: impl IntoIterator<Item = Result<SealedRecord, Fault>>) -> Verdict {
    let mut verifier = Verifier::default();
    for record in records {
        verifier.look(record);
    }
    verifier.verdict()
}

/// Verifies the chain in the database, and counts the records that are not in it yet.
pub async fn verify_database(connection: &impl ConnectionTrait) -> Result<Verdict, DbError> {
    let mut verifier = Verifier::default();
    // Anything below 1 is no number of a record; it must be found all the same.
    let mut last = i64::MIN;
    loop {
        let page = sealed_records(connection, last, PAGE).await?;
        let Some((seq, _)) = page.last() else { break };
        last = *seq;
        for (_, record) in page {
            verifier.look(record);
        }
    }
    let unsealed = audit_record::Entity::find().filter(audit_record::Column::Seq.is_null()).count(connection).await?;
    Ok(Verdict { unsealed: Some(unsealed), ..verifier.verdict() })
}

/// Verifies a chain record by record.
#[derive(Debug)]
pub struct Verifier {
    records: u64,
    seq: i64,
    hash: Digest,
    sealed_at: i64,
    finding: Option<Finding>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { records: 0, seq: 0, hash: Digest::ORIGIN, sealed_at: i64::MIN, finding: None }
    }
}

impl Verifier {
    /// Looks at the next record.
    pub fn look(&mut self, record: Result<SealedRecord, Fault>) {
        self.records += 1;
        match (&mut self.finding, record) {
            (None, record) => self.follow(record),
            // The missing record turns up further on.
            (Some(Finding { seq, fault: fault @ Fault::Missing }), Ok(record)) if record.seq == *seq => {
                *fault = Fault::Reordered;
            }
            (Some(_), _) => {}
        }
    }

    pub fn verdict(self) -> Verdict {
        Verdict { records: self.records, head: (self.seq, self.hash), finding: self.finding, unsealed: None }
    }

    fn follow(&mut self, record: Result<SealedRecord, Fault>) {
        let expected = self.seq + 1;
        self.finding = match record {
            Err(fault) => Some(Finding { seq: expected, fault }),
            Ok(record) => match self.fault(&record) {
                Some(fault @ (Fault::Inserted | Fault::Reordered)) => Some(Finding { seq: record.seq, fault }),
                Some(fault) => Some(Finding { seq: expected, fault }),
                None => {
                    (self.seq, self.hash, self.sealed_at) = (record.seq, record.hash, record.sealed_at);
                    None
                }
            },
        };
    }

    /// What is wrong with `record` as the next one. Its own hash comes first: if that is wrong, nothing that the record
    /// says about itself can be relied on.
    fn fault(&self, record: &SealedRecord) -> Option<Fault> {
        if record.computed_hash() != record.hash {
            return Some(Fault::Edited);
        }
        match record.seq.saturating_sub(self.seq) {
            1 if record.previous_hash != self.hash => Some(Fault::Spliced),
            1 if record.sealed_at < self.sealed_at => Some(Fault::ClockWentBack),
            1 => None,
            0 => Some(Fault::Inserted),
            step if step < 0 => Some(Fault::Reordered),
            _ => Some(Fault::Missing),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} {}", self.seq, self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "is no audit record: {why}"),
            Self::Edited => f.write_str("was edited: its content does not have its hash"),
            Self::Missing => f.write_str("is missing"),
            Self::Inserted => f.write_str("is there twice: one was inserted"),
            Self::Reordered => f.write_str("stands in the wrong place"),
            Self::Spliced => f.write_str("comes from another chain: it does not follow the record before it"),
            Self::ClockWentBack => f.write_str("was sealed before the record before it: the clock went back"),
        }
    }
}

#[cfg(test)]
mod tests {
    use temps_model::Timestamp;

    use super::*;

    fn chain(times: &[i64]) -> Vec<SealedRecord> {
        let mut hash = Digest::ORIGIN;
        let link = |(seq, time): (i64, &i64)| {
            let record = SealedRecord::link(seq, Timestamp::from_micros(*time), hash, format!("{{\"n\":{seq}}}"));
            hash = record.hash;
            record
        };
        (1..).zip(times).map(link).collect()
    }

    /// A sealer that had followed its clock back would have made such a chain.
    #[test]
    fn r_aud_4_a_clock_that_went_back_is_found() {
        assert_eq!(verify(chain(&[5, 7, 7, 9]).into_iter().map(Ok)).finding, None);
        let finding = verify(chain(&[5, 7, 6, 9]).into_iter().map(Ok)).finding;
        assert_eq!(finding, Some(Finding { seq: 3, fault: Fault::ClockWentBack }));
    }

    /// A forged record whose own hash is right.
    #[test]
    fn r_aud_4_an_inserted_record_is_found_though_its_hash_is_right() {
        let mut records = chain(&[5, 6, 7]);
        let forged = SealedRecord::link(2, Timestamp::from_micros(5), records[0].hash, "{\"n\":\"forged\"}".into());
        records.insert(1, forged);
        let finding = verify(records.into_iter().map(Ok)).finding;
        assert_eq!(finding, Some(Finding { seq: 2, fault: Fault::Inserted }));
    }

    #[test]
    fn the_hash_is_the_documented_one() {
        let [record] = chain(&[5]).try_into().expect("one record");
        let mut input = b"temps-audit-v1".to_vec();
        input.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5]);
        input.extend([0; 32]);
        input.extend(b"{\"n\":1}");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &input);
        assert_eq!(record.hash.as_bytes(), digest.as_ref());
    }
}
