//! First contact: one device publishes a bundle, another answers it once, and epoch 0 of a session stands.
//!
//! ```text
//! noise1   = KXpsk2 message 1, payload = ek(1184) ‖ bundle_id(4) ‖ not_after u64 s ‖ kind u8
//! prologue = "causerie/1 first" ‖ publisher's account ‖ publisher's device
//! psk2     = HKDF-Extract(salt = K, "causerie/1 kem" ‖ ss ‖ H(ek) ‖ H(ct))
//! FIRST    = 0x02 ‖ nonce(24) ‖ XChaCha20-Poly1305(HKDF(K, "first"), AAD = type,
//!            bundle_id(4) ‖ ct(1088) ‖ len u32 ‖ msg2 ‖ 0-pad to 8,192 bytes or the next bucket)
//! ```
//!
//! K is an invitation's secret, or the key of the pair at a renewal. Nothing here writes: the caller checks that the
//! static key which answered is the one in the answerer's device list, that the bundle is still good, and that these
//! bytes were not answered before, and only then shows or stores anything. Whoever replays FIRST gets the same
//! session and the same transcript hash.

use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use super::kem::{CT_BYTES, EK_BYTES, kem_psk};
use super::{
    kem::{self, KemSeed},
    noise::{self, NoiseError, PUBLIC_BYTES, Published, Split, StaticKeys},
};
use crate::{
    entropy::TurnRandom,
    ids::{AccountId, DeviceId, SessionId},
    limits,
    secret::{self, LABEL_PREFIX, NONCE_BYTES, Secret, TAG_BYTES, first16, hash_plain},
    wire::{
        codec,
        envelope::{TYPE_FIRST, padded},
    },
};

const BUNDLE_ID_BYTES: usize = 4;
const OUTER_OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + TAG_BYTES;
/// The smallest bucket is never used: a first message always carries a device list and a KEM ciphertext.
const FIRST_BUCKETS: [usize; 3] =
    [limits::ENVELOPE_BUCKETS[1], limits::ENVELOPE_BUCKETS[2], limits::ENVELOPE_BUCKETS[3]];

/// What a bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BundleKind {
    /// In an invitation that one person answers.
    OneUse = 0,
    /// In an invitation that many may answer.
    Reusable = 1,
    /// To renew a session that was lost.
    Renewal = 2,
    /// For another device of an account already known.
    Device = 3,
}

impl BundleKind {
    /// Its number in bundles.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::OneUse => 0,
            Self::Reusable => 1,
            Self::Renewal => 2,
            Self::Device => 3,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::OneUse),
            1 => Some(Self::Reusable),
            2 => Some(Self::Renewal),
            3 => Some(Self::Device),
            _ => None,
        }
    }
}

/// What a bundle says of itself. Anybody can read it; it is believed because the body around it is signed.
#[derive(Clone, PartialEq, Eq)]
pub struct BundleTerms {
    /// Which of the publisher's bundles.
    pub bundle_id: [u8; BUNDLE_ID_BYTES],
    /// Until when it may be answered, in seconds since 1970-01-01 UTC.
    pub not_after: u64,
    /// What it is for.
    pub kind: BundleKind,
    /// The publisher's ML-KEM-768 encapsulation key.
    ek: Vec<u8>,
}

impl BundleTerms {
    const BYTES: usize = EK_BYTES + BUNDLE_ID_BYTES + 8 + 1;

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&self.ek);
        bytes.extend_from_slice(&self.bundle_id);
        bytes.extend_from_slice(&self.not_after.to_be_bytes());
        bytes.push(self.kind.number());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (ek, rest) = bytes.split_first_chunk::<EK_BYTES>()?;
        let (bundle_id, rest) = rest.split_first_chunk()?;
        let (not_after, rest) = rest.split_first_chunk()?;
        let [kind] = rest else { return None };
        Some(Self {
            bundle_id: *bundle_id,
            not_after: u64::from_be_bytes(*not_after),
            kind: BundleKind::from_number(*kind)?,
            ek: ek.to_vec(),
        })
    }
}

impl fmt::Debug for BundleTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleTerms")
            .field("bundle_id", &self.bundle_id)
            .field("not_after", &self.not_after)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A bundle as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePublic {
    /// Whose it is.
    pub account: AccountId,
    /// Which of their devices published it.
    pub dev: DeviceId,
    /// That device's static public key.
    pub static_public: [u8; PUBLIC_BYTES],
    /// The first Noise message.
    pub noise1: Vec<u8>,
}

impl BundlePublic {
    /// What it says of itself.
    ///
    /// # Errors
    /// [`FirstContactError::Bundle`] when it is not a bundle of that device.
    pub fn terms(&self) -> Result<BundleTerms, FirstContactError> {
        let prologue = prologue(self.account, self.dev);
        let payload = noise::read_published(&self.static_public, &prologue, &self.noise1)
            .map_err(|_| FirstContactError::Bundle)?;
        BundleTerms::from_bytes(&payload).ok_or(FirstContactError::Bundle)
    }
}

/// What the publisher of a bundle keeps. Erasing it makes every answer to that bundle unreadable for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundleKeys {
    ephemeral: Secret,
    kem_seed: KemSeed,
    bundle_id: [u8; BUNDLE_ID_BYTES],
    not_after: u64,
    kind: BundleKind,
    noise1: Vec<u8>,
}

impl BundleKeys {
    /// A new bundle of that device, good until `not_after` (seconds since 1970-01-01 UTC).
    ///
    /// # Errors
    /// [`FirstContactError::Keys`] when the keys cannot be used, which is a fault of this program.
    pub fn create(
        account: AccountId,
        dev: DeviceId,
        statics: &StaticKeys,
        not_after: u64,
        kind: BundleKind,
        random: &mut TurnRandom,
    ) -> Result<Self, FirstContactError> {
        let mut keys = Self {
            ephemeral: Secret::new(random.bytes()),
            kem_seed: KemSeed::draw(random),
            bundle_id: random.bytes(),
            not_after,
            kind,
            noise1: Vec::new(),
        };
        let payload = keys.terms().to_bytes();
        let prologue = prologue(account, dev);
        keys.noise1 = noise::publish(statics, keys.ephemeral.clone(), &prologue, &payload)
            .map_err(|_| FirstContactError::Keys)?;
        Ok(keys)
    }

    /// Which of our bundles it is.
    #[must_use]
    pub const fn bundle_id(&self) -> [u8; BUNDLE_ID_BYTES] {
        self.bundle_id
    }

    /// Until when it may be answered, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn not_after(&self) -> u64 {
        self.not_after
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> BundleKind {
        self.kind
    }

    /// The first Noise message, to be published.
    #[must_use]
    pub fn noise1(&self) -> &[u8] {
        &self.noise1
    }

    fn terms(&self) -> BundleTerms {
        BundleTerms {
            bundle_id: self.bundle_id,
            not_after: self.not_after,
            kind: self.kind,
            ek: self.kem_seed.encapsulation_key(),
        }
    }
}

/// What the answerer says in a first message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPayload {
    /// Their signed device list, as bytes; at most `limits::RECORD_BYTES_MAX`.
    pub device_list: Vec<u8>,
    /// Which of its devices speaks.
    pub dev: DeviceId,
    /// A bundle of theirs, as bytes, for a reply without a session; may be empty.
    pub bundle_for_reply: Vec<u8>,
    /// The name that they claim, at most `limits::NAME_CHARS_MAX` characters.
    pub name: String,
    /// Their day (since 1970-01-01 UTC): where the chain of days begins.
    pub day: u32,
    /// Entries that come along, at most `limits::FIRST_ENTRIES_MAX`.
    pub entries: Vec<Vec<u8>>,
}

impl FirstPayload {
    fn within_limits(&self) -> bool {
        self.device_list.len() <= limits::RECORD_BYTES_MAX
            && self.bundle_for_reply.len() <= limits::BUNDLE_BYTES_MAX
            && self.name.chars().count() <= limits::NAME_CHARS_MAX
            && self.entries.len() <= limits::FIRST_ENTRIES_MAX
    }
}

/// Shows neither name nor text.
impl fmt::Debug for FirstPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstPayload")
            .field("dev", &self.dev)
            .field("day", &self.day)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// What both sides hold after first contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Established {
    /// The session.
    pub session: SessionId,
    /// What epoch 0 is derived from.
    pub prk: Secret,
    /// The key of the pair: presence, live channel, renewal.
    pub k_pair: Secret,
    /// The first link of the chain of days.
    pub day_key: Secret,
    /// The day that it is for.
    pub day: u32,
}

impl Established {
    /// What follows from a handshake's hash and keys.
    #[must_use]
    pub fn derive(handshake_hash: &[u8; 32], prk: Secret, day: u32) -> Self {
        Self {
            session: SessionId::from_bytes(first16(&secret::hash("session", &[handshake_hash]))),
            k_pair: prk.expand("pair"),
            day_key: prk.expand("day"),
            prk,
            day,
        }
    }
}

/// A first message that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedFirst {
    /// What it says.
    pub payload: FirstPayload,
    /// The static key that its sender proved to hold; must be that of `payload.dev` in `payload.device_list`.
    pub remote_static: [u8; PUBLIC_BYTES],
    /// The session that it begins.
    pub established: Established,
    /// `H(ct ‖ msg2)`: equal for the same answer, different for any other.
    pub transcript: [u8; 32],
}

/// Why there is no first contact.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirstContactError {
    /// What they published is not a bundle of that device.
    #[error("malformed bundle")]
    Bundle,
    /// The first message has a wrong length, type or form.
    #[error("malformed first message")]
    Malformed,
    /// It is not sealed under this secret.
    #[error("the first message is sealed under another secret")]
    OtherSecret,
    /// It answers another bundle.
    #[error("the first message answers another bundle")]
    OtherBundle,
    /// The handshake in it does not open.
    #[error("the first message does not open")]
    Refused,
    /// It opens, and what it says is malformed or over a limit.
    #[error("the first message's content is malformed")]
    Payload,
    /// What we are to say is over a limit.
    #[error("too much for a first message")]
    TooLarge,
    /// Our stored keys are not those of the bundle that was published.
    #[error("the bundle's keys are damaged")]
    Keys,
}

/// Answers a bundle: the bytes of FIRST, and what is held from now on. To be repeated byte for byte, not made again.
///
/// # Errors
/// [`FirstContactError::Bundle`] when the bundle cannot be answered, [`FirstContactError::TooLarge`] when the payload
/// is over a limit.
pub fn answer(
    publisher: &BundlePublic,
    own: &StaticKeys,
    k: &Secret,
    payload: &FirstPayload,
    random: &mut TurnRandom,
) -> Result<(Vec<u8>, Established), FirstContactError> {
    if !payload.within_limits() {
        return Err(FirstContactError::TooLarge);
    }
    let said = codec::encode(payload).map_err(|_| FirstContactError::TooLarge)?;
    let (first, split) = answer_saying(publisher, own, k, &said, random)?;
    Ok((first, Established::derive(&split.hash, split.prk, payload.day)))
}

/// An answer that says these bytes, whatever they are.
pub(crate) fn answer_saying(
    publisher: &BundlePublic,
    own: &StaticKeys,
    k: &Secret,
    said: &[u8],
    random: &mut TurnRandom,
) -> Result<(Vec<u8>, Split), FirstContactError> {
    let terms = publisher.terms()?;
    let (ct, psk) = kem::encapsulate(k, &terms.ek, random).ok_or(FirstContactError::Bundle)?;
    let (msg2, split) = noise::answer_published(
        own,
        &publisher.static_public,
        &prologue(publisher.account, publisher.dev),
        &publisher.noise1,
        &psk,
        said,
        random,
    )
    .map_err(|error| match error {
        NoiseError::TooLong => FirstContactError::TooLarge,
        _ => FirstContactError::Bundle,
    })?;
    let first = seal_outer(k, terms.bundle_id, &ct, &msg2, random).ok_or(FirstContactError::TooLarge)?;
    Ok((first, split))
}

/// Opens an answer to a bundle of ours. Nothing is stored or spent by it.
///
/// # Errors
/// [`FirstContactError`] says why it is refused.
pub fn open_first(
    k: &Secret,
    keys: &BundleKeys,
    account: AccountId,
    dev: DeviceId,
    own: &StaticKeys,
    first: &[u8],
) -> Result<OpenedFirst, FirstContactError> {
    let outer = open_outer(k, first)?;
    if outer.bundle_id != keys.bundle_id {
        return Err(FirstContactError::OtherBundle);
    }
    let (said, remote_static, split) = read_answer(k, keys, account, dev, own, &outer)?;
    let payload: FirstPayload = codec::decode(&said).map_err(|_| FirstContactError::Payload)?;
    if !payload.within_limits() {
        return Err(FirstContactError::Payload);
    }
    Ok(OpenedFirst {
        remote_static,
        established: Established::derive(&split.hash, split.prk, payload.day),
        transcript: hash_plain(&[&outer.ct, &outer.msg2]),
        payload,
    })
}

/// What tells one answer from any other, `H(ct ‖ msg2)`: known without the bundle's keys, so that an answer that was
/// taken is recognised after they were erased. `None` when it is not sealed under this secret.
#[must_use]
pub fn transcript(k: &Secret, first: &[u8]) -> Option<[u8; 32]> {
    let outer = open_outer(k, first).ok()?;
    Some(hash_plain(&[&outer.ct, &outer.msg2]))
}

/// Which bundle a first message answers; `None` when it is not one under this secret. Only the outer layer is opened.
#[must_use]
pub fn bundle_id_of(k: &Secret, first: &[u8]) -> Option<[u8; BUNDLE_ID_BYTES]> {
    Some(open_outer(k, first).ok()?.bundle_id)
}

/// The key of a first message's outer layer: `HKDF(K, "first")`.
#[must_use]
pub fn outer_key(k: &Secret) -> Secret {
    k.derive("first", &[])
}

/// What the outer layer holds.
struct Outer {
    bundle_id: [u8; BUNDLE_ID_BYTES],
    ct: Vec<u8>,
    msg2: Vec<u8>,
}

fn read_answer(
    k: &Secret,
    keys: &BundleKeys,
    account: AccountId,
    dev: DeviceId,
    own: &StaticKeys,
    outer: &Outer,
) -> Result<(Vec<u8>, [u8; PUBLIC_BYTES], Split), FirstContactError> {
    let terms = keys.terms();
    let psk = keys.kem_seed.decapsulate(k, &outer.ct).ok_or(FirstContactError::Malformed)?;
    let (published, noise1) =
        Published::rebuild(own, keys.ephemeral.clone(), &prologue(account, dev), &terms.to_bytes(), &psk)
            .map_err(|_| FirstContactError::Keys)?;
    if noise1 != keys.noise1 {
        return Err(FirstContactError::Keys);
    }
    published.finish(&outer.msg2).map_err(|_| FirstContactError::Refused)
}

/// FIRST around these parts; `None` when no bucket holds them.
fn seal_outer(
    k: &Secret,
    bundle_id: [u8; BUNDLE_ID_BYTES],
    ct: &[u8],
    msg2: &[u8],
    random: &mut TurnRandom,
) -> Option<Vec<u8>> {
    let length = u32::try_from(msg2.len()).ok()?.to_be_bytes();
    let mut plain = [&bundle_id, ct, &length, msg2].concat();
    let bucket = FIRST_BUCKETS.into_iter().find(|bucket| plain.len() + OUTER_OVERHEAD_BYTES <= *bucket)?;
    plain.resize(bucket - OUTER_OVERHEAD_BYTES, 0);
    let nonce = random.bytes();
    let mut first = Vec::with_capacity(bucket);
    first.push(TYPE_FIRST);
    first.extend_from_slice(&nonce);
    first.extend_from_slice(&outer_key(k).seal(&nonce, &[TYPE_FIRST], &plain));
    Some(first)
}

fn open_outer(k: &Secret, first: &[u8]) -> Result<Outer, FirstContactError> {
    if !FIRST_BUCKETS.contains(&first.len()) {
        return Err(FirstContactError::Malformed);
    }
    let (nonce, sealed) = first
        .strip_prefix(&[TYPE_FIRST])
        .and_then(|rest| rest.split_first_chunk::<NONCE_BYTES>())
        .ok_or(FirstContactError::Malformed)?;
    let plain = outer_key(k).open(nonce, &[TYPE_FIRST], sealed).ok_or(FirstContactError::OtherSecret)?;
    split_outer(&plain).ok_or(FirstContactError::Malformed)
}

fn split_outer(plain: &[u8]) -> Option<Outer> {
    let (bundle_id, rest) = plain.split_first_chunk()?;
    let (ct, rest) = rest.split_first_chunk::<CT_BYTES>()?;
    Some(Outer { bundle_id: *bundle_id, ct: ct.to_vec(), msg2: padded(rest)?.to_vec() })
}

/// What both sides of a first contact bind it to.
pub(crate) fn prologue(account: AccountId, dev: DeviceId) -> Vec<u8> {
    [LABEL_PREFIX.as_bytes(), b"first", account.as_bytes(), dev.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
