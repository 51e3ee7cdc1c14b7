use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use temps_model::{SystemClock, Timestamp};

use super::*;

/// A clock that stands still.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_268_800_000_000)
    }

    fn monotonic(&self) -> Instant {
        SystemClock.monotonic()
    }
}

/// What is written while `say` runs.
fn logged(style: Style, say: impl FnOnce()) -> String {
    let written = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&written);
    let write = move |line: &str| sink.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
    let layer = LogLayer::new(style, Arc::new(Noon), write);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
    std::mem::take(&mut written.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What a client may put into a path, a header or a name to write a line of its own or to steer a terminal.
const HOSTILE: [&str; 10] = [
    "a\n2026-01-01T12:00:00Z INFO access forged status=200",
    "a\r\nb",
    "a\u{1b}[2J\u{1b}]0;title\u{7}",
    "a\u{9b}31mb",
    "a\u{85}b\u{2028}c\u{2029}d",
    "a\u{202e}b\u{2066}c\u{200b}",
    "a\0b\u{8}c\u{7f}",
    "a status=200 outcome=passed",
    "a\" status=200",
    "a\\n\" b",
];

#[test]
fn r_mon_5_no_client_writes_a_line_or_a_field_of_its_own_in_text() {
    for hostile in HOSTILE {
        let text = logged(Style::Text, || {
            let span = tracing::info_span!("request", request_id = "id-1", agent = hostile);
            span.in_scope(|| tracing::info!(target: "access", path = hostile, debug = ?hostile, "request"));
        });
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(text.trim_end().chars().all(|c| !c.is_control()), "{text:?}");
        assert!(!text.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{9b}']), "{text:?}");
        assert_eq!(fields_of(&text), ["agent", "debug", "path", "request_id"], "{text:?}");
    }
}

#[test]
fn r_mon_5_no_client_writes_a_line_or_a_field_of_its_own_in_json() {
    for hostile in HOSTILE {
        let text =
            logged(Style::Json, || tracing::warn!(target: "access", path = hostile, level = hostile, "{hostile}"));
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(text.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["path"], hostile);
        assert_eq!(line["message"], hostile);
        assert_eq!(line["level"], "warn", "a field of an event cannot replace what the program says of it");
    }
}

#[test]
fn everything_said_during_a_request_carries_its_id() {
    let text = logged(Style::Text, || {
        let outer = tracing::info_span!("request", request_id = "id-1", user = tracing::field::Empty);
        let _outer = outer.enter();
        outer.record("user", "u-1");
        tracing::info_span!("step", request_id = "id-2").in_scope(|| tracing::error!(target: "temps", "inner"));
        tracing::info!(target: "temps", count = 3, ok = true, "outer");
    });
    let expected = "2026-01-01T12:00:00Z ERROR temps inner request_id=id-2 user=u-1\n\
                    2026-01-01T12:00:00Z INFO  temps outer count=3 ok=true request_id=id-1 user=u-1\n";
    assert_eq!(text, expected);
}

#[test]
fn colour_paints_only_what_the_program_says() {
    let text = logged(Style::Colour, || tracing::info!(target: "temps", path = "\u{1b}[31mred", "hello"));
    assert!(text.contains("\u{1b}[32mINFO \u{1b}[0m"), "{text:?}");
    assert!(text.contains("\\u{1b}[31mred"), "{text:?}");
}

/// The names of the fields of a text line, sorted, as a program that parses logs would find them.
fn fields_of(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut word, mut quoted, mut escape) = (String::new(), false, false);
    for c in line.trim_end().chars().chain([' ']) {
        match c {
            _ if escape => escape = false,
            '\\' => escape = true,
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                names.extend(word.split_once('=').map(|(name, _)| name.to_owned()));
                word.clear();
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    names.sort();
    names
}
