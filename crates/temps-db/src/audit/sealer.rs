//! Linking committed records into the chain, so that no transaction has to wait for the chain's head.

use std::time::Duration;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use temps_model::{AuditId, Timestamp};

use super::chain::{Digest, SealedRecord};
use crate::{
    Database, DbError, WriteTransaction,
    entities::{audit_record, lease},
};

const LEASE: &str = "audit-sealer";

/// For how long nobody else seals after this sealer did. It only keeps nodes out of each other's way: that there is one
/// chain is ensured by the lock on the lease's row.
const LEASE_TIME: Duration = Duration::from_millis(500);

/// How often a sealer looks without being told, for records of other nodes.
const POLL: Duration = Duration::from_millis(250);

/// How many records one transaction seals.
const BATCH: u64 = 256;

/// Seals the records of an instance. Every node runs one; at any time one of them does the work.
pub struct Sealer {
    database: Database,
    holder: String,
}

impl Sealer {
    pub fn new(database: Database) -> Self {
        let holder = AuditId::generate(database.now()).to_string();
        Self { database, holder }
    }

    /// Seals records as they are committed, until `shutdown` is ready; then once more.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut failing = false;
        loop {
            failing = self.seal_reporting(failing).await;
            tokio::select! {
                () = &mut shutdown => break,
                () = self.database.audited() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        self.seal_reporting(failing).await;
    }

    /// Seals all that is committed, unless another sealer is at work. Tells how many there were.
    pub async fn seal_pending(&self) -> Result<u64, DbError> {
        let mut sealed = 0;
        while self.is_any_pending().await? {
            match self.database.write(|transaction| async move { self.seal_batch(&transaction).await }).await? {
                0 => break,
                batch => sealed += batch,
            }
        }
        Ok(sealed)
    }

    /// A failure is no reason to stop: the records stay where they are and are sealed later. It is reported once, not
    /// at each attempt. Tells whether sealing fails now.
    async fn seal_reporting(&self, failing: bool) -> bool {
        let result = self.seal_pending().await;
        match &result {
            Err(error) if !failing => tracing::error!(%error, "audit records cannot be sealed; trying on"),
            Ok(_) if failing => tracing::info!("audit records are sealed again"),
            Err(_) | Ok(_) => {}
        }
        result.is_err()
    }

    /// Asked of a connection that only reads, so that an idle instance writes nothing.
    async fn is_any_pending(&self) -> Result<bool, DbError> {
        let pending = audit_record::Entity::find().filter(audit_record::Column::Seq.is_null());
        Ok(pending.limit(1).count(self.database.read()).await? > 0)
    }

    async fn seal_batch(&self, transaction: &WriteTransaction) -> Result<u64, DbError> {
        if !self.take_lease(transaction).await? {
            return Ok(0);
        }
        let (mut seq, mut hash, before) = head(transaction).await?;
        let pending = audit_record::Entity::find()
            .filter(audit_record::Column::Seq.is_null())
            .order_by_asc(audit_record::Column::CreatedAt)
            .order_by_asc(audit_record::Column::Id)
            .limit(BATCH)
            .all(transaction)
            .await?;
        let count = pending.len() as u64;
        // The clock may go back, the chain does not.
        let sealed_at = before.max(transaction.now());
        for row in pending {
            let record = SealedRecord::link(seq + 1, sealed_at, hash, row.body);
            store(transaction, row.id, &record).await?;
            (seq, hash) = (record.seq, record.hash);
        }
        Ok(count)
    }

    /// Takes or renews the lease and holds its row until the transaction ends.
    async fn take_lease(&self, transaction: &WriteTransaction) -> Result<bool, DbError> {
        let now = transaction.now();
        let free =
            lease::ActiveModel { name: Set(LEASE.to_owned()), holder: Set(self.holder.clone()), expires_at: Set(now) };
        lease::Entity::insert(free)
            .on_conflict(OnConflict::column(lease::Column::Name).do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
        let taken = lease::Entity::update_many()
            .set(lease::ActiveModel {
                holder: Set(self.holder.clone()),
                expires_at: Set(now.after(LEASE_TIME)),
                ..Default::default()
            })
            .filter(lease::Column::Name.eq(LEASE))
            .filter(Condition::any().add(lease::Column::Holder.eq(&self.holder)).add(lease::Column::ExpiresAt.lte(now)))
            .exec(transaction)
            .await?;
        Ok(taken.rows_affected == 1)
    }
}

/// The last sealed record: its number, its hash, and when it was sealed.
async fn head(transaction: &WriteTransaction) -> Result<(i64, Digest, Timestamp), DbError> {
    let last = audit_record::Entity::find()
        .filter(audit_record::Column::Seq.is_not_null())
        .order_by_desc(audit_record::Column::Seq)
        .one(transaction)
        .await?;
    let Some(last) = last else { return Ok((0, Digest::ORIGIN, Timestamp::from_micros(i64::MIN))) };
    match (last.seq, last.hash.as_deref().and_then(Digest::from_slice), last.sealed_at) {
        (Some(seq), Some(hash), Some(sealed_at)) => Ok((seq, hash, sealed_at)),
        _ => Err(DbError::Other("the last sealed audit record is damaged".into())),
    }
}

/// The only update of an audit record that there is; it meets only a record that is not sealed.
async fn store(transaction: &WriteTransaction, id: AuditId, record: &SealedRecord) -> Result<(), DbError> {
    let updated = audit_record::Entity::update_many()
        .set(audit_record::ActiveModel {
            seq: Set(Some(record.seq)),
            sealed_at: Set(Some(Timestamp::from_micros(record.sealed_at))),
            previous_hash: Set(Some(record.previous_hash.as_bytes().to_vec())),
            hash: Set(Some(record.hash.as_bytes().to_vec())),
            ..Default::default()
        })
        .filter(audit_record::Column::Id.eq(id))
        .filter(audit_record::Column::Seq.is_null())
        .exec(transaction)
        .await?;
    if updated.rows_affected == 1 { Ok(()) } else { Err(DbError::NotFound) }
}
