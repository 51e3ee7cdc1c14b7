//! Requests that another site makes a browser send (R-APP-3; the algorithm of Go's `http.CrossOriginProtection`).

use axum::http::{HeaderMap, Method, header};

use crate::problem::Problem;

/// Refuses an unsafe request with a cookie that does not come from this origin. `Sec-Fetch-Site` decides where the browser sends it,
/// otherwise `Origin`, which has to be exactly the public origin. A client that sends neither is refused.
pub(super) fn check(method: &Method, headers: &HeaderMap, public_origin: &str) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    // A header that stands there twice is no statement at all, rather than the first of them.
    let text = |name: header::HeaderName| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?;
        Some(value.to_str().ok().filter(|_| values.next().is_none()).unwrap_or_default())
    };
    let from_here = match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => text(header::ORIGIN) == Some(public_origin),
    };
    match from_here {
        true => Ok(()),
        false => Err(Problem::forbidden(
            "cross_site",
            "This request did not come from the console itself, so its cookie does not count.",
        )
        .hint(format!("Programs send `Origin: {public_origin}`."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_app_3_only_the_consoles_own_pages_and_programs_that_name_it_may_change_anything() {
        let origin = "https://temps.localhost:8443";
        for (method, site, from, passes) in [
            ("GET", None, None, true),
            ("HEAD", Some("cross-site"), Some("https://evil.test"), true),
            ("POST", None, None, false),
            ("POST", Some("same-origin"), None, true),
            ("POST", Some("same-origin"), Some("https://evil.test"), true),
            ("POST", Some("same-site"), Some(origin), false),
            ("POST", Some("cross-site"), Some(origin), false),
            ("POST", Some("none"), None, false),
            ("POST", Some("Same-Origin"), Some(origin), false),
            ("DELETE", None, Some(origin), true),
            ("PUT", None, Some("null"), false),
            ("PATCH", None, Some("https://temps.localhost:8443.evil.test"), false),
            ("POST", None, Some("https://temps.localhost"), false),
            ("POST", None, Some("http://temps.localhost:8443"), false),
        ] {
            let mut headers = HeaderMap::new();
            site.map(|site| headers.insert("sec-fetch-site", site.parse().unwrap()));
            from.map(|from| headers.insert("origin", from.parse().unwrap()));
            let result = check(&method.parse().unwrap(), &headers, origin);
            assert_eq!(result.is_ok(), passes, "{method} {site:?} {from:?}");
        }
    }
}
