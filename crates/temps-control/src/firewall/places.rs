//! Where a firewall applies, in the words of the people who visit.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use temps_db::{DbError, entities::domain};
use temps_model::{EnvironmentId, HostName};

use super::Scope;

/// Host names that are told by name; of more, only their number is told.
const TOLD: usize = 3;

/// The host names of an authority's sites.
#[derive(Clone, Debug)]
pub struct Places {
    pub console: HostName,
    pub hosts: Vec<(EnvironmentId, HostName)>,
}

impl Places {
    pub async fn load(connection: &impl ConnectionTrait, scope: Scope, console: &HostName) -> Result<Self, DbError> {
        let hosts = match scope.project() {
            None => Vec::new(),
            Some(project) => {
                let domains = domain::Entity::find()
                    .filter(domain::Column::ProjectId.eq(project))
                    .order_by_asc(domain::Column::Host);
                domains.all(connection).await?.into_iter().map(|domain| (domain.environment_id, domain.host)).collect()
            }
        };
        Ok(Self { console: console.clone(), hosts })
    }

    /// The sites of some scopes, as the end of a sentence: `shop.example.com and www.example.com`.
    pub fn name(&self, scopes: &[Scope]) -> String {
        if scopes.contains(&Scope::Instance) {
            return "every host of this instance, the console included".to_owned();
        }
        if scopes.contains(&Scope::Console) {
            return self.console.to_string();
        }
        let concerns = |environment: &EnvironmentId| {
            scopes.iter().any(|scope| match scope {
                Scope::Environment(_, own) => own == environment,
                _ => true,
            })
        };
        let hosts: Vec<&str> =
            self.hosts.iter().filter(|(environment, _)| concerns(environment)).map(|(_, host)| host.as_str()).collect();
        match hosts.as_slice() {
            [] => "every host that this project will have here".to_owned(),
            [host] => (*host).to_owned(),
            [firsts @ .., last] if hosts.len() <= TOLD => format!("{} and {last}", firsts.join(", ")),
            all => format!("{} and {} more hosts", all[..TOLD].join(", "), all.len() - TOLD),
        }
    }
}
