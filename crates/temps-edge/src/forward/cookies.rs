//! Cookies that an application may not set.

use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use temps_model::HostName;

/// Names of cookies that belong to Temps. Browsers compare the prefix without regard to case (RFC 6265bis §4.1.3).
const OWN_PREFIX: &[u8] = b"__host-temps";

/// Takes away the cookies that only Temps sets (R-EDGE-14), and from the others a `Domain` that reaches the domain under which applications get
/// their names, so that none of them can set a cookie for all the others (R-APP-8).
///
/// Any other `Domain` stays: names under and above an application's own belong to the same project, which the control plane sees to when a
/// name is added, and a domain that is not above its name browsers ignore (RFC 6265 §5.3). What this leaves open are names that members added
/// side by side under a domain of their own, such as `a.example.com` and `b.example.com`: either can set cookies for `example.com`, as
/// everywhere on the web.
pub fn confine(headers: &mut HeaderMap, apps_domain: Option<&HostName>) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let cookies: Vec<HeaderValue> =
        headers.get_all(SET_COOKIE).iter().filter(|cookie| !is_ours(cookie)).cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        let confined = match apps_domain {
            Some(domain) => within(cookie, domain),
            None => cookie,
        };
        headers.append(SET_COOKIE, confined);
    }
}

/// A cookie without a name is sent back as its value alone, so a nameless one may not begin so either.
fn is_ours(cookie: &HeaderValue) -> bool {
    let pair = cookie.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let pair = pair.strip_prefix(b"=").unwrap_or(pair).trim_ascii_start();
    pair.get(..OWN_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX))
}

fn within(cookie: HeaderValue, apps_domain: &HostName) -> HeaderValue {
    let attributes = || cookie.as_bytes().split(|byte| *byte == b';');
    if !attributes().skip(1).any(|attribute| reaches(attribute, apps_domain)) {
        return cookie;
    }
    let kept: Vec<&[u8]> = attributes()
        .enumerate()
        .filter(|(index, attribute)| *index == 0 || !reaches(attribute, apps_domain))
        .map(|(_, attribute)| attribute)
        .collect();
    // What is left of a header value is one.
    HeaderValue::from_bytes(&kept.join(&b';')).unwrap_or(cookie)
}

/// Whether an attribute is a `Domain` that is `apps_domain`, a domain above it, or nothing that can be read.
fn reaches(attribute: &[u8], apps_domain: &HostName) -> bool {
    let Some(equals) = memchr::memchr(b'=', attribute) else { return false };
    let (name, value) = (attribute[..equals].trim_ascii(), attribute[equals + 1..].trim_ascii());
    if !name.eq_ignore_ascii_case(b"domain") || value.is_empty() {
        return false;
    }
    let value = value.strip_prefix(b".").unwrap_or(value);
    let domain = std::str::from_utf8(value).ok().and_then(|value| value.parse::<HostName>().ok());
    domain.is_none_or(|domain| apps_domain.is_within(&domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_app_8_a_domain_attribute_may_not_reach_the_domain_of_all_applications() {
        let apps: HostName = "apps.example.com".parse().unwrap();
        for (cookie, confined) in [
            ("a=1; Domain=apps.example.com; Path=/", "a=1; Path=/"),
            ("a=1; domain=.APPS.Example.com", "a=1"),
            ("a=1; DOMAIN = example.com ;Secure", "a=1;Secure"),
            ("a=1; Domain=com", "a=1"),
            ("a=1; Domain=apps.example.com.", "a=1"),
            ("a=1; Domain=shop.apps.example.com; Domain=example.com", "a=1; Domain=shop.apps.example.com"),
            ("a=1; Domain=..example.com", "a=1"),
            ("a=1; Domain=shop.apps.example.com; Path=/", "a=1; Domain=shop.apps.example.com; Path=/"),
            ("a=1; Domain=other.test", "a=1; Domain=other.test"),
            ("a=Domain=example.com; Path=/", "a=Domain=example.com; Path=/"),
            ("a=1; Domain=", "a=1; Domain="),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
            confine(&mut headers, Some(&apps));
            assert_eq!(headers[SET_COOKIE], confined, "{cookie}");
        }
    }

    #[test]
    fn r_edge_14_an_application_cannot_set_the_cookies_of_temps() {
        for (cookie, stays) in [
            ("__Host-temps=1; Secure", false),
            ("__Host-temps-session=1", false),
            ("__host-TEMPS_x=1", false),
            (" __Host-temps=1", false),
            ("=__Host-temps=1", false),
            ("= __Host-temps-a=1", false),
            ("__Host-app=1", true),
            ("temps=1", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
            headers.append(SET_COOKIE, HeaderValue::from_static("other=2"));
            confine(&mut headers, None);
            let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
            let expected = if stays { vec![cookie, "other=2"] } else { vec!["other=2"] };
            assert_eq!(left, expected, "{cookie}");
        }
    }
}
