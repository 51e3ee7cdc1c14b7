//! Starting, refusing to start, and stopping.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::place::{PASSWORD, Place, text};

/// Every file below a folder with its content, but for the lock, which names the process that looked last.
fn content(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(content(&entry.path()));
        } else if kind.is_file() && entry.file_name() != "lock" {
            found.push((entry.path(), fs::read(entry.path()).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn r_auth_12_the_setup_token_is_shown_and_never_logged() {
    let place = Place::new();
    let server = place.serve_with_owner(&[]);
    assert!(!place.data_dir().join("setup-token").exists(), "the token is spent");
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("access") && log.contains("/api/v1/setup"), "{log}");

    let place = Place::new();
    let server = place.serve(&[]);
    let token = place.token();
    assert_eq!(fs::metadata(place.data_dir().join("setup-token")).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, log) = server.stop();
    assert!(token.len() >= 43, "256 bits in base64");
    assert!(!log.contains(&token), "{log}");
}

#[test]
fn a_login_works_after_a_restart_and_the_token_does_not_come_back() {
    let place = Place::new();
    place.serve_with_owner(&[]).stop();
    let server = place.serve(&[]);
    assert!(!server.welcome.contains("setup token"));
    let login = ["login", "--server", server.url(), "--email", "owner@example.com", "--password-stdin"];
    assert!(place.run(&login, PASSWORD).status.success());
    let wrong = place.run(&login, "another password entirely");
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong.stderr));
}

#[test]
fn a_second_serve_on_the_same_data_directory_is_refused() {
    let place = Place::new();
    let server = place.serve(&[]);
    let complaint = place.fails(2, &["serve", "--http-addr", "127.0.0.1:0", "--https-addr", "127.0.0.1:0"]);
    assert!(complaint.contains(&format!("in use by another `temps serve` (process {})", server.id())), "{complaint}");
    assert_eq!(server.stop().0, Some(0), "the first one did not notice");
}

#[test]
fn r_sec_4_a_missing_or_wrong_master_key_is_refused_and_nothing_changes() {
    let place = Place::new();
    place.serve_with_owner(&[]).stop();
    let key = place.data_dir().join("master.key");
    let right = fs::read_to_string(&key).unwrap();

    fs::remove_file(&key).unwrap();
    let before = content(&place.data_dir());
    let complaint = place.fails(2, &["serve"]);
    assert!(complaint.contains("the master key is missing"), "{complaint}");
    assert_eq!(content(&place.data_dir()), before);

    fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let before = content(&place.data_dir());
    let complaint = place.fails(2, &["serve"]);
    assert!(complaint.contains("is not the one that this database was created with"), "{complaint}");
    assert_eq!(content(&place.data_dir()), before);

    fs::write(&key, right).unwrap();
    place.serve(&[]);
}

#[test]
fn r_sec_9_a_data_directory_that_others_can_open_is_refused() {
    let place = Place::new();
    place.serve(&[]).stop();
    fs::set_permissions(place.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let complaint = place.fails(2, &["serve"]);
    assert!(complaint.contains(&format!("chmod 0700 {}", place.data_dir().display())), "{complaint}");
}

#[test]
fn a_bad_configuration_is_refused_before_anything_is_made() {
    let place = Place::new();
    let file = place.path("temps.toml");
    fs::write(&file, "http_adr = \"127.0.0.1:80\"\nmax_upload = \"lots\"\n").unwrap();
    let complaint = place.fails(2, &["serve", "--config", file.to_str().unwrap(), "--log-format", "xml"]);
    for expected in ["temps.toml:1: http_adr", "temps.toml:2: max_upload", "flag --log-format"] {
        assert!(complaint.contains(expected), "{complaint}");
    }
    assert!(!place.data_dir().exists());
    assert!(place.fails(2, &["config", "--config", file.to_str().unwrap()]).contains("2 problems"));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let complaint = place.fails(2, &["serve", "--http-addr", &address, "--https-addr", "127.0.0.1:0"]);
    assert!(complaint.contains(&format!("cannot listen on {address}")), "{complaint}");
}

#[test]
fn r_sec_7_the_memory_of_the_server_is_its_own() {
    let place = Place::new();
    let server = place.serve(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core: Vec<_> = limits.lines().filter(|line| line.starts_with("Max core file size")).collect();
    assert_eq!(core[0].split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core:?}");
}

#[test]
fn r_mon_5_every_line_of_the_json_log_is_one_object_whatever_clients_send() {
    let place = Place::new();
    let server = place.serve_with_owner(&["--log-format", "json"]);
    for path in ["/x%0a%7B%22outcome%22:%22passed%22%7D", "/x%1b[2J%0d%0a", "/%C2%9B31m", "/\u{1b}[2J", "/\"}"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: temps.localhost\r\nConnection: close\r\n\r\n");
        server.plain(request.as_bytes());
    }
    let (_, log) = server.stop();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let access: Vec<_> = lines.iter().filter(|line| line["target"] == "access").collect();
    assert!(access.len() >= 6, "{log}");
    assert!(access.iter().all(|line| line["request_id"].as_str().is_some_and(|id| id.len() == 36)), "{log}");
}
