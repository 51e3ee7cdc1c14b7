//! The body of a response, whatever it comes from.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::forward::{FileBody, UpstreamBody};

/// Why a body ended too early. Only ever logged.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

pub enum Body {
    Empty,
    Full(Bytes),
    File(FileBody),
    Upstream(Box<UpstreamBody>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.get_mut();
        match body {
            Self::Empty => Poll::Ready(None),
            Self::Full(_) => match std::mem::replace(body, Self::Empty) {
                Self::Full(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
            Self::File(file) => Pin::new(file).poll_frame(cx),
            Self::Upstream(upstream) => Pin::new(upstream.as_mut()).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::File(file) => file.is_end_stream(),
            Self::Upstream(upstream) => upstream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::File(file) => file.size_hint(),
            Self::Upstream(upstream) => upstream.size_hint(),
        }
    }
}
