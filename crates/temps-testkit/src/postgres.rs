//! A real PostgreSQL server for tests: a cluster in a temporary directory, on a Unix socket in it, without a network.

use std::{
    env, fs,
    hash::{BuildHasher, RandomState},
    io,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Where tests find the URL of a cluster that is running already.
pub const VARIABLE: &str = "TEMPS_TEST_POSTGRES";

/// A cluster of its own, stopped and removed when it is dropped.
pub struct Cluster {
    directory: TempDir,
    server: Child,
}

impl Cluster {
    /// Creates and starts a cluster; ready when this returns. Nothing is flushed to the disk, because nothing of it has
    /// to survive.
    pub fn start() -> Self {
        let directory = TempDir::with_prefix("temps-postgres-").expect("a cluster needs a temporary directory");
        let data = directory.path().join("data");
        let account = Account::for_server();
        account.give(directory.path());
        run(account.lend(
            program("initdb")
                .args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
                .arg(&data),
        ));
        let log = fs::File::create(directory.path().join("log")).expect("the directory is ours");
        let errors = log.try_clone().expect("a file can be shared");
        let mut server = account
            .lend(
                program("postgres")
                    .arg("-D")
                    .arg(&data)
                    .arg("-k")
                    .arg(directory.path())
                    .args(["-c", "listen_addresses="])
                    .args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
                    .args(["-c", "max_connections=300", "-c", "shared_buffers=64MB"]),
            )
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("PostgreSQL starts");
        wait_until_ready(directory.path(), &mut server);
        Self { directory, server }
    }

    /// The URL of its database `postgres`.
    pub fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.directory.path().display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT is PostgreSQL's immediate shutdown: all its processes end, nothing is tidied up on disk.
        if let Some(pid) = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = self.server.wait();
    }
}

/// An empty database in a shared cluster, dropped when this is.
pub struct FreshDatabase {
    /// The cluster that this process started, kept running as long as it is used.
    _cluster: Option<Arc<Cluster>>,
    maintenance: String,
    name: String,
    url: String,
}

impl FreshDatabase {
    /// In the cluster named by `TEMPS_TEST_POSTGRES`, or else in one that is started for this process.
    pub fn create() -> Self {
        let (cluster, maintenance) = shared();
        let name = format!("test_{:016x}", RandomState::new().hash_one("database"));
        run(program("createdb").arg("--maintenance-db").arg(&maintenance).args(["--template=template0", &name]));
        let url = maintenance.replacen("/postgres?", &format!("/{name}?"), 1);
        Self { _cluster: cluster, maintenance, name, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        let _ = program("dropdb")
            .arg("--maintenance-db")
            .arg(&self.maintenance)
            .args(["--force", "--if-exists", &self.name])
            .stderr(Stdio::null())
            .status();
    }
}

fn shared() -> (Option<Arc<Cluster>>, String) {
    static STARTED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    if let Ok(url) = env::var(VARIABLE) {
        return (None, url);
    }
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = started.upgrade().unwrap_or_else(|| Arc::new(Cluster::start()));
    *started = Arc::downgrade(&cluster);
    let url = cluster.url();
    (Some(cluster), url)
}

fn wait_until_ready(directory: &Path, server: &mut Child) {
    loop {
        let ready = program("pg_isready").arg("-q").arg("-h").arg(directory).args(["-U", "postgres"]).status();
        if ready.is_ok_and(|status| status.success()) {
            return;
        }
        if let Ok(Some(status)) = server.try_wait() {
            let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
            panic!("PostgreSQL ended with {status}:\n{log}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The account under which the server runs: it refuses to be root.
struct Account(Option<(u32, u32)>);

impl Account {
    fn for_server() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").expect("there are users");
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|user| user[0] == "postgres");
        let fields = fields.expect("root needs the user postgres to run PostgreSQL; make setup installs it");
        let id = |index: usize| fields[index].parse().expect("a user has a number");
        Self(Some((id(2), id(3))))
    }

    fn give(&self, path: &Path) {
        if let Self(Some((user, group))) = self {
            chown(path, Some(*user), Some(*group)).expect("root may give files away");
        }
    }

    fn lend<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        match self {
            Self(Some((user, group))) => command.uid(*user).gid(*group),
            Self(None) => command,
        }
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    assert!(output.status.success(), "{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr));
}

#[expect(clippy::disallowed_methods, reason = "the one place of the tests that starts PostgreSQL's programs")]
fn program(name: &str) -> Command {
    Command::new(directory_of_programs().map(|directory| directory.join(name)).unwrap_or_else(|_| name.into()))
}

/// Debian keeps several versions apart and none of them in the path; the newest is taken.
fn directory_of_programs() -> io::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")?;
    let newest = versions
        .flatten()
        .map(|entry| entry.path())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u32>().ok()));
    Ok(newest.ok_or(io::ErrorKind::NotFound)?.join("bin"))
}
