//! Every response carries each security header exactly once (R-APP-1), whatever it is and wherever it comes from.

use std::sync::Arc;

use temps_policy::{BlobId, FileEntry, Manifest};
use temps_testkit::{
    Recorder, TestEdge,
    edge::{Client, PanickingBlobs, Reply, RunningEdge, client::full},
    recorder::Play,
};

const SECURITY: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
];

fn check(reply: &Reply, tls: bool, what: &str) {
    for (name, value) in SECURITY {
        assert_eq!(reply.all(name), [*value], "{name} on {what}");
    }
    let policy = reply.all("content-security-policy");
    assert!(policy.len() == 1 && policy[0].contains("frame-ancestors 'none'"), "{policy:?} on {what}");
    let hsts = reply.all("strict-transport-security");
    assert_eq!(hsts.len(), usize::from(tls), "{hsts:?} on {what}");
    assert_eq!(reply.all("temps-request-id").len(), 1, "{what}");
    assert_eq!(reply.all("date").len(), 1, "{what}");
    assert_eq!(reply.header("server"), None);
    let text = String::from_utf8_lossy(&reply.body);
    if reply.status >= 400 && !text.is_empty() && text != "gone" {
        assert!(text.contains(reply.header("temps-request-id").unwrap()), "the page of {what} names the request");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    }
}

async fn edge(recorder: &Recorder) -> RunningEdge {
    let panicking =
        FileEntry { blob: BlobId([0; 32]), size: 5, media_type: "text/plain".into(), gzip: None, brotli: None };
    TestEdge::new()
        .limits(|limits| limits.max_body = 1000)
        .files("files.test", &[("index.html", "hello"), ("docs/index.html", "docs")])
        .files("own.test", &[("404.html", "gone")])
        .manifest("broken.test", Manifest { files: [("x".to_owned(), panicking)].into() }, Arc::new(PanickingBlobs))
        .upstream("app.test", recorder)
        .upstream_url("down.test", "http://127.0.0.1:1".parse().unwrap())
        .target("empty.test", temps_policy::Target::Empty)
        .target("unavailable.test", temps_policy::Target::Unavailable)
        .start()
        .await
}

/// Status, method, host, path, header lines, body.
type Case<'a> = (u16, &'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn r_app_1_every_status_carries_every_header_once() {
    let recorder = Recorder::playing(|request| match request.target() {
        "/own" => Play::ok(
            &["X-Frame-Options: DENY", "X-Frame-Options: DENY", "X-Content-Type-Options: nosniff", "Server: x"],
            "ok",
        ),
        "/none" => Play::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        "/broken" => Play::AnswerAndClose(b"garbage\r\n\r\n".to_vec()),
        _ => Play::ok(&[], "ok"),
    })
    .await;
    let edge = edge(&recorder).await;
    let etag = edge.get("files.test", "/").await.header("etag").unwrap().to_owned();
    let large = "x".repeat(2000);
    let cases: &[Case] = &[
        (200, "GET", "files.test", "/", &[], ""),
        (200, "HEAD", "files.test", "/", &[], ""),
        (200, "GET", "app.test", "/", &[], ""),
        (200, "GET", "app.test", "/own", &[], ""),
        (204, "GET", "app.test", "/none", &[], ""),
        (206, "GET", "files.test", "/", &[("range", "bytes=1-2")], ""),
        (304, "GET", "files.test", "/", &[("if-none-match", &etag)], ""),
        (308, "GET", "files.test", "/docs", &[], ""),
        (400, "GET", "files.test", "/%00", &[], ""),
        (404, "GET", "files.test", "/missing", &[("accept", "text/html")], ""),
        (404, "GET", "own.test", "/missing", &[], ""),
        (404, "GET", "empty.test", "/", &[("accept", "application/json")], ""),
        (405, "POST", "files.test", "/", &[], ""),
        (405, "TRACE", "app.test", "/", &[], ""),
        (412, "GET", "files.test", "/", &[("if-match", "\"x\"")], ""),
        (413, "POST", "app.test", "/", &[], &large),
        (416, "GET", "files.test", "/", &[("range", "bytes=100-")], ""),
        (500, "GET", "broken.test", "/x", &[], ""),
        (502, "GET", "down.test", "/", &[], ""),
        (502, "GET", "app.test", "/broken", &[], ""),
        (503, "GET", "unavailable.test", "/", &[], ""),
        (508, "GET", "app.test", "/", &[("via", "1.1 temps-test")], ""),
    ];
    for (status, method, host, path, headers, body) in cases {
        for mut client in [edge.client(host).await, edge.client_h2(host).await] {
            let what = format!("{status} {method} {host}{path}");
            let reply = client.request(method, host, path, headers, (*body).to_owned()).await;
            assert_eq!(reply.status, *status, "{what}: {reply:?}");
            check(&reply, true, &what);
        }
    }
    for mut client in [edge.client("unknown.test").await, edge.client_h2("unknown.test").await] {
        let reply = client.get("unknown.test", "/").await;
        assert_eq!(reply.status, 421);
        check(&reply, true, "421");
    }
    let reply = edge.client_plain().await.get("app.test", "/").await;
    assert_eq!(reply.status, 308);
    check(&reply, false, "308 to HTTPS");
}

#[tokio::test]
async fn r_app_1_refusals_and_limits_carry_them_too() {
    let recorder = Recorder::start().await;
    let one = std::num::NonZeroU32::MIN;
    let edge = TestEdge::new()
        .limits(|limits| (limits.rate.per_second, limits.rate.burst) = (one, one))
        .upstream("app.test", &recorder)
        .start()
        .await;
    for (first, mut client) in [(200, edge.client("app.test").await), (429, edge.client_h2("app.test").await)] {
        assert_eq!(client.get("app.test", "/").await.status, first);
        let reply = client.get("app.test", "/").await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
        check(&reply, true, "429");
    }
    edge.block("127.0.0.1").await;
    for mut client in [edge.client("app.test").await, edge.client_h2("app.test").await] {
        let reply = client.get("app.test", "/").await;
        assert_eq!(reply.status, 403);
        check(&reply, true, "403");
    }
}

#[tokio::test]
async fn pages_are_what_the_client_can_read() {
    let edge = TestEdge::new().files("files.test", &[]).start().await;
    let mut client = edge.client("files.test").await;
    for (accept, media_type, beginning) in [
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", "<!doctype html>"),
        ("application/json", "application/problem+json", "{"),
        ("application/problem+json, */*", "application/problem+json", "{"),
        ("*/*", "text/plain; charset=utf-8", "There is no page at this address"),
        ("image/png", "text/plain; charset=utf-8", "There is no page at this address"),
    ] {
        let reply = client.request("GET", "files.test", "/x", &[("accept", accept)], "").await;
        assert_eq!((reply.status, reply.header("content-type")), (404, Some(media_type)), "{accept}");
        assert!(reply.text().starts_with(beginning), "{}", reply.text());
    }
    let reply = client.request("GET", "files.test", "/x", &[("accept", "text/html")], "").await;
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!reply.text().contains("<script") && reply.body.len() < 4096);
}

#[tokio::test]
async fn an_answer_to_head_says_how_long_the_body_would_be() {
    let recorder =
        Recorder::playing(|_| Play::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n".to_vec())).await;
    let edge = edge(&recorder).await;
    for (host, path) in [("files.test", "/"), ("files.test", "/missing"), ("app.test", "/")] {
        for mut client in [edge.client(host).await, edge.client_h2(host).await] {
            let head = client.request("HEAD", host, path, &[], "").await;
            assert!(head.body.is_empty());
            let length: usize = head.header("content-length").unwrap().parse().unwrap();
            let expected = match host {
                "app.test" => 1234,
                _ => client.get(host, path).await.body.len(),
            };
            assert_eq!(length, expected, "{host}{path}");
        }
    }
    let mut client: Client = edge.client("files.test").await;
    let request = client.build("HEAD", "files.test", "/", &[], full(""));
    client.send(request).await;
    assert_eq!(client.get("files.test", "/").await.text(), "hello", "the connection is in step");
}
