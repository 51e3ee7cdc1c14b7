//! Immutable versions of environments.

use sea_orm::entity::prelude::*;
use temps_model::{DeploymentId, EnvironmentId, ProjectId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

/// What answers for a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeploymentKind {
    /// Files of its manifest.
    #[sea_orm(string_value = "static")]
    Static,
    /// Another HTTP server.
    #[sea_orm(string_value = "upstream")]
    Upstream,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deployments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeploymentId,
    pub project_id: ProjectId,
    pub environment_id: EnvironmentId,
    /// Counts the deployments of one environment from 1.
    pub number: i32,
    pub kind: DeploymentKind,
    /// SHA-256 of the manifest blob in hex; static deployments only.
    pub manifest: Option<String>,
    /// Upstream deployments only.
    pub upstream_url: Option<String>,
    pub files: i32,
    pub bytes: i64,
    pub created_by: UserId,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::environment::Entity",
        from = "Column::EnvironmentId",
        to = "super::environment::Column::Id"
    )]
    Environment,
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
            Id | ProjectId | EnvironmentId | Number | Kind | Manifest | UpstreamUrl | Files | Bytes | CreatedBy
            | CreatedAt => Tag::None,
        }
    }
}
