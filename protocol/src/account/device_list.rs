//! The signed list of an account's devices, and how one list follows another.
//!
//! ```text
//! "causerie/1 devlist" ‖ v u8 ‖ A_pk(32) ‖ version u32 ‖ prev_hash(32) ‖ devices ‖ revoked ‖ Ed25519_A(all before)
//! ```
//!
//! A list is parsed and verified in one step, so an unverified one has no type; its bytes are kept as received and
//! its hash is over them. It refuses everything that is not the one encoding of a list: devices out of order or
//! twice, an id that is not its key's, keys of small order, too many. Whether it replaces a known one is for
//! [`succession`] to say.

use core::fmt;

#[cfg(feature = "stand-in")]
use crate::stand_in::{PublicKey, StaticSecret};
use serde::{Deserialize, Serialize};
use thiserror::Error;
#[cfg(not(feature = "stand-in"))]
use x25519_dalek::{PublicKey, StaticSecret};

use super::{account_id, device_id, signature};
use crate::{
    ids::{AccountId, DeviceId},
    limits::{DEVICES_MAX, RECORD_BYTES_MAX},
    moment::WallTime,
    secret::{self, Secret},
    wire::codec,
};

/// Revoked devices that a list remembers. Chosen: with a full list twice in it a first message stays in its smallest
/// bucket.
pub const REVOKED_MAX: usize = 64;

const LABEL: &str = "devlist";

/// The one format there is.
const FORMAT: u8 = 1;

/// What an account says about its devices; not signed yet, or taken from a signed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// The account's Ed25519 key.
    pub account_key: [u8; 32],
    /// 1 for the first list, one more for each that replaces it.
    pub version: u32,
    /// The hash of the list that this one replaces; zero in the first.
    pub previous: [u8; 32],
    /// 1 to [`DEVICES_MAX`] devices, ascending by id.
    pub devices: Vec<Device>,
    /// Devices that were removed, ascending, at most [`REVOKED_MAX`]; none of them is in `devices`.
    pub revoked: Vec<DeviceId>,
}

impl DeviceList {
    /// The first list of an account.
    #[must_use]
    pub fn first(account_key: [u8; 32], device: Device) -> Self {
        Self { account_key, version: 1, previous: [0; 32], devices: vec![device], revoked: Vec::new() }
    }

    /// Signs the list with the account's seed.
    ///
    /// # Errors
    /// [`DeviceListError`] when nobody would accept it: it breaks a rule of lists, or the seed is another account's.
    pub fn sign(&self, account_seed: &Secret) -> Result<SignedDeviceList, DeviceListError> {
        let body = codec::encode(&(FORMAT, self)).map_err(|_| DeviceListError::TooLarge)?;
        SignedDeviceList::parse(&signature::sign(account_seed, LABEL, &body))
    }

    fn check_order(&self) -> Result<(), DeviceListError> {
        let starts_chain = self.previous == [0; 32];
        if self.version == 0 || starts_chain != (self.version == 1) {
            return Err(DeviceListError::Chain);
        }
        if self.devices.is_empty() || self.devices.len() > DEVICES_MAX || self.revoked.len() > REVOKED_MAX {
            return Err(DeviceListError::Count);
        }
        let ordered = self.devices.is_sorted_by(|one, next| one.id < next.id)
            && self.revoked.is_sorted_by(|one, next| one < next);
        let disjoint = self.devices.iter().all(|device| self.revoked.binary_search(&device.id).is_err());
        if ordered && disjoint { Ok(()) } else { Err(DeviceListError::Order) }
    }
}

/// One device of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `H(key)[..16]`.
    pub id: DeviceId,
    /// Its Ed25519 key: signs bundles.
    pub key: [u8; 32],
    /// Its X25519 key: Noise only.
    pub static_key: [u8; 32],
    /// What it can do beyond its protocol version; bits that we do not know are kept and mean nothing.
    pub capabilities: u32,
    /// The oldest protocol version that it speaks.
    pub version_min: u8,
    /// The newest protocol version that it speaks.
    pub version_max: u8,
    /// When it was added, by the clock of whoever added it; for people only.
    pub added: WallTime,
}

impl Device {
    fn is_sound(&self) -> bool {
        // A clamped scalar is a multiple of 8, so a key of small order gives zero with any of them.
        let static_is_sound =
            StaticSecret::from([0; 32]).diffie_hellman(&PublicKey::from(self.static_key)).was_contributory();
        static_is_sound
            && self.id == device_id(&self.key)
            && signature::is_sound_key(&self.key)
            && self.version_min <= self.version_max
    }
}

/// A device list that its account has signed, with the bytes it came in.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct SignedDeviceList {
    list: DeviceList,
    account: AccountId,
    hash: [u8; 32],
    bytes: Vec<u8>,
}

impl SignedDeviceList {
    /// Takes a list from its bytes and verifies all that they can show.
    ///
    /// # Errors
    /// [`DeviceListError`] says what is wrong; nothing of such a list may be used.
    pub fn parse(bytes: &[u8]) -> Result<Self, DeviceListError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(DeviceListError::TooLarge);
        }
        let body = signature::body(LABEL, bytes).ok_or(DeviceListError::Malformed)?;
        if body.first().is_some_and(|format| *format > FORMAT) {
            return Err(DeviceListError::Newer);
        }
        let (format, list): (u8, DeviceList) = codec::decode(body).map_err(|_| DeviceListError::Malformed)?;
        if format != FORMAT {
            return Err(DeviceListError::Malformed);
        }
        list.check_order()?;
        if !signature::is_signed_by(&list.account_key, bytes) {
            return Err(DeviceListError::Signature);
        }
        if !list.devices.iter().all(Device::is_sound) {
            return Err(DeviceListError::Device);
        }
        Ok(Self {
            account: account_id(&list.account_key),
            hash: secret::hash_plain(&[bytes]),
            bytes: bytes.to_vec(),
            list,
        })
    }

    /// Whose devices they are.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Which list of the account's it is; 1 is the first.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.list.version
    }

    /// `H(bytes)`, which the next list names as the one it replaces.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The bytes as received, signature included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    #[must_use]
    pub const fn list(&self) -> &DeviceList {
        &self.list
    }

    /// Whether it names this very device, with the same keys.
    #[must_use]
    pub fn has(&self, device: &Device) -> bool {
        self.device(device.id)
            .is_some_and(|listed| (listed.key, listed.static_key) == (device.key, device.static_key))
    }

    /// The ids of all devices, ascending.
    pub fn device_ids(&self) -> impl Iterator<Item = DeviceId> {
        self.list.devices.iter().map(|device| device.id)
    }

    /// The device with this id; `None` when it is not, or no longer, one of the account's.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.list.devices.iter().find(|device| device.id == id)
    }
}

impl PartialEq for SignedDeviceList {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for SignedDeviceList {}

impl TryFrom<Vec<u8>> for SignedDeviceList {
    type Error = DeviceListError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, DeviceListError> {
        Self::parse(&bytes)
    }
}

impl From<SignedDeviceList> for Vec<u8> {
    fn from(signed: SignedDeviceList) -> Self {
        signed.bytes
    }
}

impl fmt::Debug for SignedDeviceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedDeviceList")
            .field("account", &self.account)
            .field("version", &self.list.version)
            .field("devices", &self.list.devices.len())
            .finish_non_exhaustive()
    }
}

/// Why bytes are not a device list.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceListError {
    /// Not one encoding of a list, or another kind of signed object.
    #[error("malformed device list")]
    Malformed,
    /// Longer than any list can be.
    #[error("device list too large")]
    TooLarge,
    /// No devices, or too many, or too many revoked.
    #[error("wrong number of devices in a device list")]
    Count,
    /// Devices twice, out of order, or listed and revoked at once.
    #[error("devices of a device list out of order")]
    Order,
    /// Version 0, or a first list that replaces one, or a later one that replaces none.
    #[error("version of a device list does not go with what it replaces")]
    Chain,
    /// A device's id is not its key's, a key is of small order, or its range of versions is empty.
    #[error("unsound device in a device list")]
    Device,
    /// The account did not sign this.
    #[error("wrong signature of a device list")]
    Signature,
    /// A format of a newer program; nothing of it was verified.
    #[error("device list of a newer format")]
    Newer,
}

/// How a list stands to the one we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// The very same list.
    Same,
    /// It replaces the known one.
    Next {
        /// Whether it has a device that the known one has not, or one with another key.
        gained_devices: bool,
    },
    /// It has a smaller version: one that was replaced, or a rollback.
    Older,
    /// It contradicts the known one: its version with other content, or the next version of another history.
    Fork,
    /// Versions between are missing.
    Gap,
    /// It is another account's.
    OtherAccount,
}

/// How `newer` stands to `known`.
#[must_use]
pub fn succession(known: &SignedDeviceList, newer: &SignedDeviceList) -> Succession {
    if known.account != newer.account {
        return Succession::OtherAccount;
    }
    if known.hash == newer.hash {
        return Succession::Same;
    }
    // Only a larger version has a distance of at least 1; u32::MAX is the last list that an account can have.
    match newer.version().checked_sub(known.version()) {
        None => Succession::Older,
        Some(1) if newer.list.previous == known.hash => {
            Succession::Next { gained_devices: newer.list.devices.iter().any(|device| !known.has(device)) }
        }
        Some(0 | 1) => Succession::Fork,
        Some(_) => Succession::Gap,
    }
}

#[cfg(test)]
mod tests;
