//! `temps completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, failure::Failure};

/// Prints the script. For bash: temps completions bash > ~/.local/share/bash-completion/completions/temps
#[derive(Debug, Args)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), Failure> {
        clap_complete::generate(self.shell, &mut Cli::command(), "temps", &mut std::io::stdout());
        Ok(())
    }
}
