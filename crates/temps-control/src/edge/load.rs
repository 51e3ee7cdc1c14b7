//! Reading what is saved, in the form of parts.

use std::{collections::HashMap, sync::Arc};

use rustls::sign::CertifiedKey;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use temps_db::{
    Database, DbError,
    entities::{
        deployment::{self, DeploymentKind},
        domain, environment, firewall,
        firewall_rule::{self, RuleAction},
        header_settings,
    },
};
use temps_model::{DeploymentId, EnvironmentId, HostName, Network, ProjectId, RuleId, Timestamp};
use temps_policy::{
    BlobId, BlobSource, Console, StaticSite, Target, Upstream,
    protections::{
        firewall::{Entry, Firewall, Mode},
        headers::{HeaderPolicy, HeaderSettings, Preset},
        limits::LimitSettings,
    },
};
use tokio::task::{JoinError, spawn_blocking};

use super::{Kept, Touched};
use crate::{
    blobs::Blobs,
    certificates::Certificates,
    firewall::{Scope, action_of, mode_of},
};

/// Ids in one query; databases limit the number of parameters.
const AT_ONCE: usize = 500;

/// Where parts are read from, and what the configuration adds to them.
#[derive(Clone)]
pub struct Sources {
    pub database: Database,
    pub blobs: Arc<Blobs>,
    /// Static sites that are in use.
    pub sites: Arc<Kept<DeploymentId, StaticSite>>,
    pub certificates: Certificates,
    pub console_host: HostName,
    pub console: Arc<Console>,
    /// Bytes of an upload to the console.
    pub max_upload: u64,
}

/// The firewall of one scope.
#[derive(Clone, Debug)]
pub struct FirewallPart {
    pub firewall: Arc<Firewall>,
    pub limits: LimitSettings,
    /// Whether it is what is saved, so that a change can be applied to it; otherwise it admits nobody.
    pub readable: bool,
}

impl Default for FirewallPart {
    fn default() -> Self {
        Self { firewall: Arc::default(), limits: LimitSettings::default(), readable: true }
    }
}

/// One environment with its host names.
#[derive(Clone, Debug)]
pub struct EnvironmentPart {
    pub project: ProjectId,
    pub target: Target,
    pub hosts: Vec<(HostName, Option<Arc<CertifiedKey>>)>,
}

impl Sources {
    /// Firewalls by their scope's key; all of them, or one.
    pub async fn firewalls(&self, scope: Option<Scope>) -> Result<HashMap<String, FirewallPart>, DbError> {
        let (mut saved, mut rules) = (firewall::Entity::find(), rule_columns());
        if let Some(key) = scope.map(|scope| scope.to_string()) {
            saved = saved.filter(firewall::Column::ScopeKey.eq(&key));
            rules = rules.filter(firewall_rule::Column::ScopeKey.eq(key));
        }
        let rules = rules.into_tuple::<SavedRule>().all(self.database.read()).await?;
        let saved = saved.all(self.database.read()).await?;
        // Up to 100,000 entries of each scope.
        spawn_blocking(move || compile(saved, rules)).await.map_err(interrupted)
    }

    /// What is saved of some networks in one scope.
    pub async fn entries(&self, scope: Scope, networks: &[Network]) -> Result<Vec<Entry>, DbError> {
        let rules = rule_columns()
            .filter(firewall_rule::Column::ScopeKey.eq(scope.to_string()))
            .filter(firewall_rule::Column::Network.is_in(networks.iter().map(ToString::to_string)));
        let rules = rules.into_tuple::<SavedRule>().all(self.database.read()).await?;
        Ok(rules.into_iter().map(|rule| entry(rule).1).collect())
    }

    /// The operator's break-glass list.
    pub async fn emergency(&self) -> Result<Vec<(Network, RuleId, Option<Timestamp>)>, DbError> {
        let rules =
            firewall_rule::Entity::find().filter(firewall_rule::Column::Scope.eq(firewall_rule::RuleScope::Emergency));
        let rules = rules.all(self.database.read()).await?;
        Ok(rules.into_iter().map(|rule| (rule.network, rule.id, rule.expires_at)).collect())
    }

    /// Header policies by project; all of them, or one.
    pub async fn headers(&self, project: Option<ProjectId>) -> Result<HashMap<ProjectId, Arc<HeaderPolicy>>, DbError> {
        let mut saved = header_settings::Entity::find();
        if let Some(project) = project {
            saved = saved.filter(header_settings::Column::ProjectId.eq(project));
        }
        let rows = saved.all(self.database.read()).await?;
        Ok(rows.into_iter().map(|row| (row.project_id, Arc::new(policy_of(&row)))).collect())
    }

    /// Environments with what is live in them and their host names; all of them, or one.
    pub async fn environments(
        &self,
        id: Option<EnvironmentId>,
    ) -> Result<HashMap<EnvironmentId, EnvironmentPart>, DbError> {
        let mut saved = environment::Entity::find();
        let mut domains = domain::Entity::find();
        if let Some(id) = id {
            saved = saved.filter(environment::Column::Id.eq(id));
            domains = domains.filter(domain::Column::EnvironmentId.eq(id));
        }
        let saved = saved.all(self.database.read()).await?;
        let live = self.deployments(saved.iter().filter_map(|environment| environment.live_deployment_id)).await?;
        let hosts = domains.all(self.database.read()).await?;
        let certificates = self.certificates.served(hosts.iter().map(|domain| &domain.host)).await?;
        let mut parts: HashMap<EnvironmentId, EnvironmentPart> = HashMap::new();
        for environment in saved {
            let deployment = environment.live_deployment_id.and_then(|id| live.get(&id));
            let target = match deployment {
                Some(deployment) => self.target(deployment).await,
                None => Target::Empty,
            };
            parts
                .insert(environment.id, EnvironmentPart { project: environment.project_id, target, hosts: Vec::new() });
        }
        for domain in hosts {
            if let Some(part) = parts.get_mut(&domain.environment_id) {
                let certificate = certificates.get(&domain.host).cloned();
                part.hosts.push((domain.host, certificate));
            }
        }
        Ok(parts)
    }

    /// Compiles what is live in the touched environments, so that [`environments`](Self::environments) finds it compiled as long as the result
    /// is held. What cannot be read is left to it.
    pub async fn compile_ahead(&self, touched: &[Touched]) -> Vec<Target> {
        let ids = touched.iter().filter_map(|touched| match touched {
            Touched::Environment(id) => Some(*id),
            _ => None,
        });
        let mut targets = Vec::new();
        for id in ids {
            let live = environment::Entity::find_by_id(id).one(self.database.read()).await;
            let Ok(Some(deployment)) = live.map(|row| row.and_then(|row| row.live_deployment_id)) else { continue };
            for deployment in self.deployments([deployment].into_iter()).await.unwrap_or_default().values() {
                targets.push(self.target(deployment).await);
            }
        }
        targets
    }

    async fn deployments(
        &self,
        ids: impl Iterator<Item = DeploymentId>,
    ) -> Result<HashMap<DeploymentId, deployment::Model>, DbError> {
        let ids: Vec<DeploymentId> = ids.collect();
        let mut found = HashMap::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let rows = deployment::Entity::find().filter(deployment::Column::Id.is_in(some.iter().copied()));
            found.extend(rows.all(self.database.read()).await?.into_iter().map(|row| (row.id, row)));
        }
        Ok(found)
    }

    /// What answers for a deployment. One that cannot be compiled makes its site refuse and no other (R-EDGE-9).
    async fn target(&self, deployment: &deployment::Model) -> Target {
        let compiled = match deployment.kind {
            DeploymentKind::Static => self.static_site(deployment).await.map(Target::Files),
            DeploymentKind::Upstream => upstream(deployment).map(Target::Upstream),
        };
        compiled.unwrap_or_else(|reason| {
            tracing::error!(deployment = %deployment.id, reason, "a deployment cannot be served; its site refuses");
            Target::Unavailable
        })
    }

    /// A deployment's files never change, so a site that is in use is taken as it is.
    async fn static_site(&self, deployment: &deployment::Model) -> Result<Arc<StaticSite>, String> {
        if let Some(site) = self.sites.get(&deployment.id) {
            return Ok(site);
        }
        let id: BlobId = deployment
            .manifest
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|error| format!("its manifest {error}"))?;
        let (blobs, created_at) = (Arc::clone(&self.blobs), deployment.created_at);
        let read = move || {
            let manifest = blobs.manifest(id).map_err(|error| format!("its manifest cannot be read: {error}"))?;
            Ok::<_, String>(StaticSite::new(manifest, created_at, blobs as Arc<dyn BlobSource>))
        };
        let site = Arc::new(spawn_blocking(read).await.map_err(|error| error.to_string())??);
        self.sites.keep(deployment.id, &site);
        Ok(site)
    }
}

/// What the edge needs of a rule: its scope, id, action, network and expiry. The rest of a row is for people.
type SavedRule = (String, RuleId, RuleAction, Network, Option<Timestamp>);

fn rule_columns() -> Select<firewall_rule::Entity> {
    use firewall_rule::Column::{Action, ExpiresAt, Id, Network, ScopeKey};
    firewall_rule::Entity::find().select_only().columns([ScopeKey, Id, Action, Network, ExpiresAt])
}

fn entry((scope, id, action, network, expires_at): SavedRule) -> (String, Entry) {
    (scope, Entry { id, action: action_of(action), network, expires_at })
}

fn compile(saved: Vec<firewall::Model>, rules: Vec<SavedRule>) -> HashMap<String, FirewallPart> {
    let mut entries: HashMap<String, Vec<Entry>> = HashMap::new();
    for (scope, entry) in rules.into_iter().map(entry) {
        entries.entry(scope).or_default().push(entry);
    }
    let mut parts: HashMap<String, FirewallPart> = HashMap::new();
    for row in saved {
        let entries = entries.remove(&row.scope_key).unwrap_or_default();
        parts.insert(row.scope_key.clone(), part_of(&row, entries));
    }
    for (key, entries) in entries {
        let firewall = Arc::new(Firewall::new(Mode::Open, entries));
        parts.insert(key, FirewallPart { firewall, ..FirewallPart::default() });
    }
    parts
}

fn interrupted(error: JoinError) -> DbError {
    DbError::Other(error.to_string())
}

fn upstream(deployment: &deployment::Model) -> Result<Arc<Upstream>, String> {
    let url = deployment.upstream_url.as_deref().unwrap_or_default();
    url.parse().map(Arc::new).map_err(|error| format!("its upstream URL {error}"))
}

/// A firewall whose limits cannot be read admits nobody until they can, rather than everybody.
fn part_of(row: &firewall::Model, entries: Vec<Entry>) -> FirewallPart {
    let mode = mode_of(row.mode);
    match serde_json::from_str(&row.limits) {
        Ok(limits) => FirewallPart { firewall: Arc::new(Firewall::new(mode, entries)), limits, readable: true },
        Err(error) => {
            tracing::error!(scope = row.scope_key, %error, "the limits of a firewall cannot be read; it admits nobody");
            let nobody = Arc::new(Firewall::new(Mode::AllowList, []));
            FirewallPart { firewall: nobody, limits: LimitSettings::default(), readable: false }
        }
    }
}

/// Settings that cannot be read give the strictest headers.
fn policy_of(row: &header_settings::Model) -> HeaderPolicy {
    let read = serde_json::from_str::<HeaderSettings>(&row.settings).map_err(|error| error.to_string());
    read.and_then(|settings| HeaderPolicy::new(&settings).map_err(|error| error.to_string())).unwrap_or_else(|error| {
        tracing::error!(project = %row.project_id, error, "header settings cannot be read; the strict ones are sent");
        let strict = HeaderSettings { preset: Preset::Strict, enforce: true, ..HeaderSettings::default() };
        HeaderPolicy::new(&strict).unwrap_or_default()
    })
}
