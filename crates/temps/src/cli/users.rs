//! `temps users`

use clap::Subcommand;
use serde_json::json;
use temps_model::EmailAddress;

use super::{
    Context,
    failure::Failure,
    terminal::{Column, cell},
};

#[derive(Debug, Subcommand)]
pub enum Users {
    /// List everybody who has a login here
    List,
    /// Create a user and print the one-time link with which they choose a password
    Create {
        #[arg(long, value_name = "ADDRESS")]
        email: EmailAddress,
        #[arg(long)]
        name: String,
    },
}

const LIST: &[Column] = &[
    ("E-MAIL", "/email"),
    ("NAME", "/name"),
    ("STATE", "/state"),
    ("ADMINISTRATOR", "/administrator"),
    ("CREATED", "/created_at"),
];

impl Users {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let (api, terminal) = (context.api()?, &context.terminal);
        match self {
            Self::List => {
                let users = api.list(&["users"], &[]).await?;
                terminal.list(&users, LIST, "There are no users.");
            }
            Self::Create { email, name } => {
                let created = api.post(&["users"], json!({ "email": email, "name": name })).await?.body;
                terminal.answer(&created, |terminal| {
                    terminal.note(format_args!(
                        "Give this link to {email} and nobody else. It works once, until {}:",
                        cell(&created, "/expires_at")
                    ));
                    terminal.say(cell(&created, "/link"));
                });
            }
        }
        Ok(())
    }
}
