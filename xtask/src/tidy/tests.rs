use super::*;

/// The rule itself, on the repository as it is.
#[test]
fn the_repository_is_tidy() {
    let findings = findings(&Tree::read(&Tree::root()));
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// A rule, a file that breaks it, the same file as it should be, and what the finding says.
type Case<'a> = (fn(&Tree) -> Vec<String>, &'a str, &'a str, &'a str, &'a str);

/// Each rule finds what it is there to find, and nothing in what is right.
#[test]
fn each_rule_bites() {
    let six_hundred_and_one = "\n".repeat(601);
    let cases: &[Case<'_>] = &[
        (
            layout::arrows,
            "crates/temps-edge/Cargo.toml",
            "[dependencies]\ntemps-control = \"1\"",
            "[dependencies]\ntemps-policy = \"1\"\n[dev-dependencies]\ntemps-control = \"1\"",
            "may not use temps-control",
        ),
        (layout::arrows, "crates/temps-new/Cargo.toml", "", "", "has no place"),
        (
            layout::dependencies_have_reasons,
            "crates/temps-edge/Cargo.toml",
            "[dependencies]\nhyper = \"1\"",
            "[dependencies]\ntemps-policy = \"1\"",
            "`hyper` has no reason",
        ),
        (
            layout::sources_are_public,
            "Cargo.lock",
            "source = \"git+https://example.com/x\"",
            "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
            "example.com",
        ),
        (words::files_are_short, "crates/temps/src/a.rs", &six_hundred_and_one, "fn a() {}", "601 lines"),
        (words::nothing_is_unfinished, "crates/temps/src/a.rs", "fn a() { todo!() }", "fn a() {}", "a.rs:1: `todo!(`"),
        (words::nothing_is_unfinished, "docs/a.md", "see /root/notes", "see the notes", "`/root/`"),
        (words::names_say_something, "crates/temps/src/session_manager.rs", "", "", "name it after"),
        (safety::unsafe_is_forbidden, "crates/temps/src/lib.rs", "", "#![forbid(unsafe_code)]", "lacks"),
        (safety::unsafe_is_forbidden, "crates/temps/src/bin/a.rs", "", "#![forbid(unsafe_code)]", "lacks"),
        (
            safety::programs_are_started_in_few_places,
            "crates/temps-control/src/a.rs",
            "use std::process::Command;",
            "use clap::Command; use std::process::Stdio;",
            "starts a program",
        ),
        (
            safety::programs_are_started_in_few_places,
            "crates/temps-control/src/a.rs",
            "use tokio::{\n process::{Child,\n Command},\n};",
            "use std::process::{ExitCode, Stdio};",
            "starts a program",
        ),
        (
            safety::sql_is_not_built_from_text,
            "crates/temps-control/src/a.rs",
            "db.execute_unprepared(&format!(\"DELETE {x}\"))",
            "db.execute_unprepared(\"SELECT 1\")",
            "a.rs:1: execute_unprepared(",
        ),
        (
            safety::sql_is_not_built_from_text,
            "crates/temps-control/src/a.rs",
            "Statement::from_string(Sqlite, sql)",
            "Statement::from_string(Sqlite, \"SELECT 1\")",
            "no literal",
        ),
        (
            safety::text_is_never_markup,
            "dashboard/src/lib/a.svelte",
            "<p>{@html note}</p>",
            "<p>{note}</p>",
            "`{@html` turns text into markup",
        ),
        (
            documents::named_paths_exist,
            "docs/a.md",
            "[b](b.md)",
            "[a](../docs/a.md#x) [c](https://example.com)",
            "link to b.md is broken",
        ),
        (documents::pages_are_linked, "docs/lost.md", "", "", "does not link docs/lost.md"),
    ];
    for (rule, path, wrong, right, expected) in cases {
        let around = [("ARCHITECTURE.md", ""), ("README.md", "[a](docs/a.md)")];
        let found = rule(&Tree::from([around[0], around[1], (path, wrong)]));
        assert!(found.iter().any(|finding| finding.contains(expected)), "{path} {wrong:?} gave {found:?}");
        if right != wrong {
            let found = rule(&Tree::from([around[0], around[1], (path, right)]));
            assert!(found.is_empty(), "{path} {right:?} gave {found:?}");
        }
    }
}

#[test]
fn a_path_in_the_map_that_is_gone_is_found() {
    let map = "see `crates/gone.rs`, `crates/temps/src`, `cargo run`";
    let tree = Tree::from([("ARCHITECTURE.md", map), ("README.md", ""), ("crates/temps/src/lib.rs", "")]);
    assert_eq!(documents::named_paths_exist(&tree), ["ARCHITECTURE.md: `crates/gone.rs` does not exist"]);
}

#[test]
fn a_reason_stands_in_the_table_not_in_prose() {
    let manifest = ("crates/temps-edge/Cargo.toml", "[dependencies]\nhyper = \"1\"");
    let prose = Tree::from([("ARCHITECTURE.md", "we use `hyper`"), manifest]);
    assert_eq!(layout::dependencies_have_reasons(&prose).len(), 1);
    let table = Tree::from([("ARCHITECTURE.md", "| `hyper` | HTTP |"), manifest]);
    assert!(layout::dependencies_have_reasons(&table).is_empty());
}
