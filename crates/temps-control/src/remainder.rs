//! Requests that are answered before they were read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;

/// Reads what a handler left of a request, while the answer is on its way. Otherwise the socket would be closed under the edge, which
/// still sends, and the refusal of a large upload would be lost. The edge bounds how much comes and how slowly.
pub async fn read(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Remainder(body)))).await
}

/// A body that is read to its end after it was dropped.
struct Remainder(Body);

impl http_body::Body for Remainder {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for Remainder {
    fn drop(&mut self) {
        if let Ok(runtime) = Handle::try_current()
            && !self.0.is_end_stream()
        {
            let mut rest = std::mem::take(&mut self.0);
            runtime.spawn(async move { while let Some(Ok(_)) = rest.frame().await {} });
        }
    }
}
