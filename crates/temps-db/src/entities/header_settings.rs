//! Which security headers a project sends; a project without a row has the defaults.

use sea_orm::entity::prelude::*;
use temps_model::{ProjectId, Timestamp};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "header_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: ProjectId,
    /// JSON of the policy's `HeaderSettings`.
    pub settings: String,
    pub version: i32,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            ProjectId | Settings | Version | UpdatedAt => Tag::None,
        }
    }
}
