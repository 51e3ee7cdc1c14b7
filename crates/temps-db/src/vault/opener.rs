//! Opening many values with few queries.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use temps_model::{DataKeyId, Secret};

use super::{DataKey, Place, SealedBytes, Vault, VaultError};
use crate::{DbError, entities::data_key};

/// Keys in one query; databases limit the number of parameters.
const AT_ONCE: usize = 500;

/// The keys of some values, each read once. Made for one answer and dropped with it, so that a key that was destroyed is gone with the next.
pub struct Opener(HashMap<DataKeyId, Result<DataKey, VaultError>>);

impl Opener {
    pub(super) async fn new(
        vault: &Vault,
        connection: &impl ConnectionTrait,
        values: impl IntoIterator<Item = &SealedBytes>,
    ) -> Result<Self, DbError> {
        let ids: HashSet<DataKeyId> = values.into_iter().filter_map(SealedBytes::key_id).collect();
        let ids: Vec<DataKeyId> = ids.into_iter().collect();
        let mut keys = HashMap::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let rows = data_key::Entity::find().filter(data_key::Column::Id.is_in(some.iter().copied()));
            keys.extend(rows.all(connection).await?.into_iter().map(|row| (row.id, vault.unwrap(row))));
        }
        Ok(Self(keys))
    }

    /// Opens one of the values, as [`Vault::open`] does.
    pub fn open(&self, place: &Place, sealed: &SealedBytes) -> Result<Secret<Vec<u8>>, VaultError> {
        match sealed.key_id().and_then(|id| self.0.get(&id)) {
            Some(Ok(key)) => key.open(place, sealed),
            Some(Err(error)) => Err(error.clone()),
            None => Err(VaultError::tampered(place)),
        }
    }
}
