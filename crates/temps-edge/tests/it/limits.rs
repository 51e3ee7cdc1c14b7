//! Sizes and times.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::{body::Frame, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use temps_policy::Outcome;
use temps_testkit::{
    Recorder, TestEdge,
    edge::{
        Client, RunningEdge,
        client::{Outgoing, full},
    },
    raw::{PATIENCE, RawClient},
    recorder::Play,
};
use tokio::{task::JoinHandle, time::timeout};

/// A body of so many pieces of a thousand bytes, whose length is not declared.
fn pieces(count: usize) -> Outgoing {
    let pieces = (0..count).map(|_| Ok(Frame::data(Bytes::from(vec![b'x'; 1000]))));
    StreamBody::new(stream::iter(pieces)).boxed()
}

#[tokio::test]
async fn a_body_is_counted_while_it_streams() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new().limits(|limits| limits.max_body = 10_000).upstream("app.test", &recorder).start().await;
    for (count, status) in [(10, 200), (11, 413), (500, 413)] {
        for mut client in [edge.client("app.test").await, edge.client_h2("app.test").await] {
            let request = client.build("POST", "app.test", "/", &[], pieces(count));
            let reply = client.send(request).await;
            assert_eq!(reply.status, status, "{count} pieces");
            let outcome = if status == 200 { Outcome::Passed } else { Outcome::TooLarge };
            assert_eq!(edge.event_of(&reply).await.outcome, outcome);
        }
    }
    assert!(
        recorder.requests().iter().all(|request| request.body.len() == 10_000),
        "what is too large never arrives whole"
    );
}

#[tokio::test]
async fn a_header_has_the_same_bounds_over_http2() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new().upstream("app.test", &recorder).start().await;
    let value = "a".repeat(1000);
    for (lines, status) in [(30, 200), (40, 431), (90, 431), (400, 431)] {
        let mut client = edge.client_h2("app.test").await;
        let headers: Vec<(&str, &str)> = (0..lines).map(|_| ("x-long", value.as_str())).collect();
        let reply = client.request("GET", "app.test", "/", &headers, "").await;
        assert_eq!(reply.status, status, "{lines} lines");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(edge.event_of(&reply).await.status, status, "it has a record");
    }
    let mut client = edge.client_h2("app.test").await;
    let reply = client.request("GET", "app.test", "/", &[("x", "y"); 101], "").await;
    assert_eq!(reply.status, 431);
    assert_eq!(recorder.requests().len(), 1);
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_answered_408() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .with(|config| config.timeouts.body = Duration::from_millis(200))
        .upstream("app.localhost", &recorder)
        .start()
        .await;
    let mut client = edge.raw_plain().await;
    client.send("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 100\r\n\r\nsome").await;
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    recorder.wait_for_closed(1).await;
}

#[tokio::test]
async fn an_application_that_does_not_answer_is_504() {
    let recorder = Recorder::playing(|_| Play::Silence).await;
    let edge = TestEdge::new()
        .with(|config| config.timeouts.response = Duration::from_millis(200))
        .upstream("app.test", &recorder)
        .start()
        .await;
    let reply = edge.get("app.test", "/").await;
    assert_eq!(reply.status, 504);
    assert_eq!(edge.event_of(&reply).await.outcome, Outcome::UpstreamFailed);
    recorder.wait_for_closed(1).await;
}

/// A connection over HTTP/2 on which every stream has a window of so many bytes, and the end of that connection.
async fn with_window(edge: &RunningEdge, bytes: u32) -> (Client, JoinHandle<()>) {
    let stream = TokioIo::new(edge.tls("app.test", &[b"h2"]).await);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = builder.initial_stream_window_size(bytes).handshake(stream).await.unwrap();
    (Client::Http2(sender), tokio::spawn(async { drop(connection.await) }))
}

#[tokio::test]
async fn a_client_that_opens_no_window_holds_no_stream() {
    let recorder = Recorder::playing(|_| Play::ok(&[], &"x".repeat(1_000_000))).await;
    let edge = TestEdge::new()
        .with(|config| config.timeouts.body = Duration::from_millis(200))
        .upstream("app.test", &recorder)
        .start()
        .await;
    let (mut client, connection) = with_window(&edge, 0).await;
    for number in 1..=2 {
        let request = client.build("GET", "app.test", "/", &[], full(""));
        let response = client.open(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let broken = timeout(PATIENCE, response.into_body().collect()).await.expect("the stream ends");
        assert!(broken.is_err(), "it does not look complete");
        recorder.wait_for_closed(number).await;
        edge.event_where(|event| event.status == 200).await;
    }
    assert!(!connection.is_finished(), "only the streams end");
}

#[tokio::test]
async fn what_a_client_leaves_lying_does_not_hold_its_connection() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .with(|config| {
            config.timeouts.idle = Duration::from_millis(200);
            config.timeouts.head = Duration::from_secs(1);
        })
        .upstream("app.test", &recorder)
        .start()
        .await;
    // There is room for one of two bytes, so the last one waits in the connection when the stream is over for the edge.
    let (mut client, connection) = with_window(&edge, 1).await;
    let request = client.build("GET", "app.test", "/", &[], full(""));
    let response = client.open(request).await.unwrap();
    timeout(PATIENCE, connection).await.expect("the connection ends").unwrap();
    drop(response);
}

#[tokio::test]
async fn a_header_over_http2_that_never_ends_is_not_waited_for() {
    let edge = TestEdge::new().with(|config| config.timeouts.head = Duration::from_millis(300)).start().await;
    let mut client = RawClient::new(edge.tls("app.test", &[b"h2"]).await);
    // An empty SETTINGS frame, then HEADERS of stream 1 without END_HEADERS.
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x01\0\0\0\x01\x82").await;
    client.closed().await;
}

#[tokio::test]
async fn an_application_that_stops_in_the_middle_of_its_answer_is_not_waited_for() {
    let recorder = Recorder::playing(|request| {
        let media_type = if request.target() == "/events" { "text/event-stream" } else { "text/plain" };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: 100\r\n\r\n");
        Play::Answer((head + "some").into_bytes())
    })
    .await;
    let edge = TestEdge::new()
        .with(|config| config.timeouts.pause = Duration::from_millis(200))
        .upstream("app.test", &recorder)
        .start()
        .await;
    let mut listener = edge.client("app.test").await;
    let request = listener.build("GET", "app.test", "/events", &[], full(""));
    let mut events = listener.open(request).await.unwrap();
    events.body_mut().frame().await.unwrap().unwrap();
    let clients = [edge.client("app.test").await, edge.client_h2("app.test").await];
    for (number, mut client) in clients.into_iter().enumerate() {
        let request = client.build("GET", "app.test", "/", &[], full(""));
        assert!(client.try_send(request).await.is_err(), "it does not look complete");
        recorder.wait_for_closed(number + 1).await;
    }
    assert!(events.body_mut().frame().now_or_never().is_none(), "events may be as rare as they like");
}
