//! Fourth stage: whether a request may pass.

use std::sync::Arc;

use http::{HeaderValue, Method, Request, header::CONTENT_LENGTH};
use hyper::body::Incoming;
use temps_policy::{EdgeSnapshot, Facts, Site, Verdict, pipeline};

use crate::{answer::Answer, facts::Reading, worker::Worker};

/// Lets a request through to its site, or says what to answer. The protections come first, so that a client that they refuse learns nothing
/// else: neither which names exist, nor what was wrong with its request, nor where HTTPS is (R-IP-10, R-EDGE-12). Of a request whose host
/// cannot be read, and that names none in a handshake either, only the rules of the instance are known.
pub fn admit<'a>(
    worker: &Worker,
    snapshot: &EdgeSnapshot,
    site: Option<&'a Arc<Site>>,
    reading: &Reading,
    request: &Request<Incoming>,
) -> Result<&'a Arc<Site>, Answer> {
    let facts = &reading.facts;
    let (counters, uptime) = (&worker.shared.counters, worker.uptime());
    match pipeline::judge(snapshot, site.map(Arc::as_ref), facts.client, facts.received, counters, uptime) {
        Verdict::Pass => {}
        Verdict::Refuse(refusal) => return Err(Answer::Refused(refusal)),
        Verdict::Throttle { retry_after } => return Err(Answer::Throttled { retry_after }),
    }
    if let Some(fault) = &reading.fault {
        return Err(fault.clone());
    }
    if matches!(facts.method, Method::TRACE | Method::CONNECT) {
        return Err(Answer::MethodNotAllowed(None));
    }
    let site = site.ok_or(Answer::Misdirected)?;
    require_tls(facts, site, worker.shared.config.public_https_port)?;
    if declared_length(request).is_some_and(|length| length > site.limits.max_body) {
        return Err(Answer::BodyTooLarge);
    }
    Ok(site)
}

/// Plain HTTP is for loopback names; everything else is sent to HTTPS, or told about it where following a redirect would hide a mistake
/// that has already sent secrets in the clear (R-TLS-10).
fn require_tls(facts: &Facts, site: &Site, https_port: u16) -> Result<(), Answer> {
    if facts.tls.is_some() || site.host.is_loopback() {
        return Ok(());
    }
    if !matches!(facts.method, Method::GET | Method::HEAD) {
        return Err(Answer::NotEncrypted);
    }
    let (host, path) = (&site.host, facts.path.path_and_query());
    let location = match https_port {
        443 => format!("https://{host}{path}"),
        port => format!("https://{host}:{port}{path}"),
    };
    Err(HeaderValue::try_from(location).map_or(Answer::Failed, Answer::Redirect))
}

/// Bytes of the body, if the client said so. Whoever does not is counted while it sends.
fn declared_length(request: &Request<Incoming>) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
