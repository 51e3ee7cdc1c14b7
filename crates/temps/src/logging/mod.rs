//! Log lines: structured, one event a line, and impossible to forge by what a client sends (R-MON-5).

mod escape;
mod layer;
mod line;

use std::{
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use temps_model::Clock;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

pub use escape::escaped;
pub use layer::LogLayer;
pub use line::Style;

use crate::config::LogFormat;

/// What is logged unless `RUST_LOG` says otherwise: the libraries speak only when something is wrong.
const FILTER: &str = "warn,temps=info,temps_control=info,temps_db=info,temps_edge=info,security=info,access=info";

/// Sends log lines to standard error, in colour only if it is a terminal and `NO_COLOR` is unset.
///
/// # Errors
/// If `RUST_LOG` cannot be understood, or logging was started already.
pub fn start(format: LogFormat, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let style = match format {
        LogFormat::Json => Style::Json,
        LogFormat::Text if colours() => Style::Colour,
        LogFormat::Text => Style::Text,
    };
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) => EnvFilter::try_new(text)?,
        Err(_) => EnvFilter::try_new(FILTER)?,
    };
    let write = |line: &str| {
        // A log that cannot be written must not take the program with it.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    };
    tracing_subscriber::registry().with(filter).with(LogLayer::new(style, clock, write)).try_init()?;
    Ok(())
}

fn colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests;
