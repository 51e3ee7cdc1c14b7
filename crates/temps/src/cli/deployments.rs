//! `temps deployments` and `temps rollback`

use clap::Args;
use serde_json::{Value, json};

use super::{Context, deploy, failure::Failure, terminal::Column};

/// Shows the deployments of a project, the newest first.
#[derive(Debug, Args)]
pub struct Deployments {
    #[arg(long, short)]
    project: String,
    /// Only of this environment
    #[arg(long = "env", short, value_name = "ENVIRONMENT")]
    environment: Option<String>,
}

/// Makes an earlier deployment live again, at once and without an upload.
#[derive(Debug, Args)]
pub struct Rollback {
    /// Number or id of the deployment [default: the one before the live one]
    deployment: Option<String>,
    #[arg(long, short)]
    project: String,
    /// Environment
    #[arg(long = "env", short, value_name = "ENVIRONMENT", default_value = "production")]
    environment: String,
}

const LIST: &[Column] = &[
    ("NUMBER", "/number"),
    ("ENVIRONMENT", "/environment"),
    ("LIVE", "/live"),
    ("KIND", "/kind"),
    ("FILES", "/files"),
    ("UPSTREAM", "/upstream_url"),
    ("CREATED", "/created_at"),
    ("ID", "/id"),
];

impl Deployments {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut deployments = context.api()?.list(&["projects", &self.project, "deployments"], &[]).await?;
        if let Some(environment) = &self.environment {
            deployments.retain(|deployment| deployment["environment"] == environment.as_str());
        }
        context.terminal.list(&deployments, LIST, "Nothing was deployed yet.");
        Ok(())
    }
}

impl Rollback {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let api = context.api()?;
        let mut history = api.list(&["projects", &self.project, "deployments"], &[]).await?;
        history.retain(|deployment| deployment["environment"] == self.environment.as_str());
        let id = self.target(&history)?;
        let reply = api.post(&["projects", &self.project, "deployments", &id, "rollback"], json!({})).await?;
        deploy::live(&context.terminal, &reply.body);
        Ok(())
    }

    /// The id of the deployment that is meant, out of an environment's history.
    fn target(&self, history: &[Value]) -> Result<String, Failure> {
        let number = |deployment: &Value| deployment["number"].as_i64();
        let found = match &self.deployment {
            Some(wanted) => history.iter().find(|one| {
                one["id"] == wanted.as_str() || number(one).map(|n| n.to_string()).as_ref() == Some(wanted)
            }),
            None => {
                let live = history.iter().find(|one| one["live"] == true).and_then(number);
                history.iter().filter(|one| live.is_some() && number(one) < live).max_by_key(|one| number(one))
            }
        };
        match (found.and_then(|one| one["id"].as_str()), &self.deployment) {
            (Some(id), _) => Ok(id.to_owned()),
            (None, Some(wanted)) => {
                Err(Failure::local(format!("{} of {} has no deployment {wanted}.", self.environment, self.project)))
            }
            (None, None) => {
                Err(Failure::local(format!("{} of {} has no earlier deployment.", self.environment, self.project)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(deployment: Option<&str>) -> Result<String, String> {
        let history = [
            json!({ "id": "d4", "number": 4, "live": false }),
            json!({ "id": "d3", "number": 3, "live": true }),
            json!({ "id": "d2", "number": 2, "live": false }),
            json!({ "id": "d1", "number": 1, "live": false }),
        ];
        let rollback = Rollback {
            deployment: deployment.map(str::to_owned),
            project: "shop".into(),
            environment: "production".into(),
        };
        rollback.target(&history).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_rollback_goes_to_the_one_before_the_live_one_unless_told_otherwise() {
        assert_eq!(target(None).unwrap(), "d2");
        assert_eq!(target(Some("1")).unwrap(), "d1");
        assert_eq!(target(Some("d4")).unwrap(), "d4");
        assert_eq!(target(Some("9")).unwrap_err(), "production of shop has no deployment 9.");
    }
}
