//! Secrets stay in the memory of the process, and its memory stays its own.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
};

use temps_testkit::{
    Program, TestDatabase,
    app::PASSWORD,
    program::{OWNER, Server, text},
};

use super::{program, program_on};

const METRICS_TOKEN: &str = "a-token-that-only-prometheus-knows";
/// The account that owns nothing, on every Linux.
const NOBODY: u32 = 65_534;

#[test]
fn r_auth_12_the_setup_token_is_shown_and_never_logged() {
    let program = program();
    let server = program.serve(&["--log-format", "json"]);
    let token = program.setup_token();
    let file = fs::metadata(program.data_dir().join("setup-token")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(token.len() >= 43, "256 bits in base64");
    let setup = ["setup", "--server", server.url(), "--email", OWNER, "--name", "Owner", "--password-stdin"];
    program.done_with(&setup, PASSWORD);
    assert!(!program.data_dir().join("setup-token").exists(), "the token is spent");
    assert!(server.printed().so_far().contains(&token));
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("/api/v1/setup"), "{log}");
    assert!(!log.contains(&token), "{log}");
}

#[test]
fn r_sec_7_secrets_are_no_arguments_and_are_not_printed() {
    let program = program_on(TestDatabase::postgres());
    let mut command = program.command_to_serve(&[]);
    command.env("TEMPS_METRICS_TOKEN", METRICS_TOKEN);
    let database = command.get_envs().find(|(name, _)| *name == "TEMPS_DATABASE_URL");
    let database = database.and_then(|(_, url)| url?.to_str()).unwrap().to_owned();
    let server = Server::start(&mut command, program.data_dir()).ready().unwrap();
    let setup = ["setup", "--server", server.url(), "--email", OWNER, "--name", "Owner", "--password-stdin"];
    program.done_with(&setup, PASSWORD);

    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", server.id())).unwrap();
    let mut config = program.command(&["config", "--json"]);
    let config = text(&config.env("TEMPS_METRICS_TOKEN", METRICS_TOKEN).output().unwrap().stdout);
    assert_eq!(config.matches("(hidden)").count(), 2, "{config}");
    let printed = server.printed().so_far();
    let (_, log) = server.stop();
    for (place, text) in [("arguments", arguments), ("config", config), ("output", printed), ("log", log)] {
        for secret in [METRICS_TOKEN, PASSWORD, &database] {
            assert!(!text.contains(secret), "{place}: {text}");
        }
    }
    let refused = program.fails(2, &["serve", "--metrics-token", METRICS_TOKEN]);
    assert!(refused.contains("unexpected argument"), "{refused}");
}

#[test]
fn r_sec_7_the_memory_of_the_server_is_never_dumped() {
    let program = program();
    let server = program.serve(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
}

/// What `/proc` tells of a process belongs to root instead of the process's user if the process is not dumpable (`proc_pid(5)`). To see
/// that, the process must not be root's own.
#[test]
fn r_sec_7_other_processes_of_its_user_cannot_look_into_it() {
    let database = TestDatabase::sqlite();
    let place = database.directory().to_owned();
    let executable = place.join("temps");
    fs::copy(env!("CARGO_BIN_EXE_temps"), &executable).unwrap();
    let program = Program::new(executable, database);
    let mut command = program.command_to_serve(&[]);
    let me = fs::metadata("/proc/self").unwrap().uid();
    let user = if me == 0 { NOBODY } else { me };
    if me == 0 {
        chown(&place, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let server = Server::start(&mut command, program.data_dir()).ready().unwrap();
    assert_eq!(fs::metadata(program.data_dir()).unwrap().uid(), user, "it runs as another user than root");
    let owner = |name: &str| fs::metadata(format!("/proc/{}/{name}", server.id())).unwrap().uid();
    assert_eq!((owner("environ"), owner("mem"), owner("maps")), (0, 0, 0));
}
