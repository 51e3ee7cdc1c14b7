//! Host names of environments, unique in the instance.

use sea_orm::entity::prelude::*;
use temps_model::{DomainId, EnvironmentId, HostName, ProjectId, Timestamp};

use crate::tags::{Tag, Tagged};

/// Where a host name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DomainKind {
    /// Made by Temps under `apps_domain`.
    #[sea_orm(string_value = "generated")]
    Generated,
    /// Added by a member.
    #[sea_orm(string_value = "custom")]
    Custom,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    pub project_id: ProjectId,
    pub environment_id: EnvironmentId,
    #[sea_orm(unique)]
    pub host: HostName,
    pub kind: DomainKind,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
    #[sea_orm(
        belongs_to = "super::environment::Entity",
        from = "Column::EnvironmentId",
        to = "super::environment::Column::Id"
    )]
    Environment,
}

impl Related<super::project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl Related<super::environment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Environment.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | ProjectId | EnvironmentId | Host | Kind | CreatedAt => Tag::None,
        }
    }
}
