//! Files, and the words in them.

use crate::tree::Tree;

const MOST_LINES: usize = 600;
/// Names that fit everything and therefore say nothing.
const EMPTY_NAMES: [&str; 8] = ["manager", "helper", "helpers", "util", "utils", "common", "misc", "inner"];
/// Marks of unfinished work, and of the machine on which something was written.
const FORBIDDEN: [&str; 6] = ["todo!(", "unimplemented!(", "FIXME", "XXX", "/root/", "/work/"];

pub fn files_are_short(tree: &Tree) -> Vec<String> {
    // What a program wrote is as long as it is.
    let sources = tree.files().filter(|(path, _)| is_source(path) && !path.ends_with(".d.ts"));
    let long = sources.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > MOST_LINES);
    long.map(|(path, lines)| format!("{path}: {lines} lines; {MOST_LINES} are the most")).collect()
}

pub fn nothing_is_unfinished(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    // These rules have to name what they forbid.
    for (path, text) in tree.files().filter(|(path, _)| is_ours(path) && !path.starts_with("xtask/src/tidy/")) {
        for (number, line) in text.lines().enumerate() {
            let words = FORBIDDEN.iter().filter(|word| line.contains(**word));
            findings.extend(words.map(|word| format!("{path}:{}: `{word}`", number + 1)));
        }
    }
    findings
}

pub fn names_say_something(tree: &Tree) -> Vec<String> {
    let is_empty = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
        name.split(['_', '-']).any(|word| EMPTY_NAMES.contains(&word))
    };
    let paths = tree.files().map(|(path, _)| path).filter(|path| is_source(path)).filter(is_empty);
    paths.map(|path| format!("{path}: name it after what it holds")).collect()
}

fn is_ours(path: &str) -> bool {
    is_source(path)
        || [".md", ".toml", ".sh", ".sql", ".html", "Makefile", ".ci/run"].iter().any(|end| path.ends_with(end))
}

fn is_source(path: &str) -> bool {
    [".rs", ".ts", ".svelte", ".css", ".js"].iter().any(|end| path.ends_with(end))
}
