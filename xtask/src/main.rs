//! Chores of the repository: `cargo xtask tidy`.
#![forbid(unsafe_code)]

mod tidy;
mod tree;

use std::process::ExitCode;

use tree::Tree;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => report(&tidy::findings(&Tree::read(&Tree::root()))),
        _ => {
            eprintln!("usage: cargo xtask tidy");
            ExitCode::from(2)
        }
    }
}

fn report(findings: &[String]) -> ExitCode {
    findings.iter().for_each(|finding| eprintln!("{finding}"));
    match findings {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
