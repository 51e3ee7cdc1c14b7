use super::*;

#[test]
fn r_edge_6_the_client_is_the_last_hop_that_a_trusted_proxy_vouches_for() {
    let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    for (peer, lines, expected) in [
        ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
        ("203.0.113.9", &[], "203.0.113.9"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["1.2.3.4", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", &["198.51.100.1,10.0.0.3 ,\t10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &["198.51.100.1:4000"], "10.0.0.1"),
        ("10.0.0.1", &["010.1.1.1"], "10.0.0.1"),
        ("10.0.0.1", &[""], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1,"], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1, \u{e4}"], "10.0.0.1"),
        ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("2001:db8::1", &["2a00:1450::5, 2001:db8::7"], "2a00:1450::5"),
        ("2001:db8::1", &["[2a00:1450::5]"], "2001:db8::1"),
    ] {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let found = client(peer.parse().unwrap(), Some(&headers), &trusted);
        assert_eq!(found, expected.parse().unwrap(), "{peer} {lines:?}");
    }
}

#[test]
fn a_port_behind_the_host_is_digits() {
    for (text, split) in [
        ("a.test", Some(("a.test", None))),
        ("a.test:8443", Some(("a.test", Some(8443)))),
        ("a.test:", Some(("a.test", None))),
        ("[::1]", Some(("[::1]", None))),
        ("[::1]:80", Some(("[::1]", Some(80)))),
        ("[::1]80", None),
        ("a.test:80:90", None),
        ("a.test:+80", None),
        ("a.test:65536", None),
        ("a.test:000080", None),
    ] {
        assert_eq!(split_port(text), split, "{text}");
    }
}
