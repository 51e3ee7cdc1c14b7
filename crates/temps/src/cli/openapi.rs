//! `temps openapi`

use super::{Context, failure::Failure};

/// Prints the document of the API that this program serves.
pub fn print(context: &Context) -> Result<(), Failure> {
    let document = temps_control::openapi::document(&temps_control::router::routes());
    context.terminal.say(serde_json::to_string_pretty(&document).map_err(Failure::local)?);
    Ok(())
}
