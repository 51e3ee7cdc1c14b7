//! Mail: written into the database with the change that it tells of, and sent in the background, so that no call waits for a mail server and
//! none fails with it.

mod notice;
mod post;
mod queue;

pub use notice::{Notice, notify};
pub use post::{Post, PostError};
pub use queue::{MailState, deliver, state};

use temps_model::{HostName, Secret};

/// What the configuration says about mail.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The sender: `Name <address>` or an address.
    pub from: String,
    /// `None`: mail is written into the folder `outbox` of the data directory.
    pub server: Option<SmtpServer>,
}

/// A mail server. It is spoken to over TLS and nothing else, and its certificate is verified.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    pub host: HostName,
    pub port: u16,
    /// TLS from the first byte (RFC 8314 §3.3), or after STARTTLS (RFC 3207), which is then demanded.
    pub implicit_tls: bool,
    pub credentials: Option<(String, Secret<String>)>,
    /// Certificates in PEM form that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
}
