//! Secrets that a person gives: typed without echo, or from a file or standard input. Never from an argument, which every user of the
//! machine could read.

use std::{
    fs,
    io::{self, BufRead, IsTerminal},
    path::Path,
};

use clap::Args;
use temps_model::Secret;

use super::failure::Failure;

/// Where the password comes from.
#[derive(Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    pub fn read(&self) -> Result<Secret<String>, Failure> {
        match self.password_stdin {
            true => first_line_of_stdin(),
            false => prompt("Password: ", "give it on standard input with --password-stdin"),
        }
    }

    /// What is asked for after the password: the second line, or what a person types.
    pub fn second_line(&self, question: &str) -> Result<Secret<String>, Failure> {
        match self.password_stdin {
            true => first_line_of_stdin().map_err(|_| {
                let what = question.trim_end_matches([':', ' ']);
                Failure::local(format!("{what} is needed: give it as the second line of standard input."))
            }),
            false => prompt(question, ""),
        }
    }

    /// Asks twice if a person types it.
    pub fn choose(&self) -> Result<Secret<String>, Failure> {
        let password = self.read()?;
        if !self.password_stdin {
            let again = prompt("Once more: ", "")?;
            if again.expose() != password.expose() {
                return Err(Failure::local("The two passwords differ."));
            }
        }
        Ok(password)
    }
}

/// Asks a person. `otherwise` says what to do where there is no terminal.
pub fn prompt(question: &str, otherwise: &str) -> Result<Secret<String>, Failure> {
    if !io::stdin().is_terminal() {
        let what = question.trim_end_matches([':', ' ']);
        return Err(Failure::local(format!("{what} is needed, but there is no terminal to ask on; {otherwise}.")));
    }
    rpassword::prompt_password(question).map(|text| Secret::new(text.trim().to_owned())).map_err(Failure::local)
}

/// The first line of a file.
pub fn first_line_of(path: &Path) -> Result<Secret<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::local(format!("{}: {error}", path.display())))?;
    let text = Secret::new(text);
    Ok(Secret::new(text.expose().lines().next().unwrap_or_default().trim().to_owned()))
}

fn first_line_of_stdin() -> Result<Secret<String>, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::local)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    match line.is_empty() {
        true => Err(Failure::local("Standard input held no password.")),
        false => Ok(Secret::new(line)),
    }
}
