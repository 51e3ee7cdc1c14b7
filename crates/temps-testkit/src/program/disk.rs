//! A file system that can be filled.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A file system in memory, in a mount namespace of its own, so that nothing has to be unmounted: it is gone with the
/// last process in the namespace, however the test ends. Needs root, or a kernel that gives every user namespaces.
pub struct SmallDisk {
    /// Ends when its input does.
    holder: Child,
    is_mapped: bool,
    directory: PathBuf,
}

const BALLAST: &str = "ballast";

impl SmallDisk {
    /// Mounts it on a directory, which is made. Only processes started through [`launcher`](Self::launcher) see it there.
    pub fn mount(directory: &Path, bytes: u64) -> Self {
        fs::create_dir(directory).expect("a new directory");
        let held = hold(&[]).map(|holder| (holder, false));
        let held = held.or_else(|| hold(&["--map-root-user"]).map(|holder| (holder, true)));
        let (holder, is_mapped) = held.expect(
            "a full disk needs a mount namespace: run the tests as root with CAP_SYS_ADMIN, or permit user namespaces",
        );
        let disk = Self { holder, is_mapped, directory: directory.to_owned() };
        let mut words = disk.launcher();
        words.extend(["mount", "-t", "tmpfs", "-o"].map(OsString::from));
        words.extend([format!("size={bytes},mode=0700").into(), "temps-test".into(), directory.into()]);
        let mounted = start(&words).status().expect("nsenter and mount are of util-linux");
        assert!(mounted.success(), "the small disk cannot be mounted: {mounted}");
        disk
    }

    /// What has to stand before a command, so that it sees the file system.
    pub fn launcher(&self) -> Vec<OsString> {
        let mut words =
            vec!["nsenter".into(), "--mount".into(), "--target".into(), self.holder.id().to_string().into()];
        if self.is_mapped {
            words.extend(["--user".into(), "--preserve-credentials".into()]);
        }
        words
    }

    /// Where the test itself finds a path of the namespace.
    pub fn from_outside(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").unwrap_or(path);
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(path)
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut ballast = OpenOptions::new().create(true).append(true).open(self.ballast()).expect("a file of ours");
        let error = loop {
            if let Err(error) = ballast.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    }

    /// Takes away what filled it.
    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.from_outside(&self.directory.join(BALLAST))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A process in a mount namespace of its own, which it keeps open; none if that is not permitted.
fn hold(options: &[&str]) -> Option<Child> {
    let words = ["unshare", "--mount"].iter().chain(options).chain(&["cat"]).map(OsString::from);
    let mut holder = start(&words.collect::<Vec<_>>())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare is of util-linux");
    // It sends a byte back as soon as it is where it should be.
    let _ = holder.stdin.as_mut().expect("it was asked for").write_all(b".");
    let came_back = holder.stdout.as_mut().expect("it was asked for").read_exact(&mut [0]);
    match came_back {
        Ok(()) => Some(holder),
        Err(_) => {
            let _ = holder.wait();
            None
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place of the tests that starts the tools for mounting")]
fn start(words: &[OsString]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}
