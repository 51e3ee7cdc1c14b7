use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);
const PAST: Option<Timestamp> = Some(Timestamp::from_micros(999_999));
const FUTURE: Option<Timestamp> = Some(Timestamp::from_micros(1_000_001));

fn rule() -> RuleId {
    RuleId::generate(NOW)
}

fn ip(text: &str) -> ClientIp {
    text.parse().unwrap()
}

fn net(text: &str) -> Network {
    text.parse().unwrap()
}

#[test]
fn r_ip_1_an_expired_specific_entry_never_hides_a_covering_one() {
    let wide = rule();
    let table: NetworkTable =
        [(net("10.0.0.0/8"), wide, None), (net("10.1.0.0/16"), rule(), PAST), (net("10.1.2.3/32"), rule(), PAST)]
            .into_iter()
            .collect();
    assert_eq!(table.find(ip("10.1.2.3"), NOW), Some(wide));
    assert_eq!(table.find(ip("11.1.2.3"), NOW), None);
}

#[test]
fn the_narrowest_living_entry_is_named() {
    let (wide, narrow) = (rule(), rule());
    let table: NetworkTable =
        [(net("2001:db8::/32"), wide, None), (net("2001:db8:1::/48"), narrow, FUTURE)].into_iter().collect();
    assert_eq!(table.find(ip("2001:db8:1::9"), NOW), Some(narrow));
    assert_eq!(table.find(ip("2001:db8:2::9"), NOW), Some(wide));
    assert_eq!(table.find(ip("2001:db8:1::9"), FUTURE.unwrap()), Some(wide), "an entry ends at its expiry");
}

#[test]
fn of_two_entries_for_one_network_the_longer_lasting_counts() {
    for order in [[PAST, None], [None, PAST]] {
        let table: NetworkTable = order.map(|expiry| (net("10.0.0.0/8"), rule(), expiry)).into_iter().collect();
        assert!(table.find(ip("10.0.0.1"), NOW).is_some());
    }
}

#[test]
fn ipv4_and_ipv6_never_meet() {
    let table: NetworkTable = [(Network::ALL_V4, rule(), None)].into_iter().collect();
    assert!(table.find(ip("203.0.113.7"), NOW).is_some());
    assert!(table.find(ip("::ffff:203.0.113.7"), NOW).is_some(), "a mapped client is an IPv4 client");
    assert!(table.find(ip("2001:db8::1"), NOW).is_none());
}

#[test]
fn r_ip_9_an_empty_allow_list_refuses_everybody() {
    let firewall = Firewall::new(Mode::AllowList, []);
    let scopes = [(FirewallScope::Project, &firewall)];
    assert_eq!(
        check_allow_lists(scopes, ip("203.0.113.7"), NOW),
        Err(Refusal::NotAllowed { scope: FirewallScope::Project })
    );
}

#[test]
fn a_project_and_its_environment_share_their_allow_entries_and_nobody_else_does() {
    let allow = |network| Entry { id: rule(), action: Action::Allow, network, expires_at: None };
    let office = net("203.0.113.0/24");
    let closed = Firewall::new(Mode::AllowList, []);
    let opens_office = Firewall::new(Mode::Open, [allow(office)]);
    use FirewallScope::*;
    for (outer, inner, admitted) in
        [(Project, Environment, true), (Instance, Project, false), (Instance, Console, false)]
    {
        for scopes in [[(outer, &closed), (inner, &opens_office)], [(outer, &opens_office), (inner, &closed)]] {
            assert_eq!(check_allow_lists(scopes, ip("203.0.113.7"), NOW).is_ok(), admitted, "{outer} and {inner}");
            assert!(check_allow_lists(scopes, ip("198.51.100.7"), NOW).is_err());
        }
    }
}

#[test]
fn r_ip_4_entries_that_a_wider_one_covers_are_named() {
    let entry = |action, network| Entry { id: rule(), action, network: net(network), expires_at: None };
    let entries = [
        entry(Action::Block, "10.0.0.0/8"),
        entry(Action::Block, "10.1.0.0/16"),
        entry(Action::Allow, "10.2.0.0/16"),
        entry(Action::Block, "192.0.2.0/24"),
    ];
    assert_eq!(covered_entries(&entries), HashMap::from([(entries[1].id, net("10.0.0.0/8"))]));
}

#[test]
fn a_changed_firewall_lists_the_changed_networks_anew_and_the_others_as_before() {
    let entry = |action, network| Entry { id: rule(), action, network: net(network), expires_at: None };
    let before = Firewall::new(
        Mode::AllowList,
        [
            entry(Action::Block, "10.0.0.0/8"),
            entry(Action::Block, "10.1.0.0/16"),
            entry(Action::Allow, "192.0.2.0/24"),
            entry(Action::Block, "2001:db8::/32"),
        ],
    );
    let changed = [net("10.1.0.0/16"), net("10.0.0.0/8"), net("192.0.2.0/24")];
    let after = before.with(&changed, [entry(Action::Block, "10.1.0.0/16"), entry(Action::Allow, "10.0.0.0/8")]);
    let scopes = [(FirewallScope::Project, &after)];
    let refused = |client| {
        check_block_lists(scopes, ip(client), NOW).and_then(|()| check_allow_lists(scopes, ip(client), NOW)).is_err()
    };
    for (client, expected) in
        [("10.2.0.1", false), ("10.1.0.1", true), ("192.0.2.1", true), ("2001:db8::1", true), ("203.0.113.7", true)]
    {
        assert_eq!(refused(client), expected, "{client}");
    }
    assert_eq!((before.block.len(), before.allow.len(), after.block.len(), after.allow.len()), (3, 1, 2, 1));
}
