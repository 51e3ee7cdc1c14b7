//! The way of a request, in one function.

use std::{panic::AssertUnwindSafe, rc::Rc, sync::Arc};

use futures_util::FutureExt;
use hyper::{Request, Response, body::Incoming};
use temps_policy::{EdgeSnapshot, Site};

use crate::{
    accept::Connection,
    answer::Answer,
    body::Body,
    facts::{self, Reading},
    forward,
    framing::Finding,
    guard,
    pages::Taste,
    record::Record,
    respond::{self, Sent},
    route,
    worker::Worker,
};

/// `facts → route → guard → forward → respond`; the record is written when the response is dropped. `finding` is what the gate in front of
/// the parser says of the request.
///
/// A panic anywhere in between costs this request and answers 500 (R-EDGE-9).
pub async fn serve(
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    request: Request<Incoming>,
    finding: Finding,
) -> Response<Sent> {
    let snapshot = worker.snapshot();
    let reading = facts::establish(&worker, &connection, &request, finding);
    let site = route::find(&snapshot, &reading);
    let taste = Taste::of(request.headers(), site.map(Arc::as_ref), &reading.facts.path);
    let mut record = Record::open(Rc::clone(&worker), &reading.facts);
    if reading.fault.is_some() {
        record.unreadable();
    }
    if let Some(site) = site {
        record.site(site);
    }
    let passing = pass(&worker, &snapshot, site, &reading, request);
    let answered = AssertUnwindSafe(passing).catch_unwind().await.unwrap_or(Err(Answer::Failed));
    respond::finish(&snapshot, site.map(Arc::as_ref), &reading.facts, taste, answered, record)
}

async fn pass(
    worker: &Rc<Worker>,
    snapshot: &EdgeSnapshot,
    site: Option<&Arc<Site>>,
    reading: &Reading,
    request: Request<Incoming>,
) -> Result<Response<Body>, Answer> {
    let site = guard::admit(worker, snapshot, site, reading, &request)?;
    forward::forward(worker, site, reading, request).await
}
