//! The dashboard as the program serves it, and the description of the API that it was built against.

use std::{fs, path::Path};

use temps_control::{openapi, router::routes};
use temps_policy::protections::headers::{HeaderPolicy, HeaderSettings, Preset, managed_headers};
use temps_testkit::{TestApp, TestDatabase};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn the_dashboard_is_built_against_the_api_as_it_is() {
    let written = fs::read_to_string(format!("{ROOT}/dashboard/openapi.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    let now = openapi::document(&routes());
    assert!(written == now, "dashboard/openapi.json is older than the API: run `make api`");
}

/// With a dashboard that was built, and without one: both are shown to be pages that load nothing from elsewhere.
#[tokio::test]
async fn r_app_4_every_page_of_the_console_has_a_strict_policy_and_is_kept_by_no_cache() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let visitor = app.anonymous();
    let is_built = Path::new(ROOT).join("dashboard/build/index.html").exists();
    let pages: &[&str] = if is_built { &["/", "/projects/shop/firewall", "/setup", "/no/such/page"] } else { &["/"] };
    for path in pages {
        let page = visitor.raw("GET", path).header("accept", "text/html").await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        for directive in ["base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        assert_eq!(policy.contains("require-trusted-types-for 'script'"), is_built, "{path}: {policy}");
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_page_stays_a_problem_and_nothing_hides_behind_the_shell() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let visitor = app.anonymous();
    for (method, path, accept) in [
        ("GET", "/api/v1/no-such-thing", "text/html"),
        ("GET", "/api", "text/html"),
        ("POST", "/projects", "text/html"),
        ("GET", "/_app/immutable/no-such-file.js", "*/*"),
        ("GET", "/.git/config", "*/*"),
        ("GET", "/index.html.br", "*/*"),
    ] {
        let answer = visitor.raw(method, path).header("accept", accept).header("origin", &app.reach().origin).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.problem().1, "not_found", "{method} {path}");
    }
}

/// The dashboard shows what a preset says before it is saved; the API tells only what is saved.
#[test]
fn the_dashboard_knows_the_presets_as_they_are() {
    let file = "dashboard/src/routes/(app)/projects/[project]/headers/presets.ts";
    let source = fs::read_to_string(format!("{ROOT}/{file}")).unwrap();
    let constant = |name: &str| {
        let line = source.lines().find_map(|line| line.strip_prefix(&format!("const {name} = "))).unwrap();
        line[1..line.len() - 2].to_owned()
    };
    let value = |text: &str| match text.strip_prefix('\'') {
        Some(quoted) => Some(quoted.split('\'').next().unwrap().to_owned()),
        None if text.starts_with("null") => None,
        None => Some(constant(text.split(',').next().unwrap())),
    };
    let field = |line: &str, name: &str| value(line.split_once(&format!("{name}: ")).unwrap().1);
    let rows: Vec<&str> = source.lines().filter(|line| line.starts_with("  { name: '")).collect();
    assert_eq!(rows.len(), managed_headers().len(), "a row for each header that Temps sees to");
    for (word, preset) in [("standard", Preset::Standard), ("strict", Preset::Strict)] {
        let mut sent = http::HeaderMap::new();
        let settings = HeaderSettings { preset, ..HeaderSettings::default() };
        HeaderPolicy::new(&settings).unwrap().apply(&mut sent, false, None);
        for row in &rows {
            let name = field(row, "name").unwrap();
            let real = sent.get(&name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(field(row, word), real, "{name} of {word} in {file}");
        }
    }
}
