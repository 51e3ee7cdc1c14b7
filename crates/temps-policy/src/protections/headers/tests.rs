use super::*;

fn policy(settings: serde_json::Value) -> Result<HeaderPolicy, HeaderSettingsError> {
    HeaderPolicy::new(&serde_json::from_value(settings).unwrap())
}

/// The headers of a response after the policy, given those of the application.
fn applied(
    policy: &HeaderPolicy,
    application: &[(&'static str, &'static str)],
    host: &str,
) -> BTreeMap<String, Vec<String>> {
    let mut headers = HeaderMap::new();
    for (name, value) in application {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    policy.apply(&mut headers, true, Some(&host.parse().unwrap()));
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &headers {
        all.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
    }
    all
}

fn value(headers: &BTreeMap<String, Vec<String>>, name: &str) -> String {
    headers.get(name).map_or_else(String::new, |values| values.join(" | "))
}

#[test]
fn r_app_1_the_standard_preset() {
    let headers = applied(&HeaderPolicy::default(), &[], "shop.test");
    let expected = [
        ("content-security-policy", "frame-ancestors 'none'"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("strict-transport-security", "max-age=31536000"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-xss-protection", "1; mode=block"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).into());
}

#[test]
fn r_app_1_the_strict_preset() {
    let headers = applied(&policy(serde_json::json!({ "preset": "strict" })).unwrap(), &[], "shop.test");
    assert_eq!(value(&headers, "x-xss-protection"), "0");
    assert_eq!(value(&headers, "cross-origin-opener-policy"), "same-origin");
    assert_eq!(value(&headers, "cross-origin-resource-policy"), "same-origin");
    assert!(value(&headers, "permissions-policy").contains("camera=()"));
}

#[test]
fn r_app_1_the_applications_value_wins_once_unless_enforced() {
    let application =
        [("referrer-policy", "no-referrer"), ("referrer-policy", "origin"), ("x-content-type-options", "")];
    let headers = applied(&HeaderPolicy::default(), &application, "shop.test");
    assert_eq!(value(&headers, "referrer-policy"), "no-referrer");
    assert_eq!(value(&headers, "x-content-type-options"), "nosniff");
    let enforced = policy(serde_json::json!({ "enforce": true })).unwrap();
    assert_eq!(
        value(&applied(&enforced, &application, "shop.test"), "referrer-policy"),
        "strict-origin-when-cross-origin"
    );
}

#[test]
fn r_app_1_both_frame_headers_always_agree() {
    // What the application sets, then `X-Frame-Options` and `Content-Security-Policy` as they leave.
    for (application, options, csp) in [
        (vec![], "DENY", "frame-ancestors 'none'"),
        (vec![("content-security-policy", "default-src 'self'")], "DENY", "default-src 'self'; frame-ancestors 'none'"),
        (
            vec![("content-security-policy", "default-src 'self';")],
            "DENY",
            "default-src 'self'; frame-ancestors 'none'",
        ),
        (vec![("content-security-policy", "frame-ancestors 'self'")], "SAMEORIGIN", "frame-ancestors 'self'"),
        (vec![("content-security-policy", "Frame-Ancestors https://a.test")], "DENY", "Frame-Ancestors https://a.test"),
        (vec![("content-security-policy", "frame-ancestors")], "DENY", "frame-ancestors"),
        (vec![("x-frame-options", "sameorigin")], "SAMEORIGIN", "frame-ancestors 'self'"),
        (vec![("x-frame-options", "ALLOW-FROM https://a.test")], "DENY", "frame-ancestors 'none'"),
        (vec![("x-frame-options", "DENY"), ("x-frame-options", "SAMEORIGIN")], "DENY", "frame-ancestors 'none'"),
        (
            vec![("x-frame-options", "DENY"), ("content-security-policy", "frame-ancestors 'self'")],
            "SAMEORIGIN",
            "frame-ancestors 'self'",
        ),
        (
            vec![("content-security-policy", "script-src 'self'"), ("content-security-policy", "img-src *")],
            "DENY",
            "script-src 'self'; frame-ancestors 'none', img-src *",
        ),
    ] {
        let headers = applied(&HeaderPolicy::default(), &application, "shop.test");
        assert_eq!(value(&headers, "x-frame-options"), options, "{application:?}");
        assert_eq!(value(&headers, "content-security-policy"), csp, "{application:?}");
    }
}

#[test]
fn r_app_1_enforced_framing_replaces_the_applications_and_keeps_the_rest() {
    let enforced =
        policy(serde_json::json!({ "enforce": true, "overrides": { "X-Frame-Options": "SAMEORIGIN" } })).unwrap();
    let application =
        [("content-security-policy", "img-src *; frame-ancestors https://a.test"), ("x-frame-options", "DENY")];
    let headers = applied(&enforced, &application, "shop.test");
    assert_eq!(value(&headers, "x-frame-options"), "SAMEORIGIN");
    assert_eq!(value(&headers, "content-security-policy"), "img-src *; frame-ancestors 'self'");
}

#[test]
fn overrides_set_another_value_or_leave_the_header_to_the_application() {
    let overridden = policy(serde_json::json!({ "overrides": {
        "x-content-type-options": null, "X-Frame-Options": null, "Content-Security-Policy": "default-src 'self'", "X-XSS-Protection": "0"
    } }))
    .unwrap();
    let headers = applied(&overridden, &[], "shop.test");
    assert_eq!(value(&headers, "x-content-type-options"), "");
    assert_eq!(value(&headers, "x-frame-options"), "");
    assert_eq!(value(&headers, "content-security-policy"), "default-src 'self'");
    assert_eq!(value(&headers, "x-xss-protection"), "0");
    let headers = applied(&overridden, &[("content-security-policy", "img-src *")], "shop.test");
    assert_eq!(value(&headers, "content-security-policy"), "img-src *");
}

#[test]
fn r_app_2_hsts_by_host_and_setting() {
    let value_for = |settings, host: &str| {
        value(
            &applied(&policy(settings).unwrap(), &[("strict-transport-security", "max-age=1")], host),
            "strict-transport-security",
        )
    };
    let full = serde_json::json!({ "hsts": { "include_subdomains": true, "preload": true } });
    assert_eq!(value_for(full.clone(), "shop.test"), "max-age=31536000; includeSubDomains; preload");
    assert_eq!(value_for(full.clone(), "shop.localhost"), "max-age=300");
    assert_eq!(value_for(full, "localhost"), "");
    let off = serde_json::json!({ "hsts": { "enabled": false } });
    assert_eq!(value_for(off.clone(), "shop.test"), "max-age=0");
    assert_eq!(value_for(off, "shop.localhost"), "max-age=0");
    let mut plain = HeaderMap::new();
    HeaderPolicy::default().apply(&mut plain, false, Some(&"shop.test".parse().unwrap()));
    assert!(!plain.contains_key("strict-transport-security"), "RFC 6797 §7.2: never over plain HTTP");
}

#[test]
fn settings_that_make_no_sense_are_refused_with_the_field() {
    use HeaderSettingsError::*;
    let overrides = |name: &str, value: &str| policy(serde_json::json!({ "overrides": { name: value } })).unwrap_err();
    assert_eq!(overrides("Set-Cookie", "a=b"), Unmanaged("Set-Cookie".into()));
    assert_eq!(overrides("Strict-Transport-Security", "max-age=1"), HstsOverride);
    assert_eq!(overrides("Referrer-Policy", "a\r\nb: c"), Value("Referrer-Policy".into()));
    assert_eq!(overrides("Referrer-Policy", ""), Value("Referrer-Policy".into()));
    assert_eq!(overrides("X-Frame-Options", "ALLOWALL"), FrameOptions("ALLOWALL".into()));
    let both = serde_json::json!({ "overrides": { "X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'self'" } });
    assert_eq!(policy(both).unwrap_err(), FrameConflict);
    let twice = serde_json::json!({ "overrides": { "Referrer-Policy": "origin", "referrer-policy": "origin" } });
    assert!(matches!(policy(twice).unwrap_err(), Duplicate(_)));
    assert_eq!(policy(serde_json::json!({ "hsts": { "preload": true } })).unwrap_err(), Preload);
    assert_eq!(policy(serde_json::json!({ "hsts": { "max_age": 99_999_999 } })).unwrap_err(), MaxAge);
}
