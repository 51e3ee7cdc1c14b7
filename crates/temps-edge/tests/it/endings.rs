//! Panics, draining, and the end of workers.

use std::{sync::Arc, time::Duration};

use temps_policy::{BlobId, FileEntry, Manifest, Outcome};
use temps_testkit::{
    Recorder, TestEdge,
    edge::{PanickingBlobs, client::full},
    raw::PATIENCE,
    recorder::Play,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

#[tokio::test]
async fn r_edge_9_a_panic_costs_one_request_and_never_the_worker() {
    let entry =
        |size| FileEntry { blob: BlobId([0; 32]), size, media_type: "text/plain".into(), gzip: None, brotli: None };
    let files = [("small".to_owned(), entry(5)), ("large".to_owned(), entry(1 << 30))].into();
    let edge = TestEdge::new()
        .manifest("broken.test", Manifest { files }, Arc::new(PanickingBlobs))
        .files("sound.test", &[("index.html", "sound")])
        .start()
        .await;
    for path in ["/small", "/large"] {
        for mut client in [edge.client("broken.test").await, edge.client_h2("broken.test").await] {
            let reply = client.get("broken.test", path).await;
            assert_eq!(reply.status, 500);
            assert_eq!(edge.event_of(&reply).await.outcome, Outcome::Failed);
        }
    }
    for _ in 0..8 {
        assert_eq!(edge.get("sound.test", "/").await.text(), "sound");
    }
}

/// An application that answers when the test says so.
async fn held_application() -> (TcpListener, temps_policy::Upstream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    (listener, upstream)
}

async fn request_at(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let mut head = [0; 4096];
    assert!(stream.read(&mut head).await.unwrap() > 0);
    stream
}

#[tokio::test]
async fn draining_lets_open_requests_end_and_takes_no_new_ones() {
    let (listener, upstream) = held_application().await;
    let mut edge = TestEdge::new().upstream_url("app.test", upstream).start().await;
    let https = edge.https_addr();
    let idle = edge.client("app.test").await;
    let mut open = Vec::new();
    for mut client in [edge.client("app.test").await, edge.client_h2("app.test").await] {
        open.push(tokio::spawn(async move { client.get("app.test", "/").await }));
    }
    let mut applications = [request_at(&listener).await, request_at(&listener).await];

    let draining = tokio::spawn(async move {
        edge.drain().await;
        edge
    });
    timeout(PATIENCE, async {
        while TcpStream::connect(https).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("nothing new is accepted");
    assert!(!draining.is_finished(), "open requests are waited for");
    for application in &mut applications {
        application.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await.unwrap();
    }
    for request in open {
        let reply = request.await.unwrap();
        assert_eq!((reply.status, reply.text()), (200, "late"));
    }
    let edge = timeout(PATIENCE, draining).await.expect("then it is over").unwrap();
    for _ in 0..2 {
        assert_eq!(edge.event_where(|_| true).await.outcome, Outcome::Passed, "records are not lost");
    }
    drop(idle);
}

#[tokio::test]
async fn draining_has_a_limit() {
    let recorder = Recorder::playing(|_| Play::Silence).await;
    let mut edge = TestEdge::new()
        .with(|config| config.drain_timeout = Duration::from_millis(200))
        .upstream("app.test", &recorder)
        .start()
        .await;
    let mut client = edge.client("app.test").await;
    let request = client.build("GET", "app.test", "/", &[], full(""));
    let open = tokio::spawn(async move { client.open(request).await.is_err() });
    recorder.wait_until(|recorder| recorder.requests().len() == 1).await;
    timeout(PATIENCE, edge.drain()).await.expect("it ends although a request is open");
    assert!(open.await.unwrap());
    let event = edge.event_where(|_| true).await;
    assert_eq!((event.status, event.outcome), (499, Outcome::Abandoned), "what was cut short has a record too");
}

/// As `nc -N` and other programs do that send a request and then the end.
#[tokio::test]
async fn a_client_that_has_ended_its_sending_direction_gets_its_answer() {
    let (listener, upstream) = held_application().await;
    let edge = TestEdge::new().upstream_url("app.localhost", upstream).start().await;
    let mut client = edge.raw_plain().await;
    client.send("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n").await.finish().await;
    let mut application = request_at(&listener).await;
    application.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await.unwrap();
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("late"), "{answer}");
}

#[tokio::test]
async fn a_tunnel_ends_when_the_edge_drains() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let recorder = Recorder::playing(|_| Play::Echo(switch.to_vec())).await;
    let mut edge = TestEdge::new().upstream("app.localhost", &recorder).start().await;
    let mut client = edge.raw_plain().await;
    client.send("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").await;
    client.read_until("\r\n\r\n").await;
    timeout(Duration::from_secs(5), edge.drain()).await.expect("tunnels do not hold up draining");
    client.closed().await;
}

#[tokio::test]
async fn a_second_edge_on_the_same_port_is_refused() {
    let edge = TestEdge::new().start().await;
    let taken = edge.https_addr();
    let mut second = TestEdge::new();
    second.config.https_addr = taken;
    let Err(error) = second.try_start().await else { panic!("the port is taken") };
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    let cause = std::error::Error::source(&error).expect("there is a cause").to_string();
    assert!(!error.to_string().contains(&cause), "{error}, and beside it {cause}");
}
