//! `temps trust`

mod stores;

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Context, failure::Failure};

/// Installs the local certificate authority of this machine's Temps, so that browsers and programs accept its certificates. The
/// authority can sign names under localhost only, and its key never leaves the data directory.
#[derive(Debug, Args)]
pub struct Trust {
    /// Only print where the authority is and what would be done
    #[arg(long)]
    print: bool,
}

impl Trust {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let terminal = &context.terminal;
        let authority = authority(context)?;
        let steps = stores::steps(&authority);
        if self.print {
            terminal.say(authority.display());
            steps.iter().for_each(|step| terminal.note(step));
            return Ok(());
        }
        if steps.is_empty() {
            let text = format!(
                "No certificate store is known here. Import {} into your browser by hand.",
                authority.display()
            );
            return Err(Failure::local(text));
        }
        let mut missing = Vec::new();
        for step in steps {
            match step.take() {
                Ok(()) => terminal.say(format_args!("Done: {step}")),
                Err(reason) => missing.push(format!("{step}: {reason}")),
            }
        }
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Failure::local(format!("Not done: {}", missing.join("\n  ")))),
        }
    }
}

fn authority(context: &Context) -> Result<PathBuf, Failure> {
    let path = context.data_dir().join("ca.pem");
    let found = path.canonicalize().ok().filter(|path| path.is_file());
    found.ok_or_else(|| missing(&path))
}

fn missing(path: &Path) -> Failure {
    let text = format!(
        "{} is not there. Start `temps serve` once, or name its data directory with --data-dir.",
        path.display()
    );
    Failure::local(text)
}
