#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    temps::cli::run()
}
