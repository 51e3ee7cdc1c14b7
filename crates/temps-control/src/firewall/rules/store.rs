//! Rules in the database.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use temps_db::{
    DbError, WriteTransaction,
    entities::{firewall_rule, user},
};
use temps_model::{Network, RuleId, Timestamp, UserId};

use super::{
    super::{
        Held, Scope,
        authority::Environments,
        entry_of,
        held::{MayChange, Named},
        saved::{action_of, saved_action},
    },
    MAX_IN_SCOPE,
    entry::NewEntry,
    related::{coverings, lives, related, rules_of},
    wire::{Author, Notice, Rule},
};
use crate::{edge::Proposed, problem::Problem, wire::PageQuery};

/// Rows in one insertion; their values stay below what either database takes in one query.
const AT_ONCE: usize = 1_000;

pub async fn list(
    connection: &impl ConnectionTrait,
    held: &Held<impl Named>,
    page: &PageQuery,
) -> Result<Vec<firewall_rule::Model>, Problem> {
    let mut rules = firewall_rule::Entity::find()
        .filter(rules_of(held.scope()))
        .order_by_asc(firewall_rule::Column::Id)
        .limit(page.fetch()?);
    if let Some(after) = page.after()? {
        rules = rules.filter(firewall_rule::Column::Id.gt(after));
    }
    Ok(rules.all(connection).await.map_err(DbError::from)?)
}

/// The rule of this id in the firewall that is held; one of another firewall is as good as none.
pub async fn find(
    connection: &impl ConnectionTrait,
    held: &Held<impl Named>,
    id: RuleId,
) -> Result<firewall_rule::Model, Problem> {
    let rule = firewall_rule::Entity::find_by_id(id).filter(rules_of(held.scope()));
    rule.one(connection).await.map_err(DbError::from)?.ok_or_else(Problem::not_found)
}

pub async fn remove(
    transaction: &WriteTransaction,
    _: &Held<impl MayChange>,
    rule: &firewall_rule::Model,
) -> Result<(), Problem> {
    firewall_rule::Entity::delete_by_id(rule.id).exec(transaction).await.map_err(DbError::from)?;
    Ok(())
}

/// Takes out the entries that are saved already, each with a notice, and removes saved ones that have expired and would stand in the way.
pub async fn leave_out_saved(
    transaction: &WriteTransaction,
    _: &Held<impl MayChange>,
    entries: Vec<NewEntry>,
    notices: &mut Vec<Notice>,
) -> Result<Vec<NewEntry>, Problem> {
    let now = transaction.now();
    let mut saved = HashMap::new();
    for (scope, entries) in by_scope(&entries) {
        let related = related(transaction, &scope.to_string(), entries.iter().map(|new| new.entry.network)).await?;
        saved.extend(related.into_iter().map(|rule| ((scope, action_of(rule.action), rule.network), rule)));
    }
    let (mut left, mut expired) = (Vec::with_capacity(entries.len()), Vec::new());
    for new in entries {
        match saved.get(&(new.scope, new.entry.action, new.entry.network)) {
            Some(rule) if lives(rule, now) => {
                let message = format!("`{}` is there already; it keeps its note and expiry", rule.network);
                notices.push(Notice { entry: new.position, message });
            }
            Some(rule) => {
                expired.push(rule.id);
                left.push(new);
            }
            None => left.push(new),
        }
    }
    for some in expired.chunks(AT_ONCE) {
        let rules = firewall_rule::Entity::delete_many().filter(firewall_rule::Column::Id.is_in(some.iter().copied()));
        rules.exec(transaction).await.map_err(DbError::from)?;
    }
    Ok(left)
}

/// Puts an entry in the place of a rule. Another rule that says the same stands in the way, unless it has expired.
pub async fn replace(
    transaction: &WriteTransaction,
    _: &Held<impl MayChange>,
    rule: &firewall_rule::Model,
    new: NewEntry,
) -> Result<firewall_rule::Model, Problem> {
    let same = related(transaction, &rule.scope_key, std::iter::once(new.entry.network)).await?;
    let same = same.into_iter().find(|other| {
        other.id != rule.id && other.network == new.entry.network && action_of(other.action) == new.entry.action
    });
    match same {
        Some(other) if lives(&other, transaction.now()) => return Err(rule_exists()),
        Some(other) => {
            firewall_rule::Entity::delete_by_id(other.id).exec(transaction).await.map_err(DbError::from)?;
        }
        None => {}
    }
    let after = firewall_rule::Model {
        action: saved_action(new.entry.action),
        network: new.entry.network,
        note: new.note.into(),
        expires_at: new.entry.expires_at,
        version: rule.version + 1,
        changed_at: transaction.now(),
        ..rule.clone()
    };
    firewall_rule::Entity::update(active(after.clone())).exec(transaction).await.map_err(DbError::from)?;
    Ok(after)
}

pub fn rule_exists() -> Problem {
    Problem::conflict(
        "rule_exists",
        "Rule exists",
        "This firewall has a rule for this network and action already; nothing was saved.",
    )
    .hint("Change that rule, or remove it first, if note or expiry are to be others.")
}

/// What an open transaction has made of some networks, as a change that the edge can be asked about.
pub async fn proposed(
    transaction: &WriteTransaction,
    touched: impl IntoIterator<Item = (Scope, Vec<Network>)>,
) -> Result<Vec<Proposed>, DbError> {
    let mut proposed = Vec::new();
    for (scope, networks) in touched {
        let mut entries = Vec::new();
        for some in networks.chunks(AT_ONCE) {
            let rules = firewall_rule::Entity::find()
                .filter(firewall_rule::Column::ScopeKey.eq(scope.to_string()))
                .filter(firewall_rule::Column::Network.is_in(some.iter().map(ToString::to_string)));
            entries.extend(rules.all(transaction).await?.iter().map(entry_of));
        }
        proposed.push(Proposed::Rules(scope, networks, entries));
    }
    Ok(proposed)
}

/// Saves entries of which none is saved yet.
pub async fn insert(
    transaction: &WriteTransaction,
    held: &Held<impl MayChange>,
    entries: Vec<NewEntry>,
) -> Result<Vec<firewall_rule::Model>, Problem> {
    for (scope, entries) in by_scope(&entries) {
        let saved = firewall_rule::Entity::find().filter(firewall_rule::Column::ScopeKey.eq(scope.to_string()));
        let saved = saved.count(transaction).await.map_err(DbError::from)?;
        if saved + entries.len() as u64 > MAX_IN_SCOPE {
            let detail = format!(
                "A firewall can have {MAX_IN_SCOPE} rules in each scope; this one has {saved}, and {} would be added.",
                entries.len()
            );
            return Err(Problem::conflict("too_many_rules", "Too many rules", detail)
                .hint("Remove rules, or write neighbouring networks as one."));
        }
    }
    let now = transaction.now();
    let row = |new: NewEntry| firewall_rule::Model {
        id: new.entry.id,
        scope: new.scope.saved_for_rules(),
        scope_key: new.scope.to_string(),
        project_id: new.scope.project(),
        environment_id: new.scope.environment(),
        action: saved_action(new.entry.action),
        network: new.entry.network,
        note: new.note.into(),
        author: held.author(),
        expires_at: new.entry.expires_at,
        created_at: now,
        version: 1,
        changed_at: now,
    };
    let rows: Vec<firewall_rule::Model> = entries.into_iter().map(row).collect();
    for some in rows.chunks(AT_ONCE) {
        let some = some.iter().map(|row| active(row.clone()));
        firewall_rule::Entity::insert_many(some).exec_without_returning(transaction).await.map_err(DbError::from)?;
    }
    Ok(rows)
}

/// Rules as the API shows them, with their authors, environments and what covers them.
pub async fn present(
    connection: &impl ConnectionTrait,
    held: &Held<impl Named>,
    rows: Vec<firewall_rule::Model>,
    now: Timestamp,
) -> Result<Vec<Rule>, Problem> {
    let environments = Environments::of(connection, held.scope()).await?;
    let covered: HashMap<RuleId, Network> = coverings(connection, &rows, now).await?;
    let ids: std::collections::HashSet<UserId> = rows.iter().filter_map(|row| row.author).collect();
    let authors =
        user::Entity::find().filter(user::Column::Id.is_in(ids)).all(connection).await.map_err(DbError::from)?;
    let authors: HashMap<UserId, Author> =
        authors.into_iter().map(|user| (user.id, Author { id: user.id, email: user.email })).collect();
    let rule = |row: firewall_rule::Model| Rule {
        id: row.id,
        action: action_of(row.action),
        network: row.network,
        note: row.note,
        author: row.author.and_then(|id| authors.get(&id).cloned()),
        environment: row.environment_id.and_then(|id| environments.slug(id).cloned()),
        expires_at: row.expires_at,
        created_at: row.created_at,
        version: row.version,
        covered_by: covered.get(&row.id).copied(),
    };
    Ok(rows.into_iter().map(rule).collect())
}

fn by_scope(entries: &[NewEntry]) -> HashMap<Scope, Vec<&NewEntry>> {
    let mut scopes: HashMap<Scope, Vec<&NewEntry>> = HashMap::new();
    for new in entries {
        scopes.entry(new.scope).or_default().push(new);
    }
    scopes
}

/// Every column set: SQL wants the same columns of each of many rows.
fn active(row: firewall_rule::Model) -> firewall_rule::ActiveModel {
    firewall_rule::ActiveModel {
        id: Set(row.id),
        scope: Set(row.scope),
        scope_key: Set(row.scope_key),
        project_id: Set(row.project_id),
        environment_id: Set(row.environment_id),
        action: Set(row.action),
        network: Set(row.network),
        note: Set(row.note),
        author: Set(row.author),
        expires_at: Set(row.expires_at),
        created_at: Set(row.created_at),
        version: Set(row.version),
        changed_at: Set(row.changed_at),
    }
}
