//! `temps setup`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use temps_model::{EmailAddress, Secret};

use super::{
    Context,
    failure::Failure,
    secrets::{self, PasswordSource},
    terminal::cell,
};

/// Creates the first user, who is the administrator of the instance. Needs the setup token that `temps serve` showed.
#[derive(Debug, Args)]
pub struct Setup {
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    /// Your name as others see it
    #[arg(long)]
    name: String,
    /// File with the setup token [default: setup-token in the data directory, else you are asked]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordSource,
}

impl Setup {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let api = context.api()?;
        let token = self.token(context)?;
        let password = self.password.choose()?;
        let body = json!({
            "token": token.expose(), "email": self.email, "name": self.name, "password": password.expose(),
        });
        let reply = api.post(&["setup"], body).await?;
        api.remember(self.email.as_str(), &reply)?;
        context.terminal.answer(&reply.body, |terminal| {
            terminal.say(format_args!("{} is the administrator now, and logged in.", cell(&reply.body, "/user/email")));
            terminal.note("Next: temps projects create demo && temps deploy examples/site --project demo");
        });
        Ok(())
    }

    fn token(&self, context: &Context) -> Result<Secret<String>, Failure> {
        let local = context.data_dir().join("setup-token");
        match &self.token_file {
            Some(path) => secrets::first_line_of(path),
            None if local.exists() => secrets::first_line_of(&local),
            None => secrets::prompt("Setup token: ", "name a file with --token-file"),
        }
    }
}
