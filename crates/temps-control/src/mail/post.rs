//! How mail leaves: over SMTP, or into a folder.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use temps_db::entities::mail;

use super::{MailSettings, SmtpServer, queue::Content};

const PATIENCE: Duration = Duration::from_secs(20);

/// The way out.
pub struct Post {
    from: Mailbox,
    way: Way,
}

enum Way {
    Outbox(PathBuf),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
}

/// Why mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("mail_from: {0:?} is no sender such as Temps <temps@example.com>")]
    From(String),
    #[error("mail_server: {0}")]
    Server(lettre::transport::smtp::Error),
}

impl Post {
    pub fn new(settings: &MailSettings, data_dir: &Path) -> Result<Self, PostError> {
        let from = settings.from.parse().map_err(|_| PostError::From(settings.from.clone()))?;
        let way = match &settings.server {
            None => Way::Outbox(data_dir.join("outbox")),
            Some(server) => Way::Smtp(Box::new(smtp(server).map_err(PostError::Server)?)),
        };
        Ok(Self { from, way })
    }

    /// How it leaves, in a word.
    pub fn kind(&self) -> &'static str {
        match self.way {
            Way::Outbox(_) => "outbox",
            Way::Smtp(_) => "smtp",
        }
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// With a text for the administrator, never with what the mail says.
    pub async fn send(&self, mail: &mail::Model, content: &Content) -> Result<(), String> {
        let message = self.message(mail, content)?;
        match &self.way {
            Way::Outbox(folder) => {
                keep(folder, mail, &message.formatted()).map_err(|error| format!("{}: {error}", folder.display()))?;
                show(mail, content).map_err(|error| error.to_string())
            }
            Way::Smtp(transport) => match transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    fn message(&self, mail: &mail::Model, content: &Content) -> Result<Message, String> {
        let to: Mailbox = mail.recipient.as_str().parse().map_err(|_| "the address cannot be written to".to_owned())?;
        let at = UNIX_EPOCH + Duration::from_micros(mail.created_at.micros().unsigned_abs());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .date(at)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .subject(content.subject.as_str())
            .multipart(MultiPart::alternative_plain_html(content.text.clone(), content.html.clone()))
            .map_err(|error| error.to_string())
    }
}

fn smtp(server: &SmtpServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    let host = server.host.as_str();
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(pem) = &server.authorities {
        tls = tls.add_root_certificate(Certificate::from_pem(pem)?);
    }
    let tls = tls.build_rustls()?;
    let tls = if server.implicit_tls { Tls::Wrapper(tls) } else { Tls::Required(tls) };
    let mut builder =
        AsyncSmtpTransport::<Tokio1Executor>::relay(host)?.port(server.port).tls(tls).timeout(Some(PATIENCE));
    if let Some((user, password)) = &server.credentials {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose().clone()));
    }
    Ok(builder.build())
}

/// Writes a file that only its owner can read, whole or not at all.
fn keep(folder: &Path, mail: &mail::Model, message: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (part, whole) = (folder.join(format!("{}.part", mail.id)), folder.join(format!("{}.eml", mail.id)));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(message)?;
    std::fs::rename(part, whole)
}

/// Shows a mail on the server's own console, which is where whoever tries Temps out looks. It is no part of the log.
fn show(mail: &mail::Model, content: &Content) -> io::Result<()> {
    let text = content.text.replace('\n', "\n  ");
    writeln!(io::stdout().lock(), "\nMail to {}: {}\n  {text}\n", mail.recipient, content.subject)
}
