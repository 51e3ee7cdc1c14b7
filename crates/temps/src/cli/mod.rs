//! The command line. Everything that it does with a running Temps goes through the public API.

mod activate;
mod api;
mod audit;
mod completions;
mod config;
mod deploy;
mod deployments;
mod domains;
mod environments;
mod failure;
mod firewall;
mod headers;
mod login;
mod openapi;

mod pack;
mod problem;
mod projects;
mod secrets;
mod serve;
mod sessions;
mod setup;
mod step_up;
mod terminal;
mod trust;
mod users;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand};
use temps_model::{Clock, SystemClock};

use crate::config::{DATA_DIR, Sources};

pub(crate) use api::DEFAULT_SERVER;

use api::Api;
use failure::Failure;
pub(crate) use terminal::Terminal;

/// Runs web applications and protects them.
#[derive(Debug, Parser)]
#[command(name = "temps", version, max_term_width = 110, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 refused by the server, 2 wrong use or local error, 3 not logged in, \
                        4 server not reachable or failing, 5 verification failed.")]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Data directory of the Temps on this machine [default: data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    data_dir: Option<PathBuf>,
    /// Temps to talk to [default: the one logged in to, else https://temps.localhost:8443]
    #[arg(long, global = true, value_name = "URL", help_heading = "Everywhere")]
    server: Option<String>,
    /// The only authority to trust for that server [default: that of the login, or ca.pem in the data directory for names under localhost]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    ca: Option<PathBuf>,
    /// Print the API's JSON instead of text
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run Temps
    Serve(serve::Serve),
    /// Create the first user of a new Temps
    Setup(setup::Setup),
    /// Log in
    Login(login::Login),
    /// Log out
    Logout,
    /// Show who is logged in
    Whoami,
    /// Choose a password with the one-time link that an administrator gave you
    Activate(activate::Activate),
    /// Projects: list, create, show, delete
    #[command(subcommand)]
    Projects(projects::Projects),
    /// Environments of a project: list, create, delete
    #[command(subcommand)]
    Environments(environments::Environments),
    /// Put a folder, an archive or an upstream live
    Deploy(deploy::Deploy),
    /// History of deployments
    Deployments(deployments::Deployments),
    /// Make an earlier deployment live again
    Rollback(deployments::Rollback),
    /// Host names of a project: list, add, remove
    #[command(subcommand)]
    Domains(domains::Domains),
    /// IP rules, allow-list mode and limits
    #[command(subcommand)]
    Firewall(firewall::Firewall),
    /// Security headers of a project
    #[command(subcommand)]
    Headers(headers::Headers),
    /// Audit log: list, export, verify
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Users: list, create
    #[command(subcommand)]
    Users(users::Users),
    /// Make this machine trust the local certificate authority
    Trust(trust::Trust),
    /// Show the configuration that is in force, and where each value comes from
    Config(serve::Settings),
    /// Print the script that completes commands in a shell
    Completions(completions::Completions),
    /// Print the OpenAPI document of the API
    Openapi,
}

/// What a command runs with.
pub(crate) struct Context {
    options: Options,
    terminal: Terminal,
    clock: Arc<dyn Clock>,
}

impl Context {
    /// The data directory of the Temps on this machine.
    fn data_dir(&self) -> PathBuf {
        let given = self.options.data_dir.clone().or_else(|| std::env::var_os("TEMPS_DATA_DIR").map(PathBuf::from));
        given.unwrap_or_else(|| DATA_DIR.into())
    }

    /// The configuration of the Temps on this machine, with what was given beside the options of every command.
    fn sources(&self, file: Option<&Path>, flags: &[(&'static str, String)]) -> Sources {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let environment: Vec<_> = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        let data_dir = self.options.data_dir.iter().map(|path| ("data_dir", path.to_string_lossy().into_owned()));
        let flags: Vec<_> = data_dir.chain(flags.iter().cloned()).collect();
        Sources::read(file, &environment, &flags)
    }

    /// A connection to the API, with the stored login if there is one.
    fn api(&self) -> Result<Api, Failure> {
        Api::new(&self.options, &self.data_dir())
    }
}

/// Runs the command that the arguments of the process name.
pub fn run() -> ExitCode {
    let Cli { options, command } = Cli::parse();
    let terminal = Terminal::new(options.json);
    if let Err(error) = crate::process::harden() {
        terminal.note(format!("The memory of this process cannot be protected: {error}"));
    }
    let context = Context { options, terminal, clock: Arc::new(SystemClock) };
    match dispatch(&context, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.terminal.failure(&failure);
            failure.exit_code()
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(command) => command.run(context),
        Command::Config(command) => config::show(context, &command),
        Command::Trust(command) => command.run(context),
        Command::Completions(command) => command.run(),
        Command::Openapi => openapi::print(context),
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::local)?;
            runtime.block_on(converse(context, command))
        }
    }
}

/// The commands that speak with a server.
async fn converse(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Setup(command) => command.run(context).await,
        Command::Login(command) => command.run(context).await,
        Command::Logout => login::logout(context).await,
        Command::Whoami => login::whoami(context).await,
        Command::Activate(command) => command.run(context).await,
        Command::Projects(command) => command.run(context).await,
        Command::Environments(command) => command.run(context).await,
        Command::Deploy(command) => command.run(context).await,
        Command::Deployments(command) => command.run(context).await,
        Command::Rollback(command) => command.run(context).await,
        Command::Domains(command) => command.run(context).await,
        Command::Firewall(command) => command.run(context).await,
        Command::Headers(command) => command.run(context).await,
        Command::Audit(command) => command.run(context).await,
        Command::Users(command) => command.run(context).await,
        Command::Serve(_) | Command::Config(_) | Command::Trust(_) | Command::Completions(_) | Command::Openapi => {
            unreachable!("these need no server and were run by dispatch")
        }
    }
}

#[cfg(test)]
mod tests;
