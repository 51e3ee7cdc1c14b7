//! First stage: connections, and which protocol is spoken on them.

use std::{cell::Cell, convert::Infallible, net::SocketAddr, pin::pin, rc::Rc, sync::Arc, time::Duration};

use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use temps_policy::TlsFacts;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    framing::{Fault, Finding, Gate, MAX_HEAD},
    open::OpenRequests,
    respond::Sent,
    serve::serve,
    stream::{ClientStream, Stream},
    streams::StreamExecutor,
    tls,
    worker::Worker,
};

/// What is known of a connection, the same for all requests on it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub peer: SocketAddr,
    /// `None` over plain HTTP.
    pub tls: Option<TlsFacts>,
}

/// Accepts plain connections until the edge drains.
pub async fn plain(worker: Rc<Worker>, listener: TcpListener) {
    while let Some((stream, peer)) = next(&worker, &listener).await {
        let gate = Gate::new(client_stream(&worker, stream), worker.shared.config.timeouts.head);
        worker.tasks.spawn_local(http1(Rc::clone(&worker), Connection { peer, tls: None }, gate));
    }
}

/// Accepts connections that begin with a TLS handshake, until the edge drains.
pub async fn encrypted(worker: Rc<Worker>, listener: TcpListener, tls: Arc<ServerConfig>) {
    let acceptor = TlsAcceptor::from(tls);
    while let Some((stream, peer)) = next(&worker, &listener).await {
        worker.tasks.spawn_local(handshake(Rc::clone(&worker), acceptor.clone(), stream, peer));
    }
}

async fn next(worker: &Worker, listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    loop {
        tokio::select! {
            () = worker.shared.draining.cancelled() => return None,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    // Out of file descriptors, most likely. Without a pause the loop would only burn the time that ends connections.
                    if worker.accept_failures.may(worker.uptime()) {
                        tracing::warn!(%error, "cannot accept a connection");
                    }
                    sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

async fn handshake(worker: Rc<Worker>, acceptor: TlsAcceptor, stream: TcpStream, peer: SocketAddr) {
    let timeouts = worker.shared.config.timeouts;
    let shaken = async {
        if begins_like_http(&stream).await {
            let stream = client_stream(&worker, stream);
            return Some(Protocol::Mistaken(Gate::refusing(stream, Fault::NotEncrypted)));
        }
        let stream = acceptor.accept(stream).await.ok()?;
        let session = stream.get_ref().1;
        let facts = TlsFacts { sni: session.server_name().map(tls::requested_name) };
        let is_h2 = session.alpn_protocol() == Some(tls::H2);
        let stream = client_stream(&worker, stream);
        Some(match is_h2 {
            true => Protocol::Http2(facts, stream),
            false => Protocol::Http1(facts, Gate::new(stream, timeouts.head)),
        })
    };
    let protocol = tokio::select! {
        shaken = timeout(timeouts.handshake, shaken) => shaken.ok().flatten(),
        () = worker.shared.draining.cancelled() => None,
    };
    let Some(protocol) = protocol else { return };
    match protocol {
        Protocol::Http1(tls, gate) => http1(Rc::clone(&worker), Connection { peer, tls: Some(tls) }, gate).await,
        Protocol::Http2(tls, stream) => http2(Rc::clone(&worker), Connection { peer, tls: Some(tls) }, stream).await,
        Protocol::Mistaken(gate) => http1(Rc::clone(&worker), Connection { peer, tls: None }, gate).await,
    }
}

enum Protocol {
    Http1(TlsFacts, Gate<ClientStream>),
    Http2(TlsFacts, ClientStream),
    /// Plain HTTP on the port for HTTPS.
    Mistaken(Gate<ClientStream>),
}

/// A TLS handshake begins with the byte 0x16, a request with the letter of a method.
async fn begins_like_http(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1) if first[0].is_ascii_uppercase())
}

fn client_stream(worker: &Worker, stream: impl Stream + 'static) -> ClientStream {
    ClientStream::new(stream, worker.shared.config.timeouts.body)
}

async fn http1(worker: Rc<Worker>, connection: Connection, gate: Gate<ClientStream>) {
    let signals = gate.signals();
    let connection = Rc::new(connection);
    let messages = Cell::new(0);
    let service = {
        let worker = Rc::clone(&worker);
        service_fn(move |request: Request<Incoming>| {
            let message = messages.replace(messages.get() + 1);
            let (finding, open) = (signals.finding(message), signals.open().begin());
            let (worker, connection, signals) = (Rc::clone(&worker), Rc::clone(&connection), Arc::clone(&signals));
            async move {
                let response = serve(worker, connection, request, finding).await;
                signals.decide_switch(message, response.status() == StatusCode::SWITCHING_PROTOCOLS);
                Ok::<_, Infallible>(response.map(|sent| sent.holding(open)))
            }
        })
    };
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(worker.shared.config.timeouts.idle)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(gate), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    tokio::select! {
        _ = serving.as_mut() => return,
        () = worker.shared.draining.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    // How a connection ends is of no interest: each request on it has its own record.
    let _ = serving.await;
}

async fn http2(worker: Rc<Worker>, connection: Connection, stream: ClientStream) {
    let connection = Rc::new(connection);
    let timeouts = worker.shared.config.timeouts;
    let open = Arc::new(OpenRequests::default());
    let service = {
        let (worker, open) = (Rc::clone(&worker), Arc::clone(&open));
        service_fn(move |request: Request<Incoming>| {
            let (worker, connection, open) = (Rc::clone(&worker), Rc::clone(&connection), open.begin());
            async move {
                let response: Response<Sent> = serve(worker, connection, request, Finding::default()).await;
                Ok::<_, Infallible>(response.map(|sent| sent.holding(open)))
            }
        })
    };
    let serving = http2::Builder::new(StreamExecutor { patience: timeouts.body })
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        // Much more than is accepted, so that what is too large gets our own answer and a record. Far beyond it h2 closes the connection.
        .max_header_list_size(16 * MAX_HEAD as u32)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(256)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    tokio::select! {
        _ = serving.as_mut() => return,
        () = worker.shared.draining.cancelled() => {}
        () = open.none_within(timeouts.head) => {}
        () = open.idle_for(timeouts.idle) => {}
    }
    serving.as_mut().graceful_shutdown();
    // Open requests may end. A client that then does not go, or lets the last bytes of its streams lie, is not waited for.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = open.idle_for(timeouts.head) => {}
    }
}
