//! The instance's settings in the database.

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QuerySelect, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use temps_db::{DbError, WriteTransaction, entities::instance};
use utoipa::ToSchema;

use crate::{
    access::{Administrator, User},
    problem::Problem,
};

const KEY: &str = "settings";

/// What administrators decide for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// Whether any user may create projects, or only administrators.
    pub users_may_create_projects: bool,
}

impl Default for InstanceSettings {
    fn default() -> Self {
        Self { users_may_create_projects: true }
    }
}

/// The settings with their version; the defaults have version 0.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Versioned {
    pub version: i32,
    pub settings: InstanceSettings,
}

pub async fn read(connection: &impl ConnectionTrait) -> Result<Versioned, Problem> {
    parse(instance::Entity::find_by_id(KEY).one(connection).await.map_err(DbError::from)?)
}

/// The settings, locked until the transaction ends. Only a row can be locked, so the defaults are saved before the first change.
pub async fn lock(transaction: &WriteTransaction, _: &Administrator) -> Result<Versioned, Problem> {
    let defaults = serde_json::to_string(&Versioned::default()).map_err(Problem::internal)?;
    let row = instance::ActiveModel { key: Set(KEY.to_owned()), value: Set(defaults) };
    let insert = instance::Entity::insert(row).on_conflict_do_nothing_on([instance::Column::Key]);
    insert.exec_without_returning(transaction).await.map_err(DbError::from)?;
    parse(instance::Entity::find_by_id(KEY).lock_exclusive().one(transaction).await.map_err(DbError::from)?)
}

pub async fn save(transaction: &WriteTransaction, _: &Administrator, saved: &Versioned) -> Result<(), Problem> {
    let value = serde_json::to_string(saved).map_err(Problem::internal)?;
    let row = instance::ActiveModel { key: Set(KEY.to_owned()), value: Set(value) };
    let replace = OnConflict::column(instance::Column::Key).update_column(instance::Column::Value).to_owned();
    instance::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(transaction)
        .await
        .map_err(DbError::from)?;
    Ok(())
}

/// Whether a user may create projects.
pub async fn lets_create_projects(connection: &impl ConnectionTrait, user: &User) -> Result<bool, Problem> {
    Ok(user.caller.administrator || read(connection).await?.settings.users_may_create_projects)
}

/// Refuses a user who may not create projects.
pub async fn may_create_projects(transaction: &WriteTransaction, user: &User) -> Result<(), Problem> {
    match lets_create_projects(transaction, user).await? {
        true => Ok(()),
        false => Err(Problem::forbidden(
            "projects_by_administrators",
            "On this instance only administrators create projects.",
        )
        .hint("Ask an administrator to create it, or to let everybody create projects.")),
    }
}

/// Settings that cannot be read are an error, never the defaults.
fn parse(row: Option<instance::Model>) -> Result<Versioned, Problem> {
    row.map_or_else(|| Ok(Versioned::default()), |row| serde_json::from_str(&row.value).map_err(Problem::internal))
}
