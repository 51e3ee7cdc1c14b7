//! The certificate stores of this machine. The one file of the program that starts others, always with an argument vector.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::geteuid;

/// The name under which the authority stands in the stores.
const NAME: &str = "Temps local authority";
/// Where Debian keeps authorities of the administrator.
const DEBIAN: &str = "/usr/local/share/ca-certificates";
const UPDATE: &str = "/usr/sbin/update-ca-certificates";
const CERTUTIL: &str = "/usr/bin/certutil";

/// One thing to do.
#[derive(Debug)]
pub enum Step {
    /// Copy the authority and let the system read it.
    System { authority: PathBuf, copy: PathBuf },
    /// Tell Chromium or Firefox, which keep their own databases (NSS).
    Browser { authority: PathBuf, database: PathBuf },
}

/// What can be done on this machine.
pub fn steps(authority: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    if Path::new(UPDATE).exists() && Path::new(DEBIAN).is_dir() {
        let copy = Path::new(DEBIAN).join("temps-local.crt");
        steps.push(Step::System { authority: authority.to_owned(), copy });
    }
    if Path::new(CERTUTIL).exists() {
        let step = |database| Step::Browser { authority: authority.to_owned(), database };
        steps.extend(databases().into_iter().map(step));
    }
    steps
}

impl Step {
    /// Does it. A second time changes nothing.
    pub fn take(&self) -> Result<(), String> {
        match self {
            Self::System { authority, copy } => {
                if !geteuid().is_root() {
                    return Err("needs root; run the command with sudo".into());
                }
                fs::copy(authority, copy).map_err(|error| error.to_string())?;
                start(UPDATE, &[])
            }
            Self::Browser { authority, database } => {
                let database = format!("sql:{}", database.display());
                // An authority of an earlier data directory has the same name; without one the deletion fails, which is fine.
                let _ = start(CERTUTIL, &["-D", "-d", &database, "-n", NAME]);
                let authority = authority.display().to_string();
                start(CERTUTIL, &["-A", "-d", &database, "-t", "C,,", "-n", NAME, "-i", &authority])
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { copy, .. } => {
                write!(f, "copy it to {} and run {UPDATE} (system store, needs root)", copy.display())
            }
            Self::Browser { database, .. } => write!(f, "add it with {CERTUTIL} to {} (browsers)", database.display()),
        }
    }
}

/// The databases of Chromium and of each Firefox profile of this user.
fn databases() -> Vec<PathBuf> {
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else { return Vec::new() };
    let profiles =
        fs::read_dir(home.join(".mozilla/firefox")).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = [home.join(".pki/nssdb")].into_iter().chain(profiles);
    all.filter(|directory| directory.join("cert9.db").exists()).collect()
}

#[expect(clippy::disallowed_methods, reason = "the one place where the program starts another")]
fn start(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{} ({})", String::from_utf8_lossy(&output.stderr).trim(), output.status)),
    }
}
