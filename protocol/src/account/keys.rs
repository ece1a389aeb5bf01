//! Our own account on this device: the secrets, what follows from them, and our own device list.
//!
//! It is stored whole, sealed, in the identity file; reading it back checks that the secrets and the list still
//! belong together. The account key signs device lists and nothing else, the device key everything that a device
//! says in public, and the static secret is for Noise only and independent of both. No secret leaves but the two that
//! sessions need.

use core::{cmp::Ordering, fmt};
use std::collections::BTreeSet;

#[cfg(feature = "stand-in")]
use crate::stand_in::{PublicKey, StaticSecret};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
#[cfg(not(feature = "stand-in"))]
use x25519_dalek::{PublicKey, StaticSecret};

use super::{
    account_id, device_id,
    device_list::{Device, DeviceList, SignedDeviceList},
    signature,
};
use crate::{
    entropy::TurnRandom,
    ids::{AccountId, DeviceId},
    moment::WallTime,
    secret::Secret,
};

/// The version of the end-to-end protocol that this program speaks.
const PROTOCOL_VERSION: u8 = 1;

/// Who we are, on this device.
pub struct OwnAccount {
    account_seed: Secret,
    device_seed: Secret,
    static_secret: Secret,
    k_self: Secret,
    list: SignedDeviceList,
    device: DeviceId,
    static_public: [u8; 32],
}

impl OwnAccount {
    /// Draws a new account with this device as its first.
    #[must_use]
    pub fn create(random: &mut TurnRandom, now: WallTime) -> Self {
        let [account_seed, device_seed, static_secret] = [(); 3].map(|()| Secret::new(random.bytes()));
        let device = described(&device_seed, &static_secret, now);
        let id = device.id;
        let list = DeviceList::first(signature::public_key(&account_seed), device);
        #[expect(
            clippy::expect_used,
            reason = "a first list of one device whose keys were just derived keeps every rule of lists"
        )]
        let list = list.sign(&account_seed).expect("a sound list");
        Self {
            k_self: account_seed.derive("self", &[]),
            device: id,
            static_public: static_public(&static_secret),
            account_seed,
            device_seed,
            static_secret,
            list,
        }
    }

    /// The same account on a device of its own: new keys, and a list that names it beside the others. `None` where the
    /// account has as many devices as it can have.
    #[must_use]
    pub fn separated(&self, random: &mut TurnRandom, now: WallTime) -> Option<Self> {
        let [device_seed, static_secret] = [(); 2].map(|()| Secret::new(random.bytes()));
        let device = described(&device_seed, &static_secret, now);
        let id = device.id;
        let known = self.list.list();
        let devices = known.devices.iter().cloned().chain([device]).collect();
        let list = self.next_list(&self.list, devices, known.revoked.clone())?;
        Some(Self {
            account_seed: self.account_seed.clone(),
            k_self: self.k_self.clone(),
            device: id,
            static_public: static_public(&static_secret),
            device_seed,
            static_secret,
            list,
        })
    }

    /// Takes a list of our account that another device of ours made: as it is where it is newer and names all that ours
    /// names, else both become one that replaces the newer. Whether the list is another one now: not where it is older and
    /// names none that is new, or takes this device away, or both together name too many.
    pub fn join_list(&mut self, other: &SignedDeviceList) -> bool {
        let (own, theirs) = (self.list.list(), other.list());
        if other.account() != self.account() || theirs.revoked.contains(&self.device) {
            return false;
        }
        let names_all = |list: &SignedDeviceList, devices: &[Device]| {
            devices.iter().all(|device| list.has(device) || list.list().revoked.contains(&device.id))
        };
        let joined = if other.version() > own.version && names_all(other, &own.devices) {
            Some(other.clone())
        } else if other.hash() == self.list.hash()
            || (other.version() < own.version && names_all(&self.list, &theirs.devices))
        {
            None
        } else {
            let revoked: BTreeSet<DeviceId> = own.revoked.iter().chain(&theirs.revoked).copied().collect();
            let known = |device: &&Device| self.list.device(device.id).is_none();
            let further = theirs.devices.iter().filter(known);
            let devices = own.devices.iter().chain(further).filter(|device| !revoked.contains(&device.id));
            // Two devices that join the same two lists make the same one of them.
            let newer = match own.version.cmp(&other.version()) {
                Ordering::Greater => &self.list,
                Ordering::Equal if self.list.hash() < other.hash() => &self.list,
                _ => other,
            };
            self.next_list(newer, devices.cloned().collect(), revoked.iter().copied().collect())
        };
        match joined {
            Some(joined) => self.list = joined,
            None => return false,
        }
        true
    }

    /// Signs a list that names this device, too, whoever's it is.
    #[cfg(test)]
    pub(crate) fn claim(&mut self, device: Device) {
        let known = self.list.list();
        let devices = known.devices.iter().cloned().chain([device]).collect();
        if let Some(list) = self.next_list(&self.list, devices, known.revoked.clone()) {
            self.list = list;
        }
    }

    /// Signs a list that gives this device another static key.
    #[cfg(test)]
    pub(crate) fn swap_static(&mut self, random: &mut TurnRandom) {
        let secret = Secret::new(random.bytes());
        let mut devices = self.list.list().devices.clone();
        for device in devices.iter_mut().filter(|device| device.id == self.device) {
            device.static_key = static_public(&secret);
        }
        if let Some(list) = self.next_list(&self.list, devices, self.list.list().revoked.clone()) {
            (self.static_public, self.static_secret, self.list) = (static_public(&secret), secret, list);
        }
    }

    /// The list that replaces this one; `None` where it would break a rule of lists.
    fn next_list(
        &self,
        before: &SignedDeviceList,
        mut devices: Vec<Device>,
        revoked: Vec<DeviceId>,
    ) -> Option<SignedDeviceList> {
        devices.sort_by_key(|device| device.id);
        let list = DeviceList {
            account_key: before.list().account_key,
            version: before.version().checked_add(1)?,
            previous: before.hash(),
            devices,
            revoked,
        };
        list.sign(&self.account_seed).ok()
    }

    /// Our account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.list.account()
    }

    /// This device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The newest list of our devices.
    #[must_use]
    pub const fn device_list(&self) -> &SignedDeviceList {
        &self.list
    }

    /// `HKDF(account seed, "causerie/1 self")`: marks our own entries for our own devices.
    #[must_use]
    pub const fn k_self(&self) -> &Secret {
        &self.k_self
    }

    /// The X25519 secret of this device; for Noise only.
    #[must_use]
    pub const fn static_secret(&self) -> &Secret {
        &self.static_secret
    }

    /// The public key of [`Self::static_secret`].
    #[must_use]
    pub const fn static_public(&self) -> [u8; 32] {
        self.static_public
    }

    /// The signed object `"causerie/1 " ‖ label ‖ body ‖ signature`, signed with this device's key.
    #[must_use]
    pub fn sign_as_device(&self, label: &str, body: &[u8]) -> Vec<u8> {
        signature::sign(&self.device_seed, label, body)
    }

    fn from_stored(stored: Stored) -> Option<Self> {
        let Stored(account_seed, device_seed, static_secret, k_self, list) = stored;
        let device_key = signature::public_key(&device_seed);
        let static_public = static_public(&static_secret);
        let device = device_id(&device_key);
        let belongs_together = list.account() == account_id(&signature::public_key(&account_seed))
            && list.device(device).is_some_and(|listed| listed.static_key == static_public)
            && k_self == account_seed.derive("self", &[]);
        belongs_together.then_some(Self {
            account_seed,
            device_seed,
            static_secret,
            k_self,
            list,
            device,
            static_public,
        })
    }
}

/// As it is stored: account seed, device seed, static secret, `K_self`, device list.
#[derive(Deserialize)]
struct Stored(Secret, Secret, Secret, Secret, SignedDeviceList);

impl Serialize for OwnAccount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.account_seed, &self.device_seed, &self.static_secret, &self.k_self, &self.list)
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OwnAccount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_stored(Stored::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("keys and device list do not belong together"))
    }
}

impl fmt::Debug for OwnAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnAccount")
            .field("account", &self.account())
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// A device with these secrets, as a list names it.
fn described(device_seed: &Secret, static_secret: &Secret, added: WallTime) -> Device {
    let key = signature::public_key(device_seed);
    Device {
        id: device_id(&key),
        key,
        static_key: static_public(static_secret),
        capabilities: 0,
        version_min: PROTOCOL_VERSION,
        version_max: PROTOCOL_VERSION,
        added,
    }
}

fn static_public(secret: &Secret) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret.expose())).to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entropy::Entropy,
        wire::codec::{self, CodecError},
    };

    fn own(seed: u8) -> OwnAccount {
        let mut random = TurnRandom::new(&Entropy::new([seed; 32]));
        OwnAccount::create(&mut random, WallTime::from_millis(1_700_000_000_000))
    }

    #[test]
    fn secrets_are_independent_and_the_list_names_this_device() {
        let own = own(1);
        let secrets = [&own.account_seed, &own.device_seed, &own.static_secret, &own.k_self];
        for (at, one) in secrets.iter().enumerate() {
            assert!(secrets[at + 1..].iter().all(|other| one != other));
        }
        let listed = own.device_list().device(own.device()).unwrap();
        assert_eq!(listed.static_key, own.static_public());
        assert_eq!(own.device_list().version(), 1);
        assert_eq!(own.device_list().account(), own.account());
        assert_ne!(own.account(), self::own(2).account());
    }

    #[test]
    fn stored_and_read_back_it_is_the_same() {
        let own = own(1);
        let bytes = codec::encode(&own).unwrap();
        let back: OwnAccount = codec::decode(&bytes).unwrap();
        assert_eq!(codec::encode(&back).unwrap(), bytes);
        assert_eq!(
            (back.account(), back.device(), back.static_public()),
            (own.account(), own.device(), own.static_public())
        );
        assert_eq!(back.sign_as_device("x", b"y"), own.sign_as_device("x", b"y"));
    }

    #[test]
    fn secrets_of_another_account_do_not_go_with_the_list() {
        let bytes = codec::encode(&own(1)).unwrap();
        let other = codec::encode(&own(2)).unwrap();
        for part in 0..4 {
            let mut mixed = bytes.clone();
            mixed[part * 32..(part + 1) * 32].copy_from_slice(&other[part * 32..(part + 1) * 32]);
            assert_eq!(codec::decode::<OwnAccount>(&mixed).err(), Some(CodecError::Malformed), "part {part}");
        }
        let mut mixed = bytes[..128].to_vec();
        mixed.extend_from_slice(&other[128..]);
        assert!(codec::decode::<OwnAccount>(&mixed).is_err());
    }

    #[test]
    fn debug_shows_no_secret_byte() {
        let own = own(1);
        assert_eq!(
            format!("{own:?}"),
            format!("OwnAccount {{ account: {:?}, device: {:?}, .. }}", own.account(), own.device())
        );
    }
}
