//! How often a secret was guessed, by what is counted together.

use sea_orm::entity::prelude::*;
use temps_model::Timestamp;

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guess_counts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Factor, origin and a keyed hash of the subject, such as `password account 9f…`.
    pub bucket: String,
    /// Thousandths of wrong guesses, as they were at `last_at`; they fade with time.
    pub thousandths: i32,
    pub last_at: Timestamp,
    /// A guess before this moment counts for nothing.
    pub not_before: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Bucket | Thousandths | LastAt | NotBefore => Tag::None,
        }
    }
}
