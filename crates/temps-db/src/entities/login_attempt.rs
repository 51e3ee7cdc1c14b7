//! The latest logins of a user, and those that failed.

use sea_orm::entity::prelude::*;
use temps_model::{LoginAttemptId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LoginAttemptId,
    pub user_id: UserId,
    /// Of several, the latest.
    pub at: Timestamp,
    pub succeeded: bool,
    /// What was given: `password`, `totp` and so on.
    pub method: String,
    pub ip: String,
    pub user_agent: String,
    /// How many this row stands for; more than one only for failures.
    pub attempts: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | UserId | At | Succeeded | Method | Attempts => Tag::None,
            Ip | UserAgent => Tag::Personal,
        }
    }
}
