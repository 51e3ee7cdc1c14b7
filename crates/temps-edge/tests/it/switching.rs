//! WebSocket tunnels (R-EDGE-2, R-IP-2).

use std::{sync::Arc, time::Duration};

use temps_model::{Clock, RuleId, Timestamp};
use temps_policy::{
    FirewallScope,
    protections::firewall::{Action, Entry, Firewall, Mode},
};
use temps_testkit::{
    Recorder, TestEdge,
    edge::RunningEdge,
    recorder::{Play, Recorded},
};

const SWITCH: &str = "GET /ws HTTP/1.1\r\nHost: app.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn switches(request: &Recorded) -> Play {
    match request.all("upgrade").as_slice() {
        ["websocket"] => {
            let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
            Play::Echo(
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{accept}\r\n\r\n"
                )
                .into(),
            )
        }
        _ => Play::ok(&[], "ordinary"),
    }
}

async fn edge(recorder: &Recorder) -> RunningEdge {
    TestEdge::new().upstream("app.localhost", recorder).start().await
}

#[tokio::test]
async fn a_websocket_client_speaks_with_the_application() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;

    // The other end is a real WebSocket server.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let edge = TestEdge::new().upstream_url("app.localhost", upstream).start().await;
    let stream = edge.tls("app.localhost", &[b"http/1.1"]).await;
    let (mut socket, response) = tokio_tungstenite::client_async("wss://app.localhost/ws", stream).await.unwrap();
    assert_eq!(response.status(), 101);
    assert!(response.headers().contains_key("temps-request-id"));
    for text in ["one", "two", &"long ".repeat(50_000)] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn r_edge_2_a_tunnel_opens_only_after_a_real_101() {
    let recorder = Recorder::playing(|request| match request.target() {
        "/ws" => Play::Answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_vec()),
        _ => Play::ok(&[], "next"),
    })
    .await;
    let edge = edge(&recorder).await;
    // Bytes that were sent early are the next request, which passes every check by itself.
    let mut client = edge.raw("app.localhost").await;
    client.send(format!("{SWITCH}GET /next HTTP/1.1\r\nHost: app.localhost\r\n\r\n")).await;
    assert!(client.read_response().await.starts_with("HTTP/1.1 403 "));
    let next = client.read_response().await;
    assert!(next.starts_with("HTTP/1.1 200 ") && next.ends_with("next"), "{next}");

    let mut client = edge.raw("app.localhost").await;
    client.send(format!("{SWITCH}GET /next HTTP/1.1\r\nHost: unknown.localhost\r\n\r\n")).await;
    assert!(client.read_response().await.starts_with("HTTP/1.1 403 "));
    assert!(client.read_response().await.starts_with("HTTP/1.1 421 "));
}

#[tokio::test]
async fn r_edge_2_bytes_sent_before_the_switch_never_reach_the_application() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    let mut client = edge.raw("app.localhost").await;
    client.send(format!("{SWITCH}early bytes")).await;
    client.closed().await;
    recorder.wait_for_closed(1).await;
    assert_eq!(recorder.requests().len(), 1);
    assert!(!recorder.bytes_of(0).ends_with(b"early bytes"));
}

/// The gate and what is behind it must agree on what a request to switch is, however it is written.
#[tokio::test]
async fn r_edge_2_every_way_to_name_websocket_is_held_back_until_the_switch() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    for (number, upgrade) in [
        "Upgrade: websocket, x",
        "Upgrade: x, websocket",
        "Upgrade: x,WebSocket\t,y",
        "Upgrade: x\r\nUpgrade: websocket",
        "Upgrade: websocket\r\nUpgrade: x",
        "Upgrade: websocket\r\nUpgrade: websocket",
    ]
    .into_iter()
    .enumerate()
    {
        let switch = SWITCH.replace("Upgrade: WebSocket", upgrade);
        let mut client = edge.raw("app.localhost").await;
        client.send(format!("{switch}GET /early HTTP/1.1\r\nHost: app.localhost\r\n\r\n")).await;
        let answer = client.read_all().await;
        assert!(!answer.contains("early") && !answer.contains("invalid"), "{upgrade}: {answer}");
        recorder.wait_for_closed(2 * number + 1).await;

        let mut client = edge.raw("app.localhost").await;
        client.send(&switch).await;
        assert!(client.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 101 "), "{upgrade}");
        for bytes in ["GET /\x01 HTTP/1.1\r\nno header\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x01\x05hello"] {
            client.send(bytes).await;
            assert_eq!(client.read_until(bytes).await, bytes, "{upgrade}: nothing in a tunnel is HTTP");
        }
        drop(client);
        recorder.wait_for_closed(2 * number + 2).await;
    }
    for connection in 0..recorder.connections() {
        let bytes = String::from_utf8_lossy(&recorder.bytes_of(connection)).into_owned();
        assert!(!bytes.contains("early") && !bytes.contains("invalid"), "{bytes}");
    }
}

/// The answer to the first request must not be taken for the decision about the second.
#[tokio::test]
async fn r_edge_2_a_switch_behind_another_request_waits_for_its_own_decision() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    let first = "GET /first HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
    let mut client = edge.raw("app.localhost").await;
    client.send(format!("{first}{SWITCH}")).await;
    assert!(client.read_response().await.ends_with("ordinary"));
    assert!(client.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    client.send("GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.read_until("\r\n\r\n").await, "GET / HTTP/1.1\r\n\r\n", "echoed, no longer HTTP");

    let mut client = edge.raw("app.localhost").await;
    client.send(format!("{first}{SWITCH}{first}")).await;
    assert!(client.read_response().await.ends_with("ordinary"));
    client.closed().await;
    let firsts = recorder.requests().iter().filter(|request| request.target() == "/first").count();
    assert_eq!(firsts, 2, "what was sent early is neither a request nor part of the tunnel");
    assert!(!(0..recorder.connections()).any(|connection| recorder.bytes_of(connection).ends_with(first.as_bytes())));
}

#[tokio::test]
async fn r_edge_2_only_websocket_is_switched_to() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    for (from, to) in [
        ("Upgrade: WebSocket", "Upgrade: h2c"),
        ("Upgrade: WebSocket", "Upgrade: TLS/1.3"),
        ("keep-alive, Upgrade", "keep-alive"),
        ("GET /ws", "DELETE /ws"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("Sec-WebSocket-Version: 13", "Content-Length: 3"),
    ] {
        let request = SWITCH.replace(from, to);
        let body = if to.starts_with("Content-Length") { "abc" } else { "" };
        let mut client = edge.raw("app.localhost").await;
        client.send(format!("{request}{body}")).await;
        let answer = client.read_response().await;
        let status = if to == "HTTP/1.0" { "HTTP/1.0 200 " } else { "HTTP/1.1 200 " };
        assert!(answer.starts_with(status) && answer.ends_with("ordinary"), "{to}: {answer}");
        assert!(recorder.last().all("upgrade").is_empty() && recorder.last().all("connection").is_empty());
    }
}

#[tokio::test]
async fn r_edge_2_an_application_that_switches_unasked_or_to_something_else_is_502() {
    let recorder = Recorder::playing(|_| {
        Play::Echo(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n".to_vec())
    })
    .await;
    let edge = edge(&recorder).await;
    for request in [SWITCH, "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"] {
        let mut client = edge.raw("app.localhost").await;
        client.send(request).await;
        assert!(client.read_response().await.starts_with("HTTP/1.1 502 "));
    }
}

#[tokio::test]
async fn r_edge_2_a_refused_client_opens_no_tunnel() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    edge.block("127.0.0.1").await;
    let mut client = edge.raw("app.localhost").await;
    client.send(SWITCH).await;
    assert!(client.read_response().await.starts_with("HTTP/1.1 403 "));
    assert_eq!(recorder.bytes(), 0);
}

#[tokio::test]
async fn r_ip_2_an_open_tunnel_ends_when_its_client_is_blocked() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    let mut client = edge.raw("app.localhost").await;
    client.send(SWITCH).await;
    assert!(client.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    client.send("ping").await;
    client.read_until("ping").await;

    edge.block("203.0.113.0/24").await;
    client.send("still there").await;
    client.read_until("still there").await;

    edge.block("127.0.0.0/8").await;
    tokio::time::timeout(Duration::from_secs(1), client.closed()).await.expect("closed within a second");
    recorder.wait_for_closed(1).await;
}

/// Nothing is published when a rule expires.
#[tokio::test]
async fn r_ip_2_an_open_tunnel_ends_when_the_rule_that_admits_it_expires() {
    let recorder = Recorder::playing(switches).await;
    let edge = edge(&recorder).await;
    let now = edge.clock.now();
    let rule = Entry {
        id: RuleId::generate(now),
        action: Action::Allow,
        network: "127.0.0.0/8".parse().unwrap(),
        expires_at: Some(Timestamp::from_micros(now.micros() + 60_000_000)),
    };
    let firewall = Arc::new(Firewall::new(Mode::AllowList, [rule]));
    edge.change_site("app.localhost", |site| site.firewalls = vec![(FirewallScope::Environment, firewall)]).await;
    let mut client = edge.raw("app.localhost").await;
    client.send(SWITCH).await;
    assert!(client.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    edge.clock.advance(Duration::from_secs(59));
    client.send("still there").await;
    client.read_until("still there").await;

    edge.clock.advance(Duration::from_secs(2));
    tokio::time::timeout(Duration::from_secs(1), client.closed()).await.expect("closed within a second");
    recorder.wait_for_closed(1).await;
}
