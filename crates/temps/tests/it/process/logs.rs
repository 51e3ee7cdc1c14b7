//! The log of the real program: every line is Temps' own, and what a visitor was told can be found in it.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use temps_testkit::program::Server;

use super::program;

/// What a client may send to write a line of its own or to steer the terminal of whoever reads the log.
const HOSTILE: [&str; 6] = [
    "a\n2026-01-01T00:00:00.000000Z INFO  access request status=200 outcome=passed",
    "a\r\n{\"at\":\"2026-01-01T00:00:00Z\",\"level\":\"info\",\"target\":\"access\",\"outcome\":\"passed\"}",
    "a\u{1b}[2J\u{1b}]0;title\u{7}",
    "a\u{9b}31m\u{85}\u{2028}b",
    "a\u{202e}b\u{2066}c",
    "a\0b\u{8}c\" status=200",
];
const BLOCKED: Ipv4Addr = Ipv4Addr::new(127, 88, 0, 1);

/// Sends hostile text wherever a client can put any.
async fn attack(server: &Server) {
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    for text in HOSTILE {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for request in [
            format!("GET /{text} HTTP/1.1\r\nHost: temps.localhost\r\n\r\n"),
            format!("GET /{encoded} HTTP/1.1\r\nHost: temps.localhost\r\nConnection: close\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nHost: {text}\r\nConnection: close\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nHost: temps.localhost\r\nUser-Agent: {text}\r\nConnection: close\r\n\r\n"),
            format!("{text} / HTTP/1.1\r\nHost: temps.localhost\r\n\r\n"),
        ] {
            server.plain(request.as_bytes());
        }
        let stranger = server.person("nobody@example.com");
        let login = stranger.post("/session", json!({ "email": text, "password": text })).await;
        assert!((400..500).contains(&login.status), "{login:?}");
        stranger.post("/setup", json!({ "token": text, "email": text, "name": text, "password": text })).await;
        let project = owner.post("/projects", json!({ "slug": text })).await;
        assert!((400..500).contains(&project.status), "{project:?}");
        owner.get(&format!("/projects/{encoded}")).await;
        owner.deploy("shop", &[("index.html", "hi")]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_mon_5_no_client_writes_a_line_of_its_own_as_text() {
    let program = program();
    let server = program.serve(&["--log-format", "text"]);
    attack(&server).await;
    let (_, log) = server.stop();
    assert!(log.lines().count() > 40, "{log}");
    for line in log.lines() {
        let mut words = line.split_whitespace();
        let (time, level, target) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        assert!(time.len() >= 20 && time.starts_with("20") && time.ends_with('Z'), "{line:?}");
        assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line:?}");
        assert!(["access", "security"].contains(&target) || target.starts_with("temps"), "{line:?}");
        assert!(!time.starts_with("2026-01-01T00:00:00"), "{line:?}");
        let is_visible = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{202e}' | '\u{2066}');
        assert!(line.chars().all(is_visible), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_mon_5_no_client_writes_a_line_of_its_own_as_json() {
    let program = program();
    let server = program.serve(&["--log-format", "json"]);
    attack(&server).await;
    let (_, log) = server.stop();
    let lines: Vec<Value> = log.lines().map(super::json).collect();
    assert!(lines.len() > 40, "{log}");
    for line in &lines {
        assert!(line["level"].is_string() && line["target"].is_string(), "{line}");
        assert!(!line["at"].as_str().unwrap().starts_with("2026-01-01T00:00:00"), "{line}");
    }
    let access: Vec<_> = lines.iter().filter(|line| line["target"] == "access").collect();
    assert!(access.len() > 40, "{log}");
    assert!(access.iter().all(|line| line["request_id"].as_str().is_some_and(|id| id.len() == 36)), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_id_of_a_refusal_leads_to_the_rule_in_the_log() {
    let program = program();
    let server = program.serve(&["--log-format", "json"]);
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    let body = json!({ "action": "block", "network": BLOCKED.to_string() });
    let saved = owner.post("/projects/shop/firewall/rules", body).await.expect(201);

    let refused = server.get_from("shop.localhost", "/pages?secret=1", BLOCKED).await;
    assert_eq!(refused.status, 403);
    let id = refused.header("temps-request-id").unwrap();
    assert!(refused.text().contains(id), "the visitor sees it: {}", refused.text());
    let log = server.log().until(|log| log.contains(id));
    let line = super::json(log.lines().find(|line| line.contains(id)).unwrap());
    assert_eq!((&line["outcome"], &line["scope"]), (&"blocked".into(), &"project".into()), "{line}");
    assert_eq!(line["rule"], saved["items"][0]["id"], "{line}");
    assert_eq!((&line["client"], &line["path"]), (&BLOCKED.to_string().into(), &"/pages".into()), "{line}");
    assert!(!log.contains("secret=1"), "queries often hold what must not be kept");
}
