//! `temps domains`

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Context,
    api::Call,
    failure::Failure,
    terminal::{Column, cell},
};

#[derive(Debug, Args)]
pub struct ProjectArgument {
    #[arg(long, short)]
    project: String,
}

#[derive(Debug, Subcommand)]
pub enum Domains {
    /// List the host names of a project
    List(ProjectArgument),
    /// Add a host name
    Add {
        host: String,
        #[command(flatten)]
        of: ProjectArgument,
        /// Environment [default: production]
        #[arg(long = "env", short, value_name = "ENVIRONMENT")]
        environment: Option<String>,
    },
    /// Remove a host name
    Remove {
        /// Host name or id
        host: String,
        #[command(flatten)]
        of: ProjectArgument,
    },
}

const LIST: &[Column] = &[("HOST NAME", "/host"), ("ENVIRONMENT", "/environment"), ("KIND", "/kind"), ("URL", "/url")];

impl Domains {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        match self {
            Self::List(of) => {
                let domains = api.list(&["projects", &of.project, "domains"], &[]).await?;
                terminal.list(&domains, LIST, "There are no host names.");
            }
            Self::Add { host, of, environment } => {
                let mut body = json!({ "host": host });
                if let Some(environment) = environment {
                    body["environment"] = environment.into();
                }
                let domain = api.post(&["projects", &of.project, "domains"], body).await?.body;
                terminal.answer(&domain, |terminal| {
                    terminal.say(format_args!(
                        "{} answers for {} now.",
                        cell(&domain, "/url"),
                        cell(&domain, "/environment")
                    ));
                    terminal.effective(&domain);
                });
            }
            Self::Remove { host, of } => {
                let domains = api.list(&["projects", &of.project, "domains"], &[]).await?;
                let meant = |domain: &&Value| domain["host"] == host.as_str() || domain["id"] == host.as_str();
                let id = domains.iter().find(meant).and_then(|domain| domain["id"].as_str());
                let id = id.ok_or_else(|| Failure::local(format!("{} has no host name {host}.", of.project)))?;
                let call = Call {
                    path: &["projects", &of.project, "domains", id],
                    version: Some("*".into()),
                    ..Call::default()
                };
                let removed = api.call(Method::DELETE, call).await?.body;
                terminal.answer(&removed, |terminal| {
                    terminal.say(format_args!("Removed {host}."));
                    terminal.effective(&removed);
                });
            }
        }
        Ok(())
    }
}
