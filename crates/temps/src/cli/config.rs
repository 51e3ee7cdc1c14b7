//! `temps config`

use super::{Context, failure::Failure, serve::Settings};
use crate::config::Config;

/// Checks the configuration as `temps serve` would, and shows what is in force and where it comes from.
pub fn show(context: &Context, settings: &Settings) -> Result<(), Failure> {
    let resolved = Config::resolve(&settings.sources(context)).map_err(Failure::local)?;
    let values: Vec<_> = resolved.values.iter().filter_map(|value| serde_json::to_value(value).ok()).collect();
    context.terminal.list(&values, &[("KEY", "/key"), ("VALUE", "/value"), ("FROM", "/origin")], "");
    Ok(())
}
