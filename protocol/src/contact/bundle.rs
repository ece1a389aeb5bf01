//! What an invitation's link points to: who invites, and the first message of the handshake that answers it.
//!
//! ```text
//! "causerie/1 bundle" ‖ v u8 ‖ account(32) ‖ dev(16) ‖ s_pk(32) ‖ device list ‖ noise1 ‖ Ed25519_dev(all before)
//! ```
//!
//! A bundle is parsed and verified in one step: its device list, that the device is in it with this static key, and
//! the device's signature. That it is the bundle of a link is a second question ([`Bundle::matches`]); that its
//! handshake message fits is for the session to find out: `noise1` is opaque here. The body never contains the
//! link's secret.

use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::link_code::Link;
use crate::{
    account::{
        device_list::{DeviceListError, SignedDeviceList},
        keys::OwnAccount,
        signature,
    },
    entropy::TurnRandom,
    ids::{AccountId, DeviceId},
    limits::{BUNDLE_BYTES_MAX, RECORD_BYTES_MAX},
    moment::WallTime,
    secret,
    session::{
        first_contact::{BundleKeys, BundleKind},
        noise::StaticKeys,
    },
    wire::codec,
};

const LABEL: &str = "bundle";

/// The one format there is.
const FORMAT: u8 = 1;

/// The life of keys that are good on one link, by the wall clock, which only the other side's patience limits further.
/// Chosen.
const LINK_LIFE_SECS: u64 = 3_600;

/// Fresh keys that are answered on the link on which they are said, and the bundle that says them; `None` where they cannot
/// be made, which is a fault of this program.
pub(crate) fn for_one_link(
    own: &OwnAccount,
    kind: BundleKind,
    now: WallTime,
    random: &mut TurnRandom,
) -> Option<(BundleKeys, Vec<u8>)> {
    let statics = StaticKeys::from_secret(own.static_secret().clone());
    let not_after = now.as_secs().saturating_add(LINK_LIFE_SECS);
    let keys = BundleKeys::create(own.account(), own.device(), &statics, not_after, kind, random).ok()?;
    let bundle = Bundle::sign(own, keys.noise1()).ok()?;
    Some((keys, bundle))
}

/// A verified bundle, with the bytes it came in.
#[derive(Clone)]
pub struct Bundle {
    device: DeviceId,
    static_public: [u8; 32],
    device_list: SignedDeviceList,
    noise1: Vec<u8>,
    bytes: Vec<u8>,
}

impl Bundle {
    /// The bytes of a bundle of ours with this handshake message.
    ///
    /// # Errors
    /// [`BundleError::TooLarge`] when the message does not fit.
    pub fn sign(own: &OwnAccount, noise1: &[u8]) -> Result<Vec<u8>, BundleError> {
        let body = codec::encode(&Body {
            format: FORMAT,
            account: own.account(),
            device: own.device(),
            static_public: own.static_public(),
            device_list: own.device_list().bytes().to_vec(),
            noise1: noise1.to_vec(),
        })
        .map_err(|_| BundleError::TooLarge)?;
        let bytes = own.sign_as_device(LABEL, &body);
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge);
        }
        Ok(bytes)
    }

    /// Takes a bundle from its bytes and verifies all that they can show.
    ///
    /// # Errors
    /// [`BundleError`] says what is wrong; nothing of such a bundle may be used.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge);
        }
        let body = signature::body(LABEL, bytes).ok_or(BundleError::Malformed)?;
        if body.first().is_some_and(|format| *format > FORMAT) {
            return Err(BundleError::Newer);
        }
        let body: Body = codec::decode(body).map_err(|_| BundleError::Malformed)?;
        if body.format != FORMAT {
            return Err(BundleError::Malformed);
        }
        let device_list = SignedDeviceList::parse(&body.device_list)?;
        let device = device_list
            .device(body.device)
            .filter(|device| device_list.account() == body.account && device.static_key == body.static_public)
            .ok_or(BundleError::NotListed)?;
        if !signature::is_signed_by(&device.key, bytes) {
            return Err(BundleError::Signature);
        }
        Ok(Self {
            device: body.device,
            static_public: body.static_public,
            noise1: body.noise1,
            bytes: bytes.to_vec(),
            device_list,
        })
    }

    /// Whose it is.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.device_list.account()
    }

    /// Which device published it.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// That device's X25519 key, as in the device list.
    #[must_use]
    pub const fn static_public(&self) -> [u8; 32] {
        self.static_public
    }

    /// The account's devices.
    #[must_use]
    pub const fn device_list(&self) -> &SignedDeviceList {
        &self.device_list
    }

    /// The published handshake message, as it came.
    #[must_use]
    pub fn noise1(&self) -> &[u8] {
        &self.noise1
    }

    /// The bytes as received, signature included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a link says of it; see [`bundle_hash`].
    #[must_use]
    pub fn hash(&self) -> [u8; 16] {
        bundle_hash(&self.bytes)
    }

    /// Whether it is the very bundle that this link was made with.
    #[must_use]
    pub fn matches(&self, link: &Link) -> bool {
        self.account() == link.account && self.hash() == link.bundle_hash
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("account", &self.account())
            .field("device", &self.device)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    format: u8,
    account: AccountId,
    device: DeviceId,
    static_public: [u8; 32],
    device_list: Vec<u8>,
    noise1: Vec<u8>,
}

/// Why bytes are not a bundle.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// Not one encoding of a bundle, or another kind of signed object.
    #[error("malformed bundle")]
    Malformed,
    /// Longer than `limits::BUNDLE_BYTES_MAX`.
    #[error("bundle too large")]
    TooLarge,
    /// Its device list is not one.
    #[error("bundle with an unsound device list")]
    DeviceList(#[from] DeviceListError),
    /// The list is another account's, or has not this device with this key.
    #[error("bundle of a device that its account does not list")]
    NotListed,
    /// The device did not sign this.
    #[error("wrong signature of a bundle")]
    Signature,
    /// A format of a newer program; nothing of it was verified.
    #[error("bundle of a newer format")]
    Newer,
}

/// `H(bundle)[..16]`, by which a link names the bundle of these bytes.
#[must_use]
pub fn bundle_hash(bytes: &[u8]) -> [u8; 16] {
    secret::first16(&secret::hash_plain(&[bytes]))
}

// A full list and a hybrid handshake message fit several times.
const _: () = assert!(2 * RECORD_BYTES_MAX < BUNDLE_BYTES_MAX);

#[cfg(test)]
mod tests;
