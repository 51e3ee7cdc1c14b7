//! Sizes and times.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use temps_policy::Outcome;
use temps_testkit::{Recorder, TestEdge, edge::client::Outgoing, recorder::Play};

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
    for (lines, status) in [(30, 200), (40, 431)] {
        let mut client = edge.client_h2("app.test").await;
        let headers: Vec<(&str, &str)> = (0..lines).map(|_| ("x-long", value.as_str())).collect();
        let reply = client.request("GET", "app.test", "/", &headers, "").await;
        assert_eq!(reply.status, status, "{lines} lines");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
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
