//! The commands, against a server that really runs.

use std::fs;

use temps_model::SystemClock;
use temps_testkit::{
    app::PASSWORD,
    program::{OWNER, text},
};

use super::{example_site, json, program};

#[test]
fn from_a_folder_to_a_protected_site() {
    let program = program();
    let server = program.serve_with_owner(&[]);
    let port = server.url().rsplit(':').next().unwrap();

    assert!(program.done(&["projects", "create", "demo"]).contains(&format!("https://demo.localhost:{port}")));
    let deployed = program.done(&["deploy", example_site(), "--project", "demo"]);
    assert!(deployed.contains("Deployment 1 is live in production."), "{deployed}");
    assert!(deployed.contains(&format!("https://demo.localhost:{port}")), "{deployed}");

    let again = json(&program.done(&["deploy", example_site(), "--project", "demo", "--json"]));
    assert_eq!((&again["number"], &again["live"]), (&2.into(), &true.into()));
    assert!(again["effective_ms"].is_number(), "{again}");
    assert!(program.done(&["rollback", "--project", "demo"]).contains("Deployment 1 is live"));

    let history = json(&program.done(&["deployments", "--project", "demo", "--json"]));
    let live: Vec<_> = history["items"].as_array().unwrap().iter().filter(|one| one["live"] == true).collect();
    assert_eq!((live.len(), &live[0]["number"]), (1, &1.into()));
}

#[test]
fn rules_are_added_listed_and_removed() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    program.done(&["projects", "create", "demo"]);
    program.done(&["firewall", "block", "203.0.113.7", "--project", "demo", "--note", "scraper", "--expires", "2h"]);
    let listed = program.done(&["firewall", "list", "--project", "demo"]);
    assert!(listed.contains("203.0.113.7/32") && listed.contains("scraper"), "{listed}");

    let refused = program.fails(1, &["firewall", "block", "127.0.0.1", "--project", "demo"]);
    assert!(refused.contains("`--override-self-denial`") && refused.contains("Request "), "{refused}");
    let dry = program.done(&["firewall", "block", "127.0.0.1", "--project", "demo", "--dry-run"]);
    assert!(dry.contains("127.0.0.1/32"), "{dry}");

    let file = program.path("networks.txt");
    fs::write(&file, "# two\n198.51.100.0/24\n10.0.0.1/33\n").unwrap();
    let refused = program.fails(1, &["firewall", "block", "--file", file.to_str().unwrap(), "--project", "demo"]);
    assert!(refused.contains("networks.txt:3: "), "{refused}");

    program.done(&["firewall", "remove", "203.0.113.7", "--project", "demo"]);
    let rules = json(&program.done(&["firewall", "list", "--project", "demo", "--json"]));
    assert_eq!(rules["items"], serde_json::json!([]));
}

#[test]
fn the_operator_gets_in_when_nobody_can_log_in() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    program.done(&["firewall", "block", "127.0.0.0/8", "--console", "--override-self-denial"]);
    program.fails(1, &["whoami"]);
    program.done(&["firewall", "emergency-allow", "127.0.0.1", "--for", "5m"]);
    assert!(program.done(&["whoami"]).contains("owner@example.com"));
    program.done(&["firewall", "remove", "127.0.0.0/8", "--console"]);
    program.done(&["firewall", "emergency-allow", "--end"]);
    assert!(program.done(&["whoami"]).contains("owner@example.com"));
}

#[test]
fn headers_are_set_and_unset_whatever_their_case() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    program.done(&["projects", "create", "demo"]);
    program.done(&["headers", "set", "Referrer-Policy", "no-referrer", "--project", "demo"]);
    let shown = program.done(&["headers", "set", "referrer-policy", "same-origin", "--project", "demo"]);
    assert!(shown.contains("same-origin") && !shown.contains("no-referrer"), "{shown}");
    let dry = program.done(&["headers", "preset", "strict", "--project", "demo", "--dry-run"]);
    assert!(dry.contains("preset: standard → strict"), "{dry}");
    assert!(!program.done(&["headers", "unset", "REFERRER-POLICY", "--project", "demo"]).contains("same-origin"));
}

#[test]
fn a_user_is_invited_and_logs_in() {
    let program = program();
    let server = program.serve_with_owner(&[]);
    let link = program.done(&["users", "create", "--email", "colleague@example.com", "--name", "Colleague"]);
    let file = program.path("link");
    fs::write(&file, &link).unwrap();
    let colleague = super::program();
    let ca = program.data_dir().join("ca.pem");
    let connection = ["--server", server.url(), "--ca", ca.to_str().unwrap()];
    let activate = [&["activate", "--link-file", file.to_str().unwrap(), "--password-stdin"], &connection[..]].concat();
    colleague.done_with(&activate, PASSWORD);
    assert!(colleague.done(&[&["whoami"], &connection[2..]].concat()).contains("colleague@example.com"));
    let again = colleague.run(&activate, PASSWORD);
    assert!(!again.status.success(), "the link works once");
}

#[test]
fn r_aud_4_an_edited_audit_log_is_found_without_a_server() {
    let program = program();
    let server = program.serve_with_owner(&[]);
    program.done(&["projects", "create", "demo"]);
    let export = program.path("audit.jsonl");
    program.done(&["audit", "list"]);
    server.stop();
    let whole = program.done(&["audit", "verify"]);
    assert!(whole.contains("The chain is whole"), "{whole}");

    let server = program.serve(&[]);
    program.log_in(&server);
    program.done(&["audit", "export", export.to_str().unwrap()]);
    server.stop();
    program.done(&["audit", "verify", export.to_str().unwrap()]);
    let edited = fs::read_to_string(&export).unwrap().replacen("project.create", "project.delete", 1);
    fs::write(&export, edited).unwrap();
    let complaint = program.fails(5, &["audit", "verify", export.to_str().unwrap()]);
    assert!(complaint.contains("was edited"), "{complaint}");
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let program = program();
    let complaint = program.fails(4, &["whoami", "--server", "https://temps.localhost:1"]);
    assert!(complaint.contains("Cannot reach https://temps.localhost:1: Connection refused"), "{complaint}");
    assert!(complaint.contains("Is `temps serve` running?"), "{complaint}");
    program.fails(4, &["firewall", "emergency-allow", "192.0.2.1"]);
    program.fails(2, &["whoami", "--server", "http://temps.localhost"]);
    program.fails(2, &["projects", "delete", "demo", "--confirm", "other"]);
    program.fails(2, &["nonsense"]);

    let server = program.serve(&[]);
    let complaint = program.fails(3, &["whoami", "--server", server.url()]);
    assert!(complaint.contains("`temps login`") && complaint.contains("Request "), "{complaint}");
    let stranger = super::program();
    let complaint = stranger.fails(4, &["whoami", "--server", server.url()]);
    assert!(complaint.contains("--ca FILE"), "{complaint}");

    let problem = program.fails(3, &["whoami", "--server", server.url(), "--json"]);
    assert_eq!(json(&problem)["status"], 401);
}

#[test]
fn a_login_ends_where_it_is_stored_and_on_the_server() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    let stored = fs::read_to_string(program.path("home/.config/temps/session.json")).unwrap();
    program.done(&["logout"]);
    program.fails(3, &["whoami"]);
    fs::write(program.path("home/.config/temps/session.json"), stored).unwrap();
    program.fails(3, &["whoami"]);
    program.done(&["logout"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_asks_for_the_second_factor_and_pays_where_there_is_a_price() {
    let program = program();
    let server = program.serve_with_owner(&[]);
    let owner = server.owner().await;
    let (_, codes) = owner.enrol_totp(&SystemClock).await;
    program.done(&["logout"]);
    let login = ["login", "--server", server.url(), "--email", OWNER, "--password-stdin"];
    let complaint = text(&program.run(&login, PASSWORD).stderr);
    assert!(complaint.contains("second line of standard input"), "{complaint}");
    let wrong = program.run(&login, &format!("{PASSWORD}\n000000\n"));
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong.stderr));
    program.done_with(&login, &format!("{PASSWORD}\n{}\n", codes[0]));
    program.done(&["whoami"]);
    // Strangers have made guesses dear, and so they are for a machine that is not known here.
    for n in 0..6 {
        owner.elsewhere().at([127, 8, 8, n]).log_in_with("wrong wrong wrong").await;
    }
    let stranger = super::program();
    let ca = program.path("data/ca.pem");
    let login = [&login[..], &["--ca", ca.to_str().unwrap()]].concat();
    let paid = stranger.run(&login, &format!("{PASSWORD}\n{}\n", codes[1]));
    let said = text(&paid.stderr);
    assert!(paid.status.success() && said.contains("paid for with some work"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dangerous_asks_on_the_terminal_or_says_what_to_do_without_one() {
    let program = program();
    let server = program.serve_with_owner(&[]);
    program.done(&["projects", "create", "demo"]);
    // A copy of the session in another place makes it worth nothing.
    let stored = json(&fs::read_to_string(program.path("home/.config/temps/session.json")).unwrap());
    let token = stored["servers"][server.url()]["token"].as_str().unwrap().to_owned();
    let thief = server.person(OWNER).at([127, 7, 7, 7]).with_token(&token);
    assert_eq!(thief.get("/projects").header("user-agent", "curl").await.problem().1, "step_up_required");
    let delete = ["projects", "delete", "demo", "--confirm", "demo"];
    let complaint = program.fails(1, &delete);
    assert!(complaint.contains("Log in with `temps login` just before"), "{complaint}");
    program.log_in(&server);
    program.done(&delete);
}

#[test]
fn trust_says_what_it_would_do() {
    let program = program();
    assert!(program.fails(2, &["trust", "--print"]).contains("Start `temps serve` once"));
    program.serve(&[]).stop();
    assert!(program.done(&["trust", "--print"]).contains("data/ca.pem"));
}

#[test]
fn the_document_of_the_api_is_the_one_that_is_served() {
    let program = program();
    let server = program.serve(&[]);
    let served = server.plain(b"GET /api/openapi.json HTTP/1.1\r\nHost: temps.localhost\r\nConnection: close\r\n\r\n");
    let (_, served) = served.split_once("\r\n\r\n").unwrap();
    assert_eq!(json(served), json(&program.done(&["openapi"])));
}

#[test]
fn a_hidden_file_is_not_deployed_and_is_named() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    program.done(&["projects", "create", "demo"]);
    let folder = program.path("site");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("index.html"), "hello").unwrap();
    fs::write(folder.join(".env"), "SECRET=1").unwrap();
    let output = program.run(&["deploy", folder.to_str().unwrap(), "--project", "demo", "--json"], "");
    assert!(text(&output.stderr).contains("Left out because they are hidden: .env"), "{}", text(&output.stderr));
    assert_eq!(json(&text(&output.stdout))["files"], 1);
}
