use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

/// Resolves what a file, the environment and flags say.
fn resolve(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Resolved, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("temps.toml");
    fs::write(&path, file).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    resolve_at(&path, environment, flags).map_err(|text| text.replace(&format!("{}/", directory.path().display()), ""))
}

fn resolve_at(
    path: &std::path::Path,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Resolved, String> {
    let environment: Vec<_> = environment.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let flags: Vec<_> = flags.iter().map(|(name, text)| (*name, text.to_string())).collect();
    let sources = Sources::read(Some(path), &environment, &flags);
    Config::resolve(&sources).map_err(|problems| problems.to_string())
}

/// The problems that a configuration file has, without the heading.
fn problems(file: &str) -> Vec<String> {
    let text = resolve(file, &[], &[]).map(|_| ()).expect_err("this configuration must be refused");
    text.lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn without_anything_temps_serves_this_machine_only() {
    let config = resolve("", &[], &[]).unwrap().config;
    assert!(config.http_addr.ip().is_loopback() && config.https_addr.ip().is_loopback());
    assert_eq!(config.public_url.to_string(), "https://temps.localhost:8443");
    assert_eq!(config.apps_domain.unwrap().as_str(), "localhost");
    assert_eq!((config.max_upload, config.drain_timeout), (512 << 20, Duration::from_secs(30)));
    assert!(config.database.is_none() && config.metrics_token.is_none() && config.security_contact.is_none());
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "http_addr = \"127.0.0.1:1001\"\nhttps_addr = \"127.0.0.1:1002\"\nmax_upload = \"1 MiB\"\n";
    let environment = [("TEMPS_HTTPS_ADDR", "127.0.0.1:2002"), ("TEMPS_MAX_UPLOAD", "2 MiB")];
    let resolved = resolve(file, &environment, &[("max_upload", "3 MiB")]).unwrap();
    assert_eq!(resolved.config.http_addr.port(), 1001);
    assert_eq!(resolved.config.https_addr.port(), 2002);
    assert_eq!(resolved.config.max_upload, 3 << 20);
    assert_eq!(resolved.config.public_url.port, 2002, "the default public URL follows https_addr");
    let origin = |key| resolved.values.iter().find(|value| value.key == key).unwrap().origin.clone();
    assert!(origin("http_addr").ends_with("temps.toml:1"));
    assert_eq!(origin("https_addr"), "environment TEMPS_HTTPS_ADDR");
    assert_eq!(origin("max_upload"), "flag --max-upload");
    assert_eq!(origin("log_format"), "default");
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_place() {
    let file = r#"# an operator's file
http_adr = "127.0.0.1:80"
https_addr = "somewhere"
trusted_proxies = [
  "10.0.0.0/8",
  "10.0.0.0/40",
]
drain_timeout = "1 year"
"#;
    let environment = [("TEMPS_LOG_FORMAT", "xml"), ("TEMPS_DATADIR", "/srv"), ("TEMPS_MAX_UPLOAD", "1 MB")];
    let text = resolve(file, &environment, &[("public_url", "http://temps.example.com")]).unwrap_err();
    insta::assert_snapshot!(text);
}

#[test]
fn each_bad_value_and_impossible_combination_is_refused() {
    let table: &[(&str, &str)] = &[
        ("= 1", "temps.toml:1: "),
        ("log_format = \"text\"\nlog_format = \"json\"", "temps.toml:2: "),
        ("[http_addr]\nport = 1", "temps.toml:1: http_addr: must be a text in quotes"),
        ("log_format = true", "log_format: must be a text in quotes"),
        ("upstream_networks = \"127.0.0.0/8\"", "upstream_networks: must be a list"),
        ("data_dir = \"\"", "data_dir: is empty"),
        ("http_addr = \"8080\"", "http_addr: \"8080\" is not an address with a port"),
        ("https_addr = \"localhost:8443\"", "https_addr: \"localhost:8443\" is not an address"),
        ("https_addr = \"127.0.0.1:8080\"", "https_addr: 127.0.0.1:8080 is the same as http_addr"),
        ("http_addr = \"0.0.0.0:8443\"\npublic_url = \"https://t.example\"", "https_addr: 127.0.0.1:8443 is the same"),
        ("https_addr = \"0.0.0.0:443\"", "public_url: is required unless both addresses are loopback"),
        ("public_url = \"temps.example.com\"", "public_url: \"temps.example.com\" is not a URL"),
        ("public_url = \"http://temps.example.com\"", "must begin with https://"),
        ("public_url = \"https://temps.example.com/x\"", "may hold a host name and a port only"),
        ("public_url = \"https://u:p@temps.example.com\"", "may hold a host name and a port only"),
        ("public_url = \"https://203.0.113.1\"", "needs a host name, not an address"),
        ("public_url = \"https://localhost:8443\"", "bare localhost is not possible"),
        ("apps_domain = \"*.example.com\"", "apps_domain: \"*.example.com\" is not a host name"),
        ("apps_domain = \"temps.localhost\"", "public_url: temps.localhost is also apps_domain"),
        ("apps_domain = \"a.temps.localhost\"", "public_url: temps.localhost lies above apps_domain"),
        (
            "apps_domain = \"example.com\"\npublic_url = \"https://temps.example.com\"",
            "temps.toml:2: public_url: temps.example.com lies under apps_domain (example.com)",
        ),
        (
            "apps_domain = \"apps.localhost\"\npublic_url = \"https://temps.apps.localhost\"",
            "temps.apps.localhost lies under apps_domain (apps.localhost)",
        ),
        ("database_url = \"mysql://db/temps\"", "database_url: must begin with postgres://"),
        ("database_url = \"not a url\"", "database_url: is not a URL"),
        ("trusted_proxies = [\"10.0.0.0/33\"]", "trusted_proxies: \"10.0.0.0/33\""),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "trusted_proxies: 0.0.0.0/0 is everybody"),
        ("trusted_proxies = [\"::/0\"]", "trusted_proxies: ::/0 is everybody"),
        ("upstream_networks = [\"localhost\"]", "upstream_networks: \"localhost\""),
        ("max_upload = \"512 MB\"", "max_upload: \"512 MB\" is not a size"),
        ("max_upload = 1", "max_upload: \"1\" is out of range"),
        ("max_upload = \"65 GiB\"", "max_upload: \"65 GiB\" is out of range"),
        ("security_contact = \"ftp://x\"", "security_contact: \"ftp://x\" is neither"),
        ("security_contact = \"http://example.com\"", "security_contact: \"http://example.com\" is neither"),
        ("metrics_token = \"short\"", "metrics_token: must have at least 16 characters"),
        ("metrics_token = \"sixteen chars with space\"", "metrics_token: must have at least 16 characters"),
        ("log_format = \"xml\"", "log_format: \"xml\" can be text or json"),
        ("drain_timeout = \"30\"", "drain_timeout: \"30\" is not a duration"),
        ("drain_timeout = \"11m\"", "drain_timeout: \"11m\" is out of range"),
        ("redis_url = \"redis://x\"", "redis_url: is unknown"),
    ];
    for (file, expected) in table {
        let problems = problems(file);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{file:?} gave {problems:?}");
    }
}

#[test]
fn a_bad_value_is_reported_although_a_stronger_source_replaces_it() {
    let text = resolve("max_upload = \"lots\"", &[], &[("max_upload", "1 MiB")]).unwrap_err();
    assert!(text.contains("temps.toml:1: max_upload: \"lots\" is not a size"), "{text}");
}

#[test]
fn r_app_8_the_console_may_share_localhost_with_applications_but_no_other_parent() {
    assert!(resolve("apps_domain = \"localhost\"", &[], &[]).is_ok());
    let apart = "public_url = \"https://console.example.com\"\napps_domain = \"apps.example.com\"";
    assert!(resolve(apart, &[], &[]).is_ok());
}

#[test]
fn a_console_on_all_addresses_gets_no_apps_domain_by_itself() {
    let file = "public_url = \"https://temps.example.com\"\nhttps_addr = \"[::]:443\"\nhttp_addr = \"[::]:80\"";
    let config = resolve(file, &[], &[]).unwrap().config;
    assert!(config.apps_domain.is_none());
    assert_eq!(config.public_url.to_string(), "https://temps.example.com");
}

#[test]
fn security_contacts_become_uris() {
    for (text, uri) in [
        ("security@example.com", "mailto:security@example.com"),
        ("mailto:security@example.com", "mailto:security@example.com"),
        ("https://example.com/report", "https://example.com/report"),
    ] {
        assert_eq!(text.parse::<SecurityContact>().unwrap().as_str(), uri);
    }
}

#[test]
fn r_sec_9_a_file_with_a_secret_may_be_read_by_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("temps.toml");
    fs::write(&path, "metrics_token = \"0123456789abcdef\"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let text = resolve_at(&path, &[], &[]).unwrap_err();
    assert!(text.contains(&format!("chmod 600 {}", path.display())), "{text}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(resolve_at(&path, &[], &[]).is_ok());
}

#[test]
fn secrets_are_never_shown_and_have_no_flag() {
    let secrets =
        [("TEMPS_METRICS_TOKEN", "0123456789abcdef"), ("TEMPS_DATABASE_URL", "postgres://u:hunter2@db/temps")];
    let resolved = resolve("", &secrets, &[]).unwrap();
    let shown = format!("{:?} {:?}", resolved.values, resolved.config);
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("hunter2"), "{shown}");
    for key in ["metrics_token", "database_url"] {
        assert_eq!(Key::find(key).unwrap().flag(), None);
    }
    let refused =
        resolve("", &[("TEMPS_DATABASE_URL", "mysql://u:hunter2@db"), ("TEMPS_METRICS_TOKEN", "hunter2")], &[]);
    assert!(!refused.unwrap_err().contains("hunter2"));
}

#[test]
fn the_file_in_the_data_directory_is_found_and_cannot_move_it() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("temps.toml"), "log_format = \"json\"\n").unwrap();
    let flags = [("data_dir", directory.path().display().to_string())];
    let resolved = Config::resolve(&Sources::read(None, &[], &flags)).unwrap();
    assert_eq!(resolved.config.log_format, LogFormat::Json);

    fs::write(directory.path().join("temps.toml"), "data_dir = \"elsewhere\"\n").unwrap();
    let problems = Config::resolve(&Sources::read(None, &[], &flags)).unwrap_err().to_string();
    assert!(problems.contains("temps.toml:1: data_dir: this file was found in the data directory"), "{problems}");
}

#[test]
fn a_named_file_must_exist() {
    let text = resolve_at(std::path::Path::new("/nonexistent/temps.toml"), &[], &[]).unwrap_err();
    assert!(text.contains("/nonexistent/temps.toml:1: cannot be read"), "{text}");
}

#[test]
fn the_documentation_lists_every_key() {
    let page = include_str!("../../../../docs/configuration.md");
    for key in KEYS {
        let flag = key.flag().map_or("–".to_owned(), |flag| format!("`--{flag}`"));
        let row = format!("| `{}` | `{}` | {flag} | {} | {} |", key.name, key.environment(), key.default, key.meaning);
        assert!(page.contains(&row), "docs/configuration.md lacks this row:\n{row}");
    }
}
