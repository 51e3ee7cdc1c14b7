//! Who decides together about allow-list mode: the instance, the console, or a project with its environments.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use temps_db::{
    DbError,
    entities::{environment, firewall, firewall_rule},
};
use temps_model::{ClientIp, EnvironmentId, EnvironmentSlug, RuleId, Timestamp};
use temps_policy::protections::firewall::{Action, Entry, Firewall, Mode, check_allow_lists};

use super::{Scope, entry_of, mode_of};

/// Modes and allow entries of one authority, as they are saved or as a change would make them.
#[derive(Clone, Debug)]
pub struct Authority {
    lists: HashMap<Scope, Lists>,
    sites: Vec<SiteScopes>,
}

/// What allow-list mode is decided by in one scope.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    pub mode: Mode,
    pub allow: Vec<Entry>,
}

/// The scopes that are asked for the requests to one scope's sites, widest first.
#[derive(Clone, Debug)]
struct SiteScopes {
    scope: Scope,
    asked: Vec<Scope>,
}

impl Authority {
    /// `environments` are those of the project, and none for the instance and the console.
    pub fn new(scope: Scope, environments: &Environments, lists: HashMap<Scope, Lists>) -> Self {
        let widest = scope.authority();
        let sites = match widest {
            Scope::Project(_) => {
                environments.scopes(widest).map(|scope| SiteScopes { scope, asked: vec![widest, scope] }).collect()
            }
            _ => vec![SiteScopes { scope: widest, asked: vec![widest] }],
        };
        Self { lists, sites }
    }

    /// Takes as many queries for a hundred environments as for one.
    pub async fn load(connection: &impl ConnectionTrait, scope: Scope) -> Result<Self, DbError> {
        let environments = Environments::of(connection, scope).await?;
        let widest = scope.authority();
        let scopes = std::iter::once(widest).chain(environments.scopes(scope));
        let mut lists: HashMap<Scope, Lists> = scopes.map(|scope| (scope, Lists::default())).collect();
        // Both tables name the project in the rows of its environments too, so that one query finds all of an authority.
        let (mut saved, mut allow) = (firewall::Entity::find(), firewall_rule::Entity::find());
        match widest.project() {
            Some(project) => {
                saved = saved.filter(firewall::Column::ProjectId.eq(project));
                allow = allow.filter(firewall_rule::Column::ProjectId.eq(project));
            }
            None => {
                saved = saved.filter(firewall::Column::ScopeKey.eq(widest.to_string()));
                allow = allow.filter(firewall_rule::Column::ScopeKey.eq(widest.to_string()));
            }
        }
        for row in saved.all(connection).await? {
            lists.entry(widest.narrowed(row.environment_id)).or_default().mode = mode_of(row.mode);
        }
        let allow = allow.filter(firewall_rule::Column::Action.eq(firewall_rule::RuleAction::Allow));
        for rule in allow.all(connection).await? {
            lists.entry(widest.narrowed(rule.environment_id)).or_default().allow.push(entry_of(&rule));
        }
        Ok(Self::new(scope, &environments, lists))
    }

    pub fn with_mode(&self, scope: Scope, mode: Mode) -> Self {
        let mut changed = self.clone();
        changed.lists.entry(scope).or_default().mode = mode;
        changed
    }

    pub fn without(&self, rule: RuleId) -> Self {
        let mut changed = self.clone();
        changed.lists.values_mut().for_each(|lists| lists.allow.retain(|entry| entry.id != rule));
        changed
    }

    pub fn with_entry(&self, scope: Scope, entry: Entry) -> Self {
        let mut changed = self.clone();
        if entry.action == Action::Allow {
            changed.lists.entry(scope).or_default().allow.push(entry);
        }
        changed
    }

    /// Whose sites refuse a client because it is on no allow list, decided by the code that the edge runs.
    pub fn refusing(&self, client: ClientIp, now: Timestamp) -> Vec<Scope> {
        let compiled =
            |(scope, lists): (&Scope, &Lists)| (*scope, Firewall::new(lists.mode, lists.allow.iter().copied()));
        let firewalls: HashMap<Scope, Firewall> = self.lists.iter().map(compiled).collect();
        let refuses = |site: &SiteScopes| {
            let asked = site.asked.iter().filter_map(|scope| Some((scope.at_edge(), firewalls.get(scope)?)));
            check_allow_lists(asked, client, now).is_err()
        };
        self.sites.iter().filter(|site| refuses(site)).map(|site| site.scope).collect()
    }

    /// Whose sites refuse everybody: they are in allow-list mode, and no allow entry is left (R-IP-9).
    pub fn closed(&self, now: Timestamp) -> Vec<Scope> {
        let lives = |entry: &Entry| entry.expires_at.is_none_or(|at| now < at);
        let is_closed = |site: &SiteScopes| {
            let asked = || site.asked.iter().filter_map(|scope| self.lists.get(scope));
            asked().any(|lists| lists.mode == Mode::AllowList) && !asked().any(|lists| lists.allow.iter().any(lives))
        };
        self.sites.iter().filter(|site| is_closed(site)).map(|site| site.scope).collect()
    }

    /// How many allow entries hold in a scope's sites.
    pub fn allowed(&self, scope: Scope) -> usize {
        let own = [scope, scope.authority()];
        self.lists.iter().filter(|(listed, _)| own.contains(listed)).map(|(_, lists)| lists.allow.len()).sum()
    }
}

/// The environments of a project by name; none for the instance and the console.
#[derive(Clone, Debug, Default)]
pub struct Environments(Vec<(EnvironmentId, EnvironmentSlug)>);

impl Environments {
    pub async fn of(connection: &impl ConnectionTrait, scope: Scope) -> Result<Self, DbError> {
        let Some(project) = scope.project() else { return Ok(Self::default()) };
        let rows = environment::Entity::find()
            .filter(environment::Column::ProjectId.eq(project))
            .order_by_asc(environment::Column::Id)
            .all(connection)
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
    }

    /// The environment of this slug or id.
    pub fn find(&self, name: &str) -> Option<EnvironmentId> {
        let id = name.parse::<EnvironmentId>().ok();
        self.0.iter().find(|(own, slug)| Some(*own) == id || slug.as_str() == name).map(|(id, _)| *id)
    }

    pub fn slug(&self, id: EnvironmentId) -> Option<&EnvironmentSlug> {
        self.0.iter().find(|(own, _)| *own == id).map(|(_, slug)| slug)
    }

    fn scopes(&self, of: Scope) -> impl Iterator<Item = Scope> {
        let environments =
            of.project().map(|project| self.0.iter().map(move |(id, _)| Scope::Environment(project, *id)));
        environments.into_iter().flatten()
    }
}

impl FromIterator<(EnvironmentId, EnvironmentSlug)> for Environments {
    fn from_iter<I: IntoIterator<Item = (EnvironmentId, EnvironmentSlug)>>(environments: I) -> Self {
        Self(environments.into_iter().collect())
    }
}
