//! Header settings in the database. A project without a row has the defaults, as version 0.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{certificate, domain, header_settings, project},
};
use temps_model::{
    HostName, Timestamp,
    proof::{Granted, HeadersWrite},
};
use temps_policy::protections::headers::HeaderSettings;

use crate::{access::Grant, problem::Problem};

/// What is saved of a project.
#[derive(Clone, Debug)]
pub struct Versioned {
    pub settings: HeaderSettings,
    pub version: i32,
}

pub async fn read<P: Granted>(connection: &impl ConnectionTrait, grant: &Grant<P>) -> Result<Versioned, Problem> {
    let row = header_settings::Entity::find_by_id(grant.project).one(connection).await.map_err(DbError::from)?;
    match row {
        None => Ok(Versioned { settings: HeaderSettings::default(), version: 0 }),
        Some(row) => Ok(Versioned {
            settings: serde_json::from_str(&row.settings).map_err(Problem::internal)?,
            version: row.version,
        }),
    }
}

/// The settings, locked with their project, since the first change finds no row of their own.
pub async fn lock(transaction: &WriteTransaction, grant: &Grant<HeadersWrite>) -> Result<Versioned, Problem> {
    let project = project::Entity::find_by_id(grant.project).lock_exclusive();
    project.one(transaction).await.map_err(DbError::from)?.ok_or_else(Problem::not_found)?;
    read(transaction, grant).await
}

pub async fn save(
    transaction: &WriteTransaction,
    grant: &Grant<HeadersWrite>,
    saved: &Versioned,
) -> Result<(), Problem> {
    let row = header_settings::ActiveModel {
        project_id: Set(grant.project),
        settings: Set(serde_json::to_string(&saved.settings).map_err(Problem::internal)?),
        version: Set(saved.version),
        updated_at: Set(transaction.now()),
    };
    use header_settings::Column::{ProjectId, Settings, UpdatedAt, Version};
    let replace = OnConflict::column(ProjectId).update_columns([Settings, Version, UpdatedAt]).to_owned();
    header_settings::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(transaction)
        .await
        .map_err(DbError::from)?;
    Ok(())
}

/// The host names of this project, and whichever known host name under one of them has no certificate that is good now (R-APP-2).
pub async fn without_tls(
    connection: &impl ConnectionTrait,
    grant: &Grant<HeadersWrite>,
    console: &HostName,
    now: Timestamp,
) -> Result<Vec<HostName>, Problem> {
    let domains = domain::Entity::find().all(connection).await.map_err(DbError::from)?;
    let own: Vec<HostName> =
        domains.iter().filter(|domain| domain.project_id == grant.project).map(|domain| domain.host.clone()).collect();
    let known = domains.into_iter().map(|domain| domain.host).chain([console.clone()]);
    let mut bare = Vec::new();
    for host in known.filter(|host| own.iter().any(|own| host.is_within(own))) {
        let certificate = certificate::Entity::find()
            .filter(certificate::Column::Host.eq(host.clone()))
            .filter(certificate::Column::NotAfter.gt(now))
            .one(connection)
            .await
            .map_err(DbError::from)?;
        if certificate.is_none() {
            bare.push(host);
        }
    }
    Ok(bare)
}
