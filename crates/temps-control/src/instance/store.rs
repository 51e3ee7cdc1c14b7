//! The instance's settings in the database.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use temps_db::{
    DbError, WriteTransaction,
    entities::{instance, member, user},
};

use super::settings::InstanceSettings;
use crate::{
    access::{Administrator, User},
    app::App,
    problem::Problem,
};

const KEY: &str = "settings";

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

/// Whether a user without a second factor has to get one.
pub async fn must_enrol(app: &App, user: &user::Model) -> Result<bool, Problem> {
    let rule = read(app.database.read()).await?.settings.second_factor;
    if rule.everyone || user.second_factor_required || (rule.administrators && user.administrator) {
        return Ok(true);
    }
    if rule.roles.is_empty() {
        return Ok(false);
    }
    let roles = member::Entity::find()
        .filter(member::Column::UserId.eq(user.id))
        .filter(member::Column::Role.is_in(rule.roles))
        .count(app.database.read());
    Ok(roles.await.map_err(DbError::from)? > 0)
}

/// Settings that cannot be read are an error, never the defaults. Those that did not exist when the rest was saved are the defaults.
fn parse(row: Option<instance::Model>) -> Result<Versioned, Problem> {
    let Some(row) = row else { return Ok(Versioned::default()) };
    let mut all = serde_json::to_value(Versioned::default()).map_err(Problem::internal)?;
    overlay(&mut all, serde_json::from_str(&row.value).map_err(Problem::internal)?);
    serde_json::from_value(all).map_err(Problem::internal)
}

/// Puts what was saved over what is there.
fn overlay(base: &mut Value, saved: Value) {
    match (base, saved) {
        (Value::Object(base), Value::Object(saved)) => {
            for (key, value) in saved {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, saved) => *base = saved,
    }
}
