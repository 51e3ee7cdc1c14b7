//! How long it takes to find an address among 100,000 networks (R-IP-5), printed as nanoseconds a lookup.
#![forbid(unsafe_code)]

use std::{hint::black_box, time::Instant};

use temps_model::{ClientIp, Network, RuleId, Timestamp};
use temps_policy::protections::firewall::NetworkTable;

const NETWORKS: u32 = 100_000;
const LOOKUPS: u32 = 20_000;
const ROUNDS: usize = 101;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#[expect(clippy::print_stdout, reason = "a benchmark is run for what it prints")]
fn main() {
    let table: NetworkTable = (0..NETWORKS).map(entry).collect();
    let now = Timestamp::from_micros(1);
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let started = Instant::now();
            for n in 0..LOOKUPS {
                black_box(table.find(black_box(client(scattered(n ^ (round as u32) << 16))), now));
            }
            started.elapsed().as_nanos() as f64 / f64::from(LOOKUPS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    println!(
        "{} networks: median {:.0} ns a lookup, slowest round {:.0} ns",
        table.len(),
        rounds[ROUNDS / 2],
        rounds[ROUNDS - 1]
    );
}

/// Half IPv4 of 24 to 32 bits, half IPv6 of 48 to 64 bits.
fn entry(n: u32) -> (Network, RuleId, Option<Timestamp>) {
    let bits = scattered(n);
    let text = match n % 2 {
        0 => format!("{}/{}", std::net::Ipv4Addr::from(bits), 24 + n % 9),
        _ => format!("2001:db8:{:x}:{:x}::/{}", bits >> 16, bits & 0xffff, 48 + n % 17),
    };
    (text.parse().expect("a network was written"), RuleId::generate(Timestamp::from_micros(1)), None)
}

fn client(bits: u32) -> ClientIp {
    match bits % 2 {
        0 => ClientIp::from(std::net::IpAddr::from(bits.to_be_bytes())),
        _ => ClientIp::from(std::net::IpAddr::from([0x2001, 0xdb8, (bits >> 16) as u16, bits as u16, 0, 0, 0, 1])),
    }
}

/// Numbers that follow each other, spread over all that there are (Knuth's multiplicative hash).
fn scattered(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761)
}
