//! What a packager or a shell wants of the command line: completions and manual pages, made from the same description
//! as `--help`, so that they cannot say anything else.

use std::{io, path::Path};

use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::json;

use super::{args::Args, errors::Failure, output::Printer};

/// The script that completes commands and options in this shell.
pub(super) fn completions(shell: Shell, printer: &mut Printer) -> Result<(), Failure> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    let script = json!(String::from_utf8_lossy(&script));
    Ok(printer.result(&script, |script, _| script.as_str().unwrap_or_default().trim_end().to_owned())?)
}

/// Writes a page for the program and one for each command into a directory, which is made if need be.
pub(super) fn pages(directory: &Path, printer: &mut Printer) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            "io",
            format!("{}: {error}", directory.display()),
            "Name a directory that can be written.",
        )
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Args::command(), directory).map_err(failed)?;
    let first = directory.join("causerie-node.1");
    let words = |_: &_, _| format!("`man -l {}` shows the first page.", first.display());
    Ok(printer.result(&json!({"directory": directory}), words)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &clap::Command) -> Vec<String> {
        command.get_subcommands().map(|one| one.get_name().to_owned()).collect()
    }

    #[test]
    fn every_shell_is_told_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "causerie-node", &mut script);
            let script = String::from_utf8(script).unwrap();
            for name in names(&Args::command()) {
                assert!(script.contains(&name), "{shell} knows no {name}");
            }
            assert!(script.contains("passphrase-file"), "{shell}");
        }
    }

    #[test]
    fn every_command_has_its_page() {
        let directory = tempfile::tempdir().unwrap();
        let pages = directory.path().join("man");
        clap_mangen::generate_to(Args::command(), {
            std::fs::create_dir_all(&pages).unwrap();
            &pages
        })
        .unwrap();
        let main = std::fs::read_to_string(pages.join("causerie-node.1")).unwrap();
        assert!(main.contains(".TH causerie") && main.contains("Exit codes"), "{main}");
        for name in names(&Args::command()) {
            let page = std::fs::read_to_string(pages.join(format!("causerie-node-{name}.1"))).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{name}");
        }
    }
}
