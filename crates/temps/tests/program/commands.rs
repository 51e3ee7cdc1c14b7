//! The commands, against a server that really runs.

use std::fs;

use serde_json::Value;

use crate::place::{PASSWORD, Place, example_site, text};

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

#[test]
fn from_a_folder_to_a_protected_site() {
    let place = Place::new();
    let server = place.serve_with_owner(&[]);
    let port = server.url().rsplit(':').next().unwrap();

    assert!(place.done(&["projects", "create", "demo"]).contains(&format!("https://demo.localhost:{port}")));
    let deployed = place.done(&["deploy", example_site(), "--project", "demo"]);
    assert!(deployed.contains("Deployment 1 is live in production."), "{deployed}");
    assert!(deployed.contains(&format!("https://demo.localhost:{port}")), "{deployed}");

    let again = json(&place.done(&["deploy", example_site(), "--project", "demo", "--json"]));
    assert_eq!((&again["number"], &again["live"]), (&2.into(), &true.into()));
    assert!(again["effective_ms"].is_number(), "{again}");
    assert!(place.done(&["rollback", "--project", "demo"]).contains("Deployment 1 is live"));

    let history = json(&place.done(&["deployments", "--project", "demo", "--json"]));
    let live: Vec<_> = history["items"].as_array().unwrap().iter().filter(|one| one["live"] == true).collect();
    assert_eq!((live.len(), &live[0]["number"]), (1, &1.into()));
}

#[test]
fn rules_are_added_listed_and_removed() {
    let place = Place::new();
    let _server = place.serve_with_owner(&[]);
    place.done(&["projects", "create", "demo"]);
    place.done(&["firewall", "block", "203.0.113.7", "--project", "demo", "--note", "scraper", "--expires", "2h"]);
    let listed = place.done(&["firewall", "list", "--project", "demo"]);
    assert!(listed.contains("203.0.113.7/32") && listed.contains("scraper"), "{listed}");

    let refused = place.fails(1, &["firewall", "block", "127.0.0.1", "--project", "demo"]);
    assert!(refused.contains("`--override-self-denial`") && refused.contains("Request "), "{refused}");
    let dry = place.done(&["firewall", "block", "127.0.0.1", "--project", "demo", "--dry-run"]);
    assert!(dry.contains("127.0.0.1/32"), "{dry}");

    let file = place.path("networks.txt");
    fs::write(&file, "# two\n198.51.100.0/24\n10.0.0.1/33\n").unwrap();
    let refused = place.fails(1, &["firewall", "block", "--file", file.to_str().unwrap(), "--project", "demo"]);
    assert!(refused.contains("networks.txt:3: "), "{refused}");

    place.done(&["firewall", "remove", "203.0.113.7", "--project", "demo"]);
    let rules = json(&place.done(&["firewall", "list", "--project", "demo", "--json"]));
    assert_eq!(rules["items"], serde_json::json!([]));
}

#[test]
fn the_operator_gets_in_when_nobody_can_log_in() {
    let place = Place::new();
    let _server = place.serve_with_owner(&[]);
    place.done(&["firewall", "block", "127.0.0.0/8", "--console", "--override-self-denial"]);
    place.fails(1, &["whoami"]);
    place.done(&["firewall", "emergency-allow", "127.0.0.1", "--for", "5m"]);
    assert!(place.done(&["whoami"]).contains("owner@example.com"));
    place.done(&["firewall", "remove", "127.0.0.0/8", "--console"]);
    place.done(&["firewall", "emergency-allow", "--end"]);
    assert!(place.done(&["whoami"]).contains("owner@example.com"));
}

#[test]
fn headers_are_set_and_unset_whatever_their_case() {
    let place = Place::new();
    let _server = place.serve_with_owner(&[]);
    place.done(&["projects", "create", "demo"]);
    place.done(&["headers", "set", "Referrer-Policy", "no-referrer", "--project", "demo"]);
    let shown = place.done(&["headers", "set", "referrer-policy", "same-origin", "--project", "demo"]);
    assert!(shown.contains("same-origin") && !shown.contains("no-referrer"), "{shown}");
    let dry = place.done(&["headers", "preset", "strict", "--project", "demo", "--dry-run"]);
    assert!(dry.contains("preset: standard → strict"), "{dry}");
    assert!(!place.done(&["headers", "unset", "REFERRER-POLICY", "--project", "demo"]).contains("same-origin"));
}

#[test]
fn a_user_is_invited_and_logs_in() {
    let place = Place::new();
    let server = place.serve_with_owner(&[]);
    let link = place.done(&["users", "create", "--email", "colleague@example.com", "--name", "Colleague"]);
    let file = place.path("link");
    fs::write(&file, &link).unwrap();
    let colleague = Place::new();
    let ca = place.data_dir().join("ca.pem");
    let connection = ["--server", server.url(), "--ca", ca.to_str().unwrap()];
    let activate = [&["activate", "--link-file", file.to_str().unwrap(), "--password-stdin"], &connection[..]].concat();
    let output = colleague.run(&activate, PASSWORD);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(colleague.done(&[&["whoami"], &connection[2..]].concat()).contains("colleague@example.com"));
    let again = colleague.run(&activate, PASSWORD);
    assert!(!again.status.success(), "the link works once");
}

#[test]
fn r_aud_4_an_edited_audit_log_is_found_without_a_server() {
    let place = Place::new();
    let server = place.serve_with_owner(&[]);
    place.done(&["projects", "create", "demo"]);
    let export = place.path("audit.jsonl");
    place.done(&["audit", "list"]);
    server.stop();
    let whole = place.done(&["audit", "verify"]);
    assert!(whole.contains("The chain is whole"), "{whole}");

    let server = place.serve(&[]);
    let login = ["login", "--server", server.url(), "--email", "owner@example.com", "--password-stdin"];
    assert!(place.run(&login, PASSWORD).status.success());
    place.done(&["audit", "export", export.to_str().unwrap()]);
    server.stop();
    place.done(&["audit", "verify", export.to_str().unwrap()]);
    let edited = fs::read_to_string(&export).unwrap().replacen("project.create", "project.delete", 1);
    fs::write(&export, edited).unwrap();
    let complaint = place.fails(5, &["audit", "verify", export.to_str().unwrap()]);
    assert!(complaint.contains("was edited"), "{complaint}");
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let place = Place::new();
    let complaint = place.fails(4, &["whoami", "--server", "https://temps.localhost:1"]);
    assert!(complaint.contains("Cannot reach https://temps.localhost:1: Connection refused"), "{complaint}");
    assert!(complaint.contains("Is `temps serve` running?"), "{complaint}");
    place.fails(4, &["firewall", "emergency-allow", "192.0.2.1"]);
    place.fails(2, &["whoami", "--server", "http://temps.localhost"]);
    place.fails(2, &["projects", "delete", "demo", "--confirm", "other"]);
    place.fails(2, &["nonsense"]);

    let server = place.serve(&[]);
    let complaint = place.fails(3, &["whoami", "--server", server.url()]);
    assert!(complaint.contains("`temps login`") && complaint.contains("Request "), "{complaint}");
    let stranger = Place::new();
    let complaint = stranger.fails(4, &["whoami", "--server", server.url()]);
    assert!(complaint.contains("--ca FILE"), "{complaint}");

    let problem = place.fails(3, &["whoami", "--server", server.url(), "--json"]);
    assert_eq!(json(&problem)["status"], 401);
}

#[test]
fn a_login_ends_where_it_is_stored_and_on_the_server() {
    let place = Place::new();
    let _server = place.serve_with_owner(&[]);
    let stored = fs::read_to_string(place.path("config/temps/session.json")).unwrap();
    place.done(&["logout"]);
    place.fails(3, &["whoami"]);
    fs::write(place.path("config/temps/session.json"), stored).unwrap();
    place.fails(3, &["whoami"]);
    place.done(&["logout"]);
}

#[test]
fn trust_says_what_it_would_do() {
    let place = Place::new();
    assert!(place.fails(2, &["trust", "--print"]).contains("Start `temps serve` once"));
    place.serve(&[]).stop();
    assert!(place.done(&["trust", "--print"]).contains("data/ca.pem"));
}

#[test]
fn the_document_of_the_api_is_the_one_that_is_served() {
    let place = Place::new();
    let server = place.serve(&[]);
    let served = server.plain(b"GET /api/openapi.json HTTP/1.1\r\nHost: temps.localhost\r\nConnection: close\r\n\r\n");
    let (_, served) = served.split_once("\r\n\r\n").unwrap();
    assert_eq!(json(served), json(&place.done(&["openapi"])));
}

#[test]
fn a_hidden_file_is_not_deployed_and_is_named() {
    let place = Place::new();
    let _server = place.serve_with_owner(&[]);
    place.done(&["projects", "create", "demo"]);
    let folder = place.path("site");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("index.html"), "hello").unwrap();
    fs::write(folder.join(".env"), "SECRET=1").unwrap();
    let output = place.run(&["deploy", folder.to_str().unwrap(), "--project", "demo", "--json"], "");
    assert!(text(&output.stderr).contains("Left out because they are hidden: .env"), "{}", text(&output.stderr));
    assert_eq!(json(&text(&output.stdout))["files"], 1);
}
