//! Up to when refusals of a project are missing, because there were too many. The nil project stands for all: the file's beginning.

use sea_orm::entity::prelude::*;
use temps_model::{ProjectId, Timestamp};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refusal_gaps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: ProjectId,
    pub until: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        match column {
            Column::ProjectId | Column::Until => Tag::None,
        }
    }
}
