//! A strict gate in front of the HTTP/1.1 parser (R-EDGE-1).
//!
//! Requests are smuggled where two programs disagree about where a message ends. The gate sees the bytes of a connection before hyper
//! does, checks each head and each chunk strictly (RFC 9112), and hands on only what has one reading. It hands on nothing of a message that
//! is known to be malformed: hyper gets one constant request in its place, and the service learns out of band why it must be refused,
//! so that refusals have the same page, headers, id and record as every other answer. If a body turns out to be malformed after its head was
//! handed on, reading fails and nothing behind it is ever looked at.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

mod chunked;
mod follower;
mod head;
mod signals;

pub use head::{MAX_FIELDS, MAX_HEAD, is_method};
pub use signals::{Finding, Signals};

use follower::{Follower, Step};

/// Why the bytes of a client are no sound request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a line ends without CR LF, or a CR or LF stands alone")]
    LineEnd,
    #[error("the request line is malformed")]
    RequestLine,
    #[error("the method is malformed")]
    Method,
    #[error("CONNECT is not offered")]
    Connect,
    #[error("the request target is malformed")]
    Target,
    #[error("the protocol version is neither HTTP/1.1 nor HTTP/1.0")]
    Version,
    #[error("a header line is malformed")]
    Field,
    #[error("a header line is folded")]
    Folded,
    #[error("the Host header is missing or repeated")]
    Host,
    #[error("the length of the body is malformed, repeated or stated in two ways")]
    Length,
    #[error("the transfer coding is not exactly \"chunked\"")]
    Coding,
    #[error("the body has a length that the protocol version cannot state")]
    Undelimited,
    #[error("a chunk of the body is malformed")]
    Chunk,
    #[error("bytes were sent before the protocol was switched")]
    Early,
    #[error("the header is too large")]
    TooLarge,
    #[error("the header did not arrive in time")]
    TooSlow,
    #[error("this port speaks HTTPS, and the request was not encrypted")]
    NotEncrypted,
}

/// What hyper gets in the place of a malformed message.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nHost: invalid\r\nConnection: close\r\n\r\n";

/// How much is read at once.
const READ: usize = 16 * 1024;

thread_local! {
    /// Where bytes are read to before they are known to be some, so that an idle connection holds no buffer.
    static SPACE: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}

/// How long, and for how many bytes, a connection is drained after its last answer. Closing at once while the client still sends would make
/// its system throw the answer away (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 * 1024 * 1024;

/// A stream whose reading side was checked.
pub struct Gate<S> {
    stream: S,
    /// What was read and not yet handed on.
    buffer: BytesMut,
    /// How many bytes at the front of `buffer` were checked.
    checked: usize,
    /// Where in `buffer` the current message begins; `None` once its first byte was handed on.
    message: Option<usize>,
    follower: Follower,
    state: State,
    signals: Arc<Signals>,
    /// The client has ended its sending direction.
    ended: bool,
    /// How long a head may take from its first byte, and the first head from the beginning of the connection; and how long a client that has
    /// ended its sending direction may take nothing until it counts as gone.
    head_time: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    timer_runs: bool,
    lingered: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The stand-in was handed on; nothing follows it.
    Refused,
    /// A message was cut short; what was checked of it may still be handed on.
    Broken(Fault),
}

impl<S> Gate<S> {
    pub fn new(stream: S, head_time: Duration) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            checked: 0,
            message: Some(0),
            follower: Follower::default(),
            state: State::Open,
            signals: Arc::default(),
            ended: false,
            head_time,
            timer: None,
            timer_runs: false,
            lingered: None,
        }
    }

    /// A gate that refuses whatever the client sends.
    pub fn refusing(stream: S, fault: Fault) -> Self {
        let mut gate = Self::new(stream, Duration::ZERO);
        gate.refuse(fault);
        gate
    }

    pub fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    /// Checks all that was read. Nothing is handed on before, so that a message whose fault is already here leaves no trace.
    fn check(&mut self) {
        loop {
            if self.follower.is_between_messages() {
                self.message = Some(self.checked);
            }
            match self.follower.step(&self.buffer[self.checked..], &self.signals) {
                Ok(Step::Took(bytes)) => self.checked += bytes,
                Ok(Step::Skip(bytes)) => {
                    let rest = self.buffer.split_off(self.checked);
                    self.buffer.extend_from_slice(&rest[bytes..]);
                }
                Ok(Step::NeedsMore) => return,
                Err(fault) => return self.refuse(fault),
            }
        }
    }

    fn refuse(&mut self, fault: Fault) {
        match self.message {
            Some(start) => {
                self.buffer.truncate(start);
                self.buffer.extend_from_slice(STAND_IN);
                self.checked = self.buffer.len();
                self.signals.refuse(self.follower.messages(), fault);
                self.state = State::Refused;
            }
            None => {
                self.buffer.truncate(self.checked);
                self.state = State::Broken(fault);
            }
        }
    }

    /// A client that takes something is there.
    fn after_write(&mut self, written: &Poll<io::Result<usize>>) {
        if self.ended && written.is_ready() {
            self.timer_runs = false;
        }
    }

    /// Whether the client may still be sending something that nobody will read.
    fn leaves_something_unread(&self) -> bool {
        self.state != State::Open || !self.follower.is_between_messages()
    }
}

impl<S: AsyncRead + Unpin> Gate<S> {
    fn hand_on(&mut self, out: &mut ReadBuf<'_>) {
        let bytes = self.checked.min(out.remaining());
        out.put_slice(&self.buffer[..bytes]);
        self.buffer.advance(bytes);
        self.checked -= bytes;
        self.message = self.message.and_then(|start| start.checked_sub(bytes));
    }

    /// Reads more into the buffer. `Ok(0)` is the end of the stream.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        SPACE.with_borrow_mut(|space| {
            let mut space = ReadBuf::new(space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
            self.buffer.extend_from_slice(space.filled());
            Poll::Ready(Ok(space.filled().len()))
        })
    }

    /// Whether the current head took too long.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let begun = self.buffer.len() > self.checked || self.follower.messages() == 0;
        if !(self.follower.is_reading_head() && begun) {
            self.timer_runs = false;
            return Poll::Pending;
        }
        self.poll_timer(cx)
    }

    /// The end of the client's sending direction. A client that is gone and one that waits for its answer look the same (RFC 9112 §9.6);
    /// which it is shows in whether it takes anything.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.follower.is_between_messages() && self.signals.open().is_any() {
            ready!(self.poll_timer(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let head_time = self.head_time;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(head_time)));
        if !self.timer_runs {
            timer.set(sleep(head_time));
            self.timer_runs = true;
        }
        timer.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gate<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        loop {
            if gate.checked > 0 {
                gate.hand_on(out);
                return Poll::Ready(Ok(()));
            }
            match gate.state {
                State::Open => {}
                State::Refused => return Poll::Pending,
                State::Broken(fault) => return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault))),
            }
            if gate.ended {
                return gate.poll_end(cx);
            }
            if gate.follower.is_raw() && gate.buffer.is_empty() {
                return Pin::new(&mut gate.stream).poll_read(cx, out);
            }
            if gate.follower.awaits_switch() {
                gate.signals.wake_when_decided(cx);
                gate.check();
                if gate.checked > 0 || gate.state != State::Open || !gate.follower.awaits_switch() {
                    continue;
                }
                if gate.buffer.len() >= READ {
                    return Poll::Pending;
                }
            }
            match gate.poll_fill(cx) {
                Poll::Ready(Ok(0)) => (gate.ended, gate.timer_runs) = (true, false),
                Poll::Ready(Ok(_)) => gate.check(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(gate.poll_overdue(cx));
                    match gate.buffer.is_empty() {
                        true => return Poll::Ready(Ok(())),
                        false => gate.refuse(Fault::TooSlow),
                    }
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gate<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.after_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        if gate.lingered.is_none() {
            ready!(Pin::new(&mut gate.stream).poll_shutdown(cx))?;
            if !gate.leaves_something_unread() {
                return Poll::Ready(Ok(()));
            }
            gate.lingered = Some(0);
            gate.timer = Some(Box::pin(sleep(LINGER)));
        }
        while gate.lingered.is_some_and(|bytes| bytes < LINGER_BYTES) {
            gate.buffer.clear();
            match gate.poll_fill(cx) {
                Poll::Ready(Ok(0) | Err(_)) => break,
                Poll::Ready(Ok(bytes)) => gate.lingered = gate.lingered.map(|sum| sum + bytes),
                Poll::Pending => match &mut gate.timer {
                    Some(timer) => {
                        ready!(timer.as_mut().poll(cx));
                        break;
                    }
                    None => break,
                },
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
