//! The logins of this user, one a server, in a file that only this user can read.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, Serializer};
use temps_model::Secret;

use super::failure::Failure;

/// `session.json` in `$XDG_CONFIG_HOME/temps`.
#[derive(Debug)]
pub struct Sessions {
    path: PathBuf,
    stored: Stored,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// The server that was logged in to last.
    current: Option<String>,
    servers: BTreeMap<String, Login>,
    /// By what servers know this machine after a logout.
    #[serde(default)]
    devices: BTreeMap<String, Device>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Device(#[serde(serialize_with = "expose")] Secret<String>);

/// One login.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    pub email: String,
    /// The value of the session cookie.
    #[serde(serialize_with = "expose")]
    pub token: Secret<String>,
    /// Says that the user has logged in from here before; it lets nobody in.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "expose_some")]
    pub device: Option<Secret<String>>,
    /// The file of the authority that the server was verified against, so that the next command needs no `--ca`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
}

fn expose_some<S: Serializer>(token: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => expose(token, serializer),
        None => serializer.serialize_none(),
    }
}

/// The one place where tokens are written.
fn expose<S: Serializer>(token: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}

impl Sessions {
    /// Opens the file in the user's configuration directory, which need not exist yet.
    pub fn open() -> Result<Self, Failure> {
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        match config {
            Some(config) => Self::open_at(config.join("temps/session.json")),
            None => Err(Failure::local("There is no place for the login: neither XDG_CONFIG_HOME nor HOME is set.")),
        }
    }

    fn open_at(path: PathBuf) -> Result<Self, Failure> {
        let failed = |reason: String| Failure::local(format!("{}: {reason}", path.display()));
        let stored = match fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Stored::default(),
            Err(error) => return Err(failed(error.to_string())),
            Ok(metadata) if metadata.mode() & 0o077 != 0 => {
                return Err(failed(format!("other users may read your login; run: chmod 600 {}", path.display())));
            }
            Ok(_) => {
                let text = Secret::new(fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?);
                serde_json::from_str(text.expose())
                    .map_err(|_| failed("is damaged; delete it and log in again".into()))?
            }
        };
        Ok(Self { path, stored })
    }

    /// The server that was logged in to last.
    pub fn current(&self) -> Option<&str> {
        self.stored.current.as_deref()
    }

    pub fn login(&self, server: &str) -> Option<&Login> {
        self.stored.servers.get(server)
    }

    /// By what a server knows this machine, also after a logout.
    pub fn device(&self, server: &str) -> Option<&Secret<String>> {
        let of_login = self.login(server).and_then(|login| login.device.as_ref());
        of_login.or_else(|| self.stored.devices.get(server).map(|Device(token)| token))
    }

    /// Another token of the same login.
    pub fn renew(&mut self, server: &str, token: Secret<String>) -> Result<(), Failure> {
        if let Some(login) = self.stored.servers.get_mut(server) {
            login.token = token;
        }
        self.save()
    }

    pub fn remember(&mut self, server: &str, login: Login) -> Result<(), Failure> {
        self.stored.servers.insert(server.to_owned(), login);
        self.stored.current = Some(server.to_owned());
        self.save()
    }

    pub fn forget(&mut self, server: &str) -> Result<(), Failure> {
        if let Some(device) = self.stored.servers.remove(server).and_then(|login| login.device) {
            self.stored.devices.insert(server.to_owned(), Device(device));
        }
        self.save()
    }

    /// Replaces the file as a whole, so that it is never half written and never open to others.
    fn save(&self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::local(format!("{}: {error}", self.path.display()));
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let text = Secret::new(serde_json::to_string_pretty(&self.stored).map_err(Failure::local)?);
        let new = self.path.with_extension("json.new");
        let _ = fs::remove_file(&new);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
        file.write_all(text.expose().as_bytes()).map_err(failed)?;
        fs::rename(&new, &self.path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const SERVER: &str = "https://temps.localhost:8443";

    fn login() -> Login {
        Login {
            email: "owner@example.com".into(),
            token: Secret::new("t0ken".into()),
            device: Some(Secret::new("d3vice".into())),
            authority: Some("/srv/temps/ca.pem".into()),
        }
    }

    #[test]
    fn a_login_is_remembered_in_a_file_of_this_user_only() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("temps/session.json");
        let mut sessions = Sessions::open_at(path.clone()).unwrap();
        sessions.remember(SERVER, login()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);

        let mut again = Sessions::open_at(path.clone()).unwrap();
        assert_eq!(again.current(), Some(SERVER));
        assert_eq!(again.login(SERVER).unwrap().token.expose(), "t0ken");
        assert_eq!(again.login(SERVER).unwrap().authority.as_deref(), Some(Path::new("/srv/temps/ca.pem")));
        again.forget(SERVER).unwrap();
        let left = fs::read_to_string(&path).unwrap();
        assert!(!left.contains("t0ken") && left.contains("d3vice"), "whoever logs in again is known");
        assert_eq!(again.device(SERVER).unwrap().expose(), "d3vice");
        assert!(again.login(SERVER).is_none());
    }

    #[test]
    fn a_login_that_others_can_read_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("session.json");
        Sessions::open_at(path.clone()).unwrap().remember(SERVER, login()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Sessions::open_at(path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_token_is_not_printed_with_the_login() {
        assert!(!format!("{:?}", login()).contains("t0ken"));
    }
}
