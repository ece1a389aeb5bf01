use super::*;

fn parse(line: &[&str]) -> Result<Args, clap::Error> {
    Args::try_parse_from([&["causerie-node"], line].concat())
}

fn command(line: &[&str]) -> Command {
    parse(line).unwrap().command
}

#[test]
fn everything_in_the_contract_can_be_written() {
    let lines: [&[&str]; 37] = [
        &["init", "--name", "Alice"],
        &["run"],
        &[
            "run",
            "--listen",
            "/ip4/0.0.0.0/tcp/1",
            "--listen",
            "/ip4/0.0.0.0/tcp/2",
            "--dial",
            "/ip4/1.2.3.4/tcp/3",
        ],
        &["run", "--no-mdns", "--loopback"],
        &["status"],
        &["invite"],
        &["invite", "--reusable", "--ask", "--expires", "7d", "--no-hints"],
        &["invite", "list"],
        &["invite", "revoke", "abcd"],
        &["accept", "causerie:i1#x"],
        &["accept", "causerie:i1#x", "--name", "Bob"],
        &["contacts"],
        &["contacts", "accept", "bob"],
        &["contacts", "ignore", "bob"],
        &["contacts", "rename", "bob", "Bobby"],
        &["contacts", "verify", "bob"],
        &["contacts", "block", "bob"],
        &["contacts", "unblock", "bob"],
        &["contacts", "merge", "new", "old"],
        &["contacts", "remove", "bob"],
        &["contacts", "remove", "bob", "--keep-history"],
        &["send", "bob", "hello"],
        &["send", "bob", "-", "--wait", "delivered", "--timeout", "30s"],
        &["history", "bob", "--limit", "5", "--before", "m"],
        &["read", "bob"],
        &["listen"],
        &["listen", "--since", "4294967297"],
        &["check"],
        &["rpc", "node.status"],
        &["rpc", "node.status", "{}"],
        &["demo"],
        &["passphrase", "set"],
        &["passphrase", "set", "--new-passphrase-file", "f"],
        &["passphrase", "remove"],
        &["--passphrase-file", "f", "passphrase", "set", "--new-passphrase-file", "-"],
        &["run", "--passphrase-file", "-"],
        &["--home", "/h", "--json", "status"],
    ];
    for line in lines {
        assert!(parse(line).is_ok(), "{line:?}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let lines: [&[&str]; 24] = [
        &[],
        &["nonsense"],
        &["init"],
        &["init", "Alice"],
        &["run", "now"],
        &["invite", "--expires", "7"],
        &["invite", "--expires", "tomorrow"],
        &["invite", "revoke"],
        &["invite", "--ask", "list"],
        &["accept"],
        &["contacts", "rename", "bob"],
        &["contacts", "merge", "new"],
        &["send", "bob"],
        &["send", "bob", "hello", "--wait", "queued"],
        &["send", "bob", "hello", "--timeout", "3s"],
        &["send", "bob", "two", "words"],
        &["history"],
        &["history", "bob", "--limit", "many"],
        &["listen", "--since", "-1"],
        &["demo", "x"],
        &["passphrase"],
        &["passphrase", "set", "secret"],
        &["passphrase", "remove", "--new-passphrase-file", "f"],
        &["status", "--passphrase", "secret"],
    ];
    for line in lines {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line:?}");
    }
    assert_eq!(parse(&["--help"]).unwrap_err().exit_code(), 0);
    assert_eq!(parse(&["--version"]).unwrap_err().exit_code(), 0);
}

#[test]
fn global_options_may_stand_anywhere() {
    let args = parse(&["contacts", "remove", "bob", "--json", "--home", "/h"]).unwrap();
    assert!(args.json);
    assert_eq!(args.home, Some(PathBuf::from("/h")));
}

#[test]
fn a_text_may_look_like_an_option() {
    for text in ["-", "--", "- item", "-5 degrees", "-hello", "--nothing-like-it"] {
        let line: &[&str] = if text == "--" { &["send", "bob", "--", "--"] } else { &["send", "bob", text] };
        match command(line) {
            Command::Send(send) => assert_eq!(send.text, text),
            other => panic!("{other:?}"),
        }
    }
    match command(&["send", "bob", "--wait", "read", "-x"]) {
        Command::Send(send) => {
            assert_eq!(send.text, "-x");
            assert_eq!(send.wait, Some(Wait::Read));
            assert_eq!(send.timeout, None);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let text = OsString::from_vec(vec![0xff, 0xfe]);
    let line = ["causerie-node", "send", "bob"].map(OsString::from);
    let args = Args::try_parse_from(line.into_iter().chain([text.clone()])).unwrap();
    assert!(matches!(args.command, Command::Send(send) if send.text == text));
}

#[test]
fn the_home_is_where_the_contract_says() {
    let home = |line: &[&str], environment: &[(&str, &str)]| {
        let args = parse(&[line, &["status"]].concat()).unwrap();
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        args.home(variable)
    };
    let all = [("CAUSERIE_HOME", "/b"), ("XDG_DATA_HOME", "/c"), ("HOME", "/d")];
    assert_eq!(home(&["--home", "/a"], &all), Some(PathBuf::from("/a")));
    assert_eq!(home(&[], &all), Some(PathBuf::from("/b")));
    assert_eq!(home(&[], &all[1..]), Some(PathBuf::from("/c/causerie")));
    assert_eq!(home(&[], &all[2..]), Some(PathBuf::from("/d/.local/share/causerie")));
    assert_eq!(home(&[], &[("CAUSERIE_HOME", ""), all[1]]), Some(PathBuf::from("/c/causerie")));
    assert_eq!(
        home(&[], &[("XDG_DATA_HOME", "relative"), all[2]]),
        Some(PathBuf::from("/d/.local/share/causerie"))
    );
    assert_eq!(home(&[], &[]), None);
}

#[test]
fn the_overview_names_every_command() {
    use clap::CommandFactory;
    let help = Args::command().render_help().to_string();
    for command in Args::command().get_subcommands() {
        let name = command.get_name();
        assert!(help.contains(&format!("\n  {name} ")), "{name} is missing in:\n{help}");
    }
    assert!(help.contains("--home"));
    assert!(help.contains("Examples:"));
}

#[test]
fn the_definition_is_sound() {
    use clap::CommandFactory;
    Args::command().debug_assert();
}
