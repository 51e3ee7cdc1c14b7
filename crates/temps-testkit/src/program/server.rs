//! A `temps serve` that runs.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use temps_model::{Clock, SystemClock};

use super::{Captured, OWNER, text};
use crate::{
    app::{CONSOLE, PASSWORD, Person, Reach, VISITOR},
    edge::client::Reply,
    raw::PATIENCE,
};

/// The process is killed when this is dropped.
pub struct Server {
    child: Child,
    printed: Captured,
    log: Captured,
    data_dir: PathBuf,
    /// Known once it is ready.
    addresses: Option<Addresses>,
}

struct Addresses {
    /// The console's, as it was printed.
    url: String,
    reach: Arc<Reach>,
}

impl Server {
    /// Starts the command of [`Program::command_to_serve`](super::Program::command_to_serve) and does not wait.
    pub fn start(command: &mut Command, data_dir: PathBuf) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program was built");
        let printed = Captured::of(child.stdout.take().expect("it was asked for"));
        let log = Captured::of(child.stderr.take().expect("it was asked for"));
        Self { child, printed, log, data_dir, addresses: None }
    }

    /// Waits until it has printed where it is; otherwise gives what it complained.
    pub fn ready(mut self) -> Result<Self, String> {
        let printed = self.printed.until(|printed| printed.contains("  Data "));
        let address =
            |scheme: &str| printed.split_whitespace().find(|word| word.starts_with(scheme)).map(str::to_owned);
        let (Some(plain), Some(url)) = (address("http://"), address("https://")) else { return Err(self.log.whole()) };
        let at = |url: &str| {
            let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address ends with a port");
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        };
        let reach = Reach::new(at(&plain), at(&url), url.clone(), CONSOLE.to_owned(), &self.data_dir);
        self.addresses = Some(Addresses { url, reach: Arc::new(reach) });
        Ok(self)
    }

    /// The address of the console.
    pub fn url(&self) -> &str {
        &self.addresses().url
    }

    pub fn reach(&self) -> &Arc<Reach> {
        &self.addresses().reach
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it printed for whoever started it.
    pub fn printed(&self) -> &Captured {
        &self.printed
    }

    pub fn log(&self) -> &Captured {
        &self.log
    }

    /// Somebody who is not logged in.
    pub fn person(&self, email: &str) -> Person {
        Person::new(Arc::clone(self.reach()), VISITOR, email)
    }

    /// The first user, logged in with the password.
    pub async fn owner(&self) -> Person {
        let owner = self.person(OWNER);
        owner.log_in().await.expect(201);
        owner
    }

    /// Makes the first user.
    pub async fn set_up(&self) -> Person {
        let owner = self.person(OWNER);
        let token = std::fs::read_to_string(self.data_dir.join("setup-token")).expect("there is no user yet");
        let body = json!({ "token": token.trim(), "email": OWNER, "name": "Owner", "password": PASSWORD });
        owner.post("/setup", body).await.expect(201);
        owner
    }

    /// What a visitor gets.
    pub async fn get(&self, host: &str, path: &str) -> Reply {
        self.get_from(host, path, VISITOR).await
    }

    pub async fn get_from(&self, host: &str, path: &str, from: impl Into<Ipv4Addr>) -> Reply {
        self.reach().connect(host, from.into()).await.get(host, path).await
    }

    /// Sends bytes to the port for plain HTTP, and gives what comes back until the connection is closed.
    pub fn plain(&self, bytes: &[u8]) -> String {
        let mut connection = TcpStream::connect(self.reach().http_addr).expect("it listens");
        connection.write_all(bytes).expect("it reads");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("it answers and closes");
        text(&answer)
    }

    /// Ends it as a power failure would (`SIGKILL`).
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    /// Tells it to stop (`SIGTERM`) and gives its exit code and its whole log.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let code = self.wait().code();
        (code, self.log.whole())
    }

    /// Tells it to stop and does not wait.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> ExitStatus {
        let begun = SystemClock.monotonic();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            let waited = SystemClock.monotonic().duration_since(begun);
            assert!(waited < PATIENCE, "it does not end:\n{}", self.log.so_far());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process has a number");
        // It may have ended by itself.
        let _ = kill_process(id, signal);
    }

    fn addresses(&self) -> &Addresses {
        self.addresses.as_ref().expect("the test waited until it was ready")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
