//! `temps firewall mode` and `temps firewall limits`

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::scope::Scope;
use crate::{
    cli::{Context, api::Call, failure::Failure, terminal::Terminal},
    units,
};

#[derive(Debug, Args)]
pub struct SetMode {
    mode: Mode,
    #[command(flatten)]
    change: Change,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    Open,
    AllowList,
}

#[derive(Debug, Args)]
pub struct SetLimits {
    /// Requests a second that one client may make on average
    #[arg(long, value_name = "PER_SECOND", requires = "burst")]
    rate: Option<u32>,
    /// Requests that one client may make at once
    #[arg(long, value_name = "REQUESTS", requires = "rate")]
    burst: Option<u32>,
    /// Largest request body, such as 10 MiB
    #[arg(long, value_name = "SIZE", value_parser = units::parse_size)]
    max_body: Option<u64>,
    /// Return to the limits of the scope above
    #[arg(long, conflicts_with_all = ["rate", "max_body"])]
    inherit: bool,
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    scope: Scope,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Save it although it would refuse your own address
    #[arg(long)]
    override_self_denial: bool,
    /// Save it although nobody would be let in
    #[arg(long)]
    confirm_deny_all: bool,
}

impl SetMode {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let mode = match self.mode {
            Mode::Open => "open",
            Mode::AllowList => "allow_list",
        };
        self.change.make(context, |settings| settings["mode"] = mode.into()).await
    }
}

impl SetLimits {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.rate.is_none() && self.max_body.is_none() && !self.inherit {
            return Err(Failure::local("Say which limit: --rate and --burst, --max-body, or --inherit."));
        }
        let Self { rate, burst, max_body, inherit, change } = self;
        let set = |settings: &mut Value| {
            if inherit {
                settings["limits"] = json!({});
            }
            if let (Some(per_second), Some(burst)) = (rate, burst) {
                settings["limits"]["rate"] = json!({ "per_second": per_second, "burst": burst });
            }
            if let Some(bytes) = max_body {
                settings["limits"]["max_body"] = bytes.into();
            }
        };
        change.make(context, set).await
    }
}

impl Change {
    /// Reads mode and limits, changes them, and saves them if nobody else did meanwhile.
    async fn make(&self, context: &Context, change: impl FnOnce(&mut Value)) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        let path = self.scope.settings();
        let current = api.get(&path).await?;
        let mut settings = json!({ "mode": current.body["mode"], "limits": current.body["limits"] });
        change(&mut settings);
        let query = query(self.dry_run, self.override_self_denial, self.confirm_deny_all);
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

pub(super) fn query(dry_run: bool, override_self_denial: bool, confirm_deny_all: bool) -> Vec<(&'static str, String)> {
    let all = [
        (dry_run, "dry_run", "true"),
        (override_self_denial, "override", "self-denial"),
        (confirm_deny_all, "confirm", "deny-all"),
    ];
    all.into_iter().filter(|(wanted, ..)| *wanted).map(|(_, name, value)| (name, value.to_owned())).collect()
}

pub(super) fn show(terminal: &Terminal, settings: &Value) {
    terminal.details(
        settings,
        &[
            ("Mode", "/mode"),
            ("Requests a second", "/effective_limits/rate/per_second"),
            ("At once", "/effective_limits/rate/burst"),
            ("Largest body", "/effective_limits/max_body"),
        ],
    );
}
