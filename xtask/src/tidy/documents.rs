//! Documents that say what is true of the tree.

use crate::tree::Tree;

/// A path in backticks in these documents has to exist.
const MAPS: [&str; 2] = ["ARCHITECTURE.md", "README.md"];
/// Where paths of the repository begin.
const FOLDERS: [&str; 8] = ["crates/", "docs/", "xtask/", "examples/", "scripts/", "dashboard/", "e2e/", "bench/"];

pub fn named_paths_exist(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for map in MAPS {
        let Some(text) = tree.text(map) else {
            findings.push(format!("{map}: is missing"));
            continue;
        };
        let named = text.split('`').skip(1).step_by(2);
        let paths = named
            .filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', '*', '{']));
        findings.extend(paths.filter(|path| !tree.has(path)).map(|path| format!("{map}: `{path}` does not exist")));
    }
    for (page, text) in tree.ending(".md") {
        let links =
            links(text).filter(|link| !link.contains("://") && !link.starts_with("mailto:") && !link.starts_with('#'));
        let broken = links.filter(|link| !tree.has(&resolved(page, link)));
        findings.extend(broken.map(|link| format!("{page}: the link to {link} is broken")));
    }
    findings
}

/// Every page for users can be reached from the README, every decision from `ARCHITECTURE.md`.
pub fn pages_are_linked(tree: &Tree) -> Vec<String> {
    let linked = |from: &str, page: &str| {
        links(tree.text(from).unwrap_or_default()).any(|link| page.starts_with(link.trim_start_matches("./")))
    };
    let pages = tree.ending(".md").map(|(path, _)| path).filter(|path| path.starts_with("docs/"));
    let missing = pages.filter_map(|page| {
        let from = if page.starts_with("docs/decisions/") { "ARCHITECTURE.md" } else { "README.md" };
        (!linked(from, page)).then(|| format!("{from}: does not link {page}"))
    });
    missing.collect()
}

/// The targets of Markdown links, without their fragment.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|link| link.split('#').next().unwrap_or(link))
        .filter(|link| !link.is_empty())
}

/// A relative link of a page, from the root.
fn resolved(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
