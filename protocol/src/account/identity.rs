//! The identity file: who we are, and a copy of whom we know, apart from the store.
//!
//! It is written after the commit of what it copies, and before anything that rests on it leaves; it carries that
//! commit's number. At start the store wins, unless it is missing or older than the file: then contacts come back
//! from here, and what the store had lost comes back from peers.
//!
//! ```text
//! sealed: version u16 ‖ len u32 ‖ owner ‖ (len u32 ‖ row u64, contact)…
//! ```

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    account::keys::OwnAccount,
    contact::{Contact, ContactRow},
    entropy::TurnRandom,
    upgrade::{Age, VERSION},
    vault::Vault,
    wire::codec,
};

/// What the file holds.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The part that is ours.
    pub(crate) owner: Owner,
    /// A copy of the contact list.
    pub(crate) contacts: Vec<(ContactRow, Contact)>,
}

/// The part that is ours.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// All keys that no peer can give back.
    pub(crate) keys: OwnAccount,
    /// The name we gave ourselves.
    pub(crate) name: String,
    /// How often an engine was opened on it.
    pub(crate) starts: u64,
    /// The commit that it was written after.
    pub(crate) commit: u64,
}

/// The same, lent out to be written: equal bytes.
#[derive(Debug, Serialize)]
pub(crate) struct OwnerRef<'a> {
    /// See [`Owner`].
    pub(crate) keys: &'a OwnAccount,
    /// See [`Owner`].
    pub(crate) name: &'a str,
    /// See [`Owner`].
    pub(crate) starts: u64,
    /// See [`Owner`].
    pub(crate) commit: u64,
}

impl Identity {
    /// Opens the file's bytes.
    ///
    /// # Errors
    /// [`IdentityError`] when they are of another home, damaged, or of another version.
    pub(crate) fn open(sealed: &[u8], vault: &Vault) -> Result<Self, IdentityError> {
        match Age::of(version(sealed, vault)?) {
            Age::Older => Err(IdentityError::Older),
            Age::Newer => Err(IdentityError::Newer),
            Age::Current => Self::read(sealed, vault, |bytes| codec::decode(bytes).ok()),
        }
    }

    /// Opens the bytes of any version whose contacts this reads.
    ///
    /// # Errors
    /// [`IdentityError::Damaged`].
    pub(crate) fn read(
        sealed: &[u8],
        vault: &Vault,
        contact: impl Fn(&[u8]) -> Option<(ContactRow, Contact)>,
    ) -> Result<Self, IdentityError> {
        let plain = Zeroizing::new(vault.unseal_identity(sealed).ok_or(IdentityError::Damaged)?);
        let (_, mut rest) = plain.split_first_chunk::<2>().ok_or(IdentityError::Damaged)?;
        let owner = codec::decode(pull(&mut rest)?).map_err(|_| IdentityError::Damaged)?;
        let mut contacts = Vec::new();
        while !rest.is_empty() {
            contacts.push(contact(pull(&mut rest)?).ok_or(IdentityError::Damaged)?);
        }
        Ok(Self { owner, contacts })
    }
}

/// The version that the file's bytes say.
///
/// # Errors
/// [`IdentityError::Damaged`].
pub(crate) fn version(sealed: &[u8], vault: &Vault) -> Result<u16, IdentityError> {
    let plain = Zeroizing::new(vault.unseal_identity(sealed).ok_or(IdentityError::Damaged)?);
    plain.first_chunk().map(|version| u16::from_be_bytes(*version)).ok_or(IdentityError::Damaged)
}

/// Why an identity file cannot be used.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not what was written, or of another home.
    #[error("the identity file is damaged or belongs to another home")]
    Damaged,
    /// Written by a newer version.
    #[error("the identity file was written by a newer version")]
    Newer,
    /// Written by an older version, and not brought up to date.
    #[error("the identity file was written by an older version")]
    Older,
}

/// The file's bytes, sealed.
pub(crate) fn seal<'a>(
    owner: &OwnerRef<'_>,
    contacts: impl Iterator<Item = (ContactRow, &'a Contact)>,
    vault: &Vault,
    random: &mut TurnRandom,
) -> Option<Vec<u8>> {
    let mut plain = VERSION.to_be_bytes().to_vec();
    push(&mut plain, &codec::encode(owner).ok()?)?;
    for (row, contact) in contacts {
        push(&mut plain, &codec::encode(&(row, contact)).ok()?)?;
    }
    let sealed = vault.seal_identity(random, &plain);
    plain.zeroize();
    Some(sealed)
}

fn push(plain: &mut Vec<u8>, part: &[u8]) -> Option<()> {
    plain.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
    plain.extend_from_slice(part);
    Some(())
}

fn pull<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], IdentityError> {
    let (len, tail) = rest.split_first_chunk::<4>().ok_or(IdentityError::Damaged)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| IdentityError::Damaged)?;
    let (part, tail) = tail.split_at_checked(len).ok_or(IdentityError::Damaged)?;
    *rest = tail;
    Ok(part)
}
