//! `temps environments`

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::{
    Context,
    api::Call,
    failure::Failure,
    terminal::{Column, cell},
};

#[derive(Debug, Subcommand)]
pub enum Environments {
    /// List the environments of a project
    List {
        #[arg(long, short)]
        project: String,
    },
    /// Create an environment, such as staging
    Create {
        /// Short name: letters a to z, digits and hyphens
        slug: String,
        #[arg(long, short)]
        project: String,
    },
    /// Delete an environment with its deployments, host names and rules
    Delete {
        environment: String,
        #[arg(long, short)]
        project: String,
    },
}

pub(super) const LIST: &[Column] = &[("ENVIRONMENT", "/slug"), ("LIVE", "/live/number"), ("ADDRESSES", "/urls")];

impl Environments {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        match self {
            Self::List { project } => {
                let environments = api.list(&["projects", &project, "environments"], &[]).await?;
                terminal.list(&environments, LIST, "There are no environments.");
            }
            Self::Create { slug, project } => {
                let created = api.post(&["projects", &project, "environments"], json!({ "slug": slug })).await?.body;
                terminal.answer(&created, |terminal| {
                    terminal.say(format_args!("Created {} with {}.", cell(&created, "/slug"), cell(&created, "/urls")));
                    terminal.effective(&created);
                });
            }
            Self::Delete { environment, project } => {
                let path = ["projects", &project, "environments", &environment];
                let call = Call { path: &path, version: Some("*".into()), ..Call::default() };
                let deleted = api.call(Method::DELETE, call).await?.body;
                terminal.answer(&deleted, |terminal| {
                    terminal.say(format_args!("Deleted {environment} of {project}."));
                    terminal.effective(&deleted);
                });
            }
        }
        Ok(())
    }
}
