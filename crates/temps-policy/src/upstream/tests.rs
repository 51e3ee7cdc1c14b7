use super::*;

#[test]
fn r_app_9_special_addresses_need_a_listed_network() {
    let none = UpstreamNetworks::default();
    for special in [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:db8::1",
        "2001::1",
        "::7f00:1",
        "fec0::1",
    ] {
        assert!(none.permit(special.parse().unwrap()).is_err(), "{special}");
    }
    for public in ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"] {
        assert_eq!(none.permit(public.parse().unwrap()), Ok(()), "{public}");
    }
}

#[test]
fn r_app_9_a_listed_network_opens_only_itself() {
    let loopback = UpstreamNetworks::new(vec!["127.0.0.0/8".parse().unwrap()]);
    for open in ["127.0.0.1", "::ffff:127.0.0.1"] {
        assert_eq!(loopback.permit(open.parse().unwrap()), Ok(()), "{open}");
    }
    for closed in ["10.0.0.1", "::1", "169.254.169.254"] {
        assert!(loopback.permit(closed.parse().unwrap()).is_err(), "{closed}");
    }
}

#[test]
fn upstream_urls_are_read_and_written() {
    for (text, canonical) in [
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("HTTP://Backend.Example.com/", "http://backend.example.com"),
        ("https://b.test:443", "https://b.test"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        assert_eq!(text.parse::<Upstream>().unwrap().to_string(), canonical);
    }
}

#[test]
fn malformed_upstream_urls_are_told_why() {
    use UpstreamError::*;
    for (text, error) in [
        ("127.0.0.1:3000", Scheme),
        ("ftp://a.test", Scheme),
        ("file:///etc/passwd", Scheme),
        ("http://u:p@a.test", Credentials),
        ("http://a.test/x", Path),
        ("http://a.test?x", Path),
        ("http://a.test#x", Path),
        ("http://a.test:0", Port),
        ("http://a.test:99999", Port),
        ("http://a.test:+80", Port),
        ("http://a.test:", Port),
        ("http://[::1]80", Port),
        ("http://[::1", Ipv6),
        ("http://[fe80::1%25eth0]:80", Ipv6),
        ("http://", Host(temps_model::HostNameError::Empty)),
        ("http://010.0.0.1", Host(temps_model::HostNameError::Address)),
        ("http://2130706433", Host(temps_model::HostNameError::Address)),
        ("http://0x7f.1", Host(temps_model::HostNameError::Address)),
    ] {
        assert_eq!(text.parse::<Upstream>(), Err(error), "{text}");
    }
}
