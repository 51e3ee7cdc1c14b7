//! Second stage: what is known of a request. Nobody looks at a forwarding header or an undecoded path after this.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{CONTENT_LENGTH, HOST},
    uri::Authority,
};
use hyper::body::Incoming;
use temps_model::{ClientIp, HostName, HostNameError, Network, RequestId};
use temps_policy::{Facts, NormalPath};

use crate::{
    accept::Connection,
    answer::Answer,
    framing::{Fault, Finding, MAX_FIELDS, MAX_HEAD, is_method},
    worker::Worker,
};

/// A request as it was understood.
pub struct Reading {
    pub facts: Facts,
    /// The host as the client wrote it, with its port, in canonical form: what an application gets as `Host`.
    pub authority: Option<HeaderValue>,
    /// Why the request has to be refused although its sender is known. What could not be read of it stands as `GET`, as `/` and as no host.
    pub fault: Option<Answer>,
    /// Whether it may become a tunnel.
    pub may_switch: bool,
}

pub fn establish(worker: &Worker, connection: &Connection, request: &Request<Incoming>, finding: Finding) -> Reading {
    let shared = &worker.shared;
    let received = shared.clock.now();
    // The header of a malformed request is not ours to interpret: its sender is the other end of the socket.
    let headers = if finding.fault.is_none() { Some(request.headers()) } else { None };
    let facts = Facts {
        id: RequestId::generate(received),
        received,
        started: shared.clock.monotonic(),
        peer: connection.peer,
        client: client(connection.peer.ip().into(), headers, &shared.config.trusted_proxies),
        tls: connection.tls.clone(),
        host: None,
        method: if has_method(request) { request.method().clone() } else { Method::GET },
        path: NormalPath::root(),
    };
    let mut reading = Reading { facts, authority: None, fault: None, may_switch: finding.may_switch };
    if let Some(fault) = finding.fault {
        reading.fault = Some(because(fault));
        return reading;
    }
    if is_too_large(request.headers()) {
        reading.fault = Some(Answer::HeaderTooLarge);
        return reading;
    }
    match host(request) {
        Ok(Some(host)) => (reading.facts.host, reading.authority) = (Some(host.name), Some(host.authority)),
        Ok(None) => {}
        Err(answer) => reading.fault = Some(answer),
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    match NormalPath::parse(target) {
        Ok(path) => reading.facts.path = path,
        Err(error) => reading.fault = Some(Answer::Malformed(error.to_string())),
    }
    reading.fault = reading.fault.or_else(|| unsound(request).map(because));
    reading
}

/// What the gate has seen to over HTTP/1.1 and nobody else does over HTTP/2: a method that applications could take for another one, and a
/// length that is stated twice.
fn unsound(request: &Request<Incoming>) -> Option<Fault> {
    if !has_method(request) {
        return Some(Fault::Method);
    }
    let lengths = request.headers().get_all(CONTENT_LENGTH).iter().count();
    (lengths > 1).then_some(Fault::Length)
}

fn has_method(request: &Request<Incoming>) -> bool {
    is_method(request.method().as_str().as_bytes())
}

fn because(fault: Fault) -> Answer {
    match fault {
        Fault::TooLarge => Answer::HeaderTooLarge,
        Fault::TooSlow => Answer::TooSlow,
        Fault::Connect => Answer::MethodNotAllowed(None),
        other => Answer::Malformed(other.to_string()),
    }
}

/// Over HTTP/1.1 the gate has counted before; over HTTP/2 a list has the size of RFC 9113 §6.5.2.
fn is_too_large(headers: &HeaderMap) -> bool {
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 32;
    headers.len() > MAX_FIELDS || headers.iter().map(size).sum::<usize>() > MAX_HEAD + 32 * MAX_FIELDS
}

struct Host {
    name: HostName,
    authority: HeaderValue,
}

/// The host that a request is for, from its target or `:authority`, and from `Host`; if both are there, they have to agree (RFC 9113 §8.3.1).
/// `None` if it is an address or empty.
fn host(request: &Request<Incoming>) -> Result<Option<Host>, Answer> {
    let malformed = |why: &str| Answer::Malformed(why.to_owned());
    let mut hosts = request.headers().get_all(HOST).iter();
    let header = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Err(malformed("the Host header is repeated")),
        (None, None) => None,
        (Some(value), None) => Some(value.to_str().map_err(|_| malformed("the Host header is no host name"))?),
    };
    let target = request.uri().authority().map(Authority::as_str);
    let text = match (target, header) {
        (Some(target), Some(header)) if !target.eq_ignore_ascii_case(header) => {
            return Err(malformed("the Host header and the request target name different hosts"));
        }
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => return Ok(None),
    };
    let (name, port) = split_port(text).ok_or_else(|| malformed("the Host header is no host name with a port"))?;
    match name.parse::<HostName>() {
        Ok(name) => {
            let authority = match port {
                None => HeaderValue::try_from(name.as_str()),
                Some(port) => HeaderValue::try_from(format!("{name}:{port}")),
            };
            let authority = authority.map_err(|_| malformed("the Host header is no host name"))?;
            Ok(Some(Host { name, authority }))
        }
        Err(HostNameError::Address | HostNameError::Empty) => Ok(None),
        Err(_) => Err(malformed("the Host header is no host name")),
    }
}

/// `None` if what follows the host is no port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match text.rfind(']') {
        Some(end) => (&text[..=end], text[end + 1..].strip_prefix(':').or(text[end + 1..].is_empty().then_some(""))?),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    match port {
        "" => Some((name, None)),
        digits if digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some((name, Some(digits.parse().ok()?)))
        }
        _ => None,
    }
}

/// The client of a request (R-EDGE-6): the other end of the socket, unless that is a trusted proxy. Then `X-Forwarded-For` is walked from its
/// end over trusted hops. At a hop that cannot be read the last trusted one stands for all behind it.
fn client(peer: ClientIp, headers: Option<&HeaderMap>, trusted: &[Network]) -> ClientIp {
    let is_trusted = |hop: ClientIp| trusted.iter().any(|network| network.contains(hop));
    let mut client = peer;
    let Some(headers) = headers.filter(|_| is_trusted(peer)) else { return client };
    let lines = headers.get_all("x-forwarded-for").iter().collect::<Vec<_>>();
    for line in lines.into_iter().rev() {
        let Ok(line) = line.to_str() else { return client };
        for hop in line.rsplit(',') {
            let Ok(hop) = hop.trim().parse::<ClientIp>() else { return client };
            client = hop;
            if !is_trusted(hop) {
                return client;
            }
        }
    }
    client
}

#[cfg(test)]
mod tests;
