//! The real program, started as people start it.
//!
//! ```ignore
//! let program = Program::new(env!("CARGO_BIN_EXE_temps"), TestDatabase::sqlite());
//! let server = program.serve_with_owner(&[]);
//! program.done(&["projects", "create", "shop"]);
//! server.kill();
//! let server = program.serve(&[]);
//! ```

use std::{
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{TestDatabase, app::PASSWORD, database::Location};

mod captured;
mod disk;
mod probes;
mod server;

pub use captured::Captured;
pub use disk::SmallDisk;
pub use probes::Probes;
pub use server::Server;

/// The address of the first user.
pub const OWNER: &str = "owner@example.com";
/// How often a start is tried: another process may take the port that was free a moment ago.
const ATTEMPTS: u32 = 5;
/// Every server of a test gets these.
const ON_FREE_PORTS: [&str; 7] =
    ["serve", "--http-addr", "127.0.0.1:0", "--https-addr", "127.0.0.1:0", "--upstream-networks", "127.0.0.0/8"];

/// The program with a database, a data directory, and a home for the logins of its command line.
pub struct Program {
    executable: PathBuf,
    database: TestDatabase,
    disk: Option<SmallDisk>,
}

impl Program {
    pub fn new(executable: impl Into<PathBuf>, database: TestDatabase) -> Self {
        Self { executable: executable.into(), database, disk: None }
    }

    /// With SQLite and everything else on a file system of so many bytes.
    pub fn on_small_disk(executable: impl Into<PathBuf>, bytes: u64) -> Self {
        let database = TestDatabase::sqlite();
        let disk = SmallDisk::mount(&database.directory().join("disk"), bytes);
        Self { executable: executable.into(), database, disk: Some(disk) }
    }

    /// The file system of [`on_small_disk`](Self::on_small_disk).
    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("the test asked for a small disk")
    }

    /// A path beside the data directory, for whatever a test needs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.database.directory().join(name)
    }

    /// The data directory as the test reaches it.
    pub fn data_dir(&self) -> PathBuf {
        let own = self.own_data_dir();
        self.disk.as_ref().map_or(own.clone(), |disk| disk.from_outside(&own))
    }

    /// What the first start wrote for the first user.
    pub fn setup_token(&self) -> String {
        let file = self.data_dir().join("setup-token");
        fs::read_to_string(file).expect("there is no user yet").trim().to_owned()
    }

    /// A command with this program's database and home, and nothing else of the environment that the tests run in.
    #[expect(clippy::disallowed_methods, reason = "the tests start the program that they test")]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut words: Vec<OsString> = self.disk.as_ref().map(SmallDisk::launcher).unwrap_or_default();
        words.push(self.executable.clone().into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(arguments).env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
        command.env("HOME", self.path("home")).env("TEMPS_DATA_DIR", self.own_data_dir());
        if let Location::Postgres(url) = self.database.location() {
            command.env("TEMPS_DATABASE_URL", url);
        }
        command
    }

    /// Runs a command to its end. `input` is what it reads.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program was built");
        // A command that fails early closes its end.
        let _ = child.stdin.take().expect("it was asked for").write_all(input.as_bytes());
        child.wait_with_output().expect("a child can be waited for")
    }

    /// Runs a command that has to succeed, and gives what it printed.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        self.done_with(arguments, "")
    }

    /// The same for a command that reads something.
    #[track_caller]
    pub fn done_with(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "temps {}\n{}", arguments.join(" "), text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs a command that has to fail with this exit code, and gives what it complained.
    #[track_caller]
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "temps {}\n{complaint}", arguments.join(" "));
        complaint
    }

    /// Why it does not serve: what it complains when it ends instead, which is a mistake of whoever started it.
    #[track_caller]
    pub fn refuses_to_serve(&self, flags: &[&str]) -> String {
        let mut server = self.begin_to_serve(flags);
        let status = server.wait();
        let complaint = server.log().whole();
        assert_eq!(status.code(), Some(2), "{complaint}");
        complaint
    }

    /// Starts a server on free ports and waits until it says where it is.
    pub fn serve(&self, flags: &[&str]) -> Server {
        let mut attempt = 1;
        loop {
            match self.begin_to_serve(flags).ready() {
                Ok(server) => return server,
                Err(complaint) if attempt < ATTEMPTS && complaint.contains("cannot listen") => attempt += 1,
                Err(complaint) => panic!("temps serve did not start:\n{complaint}"),
            }
        }
    }

    /// Starts a server and does not wait.
    pub fn begin_to_serve(&self, flags: &[&str]) -> Server {
        Server::start(&mut self.command_to_serve(flags), self.data_dir())
    }

    /// The command that [`serve`](Self::serve) runs, for a test that changes something about it.
    pub fn command_to_serve(&self, flags: &[&str]) -> Command {
        self.command(&[&ON_FREE_PORTS, flags].concat())
    }

    /// Starts a server, makes the first user with the command line, and is logged in then.
    pub fn serve_with_owner(&self, flags: &[&str]) -> Server {
        let server = self.serve(flags);
        let setup = ["setup", "--server", server.url(), "--email", OWNER, "--name", "Owner", "--password-stdin"];
        self.done_with(&setup, PASSWORD);
        server
    }

    /// Logs the first user in with the command line, as is necessary after a restart on other ports.
    pub fn log_in(&self, server: &Server) {
        self.done_with(&["login", "--server", server.url(), "--email", OWNER, "--password-stdin"], PASSWORD);
    }

    /// The data directory as the program sees it.
    fn own_data_dir(&self) -> PathBuf {
        match &self.disk {
            Some(_) => self.path("disk/data"),
            None => self.path("data"),
        }
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files below a folder with their content, sorted by name.
pub fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let kind = entry.file_type().expect("it is there");
        if kind.is_dir() {
            found.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            found.push((entry.path(), fs::read(entry.path()).expect("a file of ours")));
        }
    }
    found.sort();
    found
}
