use super::*;

fn rate(per_second: u32, burst: u32) -> Rate {
    Rate { per_second: NonZeroU32::new(per_second).unwrap(), burst: NonZeroU32::new(burst).unwrap() }
}

fn client(text: &str) -> Counted {
    Counted::new(1, text.parse().unwrap())
}

const START: Duration = Duration::from_secs(1_000);

#[test]
fn a_burst_passes_and_then_the_rate_decides() {
    let counters = Counters::new(1_000);
    let take = |at| check_rate(&counters, client("203.0.113.7"), rate(10, 5), START + Duration::from_millis(at));
    assert!((0..5).all(|_| take(0).is_ok()));
    assert_eq!(take(0), Err(Duration::from_millis(100)));
    assert_eq!(take(99), Err(Duration::from_millis(1)));
    assert!(take(100).is_ok());
    assert!(take(100).is_err(), "a refused request costs nothing and earns nothing");
    assert!((0..5).all(|_| take(10_000).is_ok()), "the allowance is whole again and no larger than the burst");
    assert!(take(10_000).is_err());
}

#[test]
fn clients_and_sites_are_counted_apart_and_ipv6_by_64() {
    let counters = Counters::new(1_000);
    let take = |counted| check_rate(&counters, counted, rate(1, 1), START);
    assert!(take(client("203.0.113.7")).is_ok());
    assert!(take(client("203.0.113.7")).is_err());
    assert!(take(client("203.0.113.8")).is_ok());
    assert!(take(Counted::new(2, "203.0.113.7".parse().unwrap())).is_ok());
    assert!(take(client("2001:db8::1")).is_ok());
    assert!(take(client("2001:db8::2")).is_err());
    assert!(take(client("2001:db8:0:1::1")).is_ok());
}

#[test]
fn a_flood_of_clients_is_bounded_and_resets_nobody_who_is_over() {
    let counters = Counters::new(6_400);
    let offender = client("203.0.113.7");
    while check_rate(&counters, offender, rate(1, 100), START).is_ok() {}
    for n in 0..50_000u32 {
        let visitor = Counted::new(1, ClientIp::from(IpAddr::from(n.to_be_bytes())));
        assert!(check_rate(&counters, visitor, rate(1, 100), START).is_ok());
        assert!(counters.len() <= 6_400);
    }
    assert!(check_rate(&counters, offender, rate(1, 100), START).is_err());
}

#[test]
fn the_narrowest_scope_decides_each_limit_by_itself() {
    let wide = LimitSettings { rate: Some(rate(1, 1)), max_body: Some(1) };
    let narrow = LimitSettings { rate: None, max_body: Some(2) };
    assert_eq!(Limits::of_site([wide, narrow]), Limits { rate: rate(1, 1), max_body: 2 });
    assert_eq!(Limits::of_site([]), Limits::BUILT_IN);
}

#[test]
fn r_ip_3_no_setting_takes_the_console_from_those_who_could_change_it_back() {
    let nothing = LimitSettings { rate: Some(rate(1, 1)), max_body: Some(0) };
    assert_eq!(Limits::of_console(1 << 30, nothing, nothing), Limits::CONSOLE_FLOOR);
    let unset = LimitSettings::default();
    assert_eq!(Limits::of_console(1 << 30, nothing, unset).max_body, 1 << 30, "bodies of sites are not the console's");
    assert_eq!(Limits::of_console(1 << 30, unset, unset).rate, Limits::BUILT_IN.rate);
}
