//! Domains in the database.

use aws_lc_rs::digest::{SHA256, digest};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{
        certificate,
        domain::{self, DomainKind},
        environment, instance,
    },
};
use temps_model::{
    DomainId, HostName,
    proof::{DomainsRead, DomainsWrite},
};

use crate::{
    access::Grant,
    app::App,
    problem::{Problem, or_taken},
    projects,
    wire::PageQuery,
};

/// The longest label of a host name (RFC 1035 §2.3.4).
const LABEL: usize = 63;
const SHORT_HASH: usize = 6;
/// Host names that a project can have.
const MAX_IN_PROJECT: u64 = 1_000;
/// The row of the instance's facts that is locked while a name is added.
const LOCK: &str = "domains";

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
    settle(transaction, environment).await?;
    let label = match environment.slug.is_production() {
        true => project.to_owned(),
        false => format!("{project}-{}", environment.slug),
    };
    let plain = format!("{label}.{apps_domain}").parse::<HostName>().ok();
    let host = match plain {
        Some(host) if label.len() <= LABEL && !is_taken(app, transaction, environment, &host).await? => host,
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

/// Adds a name that a member chose. Nobody gets a name under or above one of another project, because an application can set cookies for all
/// names under its own (R-APP-8). Of names that lie side by side, whoever holds the domain above them decided that they share it; there is no
/// public suffix list here.
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
    if app.settings.apps_domain.as_ref().is_some_and(|domain| domain.is_within(&host)) {
        return Err(Problem::invalid(
            "host",
            "is the domain under which environments get their names, or lies above it",
        ));
    }
    if !host.as_str().contains('.') {
        return Err(Problem::invalid("host", "is a top-level name, under which the names of many others lie"));
    }
    settle(transaction, environment).await?;
    if is_entangled(transaction, environment, &host).await? {
        return Err(Problem::conflict(
            "host_entangled",
            "Host name too close to another project's",
            format!("{host} lies under or above a host name of another project, so that one of them could set cookies for the other."),
        )
        .field("host", "lies under or above a host name of another project"));
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
    // Of two who remove it at the same time, the second finds nothing here.
    let removed = domain::Entity::delete_by_id(id).exec(transaction).await.map_err(DbError::from)?;
    if removed.rows_affected == 0 {
        return Err(Problem::not_found());
    }
    certificate::Entity::delete_many()
        .filter(certificate::Column::Host.eq(domain.host.clone()))
        .exec(transaction)
        .await
        .map_err(DbError::from)?;
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
    let inserted =
        domain::Entity::insert(domain::ActiveModel::from(row.clone())).exec_without_returning(transaction).await;
    or_taken(inserted, || {
        Problem::conflict(
            "host_taken",
            "Host name taken",
            format!("{} belongs to an environment of this instance already.", row.host),
        )
        .field("host", "is taken")
    })?;
    app.certificates.issue(transaction, &row.host).await?;
    Ok(row)
}

/// Waits until nobody else adds a name, so that what is decided here holds when it is saved, and makes sure that the project has room for one more.
async fn settle(transaction: &WriteTransaction, environment: &environment::Model) -> Result<(), Problem> {
    projects::store::hold(transaction, environment.project_id).await?;
    let row = instance::ActiveModel { key: Set(LOCK.to_owned()), value: Set(String::new()) };
    let insert = instance::Entity::insert(row).on_conflict_do_nothing_on([instance::Column::Key]);
    insert.exec_without_returning(transaction).await.map_err(DbError::from)?;
    instance::Entity::find_by_id(LOCK).lock_exclusive().one(transaction).await.map_err(DbError::from)?;
    let own = domain::Entity::find().filter(domain::Column::ProjectId.eq(environment.project_id));
    match own.count(transaction).await.map_err(DbError::from)? {
        ..MAX_IN_PROJECT => Ok(()),
        _ => {
            let detail = format!("A project can have {MAX_IN_PROJECT} host names, and this one has them.");
            Err(Problem::conflict("too_many_domains", "Too many host names", detail)
                .hint("Remove one that is not needed any more."))
        }
    }
}

async fn is_taken(
    app: &App,
    transaction: &WriteTransaction,
    environment: &environment::Model,
    host: &HostName,
) -> Result<bool, Problem> {
    if app.settings.console_host.is_within(host) || host.is_within(&app.settings.console_host) {
        return Ok(true);
    }
    let found = domain::Entity::find().filter(domain::Column::Host.eq(host.clone()));
    Ok(found.count(transaction).await.map_err(DbError::from)? > 0
        || is_entangled(transaction, environment, host).await?)
}

/// Whether a name lies under or above one of another project.
async fn is_entangled(
    transaction: &WriteTransaction,
    environment: &environment::Model,
    host: &HostName,
) -> Result<bool, Problem> {
    let above = host.as_str().match_indices('.').map(|(dot, _)| &host.as_str()[dot + 1..]);
    let near =
        Condition::any().add(domain::Column::Host.is_in(above)).add(domain::Column::Host.ends_with(format!(".{host}")));
    let near = domain::Entity::find().filter(near).filter(domain::Column::ProjectId.ne(environment.project_id));
    Ok(near.count(transaction).await.map_err(DbError::from)? > 0)
}

#[cfg(test)]
mod tests;
