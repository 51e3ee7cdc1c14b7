//! What crosses the edge towards an application, and back.

use temps_model::Clock;
use temps_policy::NormalPath;
use temps_testkit::{
    Recorder, TestEdge,
    edge::{Client, RunningEdge, client::full},
    recorder::Play,
};

async fn edge(recorder: &Recorder) -> RunningEdge {
    TestEdge::new().upstream("app.test", recorder).start().await
}

async fn clients(edge: &RunningEdge) -> [Client; 2] {
    [edge.client("app.test").await, edge.client_h2("app.test").await]
}

/// Names by which a client could state something that only the edge may state.
const ALIASES: &[&str] = &[
    "forwarded",
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-forwarded-prefix",
    "x-forwarded-client-cert",
    "x-real-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "client-ip",
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-rewrite-url",
    "x-temps-user",
    "x-temps-anything",
    "temps-request-id",
    "x-request-id",
    "proxy",
    "x-vercel-forwarded-for",
    "fly-client-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "x-scheme",
    "x-url-scheme",
    "front-end-https",
    "cf-visitor",
    "x-http-method-override",
];

#[tokio::test]
async fn r_edge_4_a_client_cannot_state_what_only_the_edge_may_state() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    let capitalised = |name: &str| -> String {
        let mut parts: Vec<String> = name.split('-').map(str::to_owned).collect();
        parts.iter_mut().for_each(|part| part[..1].make_ascii_uppercase());
        parts.join("-")
    };
    for alias in ALIASES {
        let spellings = [
            (*alias).to_owned(),
            alias.to_ascii_uppercase(),
            capitalised(alias),
            alias.replace('-', "_"),
            alias.replacen('-', "_", 1),
            capitalised(alias).replace('-', "_"),
        ];
        for spelling in spellings {
            for copies in [1, 3] {
                let lines = format!("{spelling}: forged\r\n").repeat(copies);
                let mut client = edge.raw("app.test").await;
                client.send(format!("GET / HTTP/1.1\r\nHost: app.test\r\n{lines}Connection: close\r\n\r\n")).await;
                assert!(client.read_all().await.starts_with("HTTP/1.1 200 "));
                check_forwarded(&recorder, "HTTP/1.1");
            }
        }
        let mut h2 = edge.client_h2("app.test").await;
        let reply = h2
            .request(
                "GET",
                "app.test",
                "/",
                &[(alias, "forged"), (alias, "forged"), (&alias.replace('-', "_"), "forged")],
                "",
            )
            .await;
        assert_eq!(reply.status, 200);
        check_forwarded(&recorder, "HTTP/2");
    }
}

/// The last request has each of our headers once, and nothing that was forged.
fn check_forwarded(recorder: &Recorder, protocol: &str) {
    let request = recorder.last();
    let forged: Vec<_> = request.headers.iter().filter(|(_, value)| value.contains("forged")).collect();
    assert!(forged.is_empty(), "{forged:?} over {protocol}");
    let underscored: Vec<_> = request.headers.iter().filter(|(name, _)| name.contains('_')).collect();
    assert!(underscored.is_empty(), "{underscored:?}");
    for (name, value) in [
        ("host", "app.test"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.test"),
    ] {
        assert_eq!(request.all(name), [value], "{name} over {protocol}");
    }
    assert_eq!(request.all("x-request-id").len(), 1);
}

#[tokio::test]
async fn r_edge_5_connection_cannot_remove_what_the_edge_sets() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    let ours = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "x-request-id", "via", "host"];
    for nominated in ours.iter().map(|name| (*name).to_owned()).chain([ours.join(", "), ours.join(",").to_uppercase()])
    {
        let mut client = edge.raw("app.test").await;
        let lines = format!("Connection: {nominated}, x-mine\r\nX-Mine: a\r\nConnection: close\r\n");
        client.send(format!("GET / HTTP/1.1\r\nHost: app.test\r\n{lines}\r\n")).await;
        assert!(client.read_all().await.starts_with("HTTP/1.1 200 "));
        let request = recorder.last();
        for name in ours {
            assert_eq!(request.all(name).len(), 1, "{name} with Connection: {nominated}");
        }
        assert!(request.all("x-mine").is_empty() && request.all("connection").is_empty());
    }
}

#[tokio::test]
async fn the_id_of_a_request_is_the_same_for_visitor_application_and_owner() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    for mut client in clients(&edge).await {
        let reply = client.request("GET", "app.test", "/a?b=c", &[("x-request-id", "mine")], "").await;
        let id = reply.header("temps-request-id").unwrap().to_owned();
        assert_eq!(recorder.last().all("x-request-id"), [id.as_str()]);
        let event = edge.event_of(&reply).await;
        assert_eq!((&*event.path, event.client.to_string().as_str()), ("/a", "127.0.0.1"));
        assert_eq!(event.received, edge.clock.now());
    }
}

#[tokio::test]
async fn r_edge_6_only_a_trusted_proxy_says_who_the_client_is() {
    let recorder = Recorder::start().await;
    for (trusted, expected) in [(vec![], "127.0.0.1"), (vec!["127.0.0.0/8"], "198.51.100.7")] {
        let edge = TestEdge::new()
            .with(|config| config.trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect())
            .upstream("app.test", &recorder)
            .start()
            .await;
        let mut client = edge.client("app.test").await;
        let reply = client
            .request("GET", "app.test", "/", &[("x-forwarded-for", "10.9.9.9, 198.51.100.7, 127.0.0.9")], "")
            .await;
        assert_eq!(recorder.last().all("x-forwarded-for"), [expected]);
        assert_eq!(edge.event_of(&reply).await.client.to_string(), expected);
        edge.block("198.51.100.0/24").await;
        let reply = client.request("GET", "app.test", "/", &[("x-forwarded-for", "198.51.100.7")], "").await;
        assert_eq!(reply.status, if trusted.is_empty() { 200 } else { 403 });
    }
}

#[tokio::test]
async fn r_edge_8_the_application_sees_the_path_that_the_rules_saw() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    for target in [
        "/",
        "/a//b",
        "/a;x=1/b",
        "/%61%2d%7E",
        "/%3a",
        "/a%20b?q=%2e%2F&x=/../",
        "/A?",
        "/a...b",
        "/a?b?c",
        "/%C3%A4",
        "/a|b",
        "//x.test/y",
        "/%2E%2E/x",
        "/a/../b",
        "/..;/x",
        "/a%2fb",
        "/a\\b",
        "/%c0%ae",
        "/%00",
        "/%",
        "/%zz",
        "/./a",
    ] {
        let expected = NormalPath::parse(target);
        let before = recorder.requests().len();
        let mut client = edge.raw("app.test").await;
        client.send(format!("GET {target} HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")).await;
        let status = client.read_all().await[9..12].to_owned();
        match expected {
            Ok(path) => {
                assert_eq!((status.as_str(), recorder.last().target()), ("200", path.path_and_query()), "{target}");
                let event = edge.event_where(|_| true).await;
                assert_eq!(&*event.path, path.path());
            }
            Err(_) => {
                assert_eq!((status.as_str(), recorder.requests().len()), ("400", before), "{target}");
                edge.event_where(|_| true).await;
            }
        }
        if !target.contains(['|', '\\', '"']) {
            let mut h2 = edge.client_h2("app.test").await;
            let status = h2.get("app.test", target).await.status.to_string();
            assert_eq!(status, if NormalPath::parse(target).is_ok() { "200" } else { "400" }, "{target}");
            edge.event_where(|_| true).await;
        }
    }
}

#[tokio::test]
async fn the_host_of_a_request_is_unambiguous() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    for (lines, status) in [
        ("GET / HTTP/1.1\r\nHost: APP.test:8443", "200"),
        ("GET / HTTP/1.1\r\nHost: app.test.", "200"),
        ("GET http://app.test/ HTTP/1.1\r\nHost: app.test", "200"),
        ("GET http://app.test/ HTTP/1.1\r\nHost: other.test", "400"),
        ("GET / HTTP/1.1\r\nHost: app.test:x", "400"),
        ("GET / HTTP/1.1\r\nHost: app.test:80:80", "400"),
        ("GET / HTTP/1.1\r\nHost: app_test", "400"),
        ("GET / HTTP/1.1\r\nHost: app.test/x", "400"),
        ("GET / HTTP/1.1\r\nHost: user@app.test", "400"),
        ("GET / HTTP/1.1\r\nHost: app.test, other.test", "400"),
        ("GET / HTTP/1.1\r\nHost:", "421"),
        ("GET / HTTP/1.0\r\nAccept: */*", "421"),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1", "421"),
        ("GET / HTTP/1.1\r\nHost: [::1]:443", "421"),
    ] {
        let mut client = edge.raw("app.test").await;
        client.send(format!("{lines}\r\nConnection: close\r\n\r\n")).await;
        let answer = client.read_all().await;
        assert_eq!(&answer[9..12], status, "{lines:?}: {answer}");
    }
    assert!(recorder.requests().iter().all(|request| request.all("host")[0].starts_with("app.test")));

    let mut h2 = edge.client_h2("app.test").await;
    let request = h2.build("GET", "app.test", "/", &[("host", "other.test")], full(""));
    assert_eq!(h2.send(request).await.status, 400);
}

#[tokio::test]
async fn r_edge_13_trace_and_connect_are_refused_and_the_application_is_not_named() {
    let recorder = Recorder::playing(|_| Play::ok(&["Server: secret/1.2.3"], "ok")).await;
    let edge = edge(&recorder).await;
    for mut client in clients(&edge).await {
        let reply = client.request("TRACE", "app.test", "/", &[], "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("")));
        let reply = client.get("app.test", "/").await;
        assert_eq!((reply.status, reply.header("server")), (200, None));
    }
    assert!(recorder.requests().iter().all(|request| request.line.starts_with("GET ")));
    let mut client = edge.raw("app.test").await;
    client.send("CONNECT app.test:443 HTTP/1.1\r\nHost: app.test:443\r\n\r\n").await;
    assert!(client.read_all().await.starts_with("HTTP/1.1 405 "));
}

#[tokio::test]
async fn r_edge_13_a_method_is_the_same_over_every_version() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    for (method, status) in [
        ("trace", 400),
        ("connect", 400),
        ("get", 400),
        ("GET_", 400),
        (&*"A".repeat(25), 400),
        (&*"A".repeat(8000), 400),
        (&*"A".repeat(24), 200),
        ("PROPFIND", 200),
    ] {
        for mut client in clients(&edge).await {
            let reply = client.request(method, "app.test", "/a", &[], "").await;
            assert_eq!(reply.status, status, "{method}");
            let event = edge.event_of(&reply).await;
            assert_eq!(event.method, if status == 200 { method } else { "GET" }, "only methods stand in records");
        }
    }
    assert_eq!(recorder.requests().len(), 4);
}

#[tokio::test]
async fn r_edge_1_a_length_is_stated_once_over_http2_too() {
    let recorder = Recorder::start().await;
    let edge = edge(&recorder).await;
    let mut client = edge.client_h2("app.test").await;
    for (lines, status) in [(1, 200), (2, 400), (3, 400)] {
        let lines = vec![("content-length", "4"); lines];
        assert_eq!(client.request("POST", "app.test", "/", &lines, "body").await.status, status);
    }
    assert_eq!(recorder.requests().len(), 1);
    assert_eq!(recorder.last().all("content-length"), ["4"]);
}

#[tokio::test]
async fn r_edge_14_an_answer_in_another_coding_than_chunked_is_502() {
    for coding in ["gzip, chunked", "gzip", "identity", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked"] {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        let recorder = Recorder::playing(move |_| Play::AnswerAndClose(answer.clone().into_bytes())).await;
        let edge = edge(&recorder).await;
        for mut client in clients(&edge).await {
            assert_eq!(client.get("app.test", "/").await.status, 502, "{coding}");
        }
    }
}

#[tokio::test]
async fn the_version_and_the_reason_of_an_answer_stay_with_the_application() {
    let old = "HTTP/1.0 200 Fine by me\r\nContent-Length: 2\r\n\r\nok";
    let recorder = Recorder::playing(move |_| Play::AnswerAndClose(old.as_bytes().to_vec())).await;
    let edge = edge(&recorder).await;
    let mut client = edge.raw("app.test").await;
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
        let answer = client.read_response().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("connection:"), "{answer}");
    }
}

#[tokio::test]
async fn r_edge_14_an_answer_with_line_ends_or_nul_in_a_header_is_502() {
    for header in
        ["X: a\rb", "X: a\0b", "X: a\nb", "X\0: a", "X : a", " folded: x", "X: a\r\n b", "no colon", "X: \u{1}"]
    {
        let answer = format!("HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 2\r\n\r\nok");
        let recorder = Recorder::playing(move |_| Play::Answer(answer.clone().into_bytes())).await;
        let edge = edge(&recorder).await;
        for mut client in clients(&edge).await {
            let reply = client.get("app.test", "/").await;
            assert_eq!(reply.status, 502, "{header:?}");
            assert!(reply.text().contains(reply.header("temps-request-id").unwrap()));
        }
    }
}

#[tokio::test]
async fn r_edge_14_what_concerns_one_hop_stays_there() {
    let lines = [
        "Connection: x-hop, keep-alive",
        "X-Hop: a",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic",
        "Upgrade: h2c",
        "Trailer: x",
        "X-Kept: yes",
        "Temps-Request-Id: forged",
        "Set-Cookie: __Host-temps-session=forged; Path=/; Secure",
        "Set-Cookie: mine=1; Domain=example.com",
        "Set-Cookie: wide=1; Domain=test; Path=/",
    ];
    let recorder = Recorder::playing(move |_| Play::ok(&lines, "ok")).await;
    let edge = TestEdge::new()
        .with(|config| config.apps_domain = Some("apps.test".parse().unwrap()))
        .upstream("app.test", &recorder)
        .start()
        .await;
    for mut client in clients(&edge).await {
        let reply = client.get("app.test", "/").await;
        for name in ["x-hop", "keep-alive", "proxy-authenticate", "upgrade", "trailer", "transfer-encoding"] {
            assert_eq!(reply.header(name), None, "{name}");
        }
        assert_eq!(reply.header("x-kept"), Some("yes"));
        assert_ne!(reply.header("temps-request-id"), Some("forged"));
        assert_eq!(reply.all("set-cookie"), ["mine=1; Domain=example.com", "wide=1; Path=/"], "R-APP-8");
    }
}

#[tokio::test]
async fn the_length_of_an_answer_has_one_meaning() {
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let recorder = Recorder::playing(move |_| Play::AnswerAndClose(both.as_bytes().to_vec())).await;
    let edge = edge(&recorder).await;
    for mut client in clients(&edge).await {
        let reply = client.get("app.test", "/").await;
        assert_eq!((reply.status, reply.text(), reply.header("content-length")), (200, "ok", None));
    }
}
