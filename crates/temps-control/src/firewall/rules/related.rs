//! Which saved entries say the same as others, or more (R-IP-4).

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use temps_db::{DbError, entities::firewall_rule};
use temps_model::{Network, RuleId, Timestamp};
use temps_policy::protections::firewall::{Entry, covered_entries};

use super::super::{Scope, entry_of};

/// Values in one query, below what either database takes.
const AT_ONCE: usize = 5_000;

/// The saved rules of a scope whose network is one of these or covers one of them. Every network has at most 128 that cover it, so this asks for them by
/// name and never reads a list of 100,000.
pub async fn related(
    connection: &impl ConnectionTrait,
    key: &str,
    networks: impl Iterator<Item = Network>,
) -> Result<Vec<firewall_rule::Model>, DbError> {
    let names: BTreeSet<String> = networks.flat_map(with_covering).collect();
    let names: Vec<String> = names.into_iter().collect();
    let mut found = Vec::new();
    for some in names.chunks(AT_ONCE) {
        let rules = firewall_rule::Entity::find()
            .filter(firewall_rule::Column::ScopeKey.eq(key))
            .filter(firewall_rule::Column::Network.is_in(some.iter().cloned()));
        found.extend(rules.all(connection).await?);
    }
    Ok(found)
}

/// Of each rule the wider one of its own scope and action that makes it superfluous, if there is one that has not expired.
pub async fn coverings(
    connection: &impl ConnectionTrait,
    rules: &[firewall_rule::Model],
    now: Timestamp,
) -> Result<HashMap<RuleId, Network>, DbError> {
    let mut by_scope: HashMap<&str, Vec<&firewall_rule::Model>> = HashMap::new();
    for rule in rules {
        by_scope.entry(&rule.scope_key).or_default().push(rule);
    }
    let mut covered = HashMap::new();
    for (key, rules) in by_scope {
        let related = related(connection, key, rules.iter().map(|rule| rule.network)).await?;
        let living = related.iter().filter(|rule| lives(rule, now)).map(entry_of);
        covered.extend(covered_entries(&living.collect::<Vec<Entry>>()));
    }
    Ok(covered)
}

pub fn lives(rule: &firewall_rule::Model, now: Timestamp) -> bool {
    rule.expires_at.is_none_or(|at| now < at)
}

/// The rules of a firewall: a project's are those of its environments too.
pub fn rules_of(scope: Scope) -> Condition {
    match scope.project() {
        Some(project) => Condition::all().add(firewall_rule::Column::ProjectId.eq(project)),
        None => Condition::all().add(firewall_rule::Column::ScopeKey.eq(scope.to_string())),
    }
}

fn with_covering(network: Network) -> impl Iterator<Item = String> {
    std::iter::successors(Some(network.net()), |net| net.supernet()).map(|net| net.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_covered_by_as_many_as_its_prefix_is_long() {
        let covering = |text: &str| with_covering(text.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(covering("192.0.0.0/3"), ["192.0.0.0/3", "192.0.0.0/2", "128.0.0.0/1", "0.0.0.0/0"]);
        assert_eq!(covering("203.0.113.7").len(), 33);
        assert_eq!(covering("2001:db8::1").len(), 129);
        assert_eq!(covering("0.0.0.0/0"), ["0.0.0.0/0"]);
    }
}
