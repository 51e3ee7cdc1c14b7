//! IP rules over real sockets.

use std::{collections::HashSet, num::NonZeroUsize};

use temps_policy::{
    FirewallScope, Outcome, Target,
    protections::firewall::{Action, Mode},
};
use temps_testkit::{
    Recorder, TestEdge,
    edge::{Client, Reply},
};

#[tokio::test]
async fn r_ip_2_a_block_holds_for_the_very_next_request_on_every_open_connection() {
    let recorder = Recorder::start().await;
    let edge = TestEdge::new()
        .with(|config| config.workers = NonZeroUsize::new(4).unwrap())
        .upstream("app.test", &recorder)
        .start()
        .await;
    // More connections than workers, so that each worker has some; over both protocols.
    let mut clients = Vec::new();
    for number in 0..24 {
        let client = if number % 2 == 0 { edge.client("app.test").await } else { edge.client_h2("app.test").await };
        clients.push(client);
    }
    for round in 0..10 {
        for client in &mut clients {
            assert_eq!(client.get("app.test", "/").await.status, 200, "round {round}");
        }
        edge.block("127.0.0.0/8").await;
        for client in &mut clients {
            assert_eq!(client.get("app.test", "/").await.status, 403, "round {round}");
        }
        edge.instance_firewall(Mode::Open, &[]).await;
    }
    assert_eq!(recorder.requests().len(), 240);
}

#[tokio::test]
async fn every_scope_refuses_for_itself() {
    let edge = TestEdge::new()
        .files("one.test", &[("index.html", "1")])
        .files("two.test", &[("index.html", "2")])
        .start()
        .await;
    let statuses = async || (edge.get("one.test", "/").await.status, edge.get("two.test", "/").await.status);
    for scope in [FirewallScope::Project, FirewallScope::Environment] {
        edge.site_firewall("one.test", scope, Mode::Open, &[(Action::Block, "127.0.0.1")]).await;
        assert_eq!(statuses().await, (403, 200), "{scope}");
        edge.site_firewall("one.test", scope, Mode::AllowList, &[(Action::Allow, "192.0.2.0/24")]).await;
        assert_eq!(statuses().await, (403, 200), "{scope}");
        edge.site_firewall("one.test", scope, Mode::AllowList, &[(Action::Allow, "127.0.0.0/8")]).await;
        assert_eq!(statuses().await, (200, 200), "{scope}");
    }
    edge.instance_firewall(Mode::AllowList, &[]).await;
    assert_eq!(statuses().await, (403, 403));
}

fn without_id(reply: &Reply) -> String {
    let id = reply.header("temps-request-id").unwrap();
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!("{} {headers:?} {}", reply.status, reply.text()).replace(id, "ID")
}

#[tokio::test]
async fn r_ip_7_a_refusal_does_not_say_why() {
    let edge = TestEdge::new().files("one.test", &[("index.html", "1")]).start().await;
    let (block, none) = ([(Action::Block, "127.0.0.1")], []);
    for taste in ["text/html", "application/json", "*/*"] {
        let mut answers = HashSet::new();
        let mut outcomes = HashSet::new();
        for (scope, mode, entries) in [
            (FirewallScope::Instance, Mode::Open, &block[..]),
            (FirewallScope::Instance, Mode::AllowList, &none[..]),
            (FirewallScope::Project, Mode::Open, &block[..]),
            (FirewallScope::Project, Mode::AllowList, &none[..]),
            (FirewallScope::Environment, Mode::Open, &block[..]),
            (FirewallScope::Environment, Mode::AllowList, &none[..]),
        ] {
            match scope {
                FirewallScope::Instance => edge.instance_firewall(mode, entries).await,
                _ => edge.site_firewall("one.test", scope, mode, entries).await,
            }
            for path in ["/", "/missing", "/%00"] {
                let mut client = edge.client("one.test").await;
                let reply = client.request("GET", "one.test", path, &[("accept", taste)], "").await;
                let event = edge.event_of(&reply).await;
                answers.insert(without_id(&reply));
                outcomes.insert(match event.outcome {
                    Outcome::Blocked { scope, .. } => ("blocked", scope),
                    Outcome::NotAllowed { scope } => ("not allowed", scope),
                    other => panic!("{other:?}"),
                });
            }
            edge.instance_firewall(Mode::Open, &[]).await;
        }
        assert_eq!(answers.len(), 1, "{answers:#?}");
        assert_eq!(outcomes.len(), 6, "the owner does learn why: {outcomes:?}");
    }
}

/// Redirects, pages for what is not there, errors, unknown names, malformed requests: a blocked client gets none of them.
#[tokio::test]
async fn r_ip_10_a_blocked_client_is_refused_whatever_it_would_have_got() {
    let edge = TestEdge::new()
        .files("files.test", &[("docs/index.html", "docs")])
        .files("own.test", &[("404.html", "gone")])
        .upstream_url("down.test", "http://127.0.0.1:1".parse().unwrap())
        .target("empty.test", Target::Empty)
        .target("unavailable.test", Target::Unavailable)
        .start()
        .await;
    let cases = [
        (308, "GET", "files.test", "/docs"),
        (404, "GET", "files.test", "/missing"),
        (404, "GET", "own.test", "/missing"),
        (405, "POST", "files.test", "/"),
        (405, "TRACE", "files.test", "/"),
        (400, "GET", "files.test", "/%00"),
        (502, "GET", "down.test", "/"),
        (404, "GET", "empty.test", "/"),
        (503, "GET", "unavailable.test", "/"),
        (404, "GET", "files.test", "/.well-known/temps/anything"),
        (421, "GET", "unknown.test", "/"),
    ];
    for blocked in [false, true] {
        for (status, method, host, path) in cases {
            let plain_status = match (status, method) {
                (400 | 421, _) | (405, "TRACE") => status,
                (_, "POST") => 403,
                _ => 308,
            };
            let clients: [(Client, u16); 3] = [
                (edge.client(host).await, status),
                (edge.client_h2(host).await, status),
                (edge.client_plain().await, plain_status),
            ];
            for (mut client, status) in clients {
                let reply = client.request(method, host, path, &[], "").await;
                assert_eq!(reply.status, if blocked { 403 } else { status }, "{method} {host}{path}");
            }
        }
        let mut raw = edge.raw_plain().await;
        raw.send("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n").await;
        let expected = if blocked { "HTTP/1.1 403 " } else { "HTTP/1.1 400 " };
        assert!(raw.read_all().await.starts_with(expected));
        edge.block("127.0.0.1").await;
    }
}

/// The host of a malformed request is unknown, but its handshake named one.
#[tokio::test]
async fn r_ip_10_a_client_that_a_site_refuses_is_refused_before_it_learns_what_was_malformed() {
    let edge = TestEdge::new().files("one.test", &[]).files("two.test", &[]).start().await;
    edge.site_firewall("one.test", FirewallScope::Environment, Mode::Open, &[(Action::Block, "127.0.0.1")]).await;
    for (name, status, known) in [("one.test", 403, true), ("two.test", 400, true), ("unknown.test", 400, false)] {
        let mut client = edge.raw(name).await;
        client.send("GET / HTTP/1.1\r\nHost: one.test\nX: y\r\n\r\n").await;
        let answer = client.read_all().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        let event = edge.event_where(|_| true).await;
        assert_eq!((event.status, event.site.is_some(), event.host), (status, known, None));
    }
}

#[tokio::test]
async fn r_edge_12_requests_for_unknown_names_are_counted_and_blocked_like_others() {
    let one = std::num::NonZeroU32::MIN;
    let edge = TestEdge::new().limits(|limits| (limits.rate.per_second, limits.rate.burst) = (one, one)).start().await;
    let mut client = edge.client("unknown.test").await;
    assert_eq!(client.get("unknown.test", "/").await.status, 421);
    assert_eq!(client.get("other.test", "/").await.status, 429);
    assert_eq!(client.get("127.0.0.1", "/").await.status, 429);
    edge.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(client.get("127.0.0.1", "/").await.status, 421);
}
