//! `temps serve`, from start to end.

use std::{path::Path, sync::Arc};

use temps_model::Clock;

use crate::{
    cli::{DEFAULT_SERVER, Terminal},
    config::{Config, DATA_DIR},
    instance::Instance,
    logging, process,
};

/// Runs Temps until a signal ends it.
///
/// # Errors
/// With a text for the operator, if it cannot start or a part of it ended by itself.
pub(crate) fn serve(config: Config, clock: Arc<dyn Clock>, terminal: &Terminal) -> anyhow::Result<()> {
    logging::start(config.log_format, Arc::clone(&clock))?;
    if let Err(error) = process::raise_file_limit() {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = process::stop_requested()?;
        let plain_data_dir = config.data_dir.clone();
        let instance = Instance::start(config, clock).await?;
        welcome(&instance, &plain_data_dir, terminal);
        tracing::info!(http = %instance.http_addr(), https = %instance.https_addr(), "temps is serving");
        let ended = tokio::select! {
            () = stop => Ok(()),
            failure = instance.failed() => Err(failure),
        };
        tracing::info!("temps is stopping");
        instance.stop().await;
        Ok(ended?)
    })
}

/// Where to go, and at the first start what to do. The token is shown here and never logged (R-AUTH-12).
fn welcome(instance: &Instance, data_dir: &Path, terminal: &Terminal) {
    let console = instance.public_url();
    terminal.say("Temps is running.");
    terminal.say(format_args!("  Console  {console}"));
    if console.host.is_loopback() {
        terminal.say(format_args!("           http://{}:{}", console.host, instance.http_addr().port()));
    }
    terminal.say(format_args!("  Data     {}", instance.data_dir().display()));
    let Some(token) = instance.setup_token() else { return };
    // Plain HTTP to this machine needs no certificate that the browser would have to be told to trust.
    let origin = match console.host.is_loopback() {
        true => format!("http://{}:{}", console.host, instance.http_addr().port()),
        false => console.to_string(),
    };
    terminal.say(format_args!(
        "\nThere is no user yet. Open this link to become the owner; it works once:\n  {origin}/setup#token={}",
        token.expose()
    ));
    let file = instance.data_dir().join("setup-token");
    terminal.say(format_args!("The token in it also stands in {}. Without a browser:", file.display()));
    terminal.say(format_args!(
        "  {} setup{} --email you@example.com --name You",
        this_program(),
        options(instance, data_dir)
    ));
}

/// This program as the operator called it, so that the next command can be copied.
fn this_program() -> String {
    std::env::args().next().unwrap_or_else(|| "temps".to_owned())
}

/// What the next command has to be told because it is not the default.
fn options(instance: &Instance, data_dir: &Path) -> String {
    let mut options = String::new();
    if data_dir != Path::new(DATA_DIR) {
        options += &format!(" --data-dir {}", data_dir.display());
    }
    let console = instance.public_url().to_string();
    if console != DEFAULT_SERVER {
        options += &format!(" --server {console}");
    }
    options
}
