//! What every column holds, so that export and erasure forget nothing (R-GDPR-1).
//!
//! The tag of a column stands beside it in its entity, in an exhaustive `match`: a column without a tag does not
//! compile, and a table or column of the real schema that no entity knows fails a test on both databases.

use sea_orm::{EntityTrait, IdenStatic, Iterable};
use sea_orm_migration::seaql_migrations;

use crate::{
    entities::*,
    telemetry::{gap, minute, refusal},
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Nothing about a person and nothing secret. Random ids of people count as this: they say nothing by themselves.
    None,
    /// Data about a person: part of an export, erased with the person.
    Personal,
    /// Sealed by the vault. Never part of an export.
    Secret,
}

/// An entity that says what each of its columns holds.
pub trait Tagged: EntityTrait {
    fn tag(column: &Self::Column) -> Tag;
}

/// One table of the schema with its columns and their tags.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<(String, Tag)>,
}

/// Every table of the schema.
pub fn inventory() -> Vec<Table> {
    vec![
        table::<audit_record::Entity>(),
        table::<certificate::Entity>(),
        table::<data_key::Entity>(),
        table::<deployment::Entity>(),
        table::<domain::Entity>(),
        table::<environment::Entity>(),
        table::<firewall::Entity>(),
        table::<firewall_rule::Entity>(),
        table::<guess_count::Entity>(),
        table::<header_settings::Entity>(),
        table::<instance::Entity>(),
        table::<instance_secret::Entity>(),
        table::<known_device::Entity>(),
        table::<lease::Entity>(),
        table::<link::Entity>(),
        table::<login_attempt::Entity>(),
        table::<mail::Entity>(),
        table::<member::Entity>(),
        table::<pending_login::Entity>(),
        table::<project::Entity>(),
        table::<seaql_migrations::Entity>(),
        table::<recovery_code::Entity>(),
        table::<session::Entity>(),
        table::<spent_proof::Entity>(),
        table::<totp_key::Entity>(),
        table::<user::Entity>(),
    ]
}

/// Every table of the file of [telemetry](crate::telemetry).
pub fn telemetry_inventory() -> Vec<Table> {
    vec![table::<gap::Entity>(), table::<minute::Entity>(), table::<refusal::Entity>()]
}

/// The table in which the migrations note what they did.
impl Tagged for seaql_migrations::Entity {
    fn tag(column: &seaql_migrations::Column) -> Tag {
        match column {
            seaql_migrations::Column::Version | seaql_migrations::Column::AppliedAt => Tag::None,
        }
    }
}

fn table<E: Tagged>() -> Table {
    let columns = E::Column::iter().map(|column| (column.as_str().to_owned(), E::tag(&column))).collect();
    Table { name: E::default().table_name().to_owned(), columns }
}
