//! What would be dangerous.

use crate::tree::Tree;

/// The files that may start programs (R-APP-6).
const STARTERS: [&str; 2] = ["crates/temps/src/cli/trust/stores.rs", "crates/temps-testkit/"];
/// The files whose SQL is not a literal: it is put together from constants of the schema, before any input is read.
const SCHEMA: [&str; 3] =
    ["crates/temps-db/src/migrations.rs", "crates/temps-db/src/migrate.rs", "crates/temps-db/src/transaction.rs"];
/// Calls that take SQL as text.
const TEXT_TAKERS: [&str; 5] =
    ["execute_unprepared(", "raw_sql(", "sqlx::query(", "Statement::from_string(", "Expr::cust("];

pub fn unsafe_is_forbidden(tree: &Tree) -> Vec<String> {
    let is_root =
        |path: &str| path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") || path.contains("/src/bin/");
    let roots = tree.ending(".rs").filter(|(path, _)| is_root(path));
    let open = roots.filter(|(_, text)| !text.contains("#![forbid(unsafe_code)]"));
    open.map(|(path, _)| format!("{path}: lacks #![forbid(unsafe_code)]")).collect()
}

pub fn programs_are_started_in_few_places(tree: &Tree) -> Vec<String> {
    let shipped = tree.ending(".rs").filter(|(path, _)| path.starts_with("crates/") && !is_test(path));
    let starters =
        shipped.filter(|(path, text)| starts_programs(text) && !STARTERS.iter().any(|known| path.starts_with(known)));
    starters.map(|(path, _)| format!("{path}: starts a program")).collect()
}

pub fn sql_is_not_built_from_text(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs").filter(|(path, _)| path.starts_with("crates/") && !is_test(path)) {
        if SCHEMA.contains(&path) || path.starts_with("crates/temps-testkit/") {
            continue;
        }
        for taker in TEXT_TAKERS {
            for (start, _) in text.match_indices(taker) {
                let arguments = text[start + taker.len()..].trim_start();
                let sql = if taker.starts_with("Statement") {
                    arguments.split_once(',').map_or("", |(_, sql)| sql.trim_start())
                } else {
                    arguments
                };
                if !["\"", "r#\"", "include_str!(\""].iter().any(|literal| sql.starts_with(literal)) {
                    let line = text[..start].matches('\n').count() + 1;
                    findings.push(format!("{path}:{line}: {taker}…) with SQL that is no literal"));
                }
            }
        }
    }
    findings
}

/// What turns text into markup or code in a browser (R-APP-4).
const MARKUP_MAKERS: [&str; 7] =
    ["{@html", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function("];

pub fn text_is_never_markup(tree: &Tree) -> Vec<String> {
    let sources = tree.files().filter(|(path, _)| path.starts_with("dashboard/src/"));
    sources
        .flat_map(|(path, text)| {
            let found = MARKUP_MAKERS.iter().filter(|maker| text.contains(**maker));
            found.map(move |maker| format!("{path}: `{maker}` turns text into markup or code"))
        })
        .collect()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/benches/")
}

/// Whether it uses `std::process::Command` or tokio's, however it imports it.
fn starts_programs(text: &str) -> bool {
    let text: String = text.split_whitespace().collect();
    let imported = |group: &str| group.split('}').next().unwrap_or_default().split(',').any(|name| name == "Command");
    text.contains("process::Command") && !text.contains("process::CommandExt")
        || text.split("process::{").skip(1).any(imported)
}
