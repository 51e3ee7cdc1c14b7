//! What the owner of an account is told of, so that they notice what they did not do (R-SESS-5).

use std::time::Duration;

use askama::Template;
use temps_db::{DbError, WriteTransaction, entities::link::LinkPurpose};
use temps_model::{EmailAddress, UserId};

use super::queue::{Content, enqueue};
use crate::{access::RequestContext, app::App, users::links};

/// A notice is worth sending for so long.
const LIFETIME: Duration = Duration::from_secs(2 * 86_400);

/// Something that happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    NewDevice,
    PasswordChanged,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    RecoveryCodesMade,
    /// Somebody gave the right password while guesses were slowed down, and was not let in.
    RightPasswordTooEarly,
}

impl Notice {
    fn subject(self) -> &'static str {
        match self {
            Self::NewDevice => "A login from a new device",
            Self::PasswordChanged => "Your password was changed",
            Self::AuthenticatorAdded => "An authenticator was added to your account",
            Self::AuthenticatorRemoved => "Your authenticator was removed",
            Self::RecoveryCodesMade => "New recovery codes were made",
            Self::RightPasswordTooEarly => "Your password was given and refused",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::NewDevice => "Somebody logged in to your account from a device that it did not know.",
            Self::PasswordChanged => "The password of your account was changed, and all other sessions were ended.",
            Self::AuthenticatorAdded => "An authenticator was added to your account. Logins ask for its codes now.",
            Self::AuthenticatorRemoved => {
                "The authenticator of your account was removed. Logins no longer ask for its codes."
            }
            Self::RecoveryCodesMade => "New recovery codes were made for your account. The earlier ones are void.",
            Self::RightPasswordTooEarly => {
                "Somebody gave the right password of your account and was not let in, because there had been many wrong ones \
                 just before. If it was you: wait a minute, or use a browser from which you have logged in before. If not, \
                 change your password."
            }
        }
    }
}

/// The words of a mail, in both forms.
#[derive(Template)]
#[template(path = "notice.txt")]
struct Text<'a>(&'a Words);

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a>(&'a Words);

struct Words {
    subject: &'static str,
    what: &'static str,
    when: String,
    ip: String,
    user_agent: String,
    console: String,
    link: String,
}

/// Tells the owner of an account, with a link that ends all sessions. It lets nobody in.
pub async fn notify(
    app: &App,
    transaction: &WriteTransaction,
    user: UserId,
    email: &EmailAddress,
    notice: Notice,
    context: &RequestContext,
) -> Result<(), DbError> {
    let (token, _) = links::make(transaction, user, LinkPurpose::Revoke, user).await?;
    let words = Words {
        subject: notice.subject(),
        what: notice.what(),
        when: transaction.now().to_string(),
        ip: context.client.map_or_else(|| "unknown".to_owned(), |client| client.to_string()),
        user_agent: Some(context.user_agent.to_string()).filter(|agent| !agent.is_empty()).unwrap_or("unknown".into()),
        console: app.settings.public_origin.clone(),
        link: format!("{}/revoke#token={}", app.settings.public_origin, token.text().expose()),
    };
    let render = |result: askama::Result<String>| result.map_err(|error| DbError::Other(error.to_string()));
    let content = Content {
        subject: format!("{} ({})", words.subject, app.settings.console_host),
        text: render(Text(&words).render())?,
        html: render(Html(&words).render())?,
    };
    enqueue(transaction, user, email, &content, LIFETIME).await
}
