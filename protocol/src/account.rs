//! Who somebody is: an account key, the devices it has signed, and the digits by which two people compare.
//!
//! An account is the hash of its key and never changes; a device is the hash of its own. What an account's devices
//! are is said by a signed list alone. Nothing here trusts a list because it is newer: that is judged by
//! [`device_list::succession`]. Wire format: `docs/wire-format.md`, "Accounts".

pub mod device_list;
pub mod identity;
pub mod keys;
pub mod safety_number;
pub(crate) mod signature;

pub use safety_number::safety_number;

use crate::{
    ids::{AccountId, DeviceId},
    secret,
};

/// The account with this Ed25519 key: `H("causerie/1 account" ‖ key)`.
#[must_use]
pub fn account_id(account_key: &[u8; 32]) -> AccountId {
    AccountId::from_bytes(secret::hash("account", &[account_key]))
}

/// The device with this Ed25519 key: `H(key)[..16]`.
#[must_use]
pub fn device_id(device_key: &[u8; 32]) -> DeviceId {
    DeviceId::from_bytes(secret::first16(&secret::hash_plain(&[device_key])))
}
