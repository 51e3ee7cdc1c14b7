//! Domains in the database.

use aws_lc_rs::digest::{SHA256, digest};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use temps_db::{
    DbError, WriteTransaction,
    entities::{
        certificate,
        domain::{self, DomainKind},
        environment,
    },
};
use temps_model::{
    DomainId, HostName,
    proof::{DomainsRead, DomainsWrite},
};

use crate::{access::Grant, app::App, problem::Problem, wire::PageQuery};

/// The longest label of a host name (RFC 1035 §2.3.4).
const LABEL: usize = 63;
const SHORT_HASH: usize = 6;

pub async fn list(
    app: &App,
    grant: &Grant<DomainsRead>,
    page: &PageQuery,
) -> Result<Vec<(domain::Model, Option<environment::Model>)>, Problem> {
    let mut query = domain::Entity::find().filter(domain::Column::ProjectId.eq(grant.project));
    if let Some(after) = page.after()? {
        query = query.filter(domain::Column::Id.gt(after));
    }
    let query = query.find_also_related(environment::Entity).order_by_asc(domain::Column::Id).limit(page.fetch()?);
    Ok(query.all(app.database.read()).await.map_err(DbError::from)?)
}

/// Gives a new environment its name under `apps_domain`, if there is one: `PROJECT` for production, `PROJECT-ENV` for others.
/// If that is taken or too long, a short hash of the environment's id is appended.
pub async fn generate(
    app: &App,
    transaction: &WriteTransaction,
    environment: &environment::Model,
    project: &str,
) -> Result<(), Problem> {
    let Some(apps_domain) = &app.settings.apps_domain else { return Ok(()) };
    let label = match environment.slug.is_production() {
        true => project.to_owned(),
        false => format!("{project}-{}", environment.slug),
    };
    let plain = format!("{label}.{apps_domain}").parse::<HostName>().ok();
    let host = match plain {
        Some(host) if label.len() <= LABEL && !is_taken(app, transaction, &host).await? => host,
        _ => {
            let hash = digest(&SHA256, environment.id.uuid().as_bytes());
            let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            let head: String = label.chars().take(LABEL - 1 - SHORT_HASH).collect();
            format!("{}-{}.{apps_domain}", head.trim_end_matches('-'), &hash[..SHORT_HASH])
                .parse()
                .map_err(Problem::internal)?
        }
    };
    insert(app, transaction, environment, host, DomainKind::Generated).await.map(drop)
}

/// Adds a name that a member chose.
pub async fn add(
    app: &App,
    transaction: &WriteTransaction,
    _: &Grant<DomainsWrite>,
    environment: &environment::Model,
    host: HostName,
) -> Result<domain::Model, Problem> {
    let console = &app.settings.console_host;
    if host.is_within(console) || console.is_within(&host) {
        return Err(Problem::invalid(
            "host",
            format!("lies at, under or above the console's own host name {console}, whose cookies it could reach"),
        ));
    }
    if app.settings.apps_domain.as_ref() == Some(&host) {
        return Err(Problem::invalid("host", "is the domain under which environments get their names"));
    }
    insert(app, transaction, environment, host, DomainKind::Custom).await
}

/// Removes a name and its certificate.
pub async fn remove(
    transaction: &WriteTransaction,
    grant: &Grant<DomainsWrite>,
    id: DomainId,
) -> Result<domain::Model, Problem> {
    let found = domain::Entity::find_by_id(id).filter(domain::Column::ProjectId.eq(grant.project));
    let domain = found.one(transaction).await.map_err(DbError::from)?.ok_or_else(Problem::not_found)?;
    certificate::Entity::delete_many()
        .filter(certificate::Column::Host.eq(domain.host.clone()))
        .exec(transaction)
        .await
        .map_err(DbError::from)?;
    domain::Entity::delete_by_id(id).exec(transaction).await.map_err(DbError::from)?;
    Ok(domain)
}

async fn insert(
    app: &App,
    transaction: &WriteTransaction,
    environment: &environment::Model,
    host: HostName,
    kind: DomainKind,
) -> Result<domain::Model, Problem> {
    let now = transaction.now();
    let row = domain::Model {
        id: DomainId::generate(now),
        project_id: environment.project_id,
        environment_id: environment.id,
        host,
        kind,
        created_at: now,
    };
    match domain::Entity::insert(domain::ActiveModel::from(row.clone()))
        .exec_without_returning(transaction)
        .await
        .map_err(DbError::from)
    {
        Ok(_) => {}
        Err(DbError::Conflict) => {
            return Err(Problem::conflict(
                "host_taken",
                "Host name taken",
                format!("{} belongs to an environment of this instance already.", row.host),
            )
            .field("host", "is taken"));
        }
        Err(error) => return Err(error.into()),
    }
    app.certificates.issue(transaction, &row.host).await?;
    Ok(row)
}

async fn is_taken(app: &App, transaction: &WriteTransaction, host: &HostName) -> Result<bool, Problem> {
    let found = domain::Entity::find()
        .filter(domain::Column::Host.eq(host.clone()))
        .count(transaction)
        .await
        .map_err(DbError::from)?;
    Ok(found > 0 || app.settings.console_host.is_within(host) || host.is_within(&app.settings.console_host))
}
