//! WebSocket tunnels (RFC 6455 §4, R-EDGE-2).
//!
//! A tunnel is opened only after the application itself has switched protocols; until then the bytes of the client stay in the gate, which
//! alone decides what a request to switch is. No other protocol is switched to: a request for one is an ordinary request, as RFC 9110 §7.8 permits.

use std::rc::Rc;

use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONNECTION, UPGRADE},
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::{headers, leash};
use crate::{answer::Answer, body::Body, facts::Reading, worker::Worker};

/// The client's half of a tunnel, if the gate waits for one to open and the request means this hop.
pub fn asked_for(reading: &Reading, request: &mut Request<Incoming>) -> Option<OnUpgrade> {
    let is_one = reading.may_switch && names(request.headers(), &CONNECTION, "upgrade");
    is_one.then(|| hyper::upgrade::on(request))
}

/// Says to the application what [`asked_for`] found.
pub fn ask_for(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Joins the two halves once the application has answered 101.
pub fn open(
    worker: &Rc<Worker>,
    holder: leash::Holder,
    client: OnUpgrade,
    mut response: Response<Incoming>,
) -> Result<Response<Body>, Answer> {
    if !names(response.headers(), &UPGRADE, "websocket") {
        return Err(Answer::UpstreamInvalid);
    }
    let application = hyper::upgrade::on(&mut response);
    let revoked = leash::revoked(Rc::clone(worker), holder);
    worker.tasks.spawn_local(async move {
        let joined = async {
            let (client, application) = futures_util::try_join!(client, application)?;
            let (mut client, mut application) = (TokioIo::new(client), TokioIo::new(application));
            // How a tunnel ends is between its two ends.
            let _ = copy_bidirectional(&mut client, &mut application).await;
            Ok::<_, hyper::Error>(())
        };
        tokio::select! {
            _ = joined => {}
            () = revoked => {}
        }
    });
    let mut switched = Response::new(Body::Empty);
    *switched.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *switched.headers_mut() = std::mem::take(response.headers_mut());
    headers::remove_hop_by_hop(switched.headers_mut());
    ask_for(switched.headers_mut());
    Ok(switched)
}

fn names(headers: &HeaderMap, header: &http::HeaderName, token: &str) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}
