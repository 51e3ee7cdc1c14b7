//! Mode and limits in the database. A scope without a row has the defaults, as version 0.

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QuerySelect};
use temps_db::{
    DbError, WriteTransaction,
    entities::firewall::{self, FirewallMode},
};
use temps_policy::protections::{
    firewall::Mode,
    limits::{LimitSettings, Limits},
};

use super::super::{
    Held, Scope,
    held::{MayChange, Named},
    mode_of,
    saved::saved_mode,
};
use crate::problem::Problem;

/// What is saved of one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub mode: Mode,
    pub limits: LimitSettings,
    pub version: i32,
}

pub async fn read(connection: &impl ConnectionTrait, held: &Held<impl Named>) -> Result<Settings, Problem> {
    of_scope(connection, held.scope()).await
}

/// The settings of a scope, locked together with everything that its authority decides: two changes of one authority never meet, so none
/// is judged by lists that another is changing.
pub async fn lock<N: MayChange>(transaction: &WriteTransaction, held: &Held<N>) -> Result<Settings, Problem> {
    let authority = held.scope().authority();
    ensure(transaction, authority).await?;
    firewall::Entity::find_by_id(authority.to_string())
        .lock_exclusive()
        .one(transaction)
        .await
        .map_err(DbError::from)?;
    of_scope(transaction, held.scope()).await
}

pub async fn save(
    transaction: &WriteTransaction,
    held: &Held<impl MayChange>,
    settings: Settings,
) -> Result<(), Problem> {
    let scope = held.scope();
    ensure(transaction, scope).await?;
    let row = firewall::ActiveModel {
        scope_key: Set(scope.to_string()),
        mode: Set(saved_mode(settings.mode)),
        limits: Set(serde_json::to_string(&settings.limits).map_err(Problem::internal)?),
        version: Set(settings.version),
        updated_at: Set(transaction.now()),
        ..Default::default()
    };
    firewall::Entity::update(row).exec(transaction).await.map_err(DbError::from)?;
    Ok(())
}

/// The limits that hold at the sites of a scope. `max_upload` is the largest body that the configuration lets the console take.
pub async fn effective_limits(
    connection: &impl ConnectionTrait,
    held: &Held<impl Named>,
    max_upload: u64,
) -> Result<Limits, Problem> {
    let scope = held.scope();
    let instance = of_scope(connection, Scope::Instance).await?.limits;
    let own = of_scope(connection, scope).await?.limits;
    Ok(match scope {
        Scope::Instance => Limits::of_site([instance]),
        Scope::Console => Limits::of_console(max_upload, instance, own),
        Scope::Project(_) | Scope::Environment(..) => {
            let project = of_scope(connection, scope.authority()).await?.limits;
            Limits::of_site([instance, project, own])
        }
    })
}

async fn of_scope(connection: &impl ConnectionTrait, scope: Scope) -> Result<Settings, Problem> {
    let row = firewall::Entity::find_by_id(scope.to_string()).one(connection).await.map_err(DbError::from)?;
    let Some(row) = row else { return Ok(Settings { mode: Mode::Open, limits: LimitSettings::default(), version: 0 }) };
    let limits = serde_json::from_str(&row.limits).map_err(Problem::internal)?;
    Ok(Settings { mode: mode_of(row.mode), limits, version: row.version })
}

/// Makes the row of a scope with the defaults, unless it has one.
async fn ensure(transaction: &WriteTransaction, scope: Scope) -> Result<(), DbError> {
    let row = firewall::ActiveModel {
        scope_key: Set(scope.to_string()),
        scope: Set(scope.saved()),
        project_id: Set(scope.project()),
        environment_id: Set(scope.environment()),
        mode: Set(FirewallMode::Open),
        limits: Set("{}".to_owned()),
        version: Set(0),
        updated_at: Set(transaction.now()),
    };
    let insert = firewall::Entity::insert(row).on_conflict_do_nothing_on([firewall::Column::ScopeKey]);
    insert.exec_without_returning(transaction).await?;
    Ok(())
}
