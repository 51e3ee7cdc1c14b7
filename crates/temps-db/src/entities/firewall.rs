//! The mode and limits of one scope; a scope without a row has the defaults.

use sea_orm::entity::prelude::*;
use temps_model::{EnvironmentId, ProjectId, Timestamp};

use crate::tags::{Tag, Tagged};

/// Which requests a firewall sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum FirewallScope {
    /// Every host.
    #[sea_orm(string_value = "instance")]
    Instance,
    /// Dashboard and API only.
    #[sea_orm(string_value = "console")]
    Console,
    #[sea_orm(string_value = "project")]
    Project,
    #[sea_orm(string_value = "environment")]
    Environment,
}

/// What happens to a client that is on no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum FirewallMode {
    /// It passes.
    #[sea_orm(string_value = "open")]
    Open,
    /// It is refused.
    #[sea_orm(string_value = "allow_list")]
    AllowList,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "firewalls")]
pub struct Model {
    /// `instance`, `console`, `project:ID` or `environment:ID`: what makes the scope unique where ids are null.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_key: String,
    pub scope: FirewallScope,
    pub project_id: Option<ProjectId>,
    pub environment_id: Option<EnvironmentId>,
    pub mode: FirewallMode,
    /// JSON.
    pub limits: String,
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
            ScopeKey | Scope | ProjectId | EnvironmentId | Mode | Limits | Version | UpdatedAt => Tag::None,
        }
    }
}
