//! The compiled parts of a snapshot, and the sites made of them.

use std::{collections::HashMap, sync::Arc};

use rustls::sign::CertifiedKey;
use temps_db::DbError;
use temps_model::{EnvironmentId, HostName, Network, ProjectId, RuleId, Timestamp};
use temps_policy::{
    EdgeSnapshot, FirewallScope, InstancePolicy, Site, SiteId, SiteTable, Target,
    protections::{
        headers::{HeaderPolicy, HeaderSettings, Preset},
        limits::Limits,
    },
};

use super::{
    Proposed, Touched,
    load::{EnvironmentPart, FirewallPart, Sources},
};
use crate::firewall::Scope;

/// What the console's answers may load unless they say otherwise: nothing (R-APP-4).
const CONSOLE_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Everything compiled, by what it was saved under. Sites share their parts, so that a change compiles only what it touched.
#[derive(Clone)]
pub struct Parts {
    firewalls: HashMap<String, FirewallPart>,
    emergency: Vec<(Network, RuleId, Option<Timestamp>)>,
    headers: HashMap<ProjectId, Arc<HeaderPolicy>>,
    default_headers: Arc<HeaderPolicy>,
    environments: HashMap<EnvironmentId, EnvironmentPart>,
    console_certificate: Arc<CertifiedKey>,
    console: ConsolePart,
    sites: SiteTable,
}

/// What the configuration says of the console's site.
#[derive(Clone)]
struct ConsolePart {
    host: HostName,
    target: Target,
    headers: Arc<HeaderPolicy>,
    max_upload: u64,
}

impl Parts {
    pub async fn load(sources: &Sources) -> Result<Self, DbError> {
        let policy = ("Content-Security-Policy".to_owned(), Some(CONSOLE_POLICY.to_owned()));
        let strict = HeaderSettings { preset: Preset::Strict, overrides: [policy].into(), ..HeaderSettings::default() };
        let mut parts = Self {
            firewalls: sources.firewalls(None).await?,
            emergency: sources.emergency().await?,
            headers: sources.headers(None).await?,
            default_headers: Arc::default(),
            environments: sources.environments(None).await?,
            console_certificate: sources.certificates.of_console().await?,
            console: ConsolePart {
                host: sources.console_host.clone(),
                target: Target::Console(Arc::clone(&sources.console)),
                headers: Arc::new(HeaderPolicy::new(&strict).unwrap_or_default()),
                max_upload: sources.max_upload,
            },
            sites: SiteTable::new(),
        };
        parts.rebuild(|_| true);
        Ok(parts)
    }

    /// Reads again what was touched and makes the sites anew that it concerns.
    pub async fn reload(&mut self, sources: &Sources, touched: &Touched) -> Result<(), DbError> {
        match touched {
            Touched::Firewall(scope) => {
                let part = sources.firewalls(Some(*scope)).await?.remove(&scope.to_string());
                self.set_firewall(*scope, part);
            }
            Touched::Rules(scope, networks) => {
                let part = match self.firewalls.get(&scope.to_string()).filter(|part| part.readable) {
                    Some(part) => {
                        let entries = sources.entries(*scope, networks).await?;
                        Some(FirewallPart { firewall: Arc::new(part.firewall.with(networks, entries)), ..*part })
                    }
                    None => sources.firewalls(Some(*scope)).await?.remove(&scope.to_string()),
                };
                self.set_firewall(*scope, part);
            }
            Touched::Emergency => self.emergency = sources.emergency().await?,
            Touched::Headers(project) => {
                let policy = sources.headers(Some(*project)).await?.remove(project);
                self.headers.remove(project);
                self.headers.extend(policy.map(|policy| (*project, policy)));
                self.rebuild(|part| part.project == *project);
            }
            Touched::Environment(environment) => {
                match sources.environments(Some(*environment)).await?.remove(environment) {
                    Some(part) => self.set_environment(*environment, part),
                    None => self.forget(*environment),
                }
            }
            Touched::ProjectRemoved(project) => {
                let removed = self.environments.iter().filter(|(_, part)| part.project == *project).map(|(id, _)| *id);
                removed.collect::<Vec<_>>().into_iter().for_each(|environment| self.forget(environment));
                self.headers.remove(project);
                self.firewalls.remove(&Scope::Project(*project).to_string());
            }
            Touched::ConsoleCertificate => {
                self.console_certificate = sources.certificates.of_console().await?;
                self.rebuild(|_| false);
            }
        }
        Ok(())
    }

    /// Takes a change that is not saved. A firewall that cannot be read stays as it is and admits nobody.
    pub fn propose(&mut self, proposed: Proposed) {
        let (scope, part) = match proposed {
            Proposed::Rules(scope, networks, entries) => {
                let part = self.firewall(scope);
                (scope, FirewallPart { firewall: Arc::new(part.firewall.with(&networks, entries)), ..part })
            }
            Proposed::Settings(scope, mode, limits) => {
                let part = self.firewall(scope);
                (scope, FirewallPart { firewall: Arc::new(part.firewall.in_mode(mode)), limits, ..part })
            }
        };
        if self.firewall(scope).readable {
            self.set_firewall(scope, Some(part));
        }
    }

    /// The scopes of which a firewall is known.
    #[cfg(test)]
    pub fn firewalls(&self) -> impl Iterator<Item = &str> {
        self.firewalls.keys().map(String::as_str)
    }

    pub fn snapshot(&self, version: u64) -> EdgeSnapshot {
        let instance = self.firewall(Scope::Instance);
        let policy = InstancePolicy {
            firewall: instance.firewall,
            emergency: self.emergency.iter().copied().collect(),
            limits: Limits::of_site([instance.limits]),
            headers: Arc::clone(&self.default_headers),
            default_certificate: Arc::clone(&self.console_certificate),
        };
        EdgeSnapshot { version, instance: Arc::new(policy), sites: Arc::new(self.sites.clone()) }
    }

    fn set_firewall(&mut self, scope: Scope, part: Option<FirewallPart>) {
        self.firewalls.remove(&scope.to_string());
        self.firewalls.extend(part.map(|part| (scope.to_string(), part)));
        match scope {
            Scope::Instance => self.rebuild(|_| true),
            Scope::Console => self.rebuild(|_| false),
            Scope::Project(project) => self.rebuild(|part| part.project == project),
            Scope::Environment(_, environment) => self.rebuild_environment(environment),
        }
    }

    /// Takes an environment as it was just read. A host name that it has now belongs to no other, whatever was read of that one before.
    fn set_environment(&mut self, environment: EnvironmentId, part: EnvironmentPart) {
        self.take_down(environment);
        for (host, _) in &part.hosts {
            let SiteId::Environment { environment: before, .. } =
                self.sites.get(host).map_or(SiteId::Console, |s| s.id)
            else {
                continue;
            };
            if let Some(before) = self.environments.get_mut(&before) {
                before.hosts.retain(|(lost, _)| lost != host);
            }
        }
        self.environments.insert(environment, part);
        self.rebuild_environment(environment);
    }

    /// Takes an environment away with all that it has.
    fn forget(&mut self, environment: EnvironmentId) {
        self.take_down(environment);
        if let Some(part) = self.environments.remove(&environment) {
            self.firewalls.remove(&Scope::Environment(part.project, environment).to_string());
        }
    }

    /// Takes away an environment's own sites; a host name of before may be another's by now.
    fn take_down(&mut self, environment: EnvironmentId) {
        let Some(part) = self.environments.get(&environment) else { return };
        let own = SiteId::Environment { project: part.project, environment };
        for (host, _) in &part.hosts {
            if self.sites.get(host).is_some_and(|site| site.id == own) {
                self.sites.remove(host);
            }
        }
    }

    /// Makes the sites of the chosen environments, and the console's, anew.
    fn rebuild(&mut self, concerns: impl Fn(&EnvironmentPart) -> bool) {
        let concerned: Vec<EnvironmentId> =
            self.environments.iter().filter(|(_, part)| concerns(part)).map(|(id, _)| *id).collect();
        concerned.into_iter().for_each(|environment| self.rebuild_environment(environment));
        let console = self.console_site();
        self.sites.insert(console.host.clone(), Arc::new(console));
    }

    fn rebuild_environment(&mut self, environment: EnvironmentId) {
        let Some(part) = self.environments.get(&environment) else { return };
        let project = self.firewall(Scope::Project(part.project));
        let own = self.firewall(Scope::Environment(part.project, environment));
        let limits = [self.firewall(Scope::Instance).limits, project.limits, own.limits];
        let sites: Vec<Site> = part
            .hosts
            .iter()
            .map(|(host, certificate)| Site {
                id: SiteId::Environment { project: part.project, environment },
                host: host.clone(),
                target: part.target.clone(),
                certificate: certificate.clone(),
                firewalls: vec![
                    (FirewallScope::Project, Arc::clone(&project.firewall)),
                    (FirewallScope::Environment, Arc::clone(&own.firewall)),
                ],
                headers: Arc::clone(self.headers.get(&part.project).unwrap_or(&self.default_headers)),
                limits: Limits::of_site(limits),
            })
            .collect();
        self.sites.extend(sites.into_iter().map(|site| (site.host.clone(), Arc::new(site))));
    }

    /// The console's site needs nothing but configuration, so that the operator can always get in.
    fn console_site(&self) -> Site {
        let own = self.firewall(Scope::Console);
        let instance = self.firewall(Scope::Instance);
        Site {
            id: SiteId::Console,
            host: self.console.host.clone(),
            target: self.console.target.clone(),
            certificate: Some(Arc::clone(&self.console_certificate)),
            firewalls: vec![(FirewallScope::Console, own.firewall)],
            headers: Arc::clone(&self.console.headers),
            limits: Limits::of_console(self.console.max_upload, instance.limits, own.limits),
        }
    }

    fn firewall(&self, scope: Scope) -> FirewallPart {
        self.firewalls.get(&scope.to_string()).cloned().unwrap_or_default()
    }
}
