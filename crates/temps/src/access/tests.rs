use std::sync::{Mutex, PoisonError};

use temps_db::telemetry::Telemetry;
use temps_model::{EnvironmentId, ProjectId, RequestId, SystemClock, Timestamp};
use temps_policy::{FirewallScope, SiteId};
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::logging::{LogLayer, Style};

fn event(host: Option<&str>, known: bool, path: &str, outcome: Outcome) -> Event {
    let now = Timestamp::from_micros(0);
    let environment =
        SiteId::Environment { project: ProjectId::generate(now), environment: EnvironmentId::generate(now) };
    Event {
        id: RequestId::generate(now),
        received: now,
        duration: Duration::from_millis(7),
        client: "203.0.113.7".parse().unwrap(),
        site: known.then_some(environment),
        host: host.map(|host| host.parse().unwrap()),
        method: "GET".parse().unwrap(),
        path: path.into(),
        status: 200,
        outcome,
        sent: 5,
    }
}

/// The lines that are logged for events, and the metrics after them.
fn recorded(events: Vec<Event>) -> (Vec<serde_json::Value>, String) {
    let render = metrics::install().unwrap();
    let written = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&written);
    let write = move |line: &str| sink.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
    let layer = LogLayer::new(Style::Json, Arc::new(SystemClock), write);
    let (sender, receiver) = mpsc::channel(1);
    sender.try_send(events).unwrap();
    drop(sender);
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        runtime.block_on(async {
            let file = Telemetry::open(&folder.path().join("telemetry.db"), Timestamp::default()).await.unwrap();
            let traffic = Arc::new(Traffic::new(file, Arc::default(), Arc::new(SystemClock)));
            record(receiver, traffic, Arc::default(), || 1).await;
        });
    });
    let text = written.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), render())
}

#[test]
fn each_request_is_one_line_with_its_id_and_the_reason_for_the_owner() {
    let rule = temps_model::RuleId::generate(Timestamp::from_micros(0));
    let outcome = Outcome::Blocked { scope: FirewallScope::Project, rule };
    let blocked = event(Some("shop.test"), true, "/a", outcome);
    let (id, passed) = (blocked.id, event(None, false, "?", Outcome::Misdirected));
    let (lines, _) = recorded(vec![blocked, passed]);
    assert_eq!(lines.len(), 2);
    let line = &lines[0];
    assert_eq!(line["request_id"], id.to_string());
    assert_eq!(
        (&line["client"], &line["host"], &line["path"]),
        (&"203.0.113.7".into(), &"shop.test".into(), &"/a".into())
    );
    assert_eq!(
        (&line["outcome"], &line["scope"], &line["rule"]),
        (&"blocked".into(), &"project".into(), &rule.to_string().into())
    );
    assert_eq!((&line["status"], &line["ms"], &line["bytes"]), (&200.into(), &7.into(), &5.into()));
    assert!(lines[1].get("host").is_none() && lines[1].get("rule").is_none());
}

#[test]
fn r_mon_5_a_hostile_path_stays_in_its_field() {
    let hostile = "/x\n{\"status\":200,\"outcome\":\"passed\"}\r\u{1b}[2J";
    let (lines, _) = recorded(vec![event(Some("shop.test"), true, hostile, Outcome::Passed)]);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["path"], hostile);
}

#[test]
fn names_that_clients_invent_make_no_series() {
    let invented = (0..1_000).map(|n| event(Some(&format!("random-{n}.test")), false, "/", Outcome::Misdirected));
    let known = event(Some("shop.test"), true, "/", Outcome::Passed);
    let (_, metrics) = recorded(invented.chain([known]).collect());
    let series: Vec<_> = metrics.lines().filter(|line| line.starts_with("temps_requests_total{")).collect();
    assert_eq!(series.len(), 2, "{series:?}");
    assert!(
        metrics.contains("temps_requests_total{site=\"none\",outcome=\"misdirected\",status_class=\"2xx\"} 1000"),
        "{metrics}"
    );
    assert!(metrics.contains("temps_response_bytes_total{site=\"shop.test\"} 5"), "{metrics}");
    assert!(metrics.contains("temps_request_duration_seconds_bucket{site=\"shop.test\",le=\"0.01\"} 1"), "{metrics}");
}
