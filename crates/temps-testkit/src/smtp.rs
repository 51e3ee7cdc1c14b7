//! A real mail server for tests (aiosmtpd), with a certificate of its own authority, that keeps what it gets in a folder.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// Stopped and removed when it is dropped.
pub struct MailServer {
    directory: TempDir,
    server: Child,
    pub port: u16,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    Implicit,
    Starttls,
}

impl MailServer {
    /// Listens on `localhost`; ready when this returns.
    #[expect(clippy::disallowed_methods, reason = "the one place of the tests that starts the mail server")]
    pub fn start(tls: Tls) -> Self {
        let directory = TempDir::with_prefix("temps-mail-").expect("a mail server needs a temporary directory");
        write_certificates(directory.path());
        let file = |name: &str| directory.path().join(name).into_os_string();
        let flags = match tls {
            Tls::Implicit => ["--smtpscert", "--smtpskey"],
            Tls::Starttls => ["--tlscert", "--tlskey"],
        };
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = Command::new("aiosmtpd");
        command.args(["-n", "-l", &format!("127.0.0.1:{port}"), "-c", "aiosmtpd.handlers.Mailbox"]).arg(file("inbox"));
        command.arg(flags[0]).arg(file("server.pem")).arg(flags[1]).arg(file("server.key"));
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = server.expect("aiosmtpd is there: run `make setup`");
        let mut own = Self { directory, server, port };
        own.wait();
        own
    }

    fn wait(&mut self) {
        for _ in 0..400 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            assert!(self.server.try_wait().expect("a child").is_none(), "the mail server ended");
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the mail server does not listen");
    }

    /// The authority that signed its certificate, in PEM form.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// What has arrived.
    pub fn inbox(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.directory.path().join("inbox/new")) else { return Vec::new() };
        let texts = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
        texts.collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn write_certificates(directory: &Path) {
    let ca_key = KeyPair::generate().expect("a key can be made");
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let own = ca.self_signed(&ca_key).expect("an authority signs itself");
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("a key can be made");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let leaf = leaf.signed_by(&key, &issuer).expect("an authority signs");
    for (name, text) in [("ca.pem", own.pem()), ("server.pem", leaf.pem()), ("server.key", key.serialize_pem())] {
        fs::write(directory.join(name), text).expect("the directory is ours");
    }
}
