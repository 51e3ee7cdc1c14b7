//! Why a command failed, and the exit code that says so.

use std::{fmt, process::ExitCode};

use super::problem::Problem;

/// Each variant has its exit code, documented in `docs/command-line.md`.
#[derive(Debug)]
pub enum Failure {
    /// The server refused. 1
    Refused(Box<Problem>),
    /// Wrong use, or something on this machine. 2
    Local(String),
    /// Nobody is logged in. 3
    NotLoggedIn(Box<Problem>),
    /// The server failed. 4
    Server(Box<Problem>),
    /// The server cannot be reached. 4
    Unreachable { server: String, reason: String, hint: &'static str },
    /// The audit log was tampered with. 5
    Verification(String),
}

impl Failure {
    pub fn local(error: impl fmt::Display) -> Self {
        Self::Local(error.to_string())
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(_) => 1,
            Self::Local(_) => 2,
            Self::NotLoggedIn(_) => 3,
            Self::Server(_) | Self::Unreachable { .. } => 4,
            Self::Verification(_) => 5,
        })
    }

    /// The server's own words, if it said any.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) | Self::NotLoggedIn(problem) | Self::Server(problem) => Some(problem),
            Self::Local(_) | Self::Unreachable { .. } | Self::Verification(_) => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(problem) | Self::NotLoggedIn(problem) | Self::Server(problem) => problem.fmt(f),
            Self::Local(text) | Self::Verification(text) => f.write_str(text),
            Self::Unreachable { server, reason, hint } => write!(f, "Cannot reach {server}: {reason}.\n  {hint}"),
        }
    }
}
