//! `temps audit verify`

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;
use temps_db::{
    Database,
    audit::{SealedRecord, Verdict, Verifier},
};

use crate::{
    cli::{Context, failure::Failure},
    config::Config,
    instance::database_settings,
};

/// Needs neither a login nor a key nor a running Temps. It finds every record that was edited, deleted, inserted or moved. That the end
/// was cut off can only be seen by comparing the number and hash that it prints with those noted earlier.
#[derive(Debug, Args)]
pub struct Verify {
    /// Export to check [default: the database of the data directory]
    file: Option<PathBuf>,
}

impl Verify {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        let verdict = match &self.file {
            Some(file) => verify_file(file)?,
            None => verify_database(context).await?,
        };
        let (seq, hash) = verdict.head;
        let body = json!({
            "records": verdict.records,
            "head": { "seq": seq, "hash": hash.to_string() },
            "finding": verdict.finding.as_ref().map(|finding| json!({ "seq": finding.seq, "fault": finding.fault.to_string() })),
            "unsealed": verdict.unsealed,
        });
        context.terminal.answer(&body, |terminal| {
            terminal.say(format_args!("Looked at {} records. The chain is whole up to record {seq}.", verdict.records));
            terminal.say(format_args!("Hash of record {seq}: {hash}"));
            if let Some(unsealed) = verdict.unsealed.filter(|unsealed| *unsealed > 0) {
                terminal.say(format_args!("{unsealed} further records are not part of the chain yet."));
            }
        });
        match verdict.finding {
            None => Ok(()),
            Some(finding) => Err(Failure::Verification(format!("The audit log was tampered with: {finding}."))),
        }
    }
}

fn verify_file(path: &Path) -> Result<Verdict, Failure> {
    let failed = |error: std::io::Error| Failure::local(format!("{}: {error}", path.display()));
    let mut verifier = Verifier::default();
    for line in BufReader::new(File::open(path).map_err(failed)?).lines() {
        verifier.look(SealedRecord::from_line(&line.map_err(failed)?));
    }
    Ok(verifier.verdict())
}

async fn verify_database(context: &Context) -> Result<Verdict, Failure> {
    let config = Config::resolve(&context.sources(None, &[])).map_err(Failure::local)?.config;
    let verdict = Database::verify_audit(&database_settings(&config)).await.map_err(Failure::local)?;
    verdict.ok_or_else(|| Failure::local(format!("{} holds no database.", config.data_dir.display())))
}
