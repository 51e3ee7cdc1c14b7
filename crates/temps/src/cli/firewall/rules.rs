//! `temps firewall list`, `block`, `allow` and `remove`

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use temps_model::Network;

use super::{scope::Scope, settings};
use crate::{
    cli::{
        Context,
        api::Call,
        failure::Failure,
        terminal::{Column, cell},
    },
    units,
};

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    scope: Scope,
}

#[derive(Debug, Args)]
pub struct Add {
    /// Addresses or networks, such as 203.0.113.7 or 2001:db8::/32
    #[arg(value_name = "NETWORK", required_unless_present = "file")]
    networks: Vec<String>,
    /// File with one address or network a line; - for standard input, # begins a comment line
    #[arg(long, value_name = "FILE", conflicts_with = "networks")]
    file: Option<PathBuf>,
    /// Why, for those who read it later
    #[arg(long)]
    note: Option<String>,
    /// For how long, such as 2h or 7d [default: until removed]
    #[arg(long, value_name = "DURATION", value_parser = units::parse_duration)]
    expires: Option<Duration>,
    #[command(flatten)]
    scope: Scope,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Save it although it would refuse your own address
    #[arg(long)]
    override_self_denial: bool,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// Id of the rule, or its network
    rule: String,
    #[command(flatten)]
    scope: Scope,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove it although your own address would be refused then
    #[arg(long)]
    override_self_denial: bool,
    /// Remove it although nobody would be let in then
    #[arg(long)]
    confirm_deny_all: bool,
}

const LIST: &[Column] = &[
    ("ACTION", "/action"),
    ("NETWORK", "/network"),
    ("ENVIRONMENT", "/environment"),
    ("EXPIRES", "/expires_at"),
    ("NOTE", "/note"),
    ("BY", "/author/email"),
    ("COVERED BY", "/covered_by"),
    ("ID", "/id"),
];

impl List {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        let mut rules = api.list(&self.scope.rules(), &[]).await?;
        if let Some(environment) = &self.scope.environment {
            rules.retain(|rule| rule["environment"].is_null() || rule["environment"] == environment.as_str());
        }
        if !terminal.json {
            settings::show(terminal, &api.get(&self.scope.settings()).await?.body);
        }
        terminal.list(&rules, LIST, "There are no rules.");
        Ok(())
    }
}

impl Add {
    pub async fn run(self, context: &Context, action: &str) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        let networks = self.networks()?;
        let expires_at = self.expires.map(|duration| context.clock.now().after(duration));
        let entry = |network: &str| {
            let mut entry = json!({ "action": action, "network": network });
            let fields = [
                ("note", self.note.clone().map(Value::from)),
                ("expires_at", expires_at.map(|at| at.to_string().into())),
                ("environment", self.scope.environment.clone().map(Value::from)),
            ];
            for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                entry[name] = value;
            }
            entry
        };
        let entries: Vec<_> = networks.iter().map(|(_, network)| entry(network)).collect();
        let query = settings::query(self.dry_run, self.override_self_denial, false);
        let path = self.scope.rules();
        let call = Call { path: &path, query, body: Some(json!({ "entries": entries })), ..Call::default() };
        let answer = api.call(Method::POST, call).await.map_err(|failure| name_places(failure, &networks))?.body;
        terminal.answer(&answer, |terminal| {
            if self.dry_run {
                return terminal.dry_run(&answer);
            }
            for notice in answer["notices"].as_array().into_iter().flatten() {
                let place = notice["entry"]
                    .as_u64()
                    .and_then(|index| networks.get(index as usize))
                    .map(|(place, _)| place.as_str());
                terminal.note(format_args!("{}: {}", place.unwrap_or("note"), cell(notice, "/message")));
            }
            let saved = answer["items"].as_array().map_or(0, Vec::len);
            terminal.say(format_args!("Saved {saved} {}.", if saved == 1 { "rule" } else { "rules" }));
            terminal.effective(&answer);
        });
        Ok(())
    }

    /// The networks, each with the words by which a person finds it again.
    fn networks(&self) -> Result<Vec<(String, String)>, Failure> {
        let Some(path) = &self.file else {
            return Ok(self.networks.iter().map(|network| (network.clone(), network.clone())).collect());
        };
        let (name, text) = if path.as_os_str() == "-" {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).map_err(Failure::local)?;
            ("line".to_owned(), text)
        } else {
            let text =
                fs::read_to_string(path).map_err(|error| Failure::local(format!("{}: {error}", path.display())))?;
            (path.display().to_string(), text)
        };
        Ok(lines(&name, &text))
    }
}

/// The lines that are neither empty nor comments.
fn lines(name: &str, text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(index, line)| (format!("{name}:{}", index + 1), line.to_owned())).collect()
}

/// Replaces `entries[3].network` in the server's complaints by the place where the person wrote it.
fn name_places(failure: Failure, networks: &[(String, String)]) -> Failure {
    let Failure::Refused(mut problem) = failure else { return failure };
    for error in &mut problem.errors {
        let place = error.field.strip_prefix("entries[").and_then(|rest| {
            let (index, rest) = rest.split_once(']')?;
            let (place, _) = networks.get(index.parse::<usize>().ok()?)?;
            Some(match rest.trim_start_matches('.') {
                "" | "network" => place.clone(),
                field => format!("{place} ({field})"),
            })
        });
        if let Some(place) = place {
            error.field = place;
        }
    }
    Failure::Refused(problem)
}

impl Remove {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        let rules = api.list(&self.scope.rules(), &[]).await?;
        let id = self.rule_id(&rules)?;
        let mut path = self.scope.rules();
        path.push(&id);
        let query = settings::query(self.dry_run, self.override_self_denial, self.confirm_deny_all);
        let call = Call { path: &path, query, version: Some("*".into()), ..Call::default() };
        let answer = api.call(Method::DELETE, call).await?.body;
        terminal.answer(&answer, |terminal| match self.dry_run {
            true => terminal.dry_run(&answer),
            false => {
                terminal.say(format_args!("Removed the rule for {}.", self.rule));
                terminal.effective(&answer);
            }
        });
        Ok(())
    }

    /// The one rule that is meant.
    fn rule_id(&self, rules: &[Value]) -> Result<String, Failure> {
        let network = self.rule.parse::<Network>().map(|network| network.to_string());
        let of_scope = |rule: &&Value| {
            self.scope.environment.as_deref().is_none_or(|environment| rule["environment"] == environment)
        };
        let meant = |rule: &&Value| {
            rule["id"] == self.rule.as_str()
                || network.as_ref().is_ok_and(|network| rule["network"] == network.as_str())
        };
        let found: Vec<_> =
            rules.iter().filter(of_scope).filter(meant).filter_map(|rule| rule["id"].as_str()).collect();
        match found[..] {
            [id] => Ok(id.to_owned()),
            [] => Err(Failure::local(format!("There is no rule for {}.", self.rule))),
            _ => Err(Failure::local(format!(
                "There are several rules for {}. Name one by its id: {}",
                self.rule,
                found.join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;
    use crate::cli::problem::Problem;

    #[test]
    fn r_ip_4_a_complaint_about_a_file_names_its_line() {
        let networks = lines("bad.txt", "# office\n10.0.0.0/8\n\n  10.0.0.1/33 \n");
        assert_eq!(networks[1], ("bad.txt:4".to_owned(), "10.0.0.1/33".to_owned()));
        let body = json!({ "title": "Invalid", "errors": [
            { "field": "entries[1].network", "message": "length 33" },
            { "field": "entries[0].note", "message": "too long" },
            { "field": "entries[9].network", "message": "?" },
        ]});
        let problem = Problem::read(StatusCode::UNPROCESSABLE_ENTITY, &body.to_string(), None);
        let text = name_places(Failure::Refused(problem), &networks).to_string();
        assert!(text.contains("bad.txt:4: length 33") && text.contains("bad.txt:2 (note): too long"), "{text}");
        assert!(text.contains("entries[9].network: ?"), "{text}");
    }

    #[test]
    fn a_rule_is_found_by_any_spelling_of_its_network_and_never_guessed() {
        let rules = [
            json!({ "id": "r1", "network": "10.0.0.0/8", "environment": null }),
            json!({ "id": "r2", "network": "192.0.2.7/32", "environment": null }),
            json!({ "id": "r3", "network": "192.0.2.7/32", "environment": "staging" }),
        ];
        let find = |rule: &str, environment: Option<&str>| {
            let arguments = ["remove", rule, "--project", "shop"].map(str::to_owned).into_iter();
            let environment = environment.map(|name| ["--env".to_owned(), name.to_owned()]).into_iter().flatten();
            let command = Remove::augment_args(clap::Command::new("remove"));
            let matches = command.try_get_matches_from(arguments.chain(environment)).unwrap();
            let remove = <Remove as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
            remove.rule_id(&rules).map_err(|failure| failure.to_string())
        };
        assert_eq!(find("10.1.2.3/8", None).unwrap(), "r1");
        assert_eq!(find("192.0.2.7", Some("staging")).unwrap(), "r3");
        assert_eq!(find("r2", None).unwrap(), "r2");
        assert!(find("192.0.2.7", None).unwrap_err().contains("several rules"));
        assert!(find("192.0.2.8", None).unwrap_err().contains("no rule"));
    }
}
