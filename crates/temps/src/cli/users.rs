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
        /// Demand a second factor of this user, whatever the instance demands of others
        #[arg(long)]
        second_factor: bool,
    },
}

const LIST: &[Column] = &[
    ("E-MAIL", "/email"),
    ("NAME", "/name"),
    ("STATE", "/state"),
    ("ADMINISTRATOR", "/administrator"),
    ("SECOND FACTOR", "/second_factor"),
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
            Self::Create { email, name, second_factor } => {
                let body = json!({ "email": email, "name": name, "second_factor_required": second_factor });
                let created = api.post(&["users"], body).await?.body;
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
