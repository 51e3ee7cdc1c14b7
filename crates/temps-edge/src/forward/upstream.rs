//! Forwarding to an application or the console, streaming in both directions.

use std::{
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, Request, Response, StatusCode, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use temps_model::RequestId;
use temps_policy::{Facts, Site};
use tokio::time::{Sleep, sleep};

use super::{
    connect::{ConnectError, Origin},
    cookies, headers,
    leash::{self, Holder},
    pool::Lease,
    tunnel,
    upload::{Pace, Progress, Upload},
};
use crate::{
    answer::Answer,
    body::{Body, BodyError},
    facts::Reading,
    worker::Worker,
};

/// How fast uploads to the console have to be. They have no total time, because their size is bounded.
const CONSOLE_PACE: Pace = Pace { period: Duration::from_secs(30), bytes: 30 * 1024 };

pub async fn forward(
    worker: &Rc<Worker>,
    site: &Arc<Site>,
    origin: Origin,
    reading: &Reading,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Answer> {
    let config = &worker.shared.config;
    if headers::has_passed(request.headers(), &config.instance_id) {
        return Err(Answer::Loop);
    }
    let switching = tunnel::asked_for(reading, &mut request);
    let request = outgoing(worker, site, &origin, reading, request, switching.is_some())?;
    let (mut response, lease) = exchange(worker, &origin, request, reading.facts.id).await?;
    if matches!(origin, Origin::Application(_)) {
        cookies::confine(response.headers_mut(), config.apps_domain.as_ref());
    }
    let holder = holder(site, &reading.facts);
    match (response.status(), switching) {
        (StatusCode::SWITCHING_PROTOCOLS, Some(client)) => tunnel::open(worker, holder, client, response),
        (StatusCode::SWITCHING_PROTOCOLS, None) => Err(Answer::UpstreamInvalid),
        _ => Ok(incoming(worker, holder, response, lease)),
    }
}

fn holder(site: &Site, facts: &Facts) -> Holder {
    Holder { host: site.host.clone(), site: site.id, client: facts.client }
}

/// The request as the application gets it.
fn outgoing(
    worker: &Worker,
    site: &Site,
    origin: &Origin,
    reading: &Reading,
    request: Request<Incoming>,
    switching: bool,
) -> Result<Request<Upload>, Answer> {
    let config = &worker.shared.config;
    let pace = match origin {
        Origin::Application(_) => Pace { period: config.timeouts.body, bytes: 1 },
        Origin::Console(_) => CONSOLE_PACE,
    };
    let (parts, body) = request.into_parts();
    let mut request = Request::new(Upload::new(body, site.limits.max_body, pace));
    *request.method_mut() = parts.method;
    *request.uri_mut() = Uri::try_from(reading.facts.path.path_and_query()).map_err(|_| Answer::Failed)?;
    *request.headers_mut() = headers::for_application(parts.headers, parts.version, reading, &config.instance_id)
        .map_err(|_| Answer::Failed)?;
    if switching {
        tunnel::ask_for(request.headers_mut());
    }
    Ok(request)
}

/// Sends the request and waits for the head of the response. A request that never left because the connection had been closed in the meantime
/// goes out once more on a new one.
async fn exchange(
    worker: &Rc<Worker>,
    origin: &Origin,
    mut request: Request<Upload>,
    id: RequestId,
) -> Result<(Response<Incoming>, Lease), Answer> {
    let progress = request.body().progress();
    let time = worker.shared.config.timeouts.response;
    let mut lease = Lease::obtain(worker, origin).await.map_err(|error| unreachable(error, origin, id))?;
    loop {
        let sending = lease.sender.try_send_request(request);
        let Some(sent) = within(time, &progress, sending).await else {
            tracing::warn!(%id, %origin, "the application did not answer in time");
            return Err(Answer::UpstreamTooSlow);
        };
        let mut error = match sent {
            Ok(response) if !has_known_coding(response.headers()) => {
                tracing::warn!(%id, %origin, "the application's answer has a transfer coding other than chunked");
                return Err(Answer::UpstreamInvalid);
            }
            Ok(response) => return Ok((response, lease)),
            Err(error) => error,
        };
        if let Some(fault) = progress.fault() {
            return Err(fault.into());
        }
        match error.take_message() {
            Some(unsent) if lease.reused => {
                request = unsent;
                lease = Lease::fresh(worker, origin).await.map_err(|error| unreachable(error, origin, id))?;
            }
            _ => {
                let error = error.into_error();
                tracing::warn!(%id, %origin, %error, "the application's answer cannot be used");
                return Err(Answer::UpstreamInvalid);
            }
        }
    }
}

/// Only `chunked` is undone on the way; with another coding the body would reach the client in a form that no header speaks of.
fn has_known_coding(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// `None` if nothing happened for `time`: neither an answer came nor did the client send more of its request.
async fn within<F: Future>(time: Duration, progress: &Progress, sending: F) -> Option<F::Output> {
    tokio::pin!(sending);
    loop {
        let before = progress.mark();
        tokio::select! {
            sent = &mut sending => return Some(sent),
            () = sleep(time) => if progress.mark() == before { return None },
        }
    }
}

fn unreachable(error: ConnectError, origin: &Origin, id: RequestId) -> Answer {
    tracing::warn!(%id, %origin, %error, "the application cannot be reached");
    match error {
        ConnectError::TooSlow => Answer::UpstreamTooSlow,
        ConnectError::OwnSocket(_) => Answer::Loop,
        _ => Answer::UpstreamUnreachable,
    }
}

/// The response as the client gets it. Its version and reason phrase concern the connection to the application and stay there.
fn incoming(worker: &Rc<Worker>, holder: Holder, response: Response<Incoming>, lease: Lease) -> Response<Body> {
    let (parts, incoming) = response.into_parts();
    let (status, mut headers) = (parts.status, parts.headers);
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    headers::remove_hop_by_hop(&mut headers);
    let body = if incoming.is_end_stream() {
        lease.give_back();
        Body::Empty
    } else {
        let bound = match is_event_stream(&headers) {
            true => Bound::Leash(Box::pin(leash::revoked(Rc::clone(worker), holder))),
            false => Bound::Pause { time: worker.shared.config.timeouts.pause, timer: None, runs: false },
        };
        Body::Upstream(Box::new(UpstreamBody { incoming, lease: Some(lease), bound }))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| {
        value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
    })
}

/// The body of an application's response. Its connection goes back to the pool at its end, and nowhere else.
pub struct UpstreamBody {
    incoming: Incoming,
    lease: Option<Lease>,
    bound: Bound,
}

/// What ends a body if the application does not.
enum Bound {
    /// A stream of events has no end of its own and may be silent as long as it likes.
    Leash(Pin<Box<dyn Future<Output = ()>>>),
    /// Anything else has to go on within a time.
    Pause { time: Duration, timer: Option<Pin<Box<Sleep>>>, runs: bool },
}

impl Bound {
    /// Returns once a stream of events has to end.
    fn poll_revoked(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Leash(leash) => leash.as_mut().poll(cx),
            Self::Pause { .. } => Poll::Pending,
        }
    }

    /// Returns once the application was silent for too long since it [went on](Self::goes_on).
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Pause { time, timer, runs } = self else { return Poll::Pending };
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(*time)));
        if !*runs {
            timer.set(sleep(*time));
            *runs = true;
        }
        timer.as_mut().poll(cx)
    }

    fn goes_on(&mut self) {
        if let Self::Pause { runs, .. } = self {
            *runs = false;
        }
    }
}

impl UpstreamBody {
    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl HttpBody for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = &mut *self;
        if body.lease.is_some() && body.bound.poll_revoked(cx).is_ready() {
            body.lease = None;
        }
        if body.lease.is_none() {
            return Poll::Ready(None);
        }
        loop {
            let Poll::Ready(frame) = Pin::new(&mut body.incoming).poll_frame(cx) else {
                ready!(body.bound.poll_silence(cx));
                body.lease = None;
                return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
            };
            body.bound.goes_on();
            if frame.is_none() || (matches!(frame, Some(Ok(_))) && body.incoming.is_end_stream()) {
                body.end();
            }
            return match frame {
                // Trailers would reach the client past everything that was decided about headers.
                Some(Ok(frame)) if frame.is_trailers() => continue,
                other => Poll::Ready(other.map(|frame| frame.map_err(Into::into))),
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
