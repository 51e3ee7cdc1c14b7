//! Which crate may use which, and what each dependency is for.

use toml_edit::{Document, Item, Table};

use crate::tree::Tree;

/// The arrows of the design: what each crate may use of the others. Edge and control never see each other.
const ARROWS: [(&str, &[&str]); 7] = [
    ("temps-model", &[]),
    ("temps-policy", &["temps-model"]),
    ("temps-edge", &["temps-model", "temps-policy"]),
    ("temps-db", &["temps-model"]),
    ("temps-control", &["temps-model", "temps-policy", "temps-db"]),
    ("temps", &["temps-model", "temps-policy", "temps-edge", "temps-db", "temps-control"]),
    ("temps-testkit", &["temps-model", "temps-policy", "temps-edge", "temps-db", "temps-control", "temps"]),
];
const PUBLIC_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Tests may use whatever they need; what is shipped follows the arrows.
pub fn arrows(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, manifest) in manifests(tree) {
        let name = crate_of(path);
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            findings.push(format!("{path}: {name} has no place in the layout; add its arrows here"));
            continue;
        };
        for dependency in dependencies(&manifest).into_iter().filter(|dependency| dependency.starts_with("temps")) {
            if !allowed.contains(&dependency.as_str()) {
                findings.push(format!("{path}: {name} may not use {dependency}"));
            }
        }
    }
    findings
}

/// Each dependency on somebody else's crate stands in the table of `ARCHITECTURE.md`, with the reason for it.
pub fn dependencies_have_reasons(tree: &Tree) -> Vec<String> {
    let table: String =
        tree.text("ARCHITECTURE.md").unwrap_or_default().lines().filter(|line| line.starts_with('|')).collect();
    let missing = |path: &str, dependency: &String| {
        let known = dependency.starts_with("temps") || table.contains(&format!("`{dependency}`"));
        (!known).then(|| format!("{path}: `{dependency}` has no reason in the table of ARCHITECTURE.md"))
    };
    let manifests = manifests(tree).into_iter().map(|(path, manifest)| (path, dependencies(&manifest)));
    manifests.flat_map(|(path, used)| used.iter().filter_map(|used| missing(path, used)).collect::<Vec<_>>()).collect()
}

/// Everything that is built comes from the public registry, so that anybody can build it.
pub fn sources_are_public(tree: &Tree) -> Vec<String> {
    let lock = tree.text("Cargo.lock").unwrap_or_default();
    let sources = lock.lines().filter_map(|line| line.strip_prefix("source = "));
    sources
        .filter(|source| source.trim_matches('"') != PUBLIC_REGISTRY)
        .map(|source| format!("Cargo.lock: {source}"))
        .collect()
}

fn manifests(tree: &Tree) -> Vec<(&str, Document<String>)> {
    let manifests = tree.ending("/Cargo.toml").filter(|(path, _)| path.starts_with("crates/"));
    manifests.map(|(path, text)| (path, Document::parse(text.to_owned()).expect("cargo reads it too"))).collect()
}

fn crate_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

fn dependencies(manifest: &Table) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(Item::as_table);
    table.into_iter().flat_map(|table| table.iter().map(|(name, _)| name.to_owned())).collect()
}
