//! `temps firewall emergency-allow`: the way in when nobody can log in.

use std::time::Duration;

use clap::Args;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use temps_model::Network;

use crate::{
    cli::{Context, failure::Failure, problem::Problem, terminal::cell},
    units,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Speaks with Temps over a socket in the data directory that only its own user can open.
#[derive(Debug, Args)]
pub struct EmergencyAllow {
    /// Address or network to let in
    #[arg(required_unless_present_any = ["show", "end"])]
    network: Option<Network>,
    /// For how long, in whole minutes [default: 1h]
    #[arg(long = "for", value_name = "DURATION", value_parser = units::parse_duration)]
    duration: Option<Duration>,
    /// Show what is let in now
    #[arg(long, conflicts_with = "network")]
    show: bool,
    /// End it at once
    #[arg(long, conflicts_with_all = ["network", "show"])]
    end: bool,
}

impl EmergencyAllow {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let minutes = self.duration.unwrap_or(HOUR).as_secs().div_ceil(60);
        let (method, body) = match self.network {
            Some(network) => (Method::POST, Some(json!({ "network": network, "minutes": minutes }))),
            None if self.end => (Method::DELETE, None),
            None => (Method::GET, None),
        };
        let answer = ask(context, method, body).await?;
        let terminal = &context.terminal;
        terminal.answer(&answer, |terminal| {
            match self.network {
                Some(network) => {
                    terminal.say(format_args!("{network} is let in until {}.", cell(&answer, "/expires_at")))
                }
                None if self.end => terminal.say("Nobody is let in past the rules any more."),
                None => {
                    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
                    terminal.list(
                        items,
                        &[("NETWORK", "/network"), ("UNTIL", "/expires_at")],
                        "Nobody is let in past the rules.",
                    );
                }
            }
            terminal.effective(&answer);
        });
        Ok(())
    }
}

async fn ask(context: &Context, method: Method, body: Option<Value>) -> Result<Value, Failure> {
    let socket = context.data_dir().join("run/operator.sock");
    let unreachable = |reason: String| Failure::Unreachable {
        server: socket.display().to_string(),
        reason,
        hint: "Run this on the server, as the user that runs `temps serve`, and name its data directory with --data-dir.",
    };
    if !socket.exists() {
        return Err(unreachable("there is no such socket".into()));
    }
    let client = reqwest::Client::builder().unix_socket(socket.clone()).timeout(Duration::from_secs(30));
    let client = client.no_proxy().build().map_err(Failure::local)?;
    let mut request = client.request(method, "http://operator/emergency-allow");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.map_err(|error| unreachable(error.without_url().to_string()))?;
    let status = response.status();
    let text = response.text().await.map_err(|error| unreachable(error.to_string()))?;
    match status {
        status if status.is_success() => Ok(serde_json::from_str(&text).unwrap_or(Value::Null)),
        StatusCode::INTERNAL_SERVER_ERROR => Err(Failure::Server(Problem::read(status, &text, None))),
        _ => Err(Failure::Refused(Problem::read(status, &text, None))),
    }
}
