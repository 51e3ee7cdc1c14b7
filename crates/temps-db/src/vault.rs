//! Sealing of secret columns, so that the database without the master key gives nothing away.
//!
//! A value is sealed with a *data key* of its owner: the instance, a project, or a person. Data keys stand in the
//! database, themselves sealed with the *master key*, which does not. Destroying a data key destroys all that it
//! sealed, in backups made later too. Data keys are read for each use and not kept, so a destroyed one is gone at once
//! on every node.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict,
};
use temps_model::{DataKeyId, Secret};

mod key;
mod master;
mod opener;
mod owner;
mod place;
mod sealed;
mod sources;

pub use key::{DataKey, VaultError};
pub(crate) use master::MasterKey;
pub use master::{KeyError, Origin};
pub use opener::Opener;
pub use owner::KeyOwner;
pub use place::Place;
pub use sealed::SealedBytes;
pub use sources::KeySources;

use crate::{DbError, WriteTransaction, entities::data_key};

/// Seals and opens values. Holds the master key.
pub struct Vault {
    master: MasterKey,
}

impl Vault {
    pub(crate) fn new(master: MasterKey) -> Self {
        Self { master }
    }

    /// Seals `plaintext` for `place` with the owner's key, which is made if there is none.
    pub async fn seal(
        &self,
        transaction: &WriteTransaction,
        owner: KeyOwner,
        place: &Place,
        plaintext: &[u8],
    ) -> Result<SealedBytes, DbError> {
        Ok(self.key_of(transaction, owner).await?.seal(place, plaintext)?)
    }

    /// Opens what was sealed for `place`. A value that was altered, cut, or belongs elsewhere is refused with
    /// [`VaultError::Tampered`] and reported as a security event (R-SEC-2).
    pub async fn open(
        &self,
        connection: &impl ConnectionTrait,
        place: &Place,
        sealed: &SealedBytes,
    ) -> Result<Secret<Vec<u8>>, DbError> {
        Ok(self.opener(connection, [sealed]).await?.open(place, sealed)?)
    }

    /// Reads the keys of many values, each once, so that they can be opened without asking the database again.
    pub async fn opener(
        &self,
        connection: &impl ConnectionTrait,
        values: impl IntoIterator<Item = &SealedBytes>,
    ) -> Result<Opener, DbError> {
        Opener::new(self, connection, values).await
    }

    /// The owner's key for sealing several values; made if there is none.
    pub async fn key_of(&self, transaction: &WriteTransaction, owner: KeyOwner) -> Result<DataKey, DbError> {
        let owner = owner.to_string();
        let latest = data_key::Entity::find()
            .filter(data_key::Column::Owner.eq(&owner))
            .order_by_desc(data_key::Column::Version)
            .one(transaction)
            .await?;
        match latest {
            Some(row) if row.destroyed_at.is_none() => Ok(self.unwrap(row)?),
            latest => self.create(transaction, owner, latest.map_or(0, |row| row.version) + 1).await,
        }
    }

    /// Destroys all keys of the owner, and with them everything that they sealed. Tells how many there were.
    pub async fn destroy(&self, transaction: &WriteTransaction, owner: KeyOwner) -> Result<u64, DbError> {
        let destroyed = data_key::Entity::update_many()
            .set(data_key::ActiveModel {
                wrapped: Set(SealedBytes::empty()),
                destroyed_at: Set(Some(transaction.now())),
                ..Default::default()
            })
            .filter(data_key::Column::Owner.eq(owner.to_string()))
            .filter(data_key::Column::DestroyedAt.is_null())
            .exec(transaction)
            .await?;
        Ok(destroyed.rows_affected)
    }

    /// Another transaction may create the same key at the same time; the first to commit wins and both use its key.
    async fn create(&self, transaction: &WriteTransaction, owner: String, version: i32) -> Result<DataKey, DbError> {
        let id = DataKeyId::generate(transaction.now());
        let key = DataKey::generate(id, version)?;
        let row = data_key::ActiveModel {
            id: Set(id),
            owner: Set(owner.clone()),
            version: Set(version),
            wrapped: Set(self.master.wrap(&key)?),
            created_at: Set(transaction.now()),
            destroyed_at: Set(None),
        };
        data_key::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([data_key::Column::Owner, data_key::Column::Version]).do_nothing().to_owned(),
            )
            .exec_without_returning(transaction)
            .await?;
        let row = data_key::Entity::find()
            .filter(data_key::Column::Owner.eq(owner))
            .filter(data_key::Column::Version.eq(version))
            .one(transaction)
            .await?
            .ok_or(DbError::NotFound)?;
        Ok(self.unwrap(row)?)
    }

    fn unwrap(&self, row: data_key::Model) -> Result<DataKey, VaultError> {
        if row.destroyed_at.is_some() {
            return Err(VaultError::Destroyed);
        }
        self.master.unwrap(row.id, row.version, &row.wrapped)
    }
}
