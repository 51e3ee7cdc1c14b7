//! Malformed requests never reach an application (R-EDGE-1), and answers that come early never confuse two messages (R-EDGE-3).

use std::time::Duration;

use temps_policy::Outcome;
use temps_testkit::{Recorder, TestEdge, recorder::Play};

/// Each is sent in one piece and must be answered with this status, on a connection that is then closed. No exception is made for any.
const MALFORMED: &[(&str, &str)] = &[
    ("400", "GET / HTTP/1.1\nHost: app.localhost\n\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\rX: y\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX: a\rb\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX: a\0b\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX: a\u{1}b\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX\0: a\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX : a\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost : app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost\t: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX: a\r\n b\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX: a\r\n\tb\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\n Host: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nnot a header\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\n: empty\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nX(y): a\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/1.1\r\nHost: app.localhost\r\nHost: other.localhost\r\n\r\n"),
    ("400", "GET  / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET /a b HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/1.1 \r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET /\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/0.9\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/1.2\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET / HTTP/2.0\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET / FTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("400", "get / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "G@T / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET app.localhost HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET /#fragment HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET /\u{e4} HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET ftp://app.localhost/ HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("400", "GET http://user@app.localhost/ HTTP/1.1\r\nHost: app.localhost\r\n\r\n"),
    ("405", "CONNECT app.localhost:443 HTTP/1.1\r\nHost: app.localhost:443\r\n\r\n"),
    (
        "400",
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "400",
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4, 4\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: +4\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: -4\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0x4\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4 4\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length:\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 18446744073709551620\r\n\r\nbody"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
    (
        "400",
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("400", "POST / HTTP/1.0\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.0\r\nHost: app.localhost\r\n\r\nuntil the end"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\nbody\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbodyX\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n4;a\nb\r\nbody\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nbody\r\n0\r\n\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
    ("400", "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n"),
];

/// The status of each response in what was received.
fn statuses(received: &str) -> Vec<&str> {
    let is_status = |at: usize| received[at + 9..].starts_with(|c: char| c.is_ascii_digit());
    received
        .match_indices("HTTP/1.1 ")
        .filter(|(at, _)| is_status(*at))
        .map(|(at, _)| &received[at + 9..at + 12])
        .collect()
}

#[tokio::test]
async fn r_edge_1_malformed_requests_are_answered_and_nothing_reaches_the_application() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new().upstream("app.localhost", &recorder).start().await;
    let too_large = format!("GET / HTTP/1.1\r\nHost: app.localhost\r\nX: {}\r\n\r\n", "a".repeat(33 * 1024));
    let too_many = format!("GET / HTTP/1.1\r\nHost: app.localhost\r\n{}\r\n", "X: a\r\n".repeat(100));
    let more = [("431", too_large.as_str()), ("431", too_many.as_str())];
    assert!(MALFORMED.len() >= 40);
    for (status, bytes) in MALFORMED.iter().chain(&more) {
        let line = &bytes[..bytes.len().min(200)];
        for mut client in [edge.raw("app.localhost").await, edge.raw_plain().await] {
            // What follows on the connection must never be taken for a request.
            client.send(format!("{bytes}GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n")).await;
            let answer = client.read_all().await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line:?}: {answer}");
            assert_eq!(statuses(&answer).len(), 1, "{line:?}: {answer}");
            assert_eq!(answer.matches("\r\nx-content-type-options: nosniff\r\n").count(), 1, "{answer}");
            assert_eq!(answer.matches("\r\ntemps-request-id: ").count(), 1, "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
    }
    assert_eq!(recorder.bytes(), 0);
    for _ in 0..2 * (MALFORMED.len() + more.len()) {
        let event = edge.event_where(|_| true).await;
        assert_eq!((event.outcome, &*event.path), (Outcome::Malformed, "?"));
    }
}

#[tokio::test]
async fn r_edge_1_a_sound_request_before_a_malformed_one_is_answered_first() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new().upstream("app.localhost", &recorder).start().await;
    let mut client = edge.raw("app.localhost").await;
    let sound = "POST /sound HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\n\r\nbody";
    client.send(format!("{sound}GET /malformed HTTP/1.1\r\nHost: a\nX: y\r\n\r\n")).await;
    let answers = client.read_all().await;
    assert_eq!(statuses(&answers), ["200", "400"], "{answers}");
    assert_eq!(recorder.requests().len(), 1);
}

#[tokio::test]
async fn r_edge_1_a_body_that_turns_out_malformed_ends_the_request_and_the_connection() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new().upstream("app.localhost", &recorder).start().await;
    let mut client = edge.raw("app.localhost").await;
    client.send("POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n").await;
    recorder.wait_until(|recorder| recorder.bytes() > 0).await;
    client.send("not a size\r\nGET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n").await;
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(statuses(&answer).len(), 1, "{answer}");
    recorder.wait_for_closed(1).await;
    assert!(recorder.requests().is_empty(), "the application never saw a whole request");
}

#[tokio::test]
async fn r_edge_1_plain_http_on_the_port_for_https_is_told_so() {
    let edge = TestEdge::new().files("demo.localhost", &[("index.html", "hi")]).start().await;
    let stream = tokio::net::TcpStream::connect(edge.https_addr()).await.unwrap();
    let mut client = temps_testkit::raw::RawClient::new(stream);
    client.send("GET / HTTP/1.1\r\nHost: demo.localhost\r\n\r\n").await;
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("speaks HTTPS"), "{answer}");
}

#[tokio::test]
async fn a_header_that_does_not_arrive_in_time_is_answered_408() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .with(|config| config.timeouts.head = Duration::from_millis(200))
        .upstream("app.localhost", &recorder)
        .start()
        .await;
    let mut client = edge.raw("app.localhost").await;
    client.send("GET / HTTP/1.1\r\nHost: app.local").await;
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");

    let mut silent = edge.raw_plain().await;
    assert_eq!(silent.read_all().await, "", "who says nothing is not answered");
    assert_eq!(recorder.bytes(), 0);
}

#[tokio::test]
async fn a_connection_that_stays_idle_is_closed() {
    let edge = TestEdge::new()
        .with(|config| config.timeouts.idle = Duration::from_millis(200))
        .files("demo.localhost", &[("index.html", "hi")])
        .start()
        .await;
    let mut client = edge.raw("demo.localhost").await;
    client.send("GET / HTTP/1.1\r\nHost: demo.localhost\r\n\r\n").await;
    assert!(client.read_response().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(client.read_all().await, "");

    let mut h2 = edge.client_h2("demo.localhost").await;
    assert_eq!(h2.get("demo.localhost", "/").await.status, 200);
    let temps_testkit::edge::Client::Http2(sender) = &mut h2 else { unreachable!() };
    tokio::time::timeout(temps_testkit::raw::PATIENCE, async {
        while sender.ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("an idle HTTP/2 connection is closed too");
}

/// The answer comes before the body was read. Whatever is then on the connection is either the rest of that body or nothing.
#[tokio::test]
async fn r_edge_3_an_early_answer_never_turns_a_body_into_a_request() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .limits(|limits| limits.max_body = 100)
        .upstream("app.localhost", &recorder)
        .files("demo.localhost", &[("index.html", "hi")])
        .start()
        .await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
    let long = "x".repeat(300_000);
    for (host, method, body, status) in [
        ("app.localhost", "POST", format!("{smuggled}{long}"), "413"),
        ("app.localhost", "TRACE", smuggled.to_owned(), "405"),
        ("unknown.localhost", "POST", smuggled.to_owned(), "421"),
        ("demo.localhost", "POST", smuggled.to_owned(), "405"),
        ("demo.localhost", "GET", format!("{smuggled}{smuggled}"), "200"),
    ] {
        let length = body.len();
        for framing in [
            format!("Content-Length: {length}\r\n\r\n{body}"),
            format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"),
        ] {
            if status == "413" && framing.starts_with("Transfer") {
                // Without a declared length it is forwarded while it is counted.
                continue;
            }
            let mut client = edge.raw_plain().await;
            let next = "GET /next HTTP/1.1\r\nHost: demo.localhost\r\nConnection: close\r\n\r\n";
            client.send(format!("{method} / HTTP/1.1\r\nHost: {host}\r\n{framing}{next}")).await;
            let answers = client.read_all().await;
            assert!(answers.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {host}: {answers}");
            let statuses = statuses(&answers);
            assert!(statuses == [status] || statuses == [status, "404"], "{method} {host}: {answers}");
        }
    }
    assert_eq!(recorder.bytes(), 0);
}

#[tokio::test]
async fn r_edge_3_an_application_that_answers_early_does_not_mix_up_requests() {
    let recorder = Recorder::playing(|request| match request.target() {
        "/early" => Play::AnswerEarly(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly".to_vec()),
        _ => Play::ok(&[], "next"),
    })
    .await;
    let edge = TestEdge::new().upstream("app.localhost", &recorder).start().await;
    for _ in 0..20 {
        let mut client = edge.raw_plain().await;
        client
            .send("POST /early HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 50\r\n\r\nGET /smuggled HTTP/1.1")
            .await;
        let answer = client.read_response().await;
        assert!(answer.ends_with("early"), "{answer}");
        client.send("\r\nHost: app.localhost\r\n\r\n").await;
        let next = edge.client_plain().await.get("app.localhost", "/next").await;
        assert_eq!(next.text(), "next");
    }
    assert!(recorder.requests().iter().all(|request| request.target() != "/smuggled"));
}

#[tokio::test]
async fn r_edge_3_a_body_is_asked_for_only_after_the_guard() {
    let recorder = Recorder::start().await;
    let edge =
        TestEdge::new().limits(|limits| limits.max_body = 100).upstream("app.localhost", &recorder).start().await;
    let mut client = edge.raw_plain().await;
    let head = |length| {
        format!("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
    };
    client.send(head(101)).await;
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "no 100 before: {answer}");

    let mut client = edge.raw_plain().await;
    client.send(head(4)).await;
    assert_eq!(client.read_until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body").await;
    assert!(client.read_response().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(recorder.last().body, b"body");
}
