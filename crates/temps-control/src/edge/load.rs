//! Reading what is saved, in the form of parts.

use std::{collections::HashMap, sync::Arc};

use rustls::sign::CertifiedKey;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use temps_db::{
    Database, DbError,
    entities::{
        deployment::{self, DeploymentKind},
        domain, environment, firewall, firewall_rule, header_settings,
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

use crate::{
    blobs::Blobs,
    certificates::Certificates,
    firewall::{Scope, entry_of, mode_of},
};

/// Ids in one query; databases limit the number of parameters.
const AT_ONCE: usize = 500;

/// Where parts are read from, and what the configuration adds to them.
#[derive(Clone)]
pub struct Sources {
    pub database: Database,
    pub blobs: Arc<Blobs>,
    pub certificates: Certificates,
    pub console_host: HostName,
    pub console: Arc<Console>,
    /// Bytes of an upload to the console.
    pub max_upload: u64,
}

/// The firewall of one scope.
#[derive(Clone, Debug, Default)]
pub struct FirewallPart {
    pub firewall: Arc<Firewall>,
    pub limits: LimitSettings,
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
        let key = scope.map(|scope| scope.to_string());
        let (mut saved, mut rules) = (firewall::Entity::find(), firewall_rule::Entity::find());
        if let Some(key) = &key {
            saved = saved.filter(firewall::Column::ScopeKey.eq(key));
            rules = rules.filter(firewall_rule::Column::ScopeKey.eq(key));
        }
        let mut entries: HashMap<String, Vec<Entry>> = HashMap::new();
        for rule in rules.all(self.database.read()).await? {
            entries.entry(rule.scope_key.clone()).or_default().push(entry_of(&rule));
        }
        let mut parts: HashMap<String, FirewallPart> = HashMap::new();
        for row in saved.all(self.database.read()).await? {
            let entries = entries.remove(&row.scope_key).unwrap_or_default();
            parts.insert(row.scope_key.clone(), part_of(&row, entries));
        }
        for (key, entries) in entries {
            let firewall = Arc::new(Firewall::new(Mode::Open, entries));
            parts.insert(key, FirewallPart { firewall, limits: LimitSettings::default() });
        }
        Ok(parts)
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
            let target = deployment.map_or(Target::Empty, |deployment| self.target(deployment));
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
    fn target(&self, deployment: &deployment::Model) -> Target {
        let compiled = match deployment.kind {
            DeploymentKind::Static => self.static_site(deployment).map(Target::Files),
            DeploymentKind::Upstream => upstream(deployment).map(Target::Upstream),
        };
        compiled.unwrap_or_else(|reason| {
            tracing::error!(deployment = %deployment.id, reason, "a deployment cannot be served; its site refuses");
            Target::Unavailable
        })
    }

    fn static_site(&self, deployment: &deployment::Model) -> Result<Arc<StaticSite>, String> {
        let id: BlobId = deployment
            .manifest
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|error| format!("its manifest {error}"))?;
        let manifest = self.blobs.manifest(id).map_err(|error| format!("its manifest cannot be read: {error}"))?;
        Ok(Arc::new(StaticSite::new(manifest, deployment.created_at, Arc::clone(&self.blobs) as Arc<dyn BlobSource>)))
    }
}

fn upstream(deployment: &deployment::Model) -> Result<Arc<Upstream>, String> {
    let url = deployment.upstream_url.as_deref().unwrap_or_default();
    url.parse().map(Arc::new).map_err(|error| format!("its upstream URL {error}"))
}

/// A firewall whose limits cannot be read admits nobody until they can, rather than everybody.
fn part_of(row: &firewall::Model, entries: Vec<Entry>) -> FirewallPart {
    let mode = mode_of(row.mode);
    match serde_json::from_str(&row.limits) {
        Ok(limits) => FirewallPart { firewall: Arc::new(Firewall::new(mode, entries)), limits },
        Err(error) => {
            tracing::error!(scope = row.scope_key, %error, "the limits of a firewall cannot be read; it admits nobody");
            FirewallPart { firewall: Arc::new(Firewall::new(Mode::AllowList, [])), limits: LimitSettings::default() }
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
