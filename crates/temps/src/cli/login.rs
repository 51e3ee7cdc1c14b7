//! `temps login`, `temps logout`, `temps whoami`

use clap::Args;
use reqwest::Method;
use serde_json::json;
use temps_model::EmailAddress;

use super::{Context, api::Call, failure::Failure, secrets::PasswordSource, terminal::cell};

#[derive(Debug, Args)]
pub struct Login {
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    #[command(flatten)]
    password: PasswordSource,
}

impl Login {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut api = context.api()?;
        let password = self.password.read()?;
        let reply = api.post(&["session"], json!({ "email": self.email, "password": password.expose() })).await?;
        api.remember(self.email.as_str(), &reply)?;
        context.terminal.answer(&reply.body, |terminal| {
            terminal.say(format_args!("Logged in to {} as {}.", api.server(), cell(&reply.body, "/user/email")));
        });
        Ok(())
    }
}

/// Ends the session on the server and forgets it here, also if the server knew it no more.
pub async fn logout(context: &Context) -> Result<(), Failure> {
    let mut api = context.api()?;
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
