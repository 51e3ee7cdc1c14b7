//! Proofs of work that were accepted, so that each is accepted once.

use sea_orm::entity::prelude::*;
use temps_model::Timestamp;

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spent_proofs")]
pub struct Model {
    /// SHA-256 of the challenge's signature.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Hash | ExpiresAt => Tag::None,
        }
    }
}
