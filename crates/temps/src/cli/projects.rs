//! `temps projects`

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::{
    Context,
    api::Call,
    failure::Failure,
    terminal::{Column, NOTHING, cell},
};

#[derive(Debug, Subcommand)]
pub enum Projects {
    /// List the projects that you are a member of
    List,
    /// Create a project with the environment production
    Create {
        /// Short name: letters a to z, digits and hyphens
        slug: String,
        /// Name for people
        #[arg(long)]
        name: Option<String>,
    },
    /// Show a project and its environments
    Show { project: String },
    /// Delete a project with everything in it
    Delete {
        project: String,
        /// Repeat the project's short name, so that nothing is deleted by mistake
        #[arg(long, value_name = "PROJECT")]
        confirm: String,
    },
}

const LIST: &[Column] = &[("PROJECT", "/slug"), ("NAME", "/name"), ("ROLE", "/role"), ("CREATED", "/created_at")];
const SHOW: &[Column] =
    &[("Project", "/slug"), ("Name", "/name"), ("Role", "/role"), ("Created", "/created_at"), ("Id", "/id")];

impl Projects {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        match self {
            Self::List => {
                let projects = api.list(&["projects"], &[]).await?;
                terminal.list(&projects, LIST, "There are no projects. Create one with `temps projects create NAME`.");
            }
            Self::Create { slug, name } => {
                let mut body = json!({ "slug": slug });
                if let Some(name) = name {
                    body["name"] = name.into();
                }
                let project = api.post(&["projects"], body).await?.body;
                terminal.answer(&project, |terminal| {
                    terminal.say(format_args!("Created {}.", cell(&project, "/slug")));
                    let urls = cell(&project, "/environments/0/urls");
                    if urls != NOTHING {
                        terminal.say(format_args!("Its address is {urls}."));
                    }
                    terminal.effective(&project);
                });
            }
            Self::Show { project } => {
                let project = api.get(&["projects", &project]).await?.body;
                terminal.answer(&project, |terminal| {
                    terminal.details(&project, SHOW);
                    let environments = project["environments"].as_array().cloned().unwrap_or_default();
                    terminal.say("");
                    terminal.list(&environments, super::environments::LIST, "It has no environments.");
                });
            }
            Self::Delete { project, confirm } => {
                if project != confirm {
                    return Err(Failure::local(format!("--confirm says {confirm:?}, but the project is {project:?}.")));
                }
                let call = Call { path: &["projects", &project], version: Some("*".into()), ..Call::default() };
                let deleted = api.call(Method::DELETE, call).await?.body;
                terminal.answer(&deleted, |terminal| {
                    terminal.say(format_args!("Deleted {project}."));
                    terminal.effective(&deleted);
                });
            }
        }
        Ok(())
    }
}
