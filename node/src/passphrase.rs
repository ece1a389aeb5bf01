//! Sets, changes and removes the passphrase of a home, whether a node runs on it or not.
//!
//! The master key stays and is wrapped anew, so nothing else of the home is touched and a running node goes on. Whoever
//! changes or removes a passphrase has to know it, even where a node of theirs is running.
//!
//! What a try costs is [`Cost::DEFAULT`], or fewer passes over the same memory where this machine would need more than
//! half a second for it; never less than one pass over 64 MiB. Three passes took 0.15 to 0.25 s where this was written
//! (two busy cores of a server, optimised), so fewer are for machines that are several times as slow.

use std::{path::Path, time::Duration};

use causerie_protocol::{
    entropy::TurnRandom,
    secret::Secret,
    vault::{
        MasterKey,
        header::{Header, Protection},
        passphrase::{Cost, Passphrase, SALT_BYTES},
    },
};

use crate::{
    clock, entropy,
    error::NodeError,
    home::{HomeError, VaultFiles, Wrapped},
};

/// How long opening a home may take because of its passphrase; the design of the vault.
const OPENING_MAX: Duration = Duration::from_millis(500);

/// How often the default is tried before it counts as too slow. Chosen: a machine that is busy for a moment is no slow
/// machine.
const TRIES: u32 = 3;

/// How much work a passphrase costs.
#[derive(Clone, Copy, Debug)]
pub enum Effort {
    /// As much as this machine bears.
    Calibrated,
    /// This much: for tests.
    Fixed(Cost),
}

/// Locks a home with this passphrase, in place of the current one if there is one.
///
/// # Errors
/// [`NodeError::Locked`] and [`NodeError::WrongPassphrase`] for the current one; others when the home cannot be used.
pub fn set(
    home: &Path,
    current: Option<&Passphrase>,
    new: &Passphrase,
    effort: Effort,
) -> Result<(), NodeError> {
    let files = VaultFiles::of(home)?;
    let master = files.unlock(current)?;
    Ok(files.replace(&wrap(&master, new, effort)?)?)
}

/// Whether this passphrase opens a home, which stays as it is.
///
/// # Errors
/// [`NodeError::WrongPassphrase`]; [`NodeError::NoPassphrase`] where there is none; others when the home cannot be used.
pub fn check(home: &Path, passphrase: &Passphrase) -> Result<(), NodeError> {
    let files = VaultFiles::of(home)?;
    if !files.has_passphrase()? {
        return Err(HomeError::NoPassphrase(home.to_owned()).into());
    }
    files.unlock(Some(passphrase))?;
    Ok(())
}

/// Unlocks a home for everybody who can read it.
///
/// # Errors
/// [`NodeError::NoPassphrase`] where there is none; others as [`set`].
pub fn remove(home: &Path, current: Option<&Passphrase>) -> Result<(), NodeError> {
    let files = VaultFiles::of(home)?;
    if !files.has_passphrase()? {
        return Err(HomeError::NoPassphrase(home.to_owned()).into());
    }
    let master = files.unlock(current)?;
    Ok(files.replace(&wrap_with_key_file(&master)?)?)
}

/// A master key for a new home.
pub(crate) fn new_master_key() -> Result<MasterKey, NodeError> {
    Ok(MasterKey::create(&mut random()?))
}

/// What to write so that this passphrase opens the vault.
pub(crate) fn wrap(
    master: &MasterKey,
    passphrase: &Passphrase,
    effort: Effort,
) -> Result<Wrapped, NodeError> {
    let mut random = random()?;
    let salt = random.bytes();
    let (cost, wrapping) = match effort {
        Effort::Fixed(cost) => (cost, stretched(passphrase, cost, &salt)?),
        Effort::Calibrated => calibrated(passphrase, &salt)?,
    };
    let header = Header::seal(master, Protection::Passphrase { cost, salt }, &wrapping, &mut random);
    Ok(Wrapped { header, key: None })
}

/// What to write so that a key that lies beside it opens the vault.
pub(crate) fn wrap_with_key_file(master: &MasterKey) -> Result<Wrapped, NodeError> {
    let mut random = random()?;
    let key = Secret::new(random.bytes());
    let header = Header::seal(master, Protection::KeyFile, &key, &mut random);
    Ok(Wrapped { header, key: Some(key) })
}

/// The most that opening bears, and the key at that cost.
fn calibrated(passphrase: &Passphrase, salt: &[u8; SALT_BYTES]) -> Result<(Cost, Secret), NodeError> {
    let mut fastest = Duration::MAX;
    for _ in 0..TRIES {
        let began = clock::now().moment;
        let key = stretched(passphrase, Cost::DEFAULT, salt)?;
        fastest = fastest.min(clock::now().moment.since(began));
        if fastest <= OPENING_MAX {
            return Ok((Cost::DEFAULT, key));
        }
    }
    let cost = bearable(fastest);
    Ok((cost, stretched(passphrase, cost, salt)?))
}

/// The cost where the default takes this long.
fn bearable(default_takes: Duration) -> Cost {
    let passes = Cost::DEFAULT.passes();
    let bearable =
        (1..=passes).rev().find(|fewer| default_takes.saturating_mul(*fewer) <= OPENING_MAX * passes);
    Cost::new(Cost::DEFAULT.memory_kib(), bearable.unwrap_or(1), Cost::DEFAULT.lanes())
        .unwrap_or(Cost::DEFAULT)
}

fn stretched(passphrase: &Passphrase, cost: Cost, salt: &[u8; SALT_BYTES]) -> Result<Secret, NodeError> {
    let words = "there is not enough memory for a passphrase";
    passphrase.stretch(cost, salt).ok_or_else(|| NodeError::Storage(words.to_owned()))
}

fn random() -> Result<TurnRandom, NodeError> {
    Ok(TurnRandom::new(&entropy::fresh()?))
}

#[cfg(test)]
mod tests;
