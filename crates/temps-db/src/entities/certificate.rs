//! Chains and keys served for host names.

use sea_orm::entity::prelude::*;
use temps_model::{CertificateId, DataKeyId, HostName, Timestamp};

use crate::{
    tags::{Tag, Tagged},
    vault::SealedBytes,
};

/// Who signed a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum CertificateIssuer {
    /// The instance's own certificate authority.
    #[sea_orm(string_value = "local")]
    Local,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CertificateId,
    #[sea_orm(unique)]
    pub host: HostName,
    pub issuer: CertificateIssuer,
    /// PEM, the leaf first.
    pub chain: String,
    /// The private key in PKCS #8 DER, sealed.
    pub key: SealedBytes,
    /// The data key that `key` is sealed with.
    pub key_id: DataKeyId,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | Host | Issuer | Chain | KeyId | NotBefore | NotAfter | CreatedAt => Tag::None,
            Key => Tag::Secret,
        }
    }
}
