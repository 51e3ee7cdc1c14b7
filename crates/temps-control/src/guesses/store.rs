//! Counters in the database.

use std::time::Duration;

use super::{factor::Limits, price::Payment, tally::Tally};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, TryInsertResult, sea_query::OnConflict,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{guess_count, spent_proof},
};

/// After this time even a thousand failures have faded to nothing.
const FADED: Duration = Duration::from_secs(10 * 86_400);

/// The counter, locked until the transaction ends. Only a row can be locked, so it is made first.
pub(super) async fn lock(transaction: &WriteTransaction, key: &str) -> Result<Tally, DbError> {
    let row = active(key, &Tally::default());
    let insert = guess_count::Entity::insert(row).on_conflict_do_nothing_on([guess_count::Column::Bucket]);
    insert.exec_without_returning(transaction).await?;
    let row = guess_count::Entity::find_by_id(key).lock_exclusive().one(transaction).await?;
    let row = row.ok_or(DbError::NotFound)?;
    Ok(Tally {
        thousandths: u32::try_from(row.thousandths).unwrap_or_default(),
        last_at: row.last_at,
        not_before: row.not_before,
    })
}

pub(super) async fn save(transaction: &WriteTransaction, key: &str, tally: &Tally) -> Result<(), DbError> {
    let replace = OnConflict::column(guess_count::Column::Bucket)
        .update_columns([guess_count::Column::Thousandths, guess_count::Column::LastAt, guess_count::Column::NotBefore])
        .to_owned();
    guess_count::Entity::insert(active(key, tally)).on_conflict(replace).exec_without_returning(transaction).await?;
    Ok(())
}

pub(super) async fn clear(transaction: &WriteTransaction, key: &str) -> Result<(), DbError> {
    guess_count::Entity::delete_by_id(key).exec(transaction).await?;
    Ok(())
}

/// Takes one failure back.
pub(super) async fn give_back(transaction: &WriteTransaction, key: &str, limits: &Limits) -> Result<(), DbError> {
    let tally = lock(transaction, key).await?.give_back(limits, transaction.now());
    save(transaction, key, &tally).await
}

/// Marks a proof of work as used; `false` if it was already.
pub(super) async fn spend(transaction: &WriteTransaction, payment: &Payment) -> Result<bool, DbError> {
    let row = spent_proof::ActiveModel { hash: Set(payment.hash().to_vec()), expires_at: Set(payment.expires_at()) };
    let insert = spent_proof::Entity::insert(row).on_conflict_do_nothing_on([spent_proof::Column::Hash]);
    Ok(matches!(insert.exec_without_returning(transaction).await?, TryInsertResult::Inserted(1)))
}

/// Forgets counters that have faded and proofs that have expired.
pub async fn forget_faded(transaction: &WriteTransaction) -> Result<u64, DbError> {
    let now = transaction.now();
    let faded = guess_count::Column::LastAt.lt(now.before(FADED));
    let expired = spent_proof::Column::ExpiresAt.lt(now);
    let counters = guess_count::Entity::delete_many().filter(faded).exec(transaction).await?;
    let proofs = spent_proof::Entity::delete_many().filter(expired).exec(transaction).await?;
    Ok(counters.rows_affected + proofs.rows_affected)
}

fn active(key: &str, tally: &Tally) -> guess_count::ActiveModel {
    guess_count::ActiveModel {
        bucket: Set(key.to_owned()),
        thousandths: Set(i32::try_from(tally.thousandths).unwrap_or(i32::MAX)),
        last_at: Set(tally.last_at),
        not_before: Set(tally.not_before),
    }
}
