//! `temps activate`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use temps_model::Secret;

use super::{
    Context,
    failure::Failure,
    secrets::{self, PasswordSource},
    terminal::cell,
};

/// Takes the one-time link that `temps users create` printed, chooses a password, and logs in.
#[derive(Debug, Args)]
pub struct Activate {
    /// File with the link [default: you are asked]
    #[arg(long, value_name = "FILE")]
    link_file: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordSource,
}

impl Activate {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let api = context.api()?;
        let link = match &self.link_file {
            Some(path) => secrets::first_line_of(path)?,
            None => secrets::prompt("One-time link: ", "name a file with --link-file")?,
        };
        let token = token_of(&link)?;
        let password = self.password.choose()?;
        let body = json!({ "token": token.expose(), "password": password.expose() });
        let reply = api.post(&["activation"], body).await?;
        let email = cell(&reply.body, "/user/email");
        api.remember(&email, &reply)?;
        context.terminal.answer(&reply.body, |terminal| {
            terminal.say(format_args!("Logged in to {} as {email}.", api.server()));
        });
        Ok(())
    }
}

/// The token stands in the link's fragment, so that no server and no log ever sees it.
fn token_of(link: &Secret<String>) -> Result<Secret<String>, Failure> {
    match link.expose().split_once("#token=") {
        Some((_, token)) if !token.is_empty() => Ok(Secret::new(token.to_owned())),
        _ => Err(Failure::local("That is no one-time link: it ends with #token= and the token.")),
    }
}
