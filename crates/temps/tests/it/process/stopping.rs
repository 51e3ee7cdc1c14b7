//! `SIGTERM`: what is under way may end, what has no end is ended, nothing new begins.

use std::{net::TcpStream, time::Duration};

use temps_model::{Clock, SystemClock};
use temps_testkit::{
    Recorder,
    app::{Person, VISITOR, eventually},
    program::Server,
    raw::RawClient,
    recorder::Play,
};

use super::program;

/// Far more than the buffers between two sockets take.
const LARGE: usize = 16 << 20;
const SOCKET: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n";

async fn with_download(server: &Server) -> Person {
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi"), ("large.bin", &"x".repeat(LARGE))]).await;
    owner
}

/// A download of which only the head was taken yet.
async fn download(server: &Server) -> RawClient {
    let mut download = server.reach().raw("shop.localhost", VISITOR).await;
    download.send("GET /large.bin HTTP/1.1\r\nHost: shop.localhost\r\n\r\n").await;
    let head = download.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    download
}

async fn refuses_connections(server: &Server) {
    for address in [server.reach().http_addr, server.reach().https_addr] {
        eventually("that it does not listen any more", async || TcpStream::connect(address).is_err()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_under_way_ends_well() {
    let program = program();
    let mut server = program.serve(&[]);
    with_download(&server).await;
    let mut download = download(&server).await;
    server.terminate();
    refuses_connections(&server).await;
    assert!(!server.has_ended(), "it waits for the download");
    assert_eq!(download.read_all().await.len(), LARGE);
    assert_eq!(server.wait().code(), Some(0), "{}", server.log().so_far());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_and_tunnels_end_at_once() {
    let application = Recorder::playing(|request| match request.target() {
        "/socket" => Play::Echo(SOCKET.into()),
        _ => Play::Answer(EVENTS.into()),
    })
    .await;
    let program = program();
    let mut server = program.serve(&["--drain-timeout", "10m"]);
    let owner = with_download(&server).await;
    owner.create_project("chat").await;
    owner.deploy_upstream("chat", &application.upstream().to_string()).await;

    let mut events = server.reach().raw("chat.localhost", VISITOR).await;
    events.send("GET /events HTTP/1.1\r\nHost: chat.localhost\r\n\r\n").await.read_until("data: one").await;
    let mut tunnel = server.reach().raw("chat.localhost", VISITOR).await;
    tunnel.send("GET /socket HTTP/1.1\r\nHost: chat.localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n").await;
    tunnel.send("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").await;
    tunnel.read_until("\r\n\r\n").await;
    tunnel.send("there and back").await.read_until("there and back").await;

    // It keeps the program waiting, so that the others do not end because it has ended.
    let mut download = download(&server).await;
    server.terminate();
    events.closed().await;
    tunnel.closed().await;
    assert!(!server.has_ended());
    assert_eq!(download.read_all().await.len(), LARGE);
    assert_eq!(server.wait().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_ends_what_does_not_end_by_itself() {
    let program = program();
    let mut server = program.serve(&["--drain-timeout", "1s"]);
    with_download(&server).await;
    let mut download = download(&server).await;
    let begun = SystemClock.monotonic();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log().so_far());
    let took = SystemClock.monotonic().duration_since(begun);
    assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&took), "{took:?}");
    assert!(download.read_all().await.len() < LARGE, "the download was cut off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let program = program();
    let mut server = program.serve(&["--drain-timeout", "10m"]);
    with_download(&server).await;
    let _download = download(&server).await;
    server.terminate();
    server.log().until(|log| log.contains("temps is stopping"));
    server.terminate();
    assert_eq!(server.wait().code(), Some(130));
    assert!(server.log().whole().contains("stopped by a second signal"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_request_do_not_delay_the_end() {
    let program = program();
    let mut server = program.serve(&["--drain-timeout", "10m"]);
    let mut idle = server.reach().raw("temps.localhost", VISITOR).await;
    idle.send("GET /healthz HTTP/1.1\r\nHost: temps.localhost\r\n\r\n").await.read_response().await;
    let _silent = TcpStream::connect(server.reach().https_addr).unwrap();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    idle.closed().await;
}
