//! Which firewall is meant.

use clap::Args;

/// Exactly one of a project, the instance, or the console.
#[derive(Clone, Debug, Args)]
pub struct Scope {
    /// The firewall of a project
    #[arg(long, short, required_unless_present_any = ["instance", "console"])]
    project: Option<String>,
    /// Only for this environment of the project
    #[arg(long = "env", short, value_name = "ENVIRONMENT", requires = "project", conflicts_with_all = ["instance", "console"])]
    pub environment: Option<String>,
    /// The firewall for every host name (administrators)
    #[arg(long, conflicts_with_all = ["project", "console"])]
    instance: bool,
    /// The firewall of dashboard and API (administrators)
    #[arg(long, conflicts_with = "project")]
    console: bool,
}

impl Scope {
    /// The path of mode and limits.
    pub fn settings(&self) -> Vec<&str> {
        match (&self.project, &self.environment) {
            (Some(project), Some(environment)) => vec!["projects", project, "environments", environment, "firewall"],
            _ => self.firewall(),
        }
    }

    /// The path of the rules; those of a project's environments stand beside those of the project.
    pub fn rules(&self) -> Vec<&str> {
        let mut path = self.firewall();
        path.push("rules");
        path
    }

    fn firewall(&self) -> Vec<&str> {
        match &self.project {
            Some(project) => vec!["projects", project, "firewall"],
            None if self.console => vec!["instance", "console-firewall"],
            None => vec!["instance", "firewall"],
        }
    }
}
