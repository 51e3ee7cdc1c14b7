//! A client that sends exactly the bytes it is given.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection, encrypted or not.
pub struct RawClient {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl RawClient {
    pub fn new(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self { stream: Box::new(stream), received: Vec::new() }
    }

    /// Sends bytes; that the other end has closed is no failure here, because it may be what the test is about.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.try_send(bytes).await;
        self
    }

    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Ends the sending direction.
    pub async fn finish(&mut self) -> &mut Self {
        let _ = self.stream.shutdown().await;
        self
    }

    /// Everything until the other end closes.
    pub async fn read_all(&mut self) -> String {
        loop {
            if !self.read_more().await {
                return self.take(self.received.len());
            }
        }
    }

    /// Everything up to and including the text.
    pub async fn read_until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = find(&self.received, text.as_bytes()) {
                return self.take(at + text.len());
            }
            assert!(self.read_more().await, "closed before {text:?}: {:?}", String::from_utf8_lossy(&self.received));
        }
    }

    /// One response with a `Content-Length`.
    pub async fn read_response(&mut self) -> String {
        let head = self.read_until("\r\n\r\n").await;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a length is a number"));
        while self.received.len() < length {
            assert!(self.read_more().await, "closed within a body after {head}");
        }
        head + &self.take(length)
    }

    /// Returns once the other end has closed, whatever it sends before.
    pub async fn closed(&mut self) {
        while self.read_more().await {}
    }

    fn take(&mut self, bytes: usize) -> String {
        let taken: Vec<u8> = self.received.drain(..bytes).collect();
        String::from_utf8_lossy(&taken).into_owned()
    }

    /// `false` at the end, however it came about.
    async fn read_more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        let read =
            timeout(PATIENCE, self.stream.read(&mut piece)).await.expect("the other end answers or closes in time");
        let bytes = read.unwrap_or(0);
        self.received.extend_from_slice(&piece[..bytes]);
        bytes > 0
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
