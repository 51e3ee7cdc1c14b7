//! Mail that waits to be sent.

use sea_orm::entity::prelude::*;
use temps_model::{EmailAddress, MailId, Timestamp, UserId};

use crate::{
    tags::{Tag, Tagged},
    vault::SealedBytes,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MailId,
    /// Whom it is about; it goes with them.
    pub user_id: UserId,
    pub recipient: EmailAddress,
    /// Subject and text as JSON, sealed.
    pub content: SealedBytes,
    pub created_at: Timestamp,
    /// After this nobody needs it any more.
    pub expires_at: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
    pub attempts: i32,
    /// Why the last attempt failed, in the mail server's words.
    pub failure: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | UserId | CreatedAt | ExpiresAt | NextAt | Attempts | Failure => Tag::None,
            Recipient => Tag::Personal,
            Content => Tag::Secret,
        }
    }
}
