//! The headers that cross the edge, in both directions.
//!
//! Towards an application, whatever describes the connection is built from scratch (R-EDGE-4): first goes what belongs to one hop only, by
//! itself or because `Connection` names it, then the headers by which known proxies and platforms state something about the connection,
//! whatever their case and whether they are written with `-` or `_`, and only then ours are set, so that nothing a client sends can imitate or remove them (R-EDGE-5):
//!
//! | header | value |
//! |---|---|
//! | `Host`, `X-Forwarded-Host` | the host and port that the client asked for |
//! | `X-Forwarded-For`, `X-Real-IP` | the address of the client, one and the same as in rules and records |
//! | `X-Forwarded-Proto` | `https` or `http` |
//! | `X-Request-Id` | the id that the visitor sees as `Temps-Request-Id` |
//! | `Via` | as RFC 9110 §7.6.3, with what was there before |

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{self, CONNECTION, COOKIE, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA},
};

use crate::facts::Reading;

/// Headers that concern one hop only, beside those that `Connection` names (RFC 9110 §7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The beginnings of names by which proxies state something about the client. `Proxy` becomes `HTTP_PROXY` in CGI programs.
const STATEMENT_PREFIXES: [&str; 10] = [
    "x-forwarded",
    "x-original-",
    "x-rewrite-",
    "x-temps-",
    "temps-",
    "cf-connecting-",
    "x-client-",
    "x-cluster-client-",
    "x-vercel-",
    "x-azure-",
];
const STATEMENTS: [&str; 22] = [
    "forwarded",
    "x-real-ip",
    "x-real-port",
    "x-real-host",
    "x-request-id",
    "x-host",
    "x-envoy-external-address",
    "true-client-ip",
    "client-ip",
    "fastly-client-ip",
    "proxy-client-ip",
    "wl-proxy-client-ip",
    "proxy",
    "fly-client-ip",
    "cf-visitor",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "x-scheme",
    "x-url-scheme",
    "front-end-https",
    "x-http-method-override",
];

/// The headers of a request as the application gets them.
pub fn for_application(
    mut headers: HeaderMap,
    version: Version,
    reading: &Reading,
    instance_id: &str,
) -> Result<HeaderMap, header::InvalidHeaderValue> {
    remove_hop_by_hop(&mut headers);
    headers.remove(EXPECT);
    remove_statements(&mut headers);
    join_cookies(&mut headers);
    state(&mut headers, version, reading, instance_id)?;
    Ok(headers)
}

/// What belongs to one hop only; also the first thing that happens to the headers of a response.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .collect();
        named.iter().for_each(|name| drop(headers.remove(name)));
    }
    HOP_BY_HOP.iter().for_each(|name| drop(headers.remove(name)));
}

/// Whether a request went through this instance before.
pub fn has_passed(headers: &HeaderMap, instance_id: &str) -> bool {
    let lines = headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|hop| hop.split_whitespace().nth(1) == Some(instance_id))
}

fn remove_statements(headers: &mut HeaderMap) {
    let removed: Vec<HeaderName> = headers.keys().filter(|name| is_removed(name.as_str())).cloned().collect();
    for name in removed {
        headers.remove(&name);
    }
}

/// Names are in lower case already. One with `_` is removed whatever it means: CGI and WSGI show it to the application under the same name as
/// the one with `-`.
fn is_removed(name: &str) -> bool {
    if name.contains('_') {
        tracing::debug!(name, "a header with an underscore was dropped");
        return true;
    }
    STATEMENTS.contains(&name) || STATEMENT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// HTTP/2 may split the cookies over several lines; HTTP/1.1 may not (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(COOKIE).iter();
    let (Some(first), Some(_)) = (lines.next(), lines.next()) else { return };
    let mut joined = first.as_bytes().to_vec();
    for line in headers.get_all(COOKIE).iter().skip(1) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(line.as_bytes());
    }
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(COOKIE, joined);
    }
}

fn state(
    headers: &mut HeaderMap,
    version: Version,
    reading: &Reading,
    instance_id: &str,
) -> Result<(), header::InvalidHeaderValue> {
    let facts = &reading.facts;
    let client = HeaderValue::try_from(facts.client.to_string())?;
    headers.insert("x-forwarded-for", client.clone());
    headers.insert("x-real-ip", client);
    let proto = if facts.tls.is_some() { "https" } else { "http" };
    headers.insert("x-forwarded-proto", HeaderValue::from_static(proto));
    if let Some(authority) = &reading.authority {
        headers.insert(HOST, authority.clone());
        headers.insert("x-forwarded-host", authority.clone());
    }
    headers.insert("x-request-id", HeaderValue::try_from(facts.id.to_string())?);
    let protocol = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    headers.append(VIA, HeaderValue::try_from(format!("{protocol} {instance_id}"))?);
    Ok(())
}

#[cfg(test)]
mod tests;
