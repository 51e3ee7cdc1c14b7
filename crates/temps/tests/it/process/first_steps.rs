//! From nothing to a site, as somebody does it who has just built the program.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use temps_model::{Clock, SystemClock};
use temps_testkit::{app::PASSWORD, program::text};

use super::{example_site, json, program};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_empty_directory_to_a_site_with_what_the_program_says_itself() {
    let program = program();
    let server = program.serve(&[]);
    let port = server.reach().https_addr.port();
    let printed = server.printed().until(|printed| printed.contains("--name You\n"));
    assert!(printed.contains(&format!("Console  https://temps.localhost:{port}\n")), "{printed}");
    assert!(printed.contains(&program.setup_token()), "{printed}");

    // The printed command is copied as it stands.
    let next = printed.lines().last().unwrap().split_whitespace().skip(1).chain(["--password-stdin"]);
    let made = program.done_with(&next.collect::<Vec<_>>(), PASSWORD);
    assert!(made.contains("you@example.com is the administrator now, and logged in."), "{made}");
    program.done(&["logout"]);
    program.done_with(&["login", "--server", server.url(), "--email", "you@example.com", "--password-stdin"], PASSWORD);
    assert!(program.done(&["whoami"]).contains("you@example.com"));
    program.done(&["projects", "create", "demo"]);
    let deployed = program.done(&["deploy", example_site(), "--project", "demo"]);
    assert!(deployed.contains(&format!("https://demo.localhost:{port}")), "{deployed}");

    // The visitor trusts nothing but `ca.pem` of the data directory.
    let page = server.get("demo.localhost", "/").await;
    let original = fs::read(format!("{}/index.html", example_site())).unwrap();
    assert_eq!((page.status, &page.body[..]), (200, &original[..]));
    let missing = server.get("demo.localhost", "/no-such-page").await;
    assert_eq!(
        (missing.status, &missing.body[..]),
        (404, &fs::read(format!("{}/404.html", example_site())).unwrap()[..])
    );
}

#[test]
fn every_answer_is_json_for_who_wants_json() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    let deploy = ["deploy", example_site(), "--project", "demo"];
    for command in [
        &["projects", "create", "demo"][..],
        &deploy,
        &["whoami"],
        &["projects", "list"],
        &["projects", "show", "demo"],
        &["environments", "create", "staging", "--project", "demo"],
        &["environments", "list", "--project", "demo"],
        &["deployments", "--project", "demo"],
        &["domains", "add", "demo.example.com", "--project", "demo"],
        &["domains", "list", "--project", "demo"],
        &["firewall", "block", "203.0.113.7", "--project", "demo"],
        &["firewall", "list", "--project", "demo"],
        &["firewall", "mode", "open", "--instance"],
        &["headers", "show", "--project", "demo"],
        &["users", "list"],
        &["audit", "list"],
        &["audit", "verify"],
        &["config"],
        &["openapi"],
    ] {
        let printed = program.done(&[command, &["--json"]].concat());
        assert!(json(&printed).is_object(), "{command:?}: {printed}");
    }
    let refused = program.run(&["projects", "create", "demo", "--json"], "");
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(1), String::new()));
    assert_eq!(json(&text(&refused.stderr))["code"], "slug_taken");
}

#[test]
fn completions_for_every_shell_know_every_command() {
    let program = program();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program.done(&["completions", shell]);
        for word in ["emergency-allow", "rollback", "drain-timeout"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    program.fails(2, &["completions", "tcsh"]);
}

#[test]
fn the_login_is_kept_where_only_its_user_can_read_it() {
    let program = program();
    let _server = program.serve_with_owner(&[]);
    let stored = program.path("home/.config/temps/session.json");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&stored), mode(stored.parent().unwrap())), (0o600, 0o700));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_start_serves_within_seconds() {
    let program = program();
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    server.stop();

    let begun = SystemClock.monotonic();
    let server = program.serve(&[]);
    assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
    let took = SystemClock.monotonic().duration_since(begun);
    println!("cold start to the first served request: {} ms", took.as_millis());
    assert!(took < Duration::from_secs(5), "{took:?}");
}
