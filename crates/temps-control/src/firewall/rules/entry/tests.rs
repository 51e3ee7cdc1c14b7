use std::time::Duration;

use temps_model::{EnvironmentId, EnvironmentSlug, ProjectId};

use super::*;
use crate::firewall::rules::wire::NewRules;

const NOW: Timestamp = Timestamp::from_micros(1_900_000_000_000_000);

/// Reads a call's body in a project with the environment `staging`, or in another scope.
fn read_in(scope: Scope, body: serde_json::Value) -> Result<Entries, String> {
    let slug: EnvironmentSlug = "staging".parse().unwrap();
    let environments: Environments = [(EnvironmentId::from_uuid(uuid::Uuid::nil()), slug)].into_iter().collect();
    let new: NewRules = serde_json::from_value(body).map_err(|error| error.to_string())?;
    let reader = Reader { scope, environments: &environments, now: NOW };
    Brought::try_from(new).and_then(|brought| reader.read(brought)).map_err(|problem| format!("{problem:?}"))
}

fn project() -> Scope {
    Scope::Project(ProjectId::from_uuid(uuid::Uuid::nil()))
}

fn read(body: serde_json::Value) -> Result<Entries, String> {
    read_in(project(), body)
}

fn many(networks: &[&str]) -> serde_json::Value {
    let entries: Vec<_> =
        networks.iter().map(|network| serde_json::json!({ "action": "block", "network": network })).collect();
    serde_json::json!({ "entries": entries })
}

#[test]
fn r_ip_4_every_malformed_entry_is_told_at_once_with_its_place() {
    let error =
        read(many(&["10.0.0.0/8", "10.0.0.1/33", "010.0.0.1", "::ffff:0:0/96", "10.0.0.1-10.0.0.9", "192.0.2.1 # x"]))
            .unwrap_err();
    for position in 1..=5 {
        assert!(error.contains(&format!("entries[{position}].network")), "{position} is missing in {error}");
    }
    assert!(!error.contains("entries[0]"), "{error}");
}

#[test]
fn what_is_wrong_with_the_other_fields_is_told_too() {
    let long = "x".repeat(201);
    for (field, value) in [
        ("note", long.as_str()),
        ("note", "a\u{202e}b"),
        ("expires_at", "tomorrow"),
        ("expires_at", "2001-01-01T00:00:00Z"),
        ("environment", "nowhere"),
    ] {
        let mut body = serde_json::json!({ "action": "block", "network": "192.0.2.1" });
        body[field] = value.into();
        let error = read(body).unwrap_err();
        assert!(error.contains(&format!("field: {field:?}")), "{field}={value} gave {error}");
    }
    let body = serde_json::json!({ "action": "block", "network": "192.0.2.1", "expires_at": NOW.to_string() });
    assert!(read(body).unwrap_err().contains("in the future"), "the end of an entry lies after its beginning");
}

#[test]
fn a_call_has_either_one_entry_or_a_bounded_list() {
    for (body, says) in [
        (serde_json::json!({}), "action"),
        (serde_json::json!({ "action": "block" }), "network"),
        (serde_json::json!({ "entries": [] }), "1 to 10000"),
        (serde_json::json!({ "entries": [], "note": "x" }), "cannot stand beside"),
        (serde_json::json!({ "action": "deny", "network": "::1" }), "unknown variant"),
        (serde_json::json!({ "action": "block", "network": "::1", "id": 1 }), "unknown field"),
        (many(&vec!["::1"; 10_001]), "not 10001"),
    ] {
        let error = read(body).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(read(many(&["192.0.2.1"])).unwrap().entries.len(), 1);
}

#[test]
fn r_ip_4_host_bits_and_repetitions_are_accepted_with_a_notice() {
    let read = read(many(&["10.1.2.3/8", "192.0.2.1", "10.0.0.0/8", "192.0.2.1/32"])).unwrap();
    let networks: Vec<_> = read.entries.iter().map(|new| (new.position, new.entry.network.to_string())).collect();
    assert_eq!(networks, [(0, "10.0.0.0/8".to_owned()), (1, "192.0.2.1/32".to_owned())]);
    let notices: Vec<_> = read.notices.iter().map(|notice| (notice.entry, notice.message.as_str())).collect();
    assert_eq!(
        notices,
        [
            (0, "`10.1.2.3/8` has bits behind its prefix; it is saved as `10.0.0.0/8`"),
            (2, "says the same as entry 0 and is left out"),
            (3, "says the same as entry 1 and is left out"),
        ]
    );
}

#[test]
fn the_same_network_blocked_and_allowed_or_in_two_scopes_is_no_repetition() {
    let rule = |action: &str, environment: Option<&str>| serde_json::json!({ "action": action, "network": "192.0.2.1", "environment": environment });
    let body =
        serde_json::json!({ "entries": [rule("block", None), rule("allow", None), rule("block", Some("staging"))] });
    let read = read(body).unwrap();
    assert_eq!((read.entries.len(), read.notices.len()), (3, 0));
    assert_eq!(read.entries[2].scope.environment(), Some(EnvironmentId::from_uuid(uuid::Uuid::nil())));
}

#[test]
fn only_a_project_has_environments() {
    for scope in [Scope::Instance, Scope::Console] {
        let body = serde_json::json!({ "action": "block", "network": "192.0.2.1", "environment": "staging" });
        assert!(read_in(scope, body).unwrap_err().contains("environment"), "{scope}");
    }
    let later = NOW.after(Duration::from_secs(1)).to_string();
    let body =
        serde_json::json!({ "action": "allow", "network": "2001:db8::/32", "note": " Büro ", "expires_at": later });
    let read = read_in(Scope::Instance, body).unwrap();
    assert_eq!(
        (read.entries[0].note.as_str(), read.entries[0].entry.expires_at),
        ("Büro", Some(NOW.after(Duration::from_secs(1))))
    );
}
