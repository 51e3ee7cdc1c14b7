//! `temps audit`

mod verify;

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use clap::{Args, Subcommand};
use futures_util::StreamExt;
use reqwest::Method;

use super::{Context, failure::Failure, terminal::Column};

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show what was done, by whom, and what was denied
    List(List),
    /// Write the sealed records of the whole instance, one a line, for safekeeping and verification
    Export {
        /// File to write, which must not exist [default: standard output]
        file: Option<PathBuf>,
    },
    /// Check the hash chain of an export, or of the database in the data directory
    Verify(verify::Verify),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only of this project [default: of the whole instance, for administrators]
    #[arg(long, short)]
    project: Option<String>,
    /// Only by this user (e-mail address or id)
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as firewall.rules.create
    #[arg(long)]
    action: Option<String>,
    /// done, denied or failed
    #[arg(long)]
    result: Option<String>,
    /// Since this time, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

const LIST: &[Column] = &[
    ("NUMBER", "/seq"),
    ("TIME", "/at"),
    ("WHO", "/actor/email"),
    ("ACTION", "/action"),
    ("RESULT", "/result"),
    ("ON", "/target/kind"),
    ("FROM", "/personal/ip"),
    ("REQUEST", "/request_id"),
];

impl Audit {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(context).await,
            Self::Export { file } => export(context, file).await,
            Self::Verify(verify) => verify.run(context).await,
        }
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let filters = [
            ("actor", self.actor),
            ("action", self.action),
            ("result", self.result),
            ("since", self.since),
            ("until", self.until),
        ];
        let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let path = match &self.project {
            Some(project) => vec!["projects", project, "audit"],
            None => vec!["audit"],
        };
        let records = context.api()?.list(&path, &query).await?;
        context.terminal.list(&records, LIST, "There are no such records.");
        Ok(())
    }
}

async fn export(context: &Context, file: Option<PathBuf>) -> Result<(), Failure> {
    let api = context.api()?;
    let response = api.stream(api.request(Method::GET, &["audit", "export"], &[])?).await?;
    let mut out: Box<dyn Write> = match &file {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => {
            let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            Box::new(opened.map_err(|error| Failure::local(format!("{}: {error}", path.display())))?)
        }
    };
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Failure::local(format!("The export broke off: {}", error.without_url())))?;
        out.write_all(&chunk).map_err(Failure::local)?;
    }
    out.flush().map_err(Failure::local)
}
