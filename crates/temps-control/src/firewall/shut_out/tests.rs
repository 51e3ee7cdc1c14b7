use std::collections::HashMap;

use temps_model::{EnvironmentId, EnvironmentSlug, ProjectId, RuleId};

use super::*;
use crate::{
    firewall::authority::{Environments, Lists},
    wire::{Confirm, Override},
};

const NOW: Timestamp = Timestamp::from_micros(1_900_000_000_000_000);

/// A project with production and staging, or the instance or console.
struct World {
    project: Scope,
    production: Scope,
    staging: Scope,
    environments: Environments,
}

impl World {
    fn new() -> Self {
        let id = ProjectId::generate(NOW);
        let (production, staging) = (EnvironmentId::generate(NOW), EnvironmentId::generate(NOW));
        let slug = |text: &str| text.parse::<EnvironmentSlug>().unwrap();
        let environments = [(production, slug("production")), (staging, slug("staging"))].into_iter().collect();
        let of = |environment| Scope::Environment(id, environment);
        Self { project: Scope::Project(id), production: of(production), staging: of(staging), environments }
    }

    fn authority<const N: usize>(&self, scope: Scope, lists: [(Scope, Mode, &[Entry]); N]) -> Authority {
        let lists: HashMap<_, _> =
            lists.into_iter().map(|(scope, mode, allow)| (scope, Lists { mode, allow: allow.to_vec() })).collect();
        let environments = if scope.project().is_some() { self.environments.clone() } else { Environments::default() };
        Authority::new(scope, &environments, lists)
    }

    fn places(&self) -> Places {
        let host = |scope: Scope, host: &str| (scope.environment().unwrap(), host.parse().unwrap());
        let hosts = vec![host(self.production, "shop.localhost"), host(self.staging, "shop-staging.localhost")];
        Places { console: "temps.localhost".parse().unwrap(), hosts }
    }
}

fn entry(action: Action, network: &str) -> Entry {
    Entry { id: RuleId::generate(NOW), action, network: network.parse().unwrap(), expires_at: None }
}

fn allow(network: &str) -> Entry {
    entry(Action::Allow, network)
}

fn me() -> Option<ClientIp> {
    Some("203.0.113.7".parse().unwrap())
}

fn at(shut_out: &ShutOut) -> Vec<Scope> {
    shut_out.author.as_ref().map(|denial| denial.at.clone()).unwrap_or_default()
}

#[test]
fn r_ip_3_a_block_entry_that_covers_its_author_is_found_in_every_form() {
    let world = World::new();
    for (action, network, denies) in [
        (Action::Block, "203.0.113.7", true),
        (Action::Block, "203.0.113.0/24", true),
        (Action::Block, "0.0.0.0/0", true),
        (Action::Block, "203.0.113.8", false),
        (Action::Block, "::/0", false),
        (Action::Allow, "203.0.113.7", false),
    ] {
        for scope in [Scope::Instance, Scope::Console, world.project, world.staging] {
            let shut_out = ShutOut::by_entries(&[(scope, entry(action, network))], me(), NOW);
            let expected = if denies { vec![scope] } else { vec![] };
            assert_eq!(at(&shut_out), expected, "{action:?} {network} in {scope}");
        }
    }
    let many = [
        (world.project, entry(Action::Block, "198.51.100.0/24")),
        (world.staging, entry(Action::Block, "203.0.113.7")),
    ];
    assert_eq!(at(&ShutOut::by_entries(&many, me(), NOW)), [world.staging]);
}

#[test]
fn r_ip_3_allow_list_mode_denies_an_author_who_is_on_no_list_that_counts() {
    let world = World::new();
    let (mine, other) = ([allow("203.0.113.0/24")], [allow("198.51.100.1")]);
    let ended = [Entry { expires_at: Some(NOW), ..mine[0] }];
    let (all, none): (Vec<Scope>, Vec<Scope>) = (vec![world.production, world.staging], vec![]);
    // Where mode is switched on; the project's allow list; staging's allow list; where the author is then refused.
    for (switched, of_project, of_staging, refused) in [
        (world.project, &mine[..], &[][..], none.clone()),
        (world.project, &other, &[], all.clone()),
        (world.project, &other, &mine, vec![world.production]),
        (world.project, &ended, &other, all.clone()),
        (world.staging, &mine, &other, none.clone()),
        (world.staging, &other, &mine, none),
        (world.staging, &other, &other, vec![world.staging]),
    ] {
        let before = world
            .authority(switched, [(world.project, Mode::Open, of_project), (world.staging, Mode::Open, of_staging)]);
        let shut_out = ShutOut::by_lists(&before, &before.with_mode(switched, Mode::AllowList), me(), NOW);
        assert_eq!(at(&shut_out), refused, "{switched} {of_project:?} {of_staging:?}");
    }
}

#[test]
fn r_ip_9_an_empty_allow_list_is_noticed_when_the_mode_is_set_and_when_the_last_entry_goes() {
    let world = World::new();
    for scope in [Scope::Instance, Scope::Console] {
        let one = allow("198.51.100.1");
        let empty = world.authority(scope, [(scope, Mode::Open, &[])]);
        let last = world.authority(scope, [(scope, Mode::AllowList, &[one])]);
        let two = world.authority(scope, [(scope, Mode::AllowList, &[one, allow("192.0.2.1")])]);
        let everybody = |before: &Authority, after: &Authority| ShutOut::by_lists(before, after, None, NOW).everybody;
        assert_eq!(everybody(&empty, &empty.with_mode(scope, Mode::AllowList)), [scope]);
        assert_eq!(everybody(&last, &last.without(one.id)), [scope]);
        assert_eq!(everybody(&two, &two.without(one.id)), []);
        assert_eq!(everybody(&last, &last.with_mode(scope, Mode::Open)), []);
    }
    let ended = Entry { expires_at: Some(NOW), ..allow("198.51.100.1") };
    let before =
        world.authority(world.staging, [(world.project, Mode::Open, &[ended]), (world.staging, Mode::Open, &[])]);
    let closed = ShutOut::by_lists(&before, &before.with_mode(world.staging, Mode::AllowList), None, NOW);
    assert_eq!(closed.everybody, [world.staging], "an expired entry lets nobody in");
}

#[test]
fn whoever_was_refused_before_is_not_shut_out_by_the_change() {
    let world = World::new();
    let (one, two) = (allow("198.51.100.1"), allow("192.0.2.1"));
    let before = world.authority(Scope::Instance, [(Scope::Instance, Mode::AllowList, &[one, two])]);
    assert_eq!(ShutOut::by_lists(&before, &before.without(one.id), me(), NOW), ShutOut::default());
    let closed = world.authority(Scope::Instance, [(Scope::Instance, Mode::AllowList, &[])]);
    assert_eq!(
        ShutOut::by_lists(&closed, &closed.with_mode(Scope::Instance, Mode::AllowList), me(), NOW),
        ShutOut::default()
    );
}

#[test]
fn each_danger_asks_for_its_own_confirmation() {
    let world = World::new();
    const YOU: Option<Override> = Some(Override::SelfDenial);
    const ALL: Option<Confirm> = Some(Confirm::DenyAll);
    let you = ShutOut::by_entries(&[(Scope::Console, entry(Action::Block, "203.0.113.7"))], me(), NOW);
    let empty = world.authority(Scope::Console, [(Scope::Console, Mode::Open, &[])]);
    let everybody = ShutOut::by_lists(&empty, &empty.with_mode(Scope::Console, Mode::AllowList), me(), NOW);
    for (shut_out, overrides, confirm, refused) in [
        (&you, None, None, Some("would_deny_you")),
        (&you, None, ALL, Some("would_deny_you")),
        (&you, YOU, None, None),
        (&everybody, None, None, Some("would_deny_everybody")),
        (&everybody, YOU, None, Some("would_deny_everybody")),
        (&everybody, None, ALL, None),
        (&ShutOut::default(), None, None, None),
    ] {
        let query = ChangeQuery { dry_run: false, overrides, confirm };
        let permitted = shut_out.permit(&query, &world.places());
        let code = permitted.err().map(|problem| format!("{problem:?}"));
        match refused {
            None => assert_eq!(code, None, "{overrides:?} {confirm:?}"),
            Some(expected) => {
                assert!(code.unwrap().contains(&format!("code: {expected:?}")), "{overrides:?} {confirm:?}")
            }
        }
    }
}

#[test]
fn the_sentences_name_address_place_and_reason() {
    let world = World::new();
    let blocked = |scope, network| {
        ShutOut::by_entries(&[(scope, entry(Action::Block, network))], me(), NOW).sentences(&world.places())
    };
    assert_eq!(
        blocked(world.production, "203.0.113.0/24"),
        [
            "203.0.113.7 – you – would be refused at shop.localhost: the entry `block 203.0.113.0/24` covers that address."
        ]
    );
    assert!(blocked(world.project, "203.0.113.7")[0].contains("shop.localhost and shop-staging.localhost"));
    assert!(blocked(Scope::Console, "203.0.113.7")[0].contains("at temps.localhost:"));
    assert!(blocked(Scope::Instance, "203.0.113.7")[0].contains("the console included"));
    let before = world.authority(world.staging, [(world.project, Mode::Open, &[]), (world.staging, Mode::Open, &[])]);
    let closed = ShutOut::by_lists(&before, &before.with_mode(world.staging, Mode::AllowList), me(), NOW);
    assert_eq!(
        closed.sentences(&world.places()),
        [
            "The allow list would be empty, so everybody would be refused at shop-staging.localhost.",
            "203.0.113.7 – you – would be refused at shop-staging.localhost: it is on no allow list."
        ]
    );
}
