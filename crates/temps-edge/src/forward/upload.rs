//! The body of a request on its way to an application: counted, limited, and not waited for without end.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use crate::answer::Answer;

/// How fast a body has to arrive: so many bytes in each period. Time in which the application does not take any does not count.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub period: Duration,
    pub bytes: u64,
}

/// Why a body was cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadFault {
    #[error("the body is larger than the site takes")]
    TooLarge,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body broke off or is malformed")]
    Broken,
}

impl From<UploadFault> for Answer {
    fn from(fault: UploadFault) -> Self {
        match fault {
            UploadFault::TooLarge => Self::BodyTooLarge,
            UploadFault::TooSlow => Self::TooSlow,
            UploadFault::Broken => Self::Malformed(fault.to_string()),
        }
    }
}

/// How an upload goes, for who waits for the answer to it.
#[derive(Debug, Default)]
pub struct Progress {
    received: Cell<u64>,
    ended: Cell<bool>,
    fault: Cell<Option<UploadFault>>,
}

impl Progress {
    pub fn fault(&self) -> Option<UploadFault> {
        self.fault.get()
    }

    /// What changes as long as the client still sends.
    pub fn mark(&self) -> (u64, bool) {
        (self.received.get(), self.ended.get())
    }
}

pub struct Upload {
    incoming: Incoming,
    limit: u64,
    pace: Pace,
    progress: Rc<Progress>,
    /// Runs while the client is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the last look found nothing to read.
    waiting: bool,
    in_period: u64,
}

impl Upload {
    pub fn new(incoming: Incoming, limit: u64, pace: Pace) -> Self {
        let progress = Rc::new(Progress::default());
        progress.ended.set(incoming.is_end_stream());
        Self { incoming, limit, pace, progress, timer: None, waiting: false, in_period: 0 }
    }

    pub fn progress(&self) -> Rc<Progress> {
        Rc::clone(&self.progress)
    }

    fn fail<T>(&self, fault: UploadFault) -> Poll<Option<Result<T, UploadFault>>> {
        self.progress.fault.set(Some(fault));
        Poll::Ready(Some(Err(fault)))
    }

    fn receive(&mut self, data: Bytes) -> Poll<Option<Result<Frame<Bytes>, UploadFault>>> {
        let bytes = data.len() as u64;
        let received = self.progress.received.get() + bytes;
        self.progress.received.set(received);
        self.in_period += bytes;
        self.waiting = false;
        if received > self.limit {
            return self.fail(UploadFault::TooLarge);
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    /// Waits with the client, and fails once a period went by in which too little came.
    fn poll_pace(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Pace { period, bytes } = self.pace;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(period)));
            // A period that ran out while nobody asked for more says nothing about the client.
            if !self.waiting && timer.is_elapsed() {
                timer.set(sleep(period));
                self.in_period = 0;
            }
            self.waiting = true;
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if self.in_period < bytes {
                return Poll::Ready(());
            }
            timer.set(sleep(period));
            self.in_period = 0;
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadFault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadFault>>> {
        let upload = &mut *self;
        loop {
            return match Pin::new(&mut upload.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => upload.receive(data),
                    // Trailers are not forwarded: an application could take them for headers that were checked (RFC 9110 §6.5.1).
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(_))) => upload.fail(UploadFault::Broken),
                Poll::Ready(None) => {
                    upload.progress.ended.set(true);
                    Poll::Ready(None)
                }
                Poll::Pending => match upload.poll_pace(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(()) => upload.fail(UploadFault::TooSlow),
                },
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
