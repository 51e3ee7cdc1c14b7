//! An application that records exactly the bytes that it receives.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use temps_policy::Upstream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::raw::PATIENCE;

/// Listens on a free loopback port until it is dropped.
pub struct Recorder {
    addr: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// The bytes of each connection.
    connections: Mutex<Vec<Vec<u8>>>,
    requests: Mutex<Vec<Recorded>>,
    closed: watch::Sender<usize>,
    changed: watch::Sender<usize>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `GET /path HTTP/1.1`
    pub line: String,
    /// Names as they were written.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    /// The values of a header, whatever the case of its name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// What the application does with a request.
#[derive(Clone, Debug)]
pub enum Play {
    /// Sends these bytes once it has the whole request.
    Answer(Vec<u8>),
    AnswerAndClose(Vec<u8>),
    /// Sends these bytes once it has the head, and goes on reading the body.
    AnswerEarly(Vec<u8>),
    /// Sends these bytes and then back whatever comes, as after a switch of protocols.
    Echo(Vec<u8>),
    Silence,
    Close,
}

impl Play {
    /// 200 with a text and the given header lines.
    pub fn ok(headers: &[&str], body: &str) -> Self {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        Self::Answer(format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }
}

impl Recorder {
    /// Answers every request with `200` and `ok`.
    pub async fn start() -> Self {
        Self::playing(|_| Play::ok(&["Content-Type: text/plain"], "ok")).await
    }

    /// Answers each request as `play` says.
    pub async fn playing(play: impl Fn(&Recorded) -> Play + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let seen = Arc::new(Seen::default());
        let play = Arc::new(play);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&seen), play));
        Self { addr, seen, accepting }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn upstream(&self) -> Upstream {
        format!("http://{}", self.addr).parse().expect("an address is an upstream")
    }

    /// How many bytes arrived on all connections.
    pub fn bytes(&self) -> usize {
        lock(&self.seen.connections).iter().map(Vec::len).sum()
    }

    /// The bytes of one connection, counted from 0.
    pub fn bytes_of(&self, connection: usize) -> Vec<u8> {
        lock(&self.seen.connections)[connection].clone()
    }

    pub fn connections(&self) -> usize {
        lock(&self.seen.connections).len()
    }

    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.seen.requests).clone()
    }

    /// The request that arrived last.
    pub fn last(&self) -> Recorded {
        self.requests().pop().expect("a request arrived")
    }

    /// Waits until something is true of what was recorded.
    pub async fn wait_until(&self, mut condition: impl FnMut(&Self) -> bool) {
        let mut changes = self.seen.changed.subscribe();
        timeout(PATIENCE, async {
            while !condition(self) {
                changes.changed().await.expect("the recorder lives");
            }
        })
        .await
        .expect("what the test waits for arrives at the application");
    }

    /// Waits until so many connections were closed by the edge.
    pub async fn wait_for_closed(&self, connections: usize) {
        let mut closed = self.seen.closed.subscribe();
        let waited = timeout(PATIENCE, closed.wait_for(|count| *count >= connections)).await;
        waited.expect("the edge closes its connection").expect("the recorder lives");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What was recorded stays readable when a test fails while it holds the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Script = Arc<dyn Fn(&Recorded) -> Play + Send + Sync>;

async fn accept(listener: TcpListener, seen: Arc<Seen>, play: Script) {
    while let Ok((stream, _)) = listener.accept().await {
        let number = {
            let mut connections = lock(&seen.connections);
            connections.push(Vec::new());
            connections.len() - 1
        };
        let (seen, play) = (Arc::clone(&seen), Arc::clone(&play));
        tokio::spawn(async move {
            converse(stream, number, &seen, &play).await;
            seen.closed.send_modify(|count| *count += 1);
        });
    }
}

async fn converse(mut stream: TcpStream, number: usize, seen: &Seen, play: &Script) {
    let mut unread = Vec::new();
    while let Some(head) = read_head(&mut stream, number, seen, &mut unread).await {
        let mut request = parse(&head);
        let early = match play(&request) {
            Play::AnswerEarly(bytes) => stream.write_all(&bytes).await.is_ok(),
            _ => false,
        };
        let Some(body) = read_body(&mut stream, number, seen, &mut unread, &request).await else { return };
        request.body = body;
        lock(&seen.requests).push(request.clone());
        seen.changed.send_modify(|count| *count += 1);
        match play(&request) {
            Play::AnswerEarly(_) if early => {}
            Play::AnswerEarly(_) | Play::Close => return,
            Play::Answer(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Play::AnswerAndClose(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Play::Echo(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return echo(stream, number, seen, unread).await;
            }
            Play::Silence => while read_more(&mut stream, number, seen, &mut unread).await {},
        }
    }
}

async fn echo(mut stream: TcpStream, number: usize, seen: &Seen, mut unread: Vec<u8>) {
    loop {
        let bytes = std::mem::take(&mut unread);
        if stream.write_all(&bytes).await.is_err() || !read_more(&mut stream, number, seen, &mut unread).await {
            return;
        }
    }
}

async fn read_head(stream: &mut TcpStream, number: usize, seen: &Seen, unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = unread.drain(..end + 4).collect();
            return Some(String::from_utf8_lossy(&head).into_owned());
        }
        if !read_more(stream, number, seen, unread).await {
            return None;
        }
    }
}

fn parse(head: &str) -> Recorded {
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Recorded { line, headers, body: Vec::new() }
}

/// `None` if it broke off.
async fn read_body(
    stream: &mut TcpStream,
    number: usize,
    seen: &Seen,
    unread: &mut Vec<u8>,
    request: &Recorded,
) -> Option<Vec<u8>> {
    if request.all("transfer-encoding") == ["chunked"] {
        loop {
            if let Some((body, end)) = dechunked(unread) {
                unread.drain(..end);
                return Some(body);
            }
            read_more(stream, number, seen, unread).await.then_some(())?;
        }
    }
    let length = request.all("content-length").first().map_or(0, |length| length.parse().unwrap_or(0));
    while unread.len() < length {
        read_more(stream, number, seen, unread).await.then_some(())?;
    }
    Some(unread.drain(..length).collect())
}

/// The content of a complete chunked body and where it ends.
fn dechunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = bytes[at..].windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
        if size == 0 {
            return (bytes.len() >= at).then_some((body, at));
        }
    }
}

async fn read_more(stream: &mut TcpStream, number: usize, seen: &Seen, unread: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 * 1024];
    let bytes = stream.read(&mut piece).await.unwrap_or(0);
    lock(&seen.connections)[number].extend_from_slice(&piece[..bytes]);
    seen.changed.send_modify(|count| *count += 1);
    unread.extend_from_slice(&piece[..bytes]);
    bytes > 0
}
