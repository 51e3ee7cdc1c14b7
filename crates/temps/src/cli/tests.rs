use clap::CommandFactory;

use super::*;

fn parses(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

#[test]
fn the_arguments_contradict_each_other_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn documented_commands_are_understood() {
    let page = include_str!("../../../../docs/command-line.md");
    let commands: Vec<_> = page.lines().filter(|line| line.starts_with("temps ")).collect();
    assert!(commands.len() >= 30, "the page shows {} commands", commands.len());
    for command in commands {
        let command = command.split(" #").next().unwrap_or_default().trim();
        assert!(parses(command).is_ok(), "`{command}`: {}", parses(command).unwrap_err());
    }
}

#[test]
fn every_command_is_documented() {
    let page = include_str!("../../../../docs/command-line.md");
    for command in Cli::command().get_subcommands() {
        let groups: Vec<_> = command
            .get_subcommands()
            .map(|inner| format!("temps {} {}", command.get_name(), inner.get_name()))
            .collect();
        let names = if groups.is_empty() { vec![format!("temps {}", command.get_name())] } else { groups };
        for name in names {
            assert!(page.contains(&name), "docs/command-line.md does not show `{name}`");
        }
    }
}

#[test]
fn secrets_are_never_arguments() {
    for line in [
        "temps login --email a@example.com --password hunter2",
        "temps setup --email a@example.com --name A --token 0123",
        "temps serve --metrics-token 0123456789abcdef",
        "temps serve --database-url postgres://u:p@h/d",
    ] {
        assert!(parses(line).is_err(), "{line}");
    }
}

#[test]
fn a_firewall_command_names_exactly_one_firewall() {
    for line in [
        "temps firewall list",
        "temps firewall block 192.0.2.1",
        "temps firewall list --project shop --instance",
        "temps firewall list --instance --console",
        "temps firewall list --console --env staging",
        "temps firewall block --project shop",
        "temps firewall block 192.0.2.1 --file list.txt --project shop",
    ] {
        assert!(parses(line).is_err(), "{line}");
    }
    for line in [
        "temps firewall block 192.0.2.1 2001:db8::/32 --project shop --env staging --expires 2h --note test",
        "temps firewall allow --file list.txt --console",
        "temps firewall mode allow-list --instance --confirm-deny-all",
    ] {
        assert!(parses(line).is_ok(), "{line}");
    }
}

#[test]
fn the_options_of_every_command_may_stand_anywhere() {
    let cli = parses("temps --json projects list --server https://temps.example.com --data-dir /srv/temps").unwrap();
    assert!(cli.options.json);
    assert_eq!(cli.options.server.as_deref(), Some("https://temps.example.com"));
    assert_eq!(cli.options.data_dir.as_deref(), Some(Path::new("/srv/temps")));
}
