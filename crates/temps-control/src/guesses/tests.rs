use std::time::Duration;

use proptest::prelude::*;
use temps_model::{ClientIp, Timestamp};

use super::{factor::Limits, stuffing::Pattern, tally::Tally, *};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).after(Duration::from_secs(seconds))
}

/// How many guesses count if one is made every so many milliseconds.
fn guesses(limits: Limits, every: Duration, during: Duration) -> u32 {
    let (mut tally, mut counted, mut elapsed) = (Tally::default(), 0, Duration::ZERO);
    while elapsed < during {
        let (next, counts) = tally.take(&limits, at(0).after(elapsed));
        counted += u32::from(counts);
        tally = next;
        elapsed += every;
    }
    counted
}

#[test]
fn r_sess_3_a_hundred_guesses_are_never_reached_before_there_is_one_a_minute() {
    let password = Factor::Password.limits(Origin::Account);
    let first = guesses(password, Duration::from_millis(10), Duration::from_secs(120));
    assert_eq!(first, 17, "in the first two minutes");
    let day = guesses(password, Duration::from_millis(500), Duration::from_secs(86_400));
    assert!(day <= 17 + 24 * 60, "{day}");
    let code = guesses(Factor::Totp.limits(Origin::Account), Duration::from_millis(500), Duration::from_secs(86_400));
    assert!(code <= 120, "{code} of a million codes, of which three are right at a time");
}

#[test]
fn failures_fade_and_a_guess_too_early_makes_nobody_wait_longer() {
    let limits = Factor::Password.limits(Origin::Account);
    let mut tally = Tally::default();
    for _ in 0..12 {
        tally = Tally { not_before: Timestamp::default(), ..tally.take(&limits, at(0)).0 };
    }
    let (tally, counted) = tally.take(&limits, at(0));
    assert!(counted);
    assert_eq!(tally.not_before, at(4), "the thirteenth failure, three beyond ten");
    let (after, counted) = tally.take(&limits, at(1));
    assert!(!counted);
    assert_eq!(after, tally);
    assert!(tally.take(&limits, at(4)).1);
    assert_eq!(tally.price(&limits, at(4)), Some(1));
    assert_eq!(tally.price(&limits, at(2 * 3_600)), None, "13 fade to 6.5 and to 3.25");
    assert_eq!(tally.take(&limits, at(20 * 3_600)).0.thousandths, 1_000);
}

#[test]
fn what_is_cheap_keeps_no_price_up() {
    let limits = Factor::Password.limits(Origin::Everybody);
    let mut tally = Tally { thousandths: 85_000, last_at: at(0), not_before: Timestamp::default() };
    for n in 1..=10 {
        tally = tally.take(&limits, at(n * 59)).0;
    }
    assert_eq!(tally.price(&limits, at(10 * 59)), None, "{tally:?}");
    let mut office = Tally { thousandths: 12_000, last_at: at(0), not_before: Timestamp::default() };
    let limits = Factor::Password.limits(Origin::Network);
    for n in 1..=8 {
        let at = at(n * 3_500);
        office = office.take(&limits, at).0.give_back(&limits, at);
    }
    assert!(office.thousandths < 1_000, "right logins keep nothing up: {office:?}");
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out() {
    let limits = Factor::Password.limits(Origin::Account);
    let tally = Tally { thousandths: 50_000, last_at: at(1_000_000), not_before: at(1_000_060) };
    let (waiting, counted) = tally.take(&limits, at(0));
    assert!(!counted);
    assert_eq!(waiting.not_before, at(60), "no more than the longest delay");
    assert!(waiting.take(&limits, at(60)).1);
}

proptest! {
    #[test]
    fn a_tally_never_counts_down_but_by_time(failures in 0_u32..5_000, gap in 0_u64..10_000_000, factor in 0_usize..5) {
        let limits = Factor::ALL[factor].limits(Origin::Account);
        let tally = Tally { thousandths: failures * 1_000, last_at: at(0), not_before: at(0) };
        let (taken, counted) = tally.take(&limits, at(gap));
        prop_assert!(counted);
        prop_assert!(taken.thousandths >= 1_000 && taken.thousandths <= (failures + 1) * 1_000);
        prop_assert!(taken.not_before.since(at(gap)) <= limits.longest);
    }
}

#[test]
fn r_auth_3_spellings_of_one_account_are_one_subject() {
    let of = |text: &str| Subject::typed(text.parse().ok().as_ref(), text);
    for spelling in ["Nobody@Example.com ", "nobody+tag@example.com", "ｎobody@example.com", "NOBODY+a+b@EXAMPLE.COM"]
    {
        assert_eq!(of(spelling), of("nobody@example.com"), "{spelling}");
    }
    assert_eq!(of("no address "), of("NO ADDRESS"));
    assert_ne!(of("nobody@example.com"), of("somebody@example.com"));
}

#[test]
fn stuffing_is_told_once_when_it_becomes_visible() {
    let stuffing = Stuffing::default();
    let client = |n: u8| Some(ClientIp::from(std::net::IpAddr::from([203, 0, 113, n])));
    let told: Vec<_> = (0..20).filter_map(|n| stuffing.failed(client(1), &format!("user{n}"), at(n))).collect();
    assert_eq!(told, [Pattern::ManyAccounts]);
    assert!(stuffing.is_suspicious(client(1), at(20)) && !stuffing.is_suspicious(client(2), at(20)));
    assert!(!stuffing.is_suspicious(client(1), at(3_600)));
    let told: Vec<_> = (10..30).filter_map(|n| stuffing.failed(client(n), "owner", at(30))).collect();
    assert_eq!(told, [Pattern::ManyNetworks]);
    assert!((0..20).all(|n| stuffing.failed(client(77), "forgetful", at(n)).is_none()), "a person who mistypes");
}
