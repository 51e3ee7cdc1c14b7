//! Saved entries of firewalls.

use sea_orm::entity::prelude::*;
use temps_model::{EnvironmentId, Network, ProjectId, RuleId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

/// Which requests a rule sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RuleScope {
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
    /// Break-glass: set on the server's own console, stands above every other rule.
    #[sea_orm(string_value = "emergency")]
    Emergency,
}

/// What a rule does with a client in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RuleAction {
    #[sea_orm(string_value = "block")]
    Block,
    #[sea_orm(string_value = "allow")]
    Allow,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "firewall_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RuleId,
    pub scope: RuleScope,
    /// As in `firewalls`, or `emergency`.
    pub scope_key: String,
    pub project_id: Option<ProjectId>,
    pub environment_id: Option<EnvironmentId>,
    pub action: RuleAction,
    /// Unique per scope and action.
    pub network: Network,
    pub note: String,
    /// None where the operator wrote it on the server's own console.
    pub author: Option<UserId>,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub version: i32,
    /// When what it says was last changed; what it refused before was refused by what it said then.
    pub changed_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | Scope | ScopeKey | ProjectId | EnvironmentId | Action | Network | Author | ExpiresAt | CreatedAt
            | Version | ChangedAt => Tag::None,
            Note => Tag::Personal,
        }
    }
}
