//! Every combination of what the lists may say, against the order that is promised.

use std::{num::NonZeroU32, sync::Arc};

use rustls::{crypto::aws_lc_rs::sign::any_supported_type, sign::CertifiedKey};
use temps_model::{EnvironmentId, Network, ProjectId, RuleId};

use super::*;
use crate::{
    InstancePolicy, Target,
    protections::{
        firewall::{Action, Entry, Mode, NetworkTable},
        headers::HeaderPolicy,
        limits::{Limits, Rate},
    },
};

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

/// What one scope says about the client.
#[derive(Clone, Copy, Debug)]
struct Says {
    block: bool,
    block_expired: bool,
    closed: bool,
    allow: bool,
}

impl Says {
    const NOTHING: Self = Self { block: false, block_expired: false, closed: false, allow: false };

    fn all() -> impl Iterator<Item = Self> + Clone {
        (0..16u8).map(|bits| Self {
            block: bits & 1 != 0,
            block_expired: bits & 2 != 0,
            closed: bits & 4 != 0,
            allow: bits & 8 != 0,
        })
    }

    fn firewall(self) -> Arc<Firewall> {
        let network: Network = "203.0.113.0/24".parse().unwrap();
        let narrower: Network = "203.0.113.7/32".parse().unwrap();
        let entry = |action, network, expires_at| Entry { id: RuleId::generate(NOW), action, network, expires_at };
        let mut entries = Vec::new();
        entries.extend(self.block.then(|| entry(Action::Block, network, None)));
        entries.extend(self.block_expired.then(|| entry(Action::Block, narrower, Some(NOW))));
        entries.extend(self.allow.then(|| entry(Action::Allow, network, None)));
        Arc::new(Firewall::new(if self.closed { Mode::AllowList } else { Mode::Open }, entries))
    }
}

fn certificate() -> Arc<CertifiedKey> {
    let made = rcgen::generate_simple_self_signed(["temps.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    Arc::new(CertifiedKey::new(vec![made.cert.der().clone()], any_supported_type(&key).unwrap()))
}

struct World {
    snapshot: EdgeSnapshot,
    site: Site,
    counters: Counters,
}

impl World {
    fn new(emergency: bool, instance: Says, project: Says, environment: Says, exhausted: bool) -> Self {
        let limits = Limits { rate: Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN }, ..Limits::BUILT_IN };
        let listed = emergency.then(|| ("203.0.113.7".parse::<Network>().unwrap(), RuleId::generate(NOW), None));
        let id = SiteId::Environment { project: ProjectId::generate(NOW), environment: EnvironmentId::generate(NOW) };
        let instance = InstancePolicy {
            firewall: instance.firewall(),
            emergency: listed.into_iter().collect::<NetworkTable>(),
            limits,
            headers: Arc::default(),
            default_certificate: CERTIFICATE.with(Arc::clone),
        };
        let site = Site {
            id,
            host: "shop.test".parse().unwrap(),
            target: Target::Empty,
            certificate: None,
            firewalls: vec![
                (FirewallScope::Project, project.firewall()),
                (FirewallScope::Environment, environment.firewall()),
            ],
            headers: Arc::<HeaderPolicy>::default(),
            limits,
        };
        let snapshot = EdgeSnapshot { version: 1, instance: Arc::new(instance), sites: Arc::default() };
        let counters = Counters::new(64);
        if exhausted {
            check_rate(&counters, counted(Some(&site), client()), limits.rate, Duration::ZERO).unwrap();
        }
        Self { snapshot, site, counters }
    }

    fn judge(&self) -> Verdict {
        judge(&self.snapshot, Some(&self.site), client(), NOW, &self.counters, Duration::ZERO)
    }
}

thread_local! {
    static CERTIFICATE: Arc<CertifiedKey> = certificate();
}

fn client() -> ClientIp {
    "203.0.113.7".parse().unwrap()
}

/// The order as it stands in the documentation, written a second time and as simply as possible.
fn promised(emergency: bool, instance: Says, project: Says, environment: Says, exhausted: bool) -> &'static str {
    let blocked = instance.block || project.block || environment.block;
    let instance_closed = instance.closed && !instance.allow;
    let project_closed = (project.closed || environment.closed) && !(project.allow || environment.allow);
    match () {
        () if emergency => "pass",
        () if blocked => "blocked",
        () if instance_closed || project_closed => "not allowed",
        () if exhausted => "throttled",
        () => "pass",
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Refuse(Refusal::Blocked { .. }) => "blocked",
        Verdict::Refuse(Refusal::NotAllowed { .. }) => "not allowed",
        Verdict::Throttle { .. } => "throttled",
    }
}

#[test]
fn r_ip_1_every_combination_of_the_lists_gives_the_promised_verdict() {
    let mut combinations = 0;
    for instance in Says::all() {
        for project in Says::all() {
            for environment in Says::all() {
                for bits in 0..4u8 {
                    let (emergency, exhausted) = (bits & 1 != 0, bits & 2 != 0);
                    let world = World::new(emergency, instance, project, environment, exhausted);
                    let promised = promised(emergency, instance, project, environment, exhausted);
                    assert_eq!(word(world.judge()), promised, "{bits} {instance:?} {project:?} {environment:?}");
                    let admitted = still_admitted(&world.snapshot, Some(&world.site), client(), NOW);
                    assert_eq!(admitted, matches!(promised, "pass" | "throttled"));
                    combinations += 1;
                }
            }
        }
    }
    assert_eq!(combinations, 16 * 16 * 16 * 4);
}

#[test]
fn r_edge_12_unknown_hosts_are_asked_the_instances_rules_and_limit() {
    let blocked = Says { block: true, ..Says::NOTHING };
    let unknown = |world: &World| judge(&world.snapshot, None, client(), NOW, &world.counters, Duration::ZERO);
    let world = World::new(false, blocked, Says::NOTHING, Says::NOTHING, false);
    assert_eq!(word(unknown(&world)), "blocked");
    let world = World::new(false, Says::NOTHING, blocked, blocked, false);
    assert_eq!(word(unknown(&world)), "pass");
    assert_eq!(word(unknown(&world)), "throttled");
}
