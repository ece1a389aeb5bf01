//! The one place for Noise: three patterns, one suite, and the only module that names snow.
//!
//! `KXpsk2` first contact, `KKpsk2` a session's step, `KKpsk0` live channel. What snow is given: a Diffie–Hellman that
//! refuses an all-zero result, since snow 0.10 accepts one; and, for its ephemeral key, 32 bytes that can be drawn once. They come from the turn's randomness, or from a record when a handshake is rebuilt: the
//! state of a handshake cannot be stored, but it rebuilds byte for byte. A second draw fails, so that no state ever
//! has two ephemerals. snow does not wipe its states, so they are dropped as soon as their keys are out.
//! Source: The Noise Protocol Framework, revision 34.

#[cfg(feature = "stand-in")]
mod stand_in;

use core::{cell::Cell, fmt};

#[cfg(feature = "stand-in")]
use self::stand_in::DefaultResolver;
#[cfg(not(feature = "stand-in"))]
use snow::resolvers::DefaultResolver;
use snow::{
    Builder, HandshakeState, TransportState,
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::{BoxedCryptoResolver, CryptoResolver},
    types::{Cipher, Dh, Hash, Random},
};
use thiserror::Error;
use zeroize::Zeroize as _;

use crate::{
    entropy::TurnRandom,
    secret::{Secret, TAG_BYTES},
};

const FIRST_CONTACT: &str = "Noise_KXpsk2_25519_ChaChaPoly_SHA256";
const STEP: &str = "Noise_KKpsk2_25519_ChaChaPoly_SHA256";
const LIVE: &str = "Noise_KKpsk0_25519_ChaChaPoly_SHA256";

/// Bytes of a public key.
pub const PUBLIC_BYTES: usize = 32;

/// Bytes of a Noise message, its tag included: its length is a u16 wherever Noise is framed.
const MESSAGE_BYTES_MAX: usize = 65_535;

/// Bytes that a handshake message adds to its payload at most: `e`, a sealed `s`, a tag.
const HANDSHAKE_OVERHEAD_MAX: usize = 2 * PUBLIC_BYTES + 2 * TAG_BYTES;

/// A device's X25519 keys, used in Noise and nowhere else.
#[derive(Clone, Debug)]
pub struct StaticKeys {
    secret: Secret,
    public: [u8; PUBLIC_BYTES],
}

impl StaticKeys {
    /// The keys whose secret this is.
    #[must_use]
    pub fn from_secret(secret: Secret) -> Self {
        // The curve is always there; a public key of zeros would be refused by everybody.
        let public = DefaultResolver
            .resolve_dh(&DHChoice::Curve25519)
            .and_then(|mut dh| {
                dh.set(secret.expose());
                dh.pubkey().try_into().ok()
            })
            .unwrap_or_default();
        Self { secret, public }
    }

    /// The public key, as device lists hold it.
    #[must_use]
    pub const fn public(&self) -> &[u8; PUBLIC_BYTES] {
        &self.public
    }

    /// The secret, to store it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// Why Noise said no.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoiseError {
    /// What the other side sent or published does not open, is cut short, or holds a point of low order.
    #[error("the other side's message does not open")]
    Refused,
    /// What we are to send is over Noise's limit.
    #[error("message too long")]
    TooLong,
    /// The handshake cannot be set up, which is a fault of this program.
    #[error("the handshake cannot be set up")]
    Setup,
}

/// What a finished handshake of first contact or of a step leaves.
#[derive(Debug)]
pub(crate) struct Split {
    /// The handshake hash `h`.
    pub(crate) hash: [u8; 32],
    /// `HKDF-Extract(salt = h, k1 ‖ k2)`.
    pub(crate) prk: Secret,
}

/// The first message of `KXpsk2`, to be published: the ephemeral in clear, then the payload, which anybody can read.
pub(crate) fn publish(
    own: &StaticKeys,
    ephemeral: Secret,
    prologue: &[u8],
    payload: &[u8],
) -> Result<Vec<u8>, NoiseError> {
    let mut state = Setup::new(FIRST_CONTACT, prologue, &own.secret).drawing(ephemeral).initiator()?;
    write(&mut state, payload)
}

/// The payload of what `their` device published. Nothing is proved by it yet.
pub(crate) fn read_published(
    their: &[u8; PUBLIC_BYTES],
    prologue: &[u8],
    published: &[u8],
) -> Result<Vec<u8>, NoiseError> {
    // snow wants a static key of a responder; the first message does not depend on it.
    let nobody = Secret::new([1; 32]);
    let mut state = Setup::new(FIRST_CONTACT, prologue, &nobody).with(their).responder()?;
    read(&mut state, published)
}

/// Answers what `their` device published: the second message, and the keys.
pub(crate) fn answer_published(
    own: &StaticKeys,
    their: &[u8; PUBLIC_BYTES],
    prologue: &[u8],
    published: &[u8],
    psk: &Secret,
    payload: &[u8],
    random: &mut TurnRandom,
) -> Result<(Vec<u8>, Split), NoiseError> {
    let mut state = Setup::new(FIRST_CONTACT, prologue, &own.secret)
        .with(their)
        .psk(2, psk)
        .drawing(Secret::new(random.bytes()))
        .responder()?;
    read(&mut state, published)?;
    let message = write(&mut state, payload)?;
    Ok((message, export(state)?))
}

/// A handshake of ours that was published and waits for an answer.
#[derive(Debug)]
pub(crate) struct Published(HandshakeState);

impl Published {
    /// Rebuilds it: the very bytes come back with it and must be those that were published.
    pub(crate) fn rebuild(
        own: &StaticKeys,
        ephemeral: Secret,
        prologue: &[u8],
        payload: &[u8],
        psk: &Secret,
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let mut state =
            Setup::new(FIRST_CONTACT, prologue, &own.secret).psk(2, psk).drawing(ephemeral).initiator()?;
        let published = write(&mut state, payload)?;
        Ok((Self(state), published))
    }

    /// Reads the answer: its payload, the static key that its sender proved, and the keys.
    pub(crate) fn finish(
        mut self,
        answer: &[u8],
    ) -> Result<(Vec<u8>, [u8; PUBLIC_BYTES], Split), NoiseError> {
        let payload = read(&mut self.0, answer)?;
        let remote = self.0.get_remote_static().and_then(|key| key.try_into().ok());
        Ok((payload, remote.ok_or(NoiseError::Setup)?, export(self.0)?))
    }
}

/// A step that we offered and that waits for an answer.
#[derive(Debug)]
pub(crate) struct StepOffered(HandshakeState);

impl StepOffered {
    /// Builds it, now or again: the first message comes with it, the very same from the same keys.
    pub(crate) fn rebuild(
        own: &Secret,
        their: &[u8; PUBLIC_BYTES],
        ephemeral: Secret,
        prologue: &[u8],
        payload: &[u8],
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let mut state = Setup::new(STEP, prologue, own).with(their).drawing(ephemeral).initiator()?;
        let offered = write(&mut state, payload)?;
        Ok((Self(state), offered))
    }

    /// Reads the answer, whose payload is of no use: the keys.
    pub(crate) fn finish(mut self, psk: &Secret, answer: &[u8]) -> Result<Split, NoiseError> {
        self.0.set_psk(2, psk.expose()).map_err(|_| NoiseError::Setup)?;
        read(&mut self.0, answer)?;
        export(self.0)
    }
}

/// A step that was offered to us and read.
#[derive(Debug)]
pub(crate) struct StepHeard(HandshakeState);

impl StepHeard {
    /// Reads the first message: its payload comes with it. It proves who offers, unless one of the two static keys was
    /// stolen.
    pub(crate) fn read(
        own: &Secret,
        their: &[u8; PUBLIC_BYTES],
        prologue: &[u8],
        offered: &[u8],
        random: &mut TurnRandom,
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let mut state =
            Setup::new(STEP, prologue, own).with(their).drawing(Secret::new(random.bytes())).responder()?;
        let payload = read(&mut state, offered)?;
        Ok((Self(state), payload))
    }

    /// Answers it: the second message, and the keys.
    pub(crate) fn answer(mut self, psk: &Secret) -> Result<(Vec<u8>, Split), NoiseError> {
        self.0.set_psk(2, psk.expose()).map_err(|_| NoiseError::Setup)?;
        let message = write(&mut self.0, &[])?;
        Ok((message, export(self.0)?))
    }
}

/// The side of a live channel that spoke first and waits for the other.
pub struct LiveInitiator(HandshakeState);

impl LiveInitiator {
    /// Reads the other side's only message; the channel stands.
    ///
    /// # Errors
    /// [`NoiseError::Refused`] when it is not the answer of that device under that key.
    pub fn finish(mut self, answer: &[u8]) -> Result<LiveTransport, NoiseError> {
        read(&mut self.0, answer)?;
        LiveTransport::new(self.0)
    }
}

impl fmt::Debug for LiveInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveInitiator(…)")
    }
}

/// A live channel: an ordered stream of frames each way. A frame that is lost, repeated or changed ends it.
pub struct LiveTransport(TransportState);

impl LiveTransport {
    /// Seals the next frame.
    ///
    /// # Errors
    /// [`NoiseError::TooLong`] when it would be longer than 65,535 bytes.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, NoiseError> {
        if plain.len() + TAG_BYTES > MESSAGE_BYTES_MAX {
            return Err(NoiseError::TooLong);
        }
        let mut sealed = vec![0; plain.len() + TAG_BYTES];
        let length = self.0.write_message(plain, &mut sealed).map_err(|_| NoiseError::TooLong)?;
        sealed.truncate(length);
        Ok(sealed)
    }

    /// Opens the next frame.
    ///
    /// # Errors
    /// [`NoiseError::Refused`] when it is not the other side's next frame.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, NoiseError> {
        if sealed.len() > MESSAGE_BYTES_MAX {
            return Err(NoiseError::Refused);
        }
        let mut plain = vec![0; sealed.len()];
        let length = self.0.read_message(sealed, &mut plain).map_err(|_| NoiseError::Refused)?;
        plain.truncate(length);
        Ok(plain)
    }

    /// How many frames were sealed so far.
    #[must_use]
    pub fn sealed_frames(&self) -> u64 {
        self.0.sending_nonce()
    }

    /// How many frames passed one way, the busier one.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.0.sending_nonce().max(self.0.receiving_nonce())
    }

    fn new(state: HandshakeState) -> Result<Self, NoiseError> {
        state.into_transport_mode().map(Self).map_err(|_| NoiseError::Setup)
    }
}

impl fmt::Debug for LiveTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LiveTransport({} sealed)", self.sealed_frames())
    }
}

/// Begins a live channel: what waits for the answer, and the first message.
///
/// # Errors
/// [`NoiseError::Refused`] when their public key is a point of low order.
pub fn live_initiate(
    own: &StaticKeys,
    their_public: &[u8; PUBLIC_BYTES],
    psk: &Secret,
    prologue: &[u8],
    random: &mut TurnRandom,
) -> Result<(LiveInitiator, Vec<u8>), NoiseError> {
    let mut state = Setup::new(LIVE, prologue, &own.secret)
        .with(their_public)
        .psk(0, psk)
        .drawing(Secret::new(random.bytes()))
        .initiator()?;
    let message = write(&mut state, &[])?;
    Ok((LiveInitiator(state), message))
}

/// Answers the first message of a live channel: the channel, and the second message.
///
/// # Errors
/// [`NoiseError::Refused`] when it is not the message of that device under that key.
pub fn live_respond(
    own: &StaticKeys,
    their_public: &[u8; PUBLIC_BYTES],
    psk: &Secret,
    prologue: &[u8],
    first: &[u8],
    random: &mut TurnRandom,
) -> Result<(LiveTransport, Vec<u8>), NoiseError> {
    let mut state = Setup::new(LIVE, prologue, &own.secret)
        .with(their_public)
        .psk(0, psk)
        .drawing(Secret::new(random.bytes()))
        .responder()?;
    read(&mut state, first)?;
    let message = write(&mut state, &[])?;
    Ok((LiveTransport::new(state)?, message))
}

/// What a handshake starts from.
struct Setup<'a> {
    pattern: &'a str,
    prologue: &'a [u8],
    own: &'a Secret,
    their: Option<&'a [u8; PUBLIC_BYTES]>,
    psk: Option<(u8, &'a Secret)>,
    ephemeral: Option<Secret>,
}

impl<'a> Setup<'a> {
    const fn new(pattern: &'a str, prologue: &'a [u8], own: &'a Secret) -> Self {
        Self { pattern, prologue, own, their: None, psk: None, ephemeral: None }
    }

    /// The other side's static key is known beforehand.
    const fn with(mut self, their: &'a [u8; PUBLIC_BYTES]) -> Self {
        self.their = Some(their);
        self
    }

    /// A pre-shared key, mixed in at this place of the pattern.
    const fn psk(mut self, place: u8, psk: &'a Secret) -> Self {
        self.psk = Some((place, psk));
        self
    }

    /// The ephemeral key that may be drawn, once.
    fn drawing(mut self, ephemeral: Secret) -> Self {
        self.ephemeral = Some(ephemeral);
        self
    }

    fn initiator(mut self) -> Result<HandshakeState, NoiseError> {
        let primitives = Primitives::drawing(self.ephemeral.take());
        self.builder(Box::new(primitives))
            .and_then(|builder| builder.build_initiator())
            .map_err(|_| NoiseError::Setup)
    }

    fn responder(mut self) -> Result<HandshakeState, NoiseError> {
        let primitives = Primitives::drawing(self.ephemeral.take());
        self.builder(Box::new(primitives))
            .and_then(|builder| builder.build_responder())
            .map_err(|_| NoiseError::Setup)
    }

    fn builder(&self, primitives: BoxedCryptoResolver) -> Result<Builder<'a>, snow::Error> {
        let mut builder = Builder::with_resolver(self.pattern.parse()?, primitives)
            .prologue(self.prologue)?
            .local_private_key(self.own.expose())?;
        if let Some(their) = self.their {
            builder = builder.remote_public_key(their)?;
        }
        if let Some((place, psk)) = self.psk {
            builder = builder.psk(place, psk.expose())?;
        }
        Ok(builder)
    }
}

/// What snow computes with.
struct Primitives {
    ephemeral: Cell<Option<Secret>>,
}

impl Primitives {
    const fn drawing(ephemeral: Option<Secret>) -> Self {
        Self { ephemeral: Cell::new(ephemeral) }
    }
}

impl CryptoResolver for Primitives {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(OneShot(self.ephemeral.take())))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::new(CheckedDh(DefaultResolver.resolve_dh(choice)?)))
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// A source of one ephemeral key: the second draw fails.
struct OneShot(Option<Secret>);

impl Random for OneShot {
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), snow::Error> {
        let secret = self.0.take().ok_or(snow::Error::Rng)?;
        if out.len() != secret.expose().len() {
            return Err(snow::Error::Rng);
        }
        out.copy_from_slice(secret.expose());
        Ok(())
    }
}

/// A Diffie–Hellman whose result depends on both sides: a public key of low order is refused (RFC 7748, section 6.1).
struct CheckedDh(Box<dyn Dh>);

impl Dh for CheckedDh {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn pub_len(&self) -> usize {
        self.0.pub_len()
    }

    fn priv_len(&self) -> usize {
        self.0.priv_len()
    }

    fn set(&mut self, secret: &[u8]) {
        self.0.set(secret);
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), snow::Error> {
        self.0.generate(random)
    }

    fn pubkey(&self) -> &[u8] {
        self.0.pubkey()
    }

    fn privkey(&self) -> &[u8] {
        self.0.privkey()
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        self.0.dh(public, out)?;
        // Every byte is looked at, whatever the first ones are.
        let any = out.iter().take(PUBLIC_BYTES).fold(0, |any, byte| any | byte);
        if any == 0 {
            return Err(snow::Error::Dh);
        }
        Ok(())
    }
}

fn write(state: &mut HandshakeState, payload: &[u8]) -> Result<Vec<u8>, NoiseError> {
    let room = payload.len() + HANDSHAKE_OVERHEAD_MAX;
    if room > MESSAGE_BYTES_MAX {
        return Err(NoiseError::TooLong);
    }
    let mut message = vec![0; room];
    let length = state.write_message(payload, &mut message).map_err(|_| NoiseError::Refused)?;
    message.truncate(length);
    Ok(message)
}

fn read(state: &mut HandshakeState, message: &[u8]) -> Result<Vec<u8>, NoiseError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(NoiseError::Refused);
    }
    let mut payload = vec![0; message.len()];
    let length = state.read_message(message, &mut payload).map_err(|_| NoiseError::Refused)?;
    payload.truncate(length);
    Ok(payload)
}

/// The only place where a handshake's keys leave it.
fn export(mut state: HandshakeState) -> Result<Split, NoiseError> {
    let hash: [u8; 32] = state.get_handshake_hash().try_into().map_err(|_| NoiseError::Setup)?;
    let (mut first, mut second) = state.dangerously_get_raw_split();
    let prk = Secret::extract(&hash, &[&first, &second]);
    first.zeroize();
    second.zeroize();
    Ok(Split { hash, prk })
}

#[cfg(test)]
mod tests;
