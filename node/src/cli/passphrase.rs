//! What opens the home, and `passphrase`, which sets, changes and removes it.
//!
//! ```text
//! --passphrase-file FILE   its bytes without one newline at their end    `-`: the same of standard input
//! neither                  asked for at a terminal, where there is one; a script is told that the home is locked
//! ```
//!
//! It is read when it is needed and not before: a node that runs has the keys already. `passphrase set` takes a new one
//! from `--new-passphrase-file`, or asks twice; where there is none yet, `--passphrase-file` can only be the new one.

use std::{
    fs::File,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use causerie_protocol::vault::passphrase::{Passphrase, PassphraseError};
use serde_json::json;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::{
    args,
    errors::Failure,
    output::Printer,
    terminal::{self, Hidden},
};
use crate::{
    error::NodeError,
    home::VaultFiles,
    passphrase::{self, Effort},
};

/// Where the home's passphrase comes from, and the passphrase once it was needed.
#[derive(Debug, Default)]
pub(super) struct Opener {
    file: Option<PathBuf>,
    passphrase: Option<Passphrase>,
}

impl Opener {
    pub(super) const fn new(file: Option<PathBuf>) -> Self {
        Self { file, passphrase: None }
    }

    /// Whether standard input is not free for anything else.
    pub(super) fn reads_standard_input(&self) -> bool {
        is_standard_input(self.file.as_deref())
    }

    /// What is known so far.
    pub(super) fn passphrase(&self) -> Option<Passphrase> {
        self.passphrase.clone()
    }

    /// Gets the passphrase, which was needed.
    pub(super) async fn ask(&mut self) -> Result<(), Failure> {
        let taken = match self.given().await {
            Ok(None) if terminal::is_there() => asked().await,
            Ok(None) => Err(NodeError::Locked.into()),
            Ok(Some(passphrase)) => Ok(passphrase),
            Err(failure) => Err(failure),
        };
        self.passphrase = Some(taken.map_err(still_locked)?);
        Ok(())
    }

    /// The passphrase from the file that was named, if one was.
    pub(super) async fn given(&self) -> Result<Option<Passphrase>, Failure> {
        match &self.file {
            Some(file) => Ok(Some(read(file.clone()).await?)),
            None => Ok(None),
        }
    }
}

/// `passphrase set` and `passphrase remove`.
pub(super) async fn change(
    home: &Path,
    command: args::Passphrase,
    opener: Opener,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let home = home.to_owned();
    match command {
        args::Passphrase::Set { new_passphrase_file } => {
            let (current, new) = before_and_after(&home, opener, new_passphrase_file).await?;
            in_a_thread(move || passphrase::set(&home, current.as_ref(), &new, Effort::Calibrated)).await?;
            printer.result(&json!({}), |_, _| String::new())?;
            printer.note(
                "The passphrase is set. Nobody can open this home without it, and nobody can give it back.",
            );
            printer.note("Copies of the home that were made before still open as they did.");
        }
        args::Passphrase::Remove => {
            let current = if is_locked(&home).await? { current(opener).await? } else { None };
            in_a_thread(move || passphrase::remove(&home, current.as_ref())).await?;
            printer.result(&json!({}), |_, _| String::new())?;
            printer.note("The passphrase is removed. Whoever can read the home can read everything.");
        }
    }
    Ok(())
}

/// The current passphrase, if there is one, and the new one. Whether both can be had is found out before either is read.
async fn before_and_after(
    home: &Path,
    opener: Opener,
    new_file: Option<PathBuf>,
) -> Result<(Option<Passphrase>, Passphrase), Failure> {
    let locked = is_locked(home).await?;
    if locked && opener.reads_standard_input() && is_standard_input(new_file.as_deref()) {
        return Err(Failure::one_standard_input());
    }
    let new_file = if locked { new_file } else { new_file.or_else(|| opener.file.clone()) };
    if new_file.is_none() && !terminal::is_there() {
        return Err(without_new_one(locked));
    }
    let current = if locked { current(opener).await? } else { None };
    let new = match new_file {
        Some(file) => read(file).await?,
        None => asked_twice().await?,
    };
    Ok((current, new))
}

async fn current(mut opener: Opener) -> Result<Option<Passphrase>, Failure> {
    opener.ask().await?;
    Ok(opener.passphrase)
}

/// What cannot be a passphrase is not this home's either; and without any it stays locked.
fn still_locked(mut failure: Failure) -> Failure {
    match failure.kind.as_str() {
        "empty" | "too_long" => return NodeError::WrongPassphrase.into(),
        "io" => "locked".clone_into(&mut failure.kind),
        _ => {}
    }
    failure
}

async fn asked() -> Result<Passphrase, Failure> {
    checked(Hidden::standard_input()?.ask("Passphrase").await?)
}

async fn asked_twice() -> Result<Passphrase, Failure> {
    let hidden = Hidden::standard_input()?;
    let new = checked(hidden.ask("New passphrase").await?)?;
    if checked(hidden.ask("Once more").await?)? == new {
        return Ok(new);
    }
    Err(Failure::new("passphrases_differ", "the two passphrases differ", "Nothing was changed. Try again."))
}

fn without_new_one(locked: bool) -> Failure {
    if locked {
        let message = "this home has a passphrase already, and no new one was given";
        let hint = "Nothing was changed. --passphrase-file names the current one, --new-passphrase-file the new one.";
        return Failure::new("usage", message, hint);
    }
    let hint =
        "Nothing was changed. Name the file that holds it with --passphrase-file, or be asked in a terminal.";
    Failure::new("usage", "no new passphrase was given", hint)
}

async fn is_locked(home: &Path) -> Result<bool, Failure> {
    let home = home.to_owned();
    in_a_thread(move || Ok(VaultFiles::of(&home)?.has_passphrase()?)).await
}

/// Stretching a passphrase, and waiting for the files of a vault, would hold up an interrupt.
async fn in_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, Failure> {
    match spawn_blocking(work).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(Failure::internal(&error.to_string())),
    }
}

fn is_standard_input(file: Option<&Path>) -> bool {
    file.is_some_and(|file| file.as_os_str() == "-")
}

async fn read(file: PathBuf) -> Result<Passphrase, Failure> {
    if is_standard_input(Some(&file)) && io::stdin().is_terminal() {
        return asked().await;
    }
    let shown = file.display().to_string();
    let reading = spawn_blocking(move || {
        if is_standard_input(Some(&file)) {
            terminal::read_to_end(io::stdin())
        } else {
            terminal::read_to_end(File::open(file)?)
        }
    });
    match reading.await {
        Ok(Ok(mut bytes)) => {
            bytes.pop_if(|last| *last == b'\n');
            checked(bytes)
        }
        Ok(Err(error)) => Err(Failure::new(
            "io",
            format!("the passphrase cannot be read from {shown}: {error}"),
            "Nothing was changed. Name a file that can be read, or `-` for standard input.",
        )),
        Err(error) => Err(Failure::internal(&error.to_string())),
    }
}

fn checked(mut bytes: Zeroizing<Vec<u8>>) -> Result<Passphrase, Failure> {
    Passphrase::new(core::mem::take(&mut *bytes)).map_err(|error| {
        let kind = match error {
            PassphraseError::Empty => "empty",
            PassphraseError::TooLong => "too_long",
        };
        Failure::new(kind, error.to_string(), "Nothing was changed. Choose another one.")
    })
}

#[cfg(test)]
mod tests;
