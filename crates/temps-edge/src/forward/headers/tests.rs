use super::*;

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn r_edge_5_what_connection_names_is_removed_with_the_rest_of_the_hop() {
    let mut headers = headers(&[
        ("connection", "x-secret, keep-alive, Upgrade"),
        ("connection", "Foo,"),
        ("x-secret", "1"),
        ("foo", "1"),
        ("foo", "2"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("proxy-authorization", "Basic x"),
        ("accept", "*/*"),
    ]);
    remove_hop_by_hop(&mut headers);
    assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
}

#[test]
fn r_app_9_a_request_of_our_own_is_recognised_by_its_via() {
    for (via, passed) in [
        ("1.1 temps-a", true),
        ("1.0 other, 1.1 temps-a", true),
        ("2 temps-a (comment)", true),
        ("1.1 temps-ab", false),
        ("1.1 x-temps-a, 1.1 b", false),
        ("temps-a", false),
    ] {
        assert_eq!(has_passed(&headers(&[("via", via)]), "temps-a"), passed, "{via}");
    }
}

#[test]
fn cookies_of_http2_become_one_line() {
    let mut headers = headers(&[("cookie", "a=1"), ("cookie", "b=2; c=3")]);
    join_cookies(&mut headers);
    assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
}
