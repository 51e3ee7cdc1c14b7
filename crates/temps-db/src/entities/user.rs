//! People with a login.

use sea_orm::entity::prelude::*;
use temps_model::{EmailAddress, Timestamp, UserId};

use crate::{
    tags::{Tag, Tagged},
    vault::SealedBytes,
};

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum UserState {
    /// Created, but the link was not used yet, so there is no password.
    #[sea_orm(string_value = "invited")]
    Invited,
    #[sea_orm(string_value = "active")]
    Active,
    /// May not log in and has no sessions.
    #[sea_orm(string_value = "disabled")]
    Disabled,
}

/// The strongest second factor that a user has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SecondFactor {
    #[default]
    #[sea_orm(string_value = "none")]
    None,
    /// An authenticator that shows codes (RFC 6238).
    #[sea_orm(string_value = "totp")]
    Totp,
    /// A key of a device, bound to the console's host name (WebAuthn).
    #[sea_orm(string_value = "passkey")]
    Passkey,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    #[sea_orm(unique)]
    pub email: EmailAddress,
    pub name: String,
    /// The Argon2id hash in PHC format, sealed.
    pub password_hash: Option<SealedBytes>,
    /// Whether this is an instance administrator, which is no role of a project.
    pub administrator: bool,
    pub state: UserState,
    pub created_at: Timestamp,
    pub version: i32,
    /// Kept with each change of a factor, so that every call can be decided by it.
    pub second_factor: SecondFactor,
    /// Whether the invitation demanded one.
    pub second_factor_required: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | Administrator | State | CreatedAt | Version | SecondFactor | SecondFactorRequired => Tag::None,
            Email | Name => Tag::Personal,
            PasswordHash => Tag::Secret,
        }
    }
}
