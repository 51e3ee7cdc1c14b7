//! Running copies of an application.

use sea_orm::entity::prelude::*;
use temps_model::{DeploymentId, EnvironmentId, EnvironmentSlug, ProjectId, Timestamp};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "environments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EnvironmentId,
    pub project_id: ProjectId,
    /// Unique in the project.
    pub slug: EnvironmentSlug,
    /// No foreign key, because deployments point back at their environment.
    pub live_deployment_id: Option<DeploymentId>,
    pub created_at: Timestamp,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
}

impl Related<super::project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | ProjectId | Slug | LiveDeploymentId | CreatedAt | Version => Tag::None,
        }
    }
}
