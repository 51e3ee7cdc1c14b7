//! `temps headers`

use clap::{Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Context,
    api::{Api, Call},
    failure::Failure,
    terminal::{Terminal, cell},
};

#[derive(Debug, Subcommand)]
pub enum Headers {
    /// Show the settings
    Show {
        #[arg(long, short)]
        project: String,
    },
    /// Choose between the presets
    Preset {
        preset: Preset,
        #[command(flatten)]
        change: Change,
    },
    /// Give a header another value, or leave it to the application
    Set {
        /// Such as Referrer-Policy
        header: String,
        #[arg(required_unless_present = "leave")]
        value: Option<String>,
        /// Send only what the application sets
        #[arg(long, conflicts_with = "value")]
        leave: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Return a header to the preset's value
    Unset {
        header: String,
        #[command(flatten)]
        change: Change,
    },
    /// Say whether these values replace what the application sets
    Enforce {
        #[arg(value_enum)]
        enforce: Switch,
        #[command(flatten)]
        change: Change,
    },
    /// Strict-Transport-Security
    Hsts {
        #[arg(value_enum)]
        enabled: Switch,
        /// Seconds that browsers remember it
        #[arg(long, value_name = "SECONDS")]
        max_age: Option<u32>,
        #[arg(long)]
        include_subdomains: Option<bool>,
        #[arg(long)]
        preload: Option<bool>,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, clap::Args)]
pub struct Change {
    #[arg(long, short)]
    project: String,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Preset {
    Standard,
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

impl Headers {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        match self {
            Self::Show { project } => {
                let settings = api.get(&["projects", &project, "headers"]).await?.body;
                terminal.answer(&settings, |terminal| show(terminal, &settings));
                Ok(())
            }
            Self::Preset { preset, change } => {
                let name = match preset {
                    Preset::Standard => "standard",
                    Preset::Strict => "strict",
                };
                change.make(&api, terminal, |settings| settings["preset"] = name.into()).await
            }
            Self::Set { header, value, leave: _, change } => {
                let set = |settings: &mut Value| {
                    remove(settings, &header);
                    settings["overrides"][&header] = value.into();
                };
                change.make(&api, terminal, set).await
            }
            Self::Unset { header, change } => change.make(&api, terminal, |settings| remove(settings, &header)).await,
            Self::Enforce { enforce, change } => {
                change.make(&api, terminal, |settings| settings["enforce"] = (enforce == Switch::On).into()).await
            }
            Self::Hsts { enabled, max_age, include_subdomains, preload, change } => {
                let set = |settings: &mut Value| {
                    let hsts = &mut settings["hsts"];
                    hsts["enabled"] = (enabled == Switch::On).into();
                    let given = [
                        ("max_age", max_age.map(Value::from)),
                        ("include_subdomains", include_subdomains.map(Value::from)),
                        ("preload", preload.map(Value::from)),
                    ];
                    given.into_iter().for_each(|(name, value)| {
                        if let Some(value) = value {
                            hsts[name] = value;
                        }
                    });
                };
                change.make(&api, terminal, set).await
            }
        }
    }
}

impl Change {
    /// Reads the settings, changes them, and saves them if nobody else did meanwhile.
    async fn make(&self, api: &Api, terminal: &Terminal, change: impl FnOnce(&mut Value)) -> Result<(), Failure> {
        let path = ["projects", &self.project, "headers"];
        let current = api.get(&path).await?;
        let mut settings = json!({});
        for field in ["preset", "enforce", "overrides", "hsts"] {
            settings[field] = current.body[field].clone();
        }
        change(&mut settings);
        let query = if self.dry_run { vec![("dry_run", "true".to_owned())] } else { Vec::new() };
        let call = Call { path: &path, query, body: Some(settings), version: current.version, ..Call::default() };
        let saved = api.call(Method::PUT, call).await?.body;
        terminal.answer(&saved, |terminal| match self.dry_run {
            true => terminal.dry_run(&saved),
            false => {
                show(terminal, &saved);
                terminal.effective(&saved);
            }
        });
        Ok(())
    }
}

/// Names of headers have no case (RFC 9110 §5.1).
fn remove(settings: &mut Value, header: &str) {
    if let Some(overrides) = settings["overrides"].as_object_mut() {
        overrides.retain(|name, _| !name.eq_ignore_ascii_case(header));
    }
}

fn show(terminal: &Terminal, settings: &Value) {
    terminal.details(
        settings,
        &[
            ("Preset", "/preset"),
            ("Enforced", "/enforce"),
            ("HSTS", "/hsts/enabled"),
            ("HSTS max-age", "/hsts/max_age"),
            ("HSTS subdomains", "/hsts/include_subdomains"),
            ("HSTS preload", "/hsts/preload"),
        ],
    );
    for (header, value) in settings["overrides"].as_object().into_iter().flatten() {
        match value {
            Value::Null => terminal.say(format_args!("{header}: left to the application")),
            value => terminal.say(format_args!("{header}: {}", cell(value, ""))),
        }
    }
}
