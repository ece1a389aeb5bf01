//! A home of an older version is brought up to date before it is used, by whichever process holds its lock.
//!
//! ```text
//! copy, durable ─▶ identity of version 2, twice ─▶ store, step by step, its version last ─▶ opened ─▶ all read: proved
//!                                                                          a later start ─▶ opened ─▶ the copy goes
//! ```
//!
//! The identity is written twice, so that the one before it is of this version too: an older program that cannot use the
//! one tries the other. From then on older programs refuse the home, and whatever cuts this short, the next start goes
//! on: a store whose version is missing is older still. Where the store is a copy to read from, that is brought up to
//! date, and the home stays as it is.

use std::sync::Arc;

use causerie_protocol::{
    account::identity::IdentityError,
    engine::OpenError,
    records::RecordsError,
    upgrade::{self, Age},
    vault::Vault,
};
use tracing::{info, warn};

use super::{Footing, HomeGround};
use crate::{
    entropy,
    error::NodeError,
    home::{IdentityCopies, Kept},
    store::{self, Store},
};

/// Refuses a home of a newer version before anything of it is opened.
pub(super) fn refuse_newer(vault: &Vault, copies: &IdentityCopies) -> Result<(), NodeError> {
    match age_of_identity(vault, copies) {
        Age::Newer => Err(NodeError::NewerHome),
        _ => Ok(()),
    }
}

/// Brings the home up to date if it is older; hands back the store and the identity files as they are then.
pub(super) fn brought_up_to_date(
    ground: &HomeGround,
    copies: IdentityCopies,
    (mut store, is_copy): (Arc<dyn Store>, bool),
) -> Result<(IdentityCopies, Arc<dyn Store>), NodeError> {
    let HomeGround { home, vault, .. } = ground;
    let identity_age = age_of_identity(vault, &copies);
    let unreadable = |error: RecordsError| NodeError::of_records(&error, &home.store_path());
    let age = upgrade::age_of_store(&*store, vault).map_err(unreadable)?;
    match (identity_age, age) {
        (_, Age::Newer) => return Err(NodeError::NewerHome),
        (Age::Current, Age::Current) => return Ok((copies, store)),
        _ => {}
    }
    if !is_copy {
        drop(store);
        home.keep_copy(identity_age == Age::Older)?;
        store = store::open(&home.store_path())?;
    }
    let copies = write_identity(ground, copies, is_copy)?;
    let mut next = None;
    loop {
        let step = upgrade::step(&*store, vault, &entropy::fresh()?, next).map_err(unreadable)?;
        store.apply(&step.changes)?;
        next = step.next;
        if next.is_none() {
            break;
        }
    }
    if !is_copy {
        store.commit()?;
        info!("the home was brought up to date; a copy of it as it was is kept until that is proved");
    }
    Ok((copies, store))
}

/// After the engine was opened: a copy that can go goes, and a migration is proved, if it can be.
pub(crate) fn settle(ground: &HomeGround, footing: &Footing) {
    if footing.is_copy {
        return;
    }
    let home = &ground.home;
    let outcome = match home.kept() {
        Kept::Nothing => return,
        Kept::Proved => home.forget_copy().map_err(NodeError::from),
        Kept::Unproved => prove(ground, &*footing.store),
    };
    if let Err(error) = outcome {
        // The copy is there for as long as it takes, and the home can be used.
        warn!(%error, "the copy from before the migration stays");
    }
}

fn prove(ground: &HomeGround, store: &dyn Store) -> Result<(), NodeError> {
    let copies = ground.home.read_identity()?;
    let identity = copies.current.or(copies.previous).ok_or(NodeError::NoIdentity)?;
    match upgrade::prove(&identity, store, &ground.vault) {
        Ok(true) => Ok(ground.home.note_proved()?),
        Ok(false) => Err(NodeError::Storage("some records cannot be read".to_owned())),
        Err(error) => Err(ground.failure(&error)),
    }
}

/// Both identity files as they are to be: written, unless nothing is.
fn write_identity(
    ground: &HomeGround,
    copies: IdentityCopies,
    is_copy: bool,
) -> Result<IdentityCopies, NodeError> {
    let mut failure = NodeError::NoIdentity;
    for (is_current, sealed) in [(true, copies.current), (false, copies.previous)] {
        let Some(sealed) = sealed else { continue };
        let identity = match upgrade::identity(&sealed, &ground.vault, &entropy::fresh()?) {
            Ok(upgraded) => upgraded.unwrap_or(sealed),
            Err(error) => {
                failure = ground.failure(&OpenError::Identity(error));
                continue;
            }
        };
        if !is_copy {
            if !is_current {
                ground.home.set_identity_aside()?;
            }
            ground.home.write_identity(&identity)?;
            ground.home.write_identity(&identity)?;
        }
        return Ok(IdentityCopies { current: Some(identity.clone()), previous: Some(identity) });
    }
    Err(failure)
}

/// Of the identity file that would be used.
fn age_of_identity(vault: &Vault, copies: &IdentityCopies) -> Age {
    let found = [&copies.current, &copies.previous].into_iter().flatten();
    let ages = found.map(|sealed| upgrade::age_of_identity(sealed, vault));
    // One that cannot be read is for the engine to refuse.
    ages.filter_map(Result::<Age, IdentityError>::ok).next().unwrap_or(Age::Current)
}

#[cfg(test)]
mod tests;
