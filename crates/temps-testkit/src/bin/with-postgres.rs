//! Runs a command with a PostgreSQL cluster for its tests: `with-postgres cargo nextest run`.
//!
//! The command finds the cluster's URL in `TEMPS_TEST_POSTGRES`. The cluster is stopped when the command ends or when
//! this program is told to end, and the exit code is the command's.
#![forbid(unsafe_code)]

use std::{env, io, os::unix::process::ExitStatusExt, process::ExitCode};

use rustix::process::{Pid, Signal, kill_process};
use temps_testkit::postgres::{Cluster, VARIABLE};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        return Err(io::Error::other("usage: with-postgres COMMAND [ARGUMENT...]"));
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let cluster = Cluster::start();
    let mut command = Command::new(program).args(arguments).env(VARIABLE, cluster.url()).spawn()?;
    let status = loop {
        tokio::select! {
            status = command.wait() => break status?,
            // The terminal tells the command too; here it is only outlived, so that the cluster is stopped.
            _ = interrupt.recv() => {}
            _ = terminate.recv() => pass_on(&command, Signal::TERM),
        }
    };
    drop(cluster);
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn pass_on(command: &Child, signal: Signal) {
    if let Some(pid) = command.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}
