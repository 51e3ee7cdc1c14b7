//! Starts the program on free ports and a data directory of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::{self, JoinHandle},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub const PASSWORD: &str = "a long walk by the river";
const OWNER: &str = "owner@example.com";

/// A folder with the data directory, the login and whatever else a test needs.
pub struct Place {
    root: TempDir,
}

/// A `temps serve` that runs.
pub struct Server {
    child: Child,
    /// What it printed until it was ready.
    pub welcome: String,
    log: Option<JoinHandle<String>>,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self { root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// A command with the place's data directory and login, and nothing else of the environment that the tests run in.
    #[expect(clippy::disallowed_methods, reason = "the tests start the program that they test")]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_temps"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TEMPS_")) {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.path("config")).env("TEMPS_DATA_DIR", self.data_dir()).args(arguments);
        command
    }

    /// Runs a command to its end. `input` is what it reads.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that fails early closes its end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a command that has to succeed, and gives what it printed.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
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

    /// Starts a server and waits until it says that it runs.
    pub fn serve(&self, flags: &[&str]) -> Server {
        let mut arguments = vec!["serve", "--http-addr", "127.0.0.1:0", "--https-addr", "127.0.0.1:0"];
        arguments.extend(flags);
        let mut command = self.command(&arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut log = String::new();
            let _ = errors.read_to_string(&mut log);
            log
        });
        let mut welcome = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !welcome.contains("  Data ") && out.read_line(&mut welcome).unwrap() > 0 {}
        if welcome.is_empty() {
            panic!("temps serve did not start:\n{}", log.join().unwrap());
        }
        thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Server { child, welcome, log: Some(log) }
    }

    /// Starts a server, creates the first user and logs in.
    pub fn serve_with_owner(&self, flags: &[&str]) -> Server {
        let server = self.serve(flags);
        let setup = ["setup", "--server", server.url(), "--email", OWNER, "--name", "Owner", "--password-stdin"];
        let output = self.run(&setup, PASSWORD);
        assert!(output.status.success(), "{}", text(&output.stderr));
        server
    }

    pub fn token(&self) -> String {
        fs::read_to_string(self.data_dir().join("setup-token")).unwrap().trim().to_owned()
    }
}

impl Server {
    /// The address of the console.
    pub fn url(&self) -> &str {
        self.welcome.split_whitespace().find(|word| word.starts_with("https://")).unwrap()
    }

    /// Sends bytes to the port for plain HTTP, and gives what comes back until the connection is closed.
    pub fn plain(&self, bytes: &[u8]) -> String {
        let address = self.welcome.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        connection.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        text(&answer)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to stop; gives its exit code and what it logged.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        let code = self.child.wait().unwrap().code();
        (code, self.log.take().unwrap().join().unwrap())
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        let _ = kill_process(id, signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The example site of the repository.
pub fn example_site() -> &'static str {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/site")).to_str().unwrap()
}
