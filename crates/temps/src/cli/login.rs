//! `temps login`, `temps logout`, `temps whoami`

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use temps_model::EmailAddress;

use super::{
    Context,
    api::{Api, Call, Reply},
    failure::Failure,
    secrets::PasswordSource,
    step_up,
    terminal::cell,
};

/// Asks for the second factor if there is one. With --password-stdin it is the second line of standard input.
#[derive(Debug, Args)]
pub struct Login {
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    #[command(flatten)]
    password: PasswordSource,
    /// Stay logged in on this machine for as long as the server allows
    #[arg(long)]
    remember: bool,
}

impl Login {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let api = context.api()?;
        let password = self.password.read()?;
        let body = json!({ "email": self.email, "password": password.expose(), "remember": self.remember });
        let mut reply = paying(context, &api, &["session"], body).await?;
        if let Some(pending) = reply.pending().cloned() {
            let code = self.password.second_line("Code of your authenticator, or a recovery code: ")?;
            let (path, body) = (&["session", "second-factor"], Some(step_up::code(&code)));
            reply = api.call(Method::POST, Call { path, body, pending: Some(pending), ..Call::default() }).await?;
        }
        api.remember(self.email.as_str(), &reply)?;
        context.terminal.answer(&reply.body, |terminal| {
            terminal.say(format_args!("Logged in to {} as {}.", api.server(), cell(&reply.body, "/user/email")));
        });
        Ok(())
    }
}

/// Posts something, and once more with a proof of work if that is the price.
async fn paying(context: &Context, api: &Api, path: &[&str], mut body: Value) -> Result<Reply, Failure> {
    let challenge = match api.post(path, body.clone()).await {
        Err(Failure::Refused(problem)) if problem.code == "proof_of_work" => problem.challenge,
        answered => return answered,
    };
    context.terminal.note("There were many attempts; this one has to be paid for with some work of this machine.");
    body["proof"] = solve(challenge.unwrap_or_default())?.into();
    api.post(path, body).await
}

/// Solves a challenge (ALTCHA, version 2).
fn solve(challenge: Value) -> Result<String, Failure> {
    let challenge: Challenge = serde_json::from_value(challenge).map_err(Failure::local)?;
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge)).map_err(Failure::local)?;
    let solution =
        solution.ok_or_else(|| Failure::local("The proof of work was not found in time; try again later."))?;
    Ok(STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution }).map_err(Failure::local)?))
}

/// Ends the session on the server and forgets it here, also if the server knew it no more.
pub async fn logout(context: &Context) -> Result<(), Failure> {
    let api = context.api()?;
    let ended = api.call(Method::DELETE, Call { path: &["session"], ..Call::default() }).await;
    if !matches!(ended, Ok(_) | Err(Failure::NotLoggedIn(_))) {
        ended?;
    }
    api.forget()?;
    context.terminal.note(format_args!("Logged out of {}.", api.server()));
    Ok(())
}

pub async fn whoami(context: &Context) -> Result<(), Failure> {
    let api = context.api()?;
    let me = api.get(&["me"]).await?.body;
    context.terminal.answer(&me, |terminal| {
        terminal.details(
            &me,
            &[
                ("E-mail", "/email"),
                ("Name", "/name"),
                ("Administrator", "/administrator"),
                ("Session ends", "/session/expires_at"),
                ("Your address", "/client_ip"),
            ],
        );
    });
    Ok(())
}
