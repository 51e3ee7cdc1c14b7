//! `temps serve`, and the settings that it shares with `temps config`

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, FromArgMatches, error::Error};

use super::{Context, failure::Failure};
use crate::{
    config::{Config, KEYS, Key, Kind, Sources},
    program,
};

/// Runs Temps until it is told to stop. Settings come from temps.toml in the data directory, TEMPS_* in the environment, and flags.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let resolved = Config::resolve(&self.settings.sources(context)).map_err(Failure::local)?;
        program::serve(resolved.config, context.clock.clone(), &context.terminal)
            .map_err(|error| Failure::Local(whole(&error)))
    }
}

/// An error with its causes, but for those that it tells itself.
fn whole(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text += if text.is_empty() { "" } else { ": " };
            text += &cause;
        }
        text
    })
}

/// The flags of the configuration keys.
#[derive(Debug, Args)]
pub struct Settings {
    /// Configuration file [default: temps.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyFlags,
}

impl Settings {
    /// Everything that was given, by whatever way.
    pub fn sources(&self, context: &Context) -> Sources {
        context.sources(self.config.as_deref(), &self.keys.0)
    }
}

/// One flag for every key of the table that may have one, and the texts given.
#[derive(Debug)]
struct KeyFlags(Vec<(&'static str, String)>);

/// The keys that are flags of this command; `--data-dir` is one of every command.
fn flags() -> impl Iterator<Item = (&'static Key, String)> {
    let keys = KEYS.iter().filter(|key| key.name != "data_dir");
    keys.filter_map(|key| key.flag().map(|flag| (key, flag)))
}

impl Args for KeyFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        flags().fold(command, |command, (key, flag)| {
            let help = format!("{} [default: {}]", key.meaning, key.default);
            let arg = Arg::new(key.name).long(flag).value_name("VALUE").help(help).help_heading("Configuration");
            command.arg(match key.kind {
                Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
                _ => arg,
            })
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for KeyFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given =
            flags().filter_map(|(key, _)| matches.get_one::<String>(key.name).map(|text| (key.name, text.clone())));
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
