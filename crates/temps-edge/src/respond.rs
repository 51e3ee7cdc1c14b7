//! Seventh stage: everything that leaves the edge passes here once.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{CONTENT_LENGTH, SERVER},
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use temps_policy::{EdgeSnapshot, Facts, Outcome, Site};

use crate::{
    answer::Answer,
    body::{Body, BodyError},
    open::OpenRequest,
    pages::{self, Taste},
    record::Record,
    streams::Offer,
};

/// The header by which a visitor can name a request to the owner of the site.
const REQUEST_ID: HeaderName = HeaderName::from_static("temps-request-id");

/// Turns whatever a request came to into the response that is sent, with its security headers and its id.
pub fn finish(
    snapshot: &EdgeSnapshot,
    site: Option<&Site>,
    facts: &Facts,
    taste: Taste,
    answered: Result<Response<Body>, Answer>,
    mut record: Record,
) -> Response<Sent> {
    let (mut response, outcome) = match answered {
        Ok(response) => (response, Outcome::Passed),
        Err(answer) => (pages::render(&answer, taste, facts.id), answer.outcome()),
    };
    let status = response.status();
    let headers = response.headers_mut();
    headers.remove(SERVER);
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let policy = site.map_or(&snapshot.instance.headers, |site| &site.headers);
        policy.apply(headers, facts.tls.is_some(), facts.host.as_ref());
    }
    if let Ok(id) = HeaderValue::try_from(facts.id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    if facts.method == Method::HEAD {
        without_body(&mut response);
    }
    record.answered(status.as_u16(), outcome);
    response.map(|body| Sent { body, record, offer: Offer::current(), _open: None })
}

/// The answer to HEAD says how long the body would be and has none (RFC 9110 §9.3.2).
fn without_body(response: &mut Response<Body>) {
    let body = std::mem::replace(response.body_mut(), Body::Empty);
    if let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
    }
}

/// A body on its way out. The record of the request is written when this is dropped.
pub struct Sent {
    body: Body,
    record: Record,
    /// Over HTTP/2.
    offer: Option<Rc<Offer>>,
    _open: Option<OpenRequest>,
}

impl Sent {
    /// Keeps its request counted as open until it was sent.
    pub fn holding(self, open: OpenRequest) -> Self {
        Self { _open: Some(open), ..self }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(offer) = &self.offer {
            offer.taken();
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.record.sent(data.len() as u64);
            if let Some(offer) = &self.offer {
                offer.made();
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
