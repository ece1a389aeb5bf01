//! Cryptography that protects nothing, for simulations of months only: whoever sees a message can read it, forge it and
//! compute every key.
//!
//! Lengths are the true ones. A wrong key, other associated data or one changed byte is refused, two sides agree only
//! with the right keys, and the same inputs give the same bytes. All of it is made of one cheap [`Mixer`]. Types have
//! the names and shapes of those in the libraries that they stand in for, so that the code which uses them is the same.
//! Noise's are in `session/noise/stand_in.rs`. A node does not compile with the feature `stand-in`.

use core::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use zeroize::Zeroize;

use crate::entropy::TurnRandom;

/// Odd, and without a pattern: the golden ratio's first 128 bits.
const MULTIPLIER: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// Nothing that is made of one kind of thing is ever made of another.
mod domain {
    pub(super) const HASH: u128 = 1 << 64;
    pub(super) const MAC: u128 = 2 << 64;
    pub(super) const EXPAND: u128 = 3 << 64;
    pub(super) const PAD: u128 = 4 << 64;
    pub(super) const TAG: u128 = 5 << 64;
    pub(super) const VERIFYING_KEY: u128 = 6 << 64;
    pub(super) const SIGNATURE: u128 = 7 << 64;
    pub(super) const KEM_KEY: u128 = 8 << 64;
    pub(super) const KEM_SECRET: u128 = 9 << 64;
    pub(super) const PASSPHRASE: u128 = 10 << 64;
}

/// What a library's function says that cannot do what it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

/// 128 bits that take in words. Each step can be undone, so texts of one length that differ in one word never meet.
#[derive(Clone)]
pub(crate) struct Mixer {
    state: u128,
    pending: [u8; 16],
    filled: usize,
    length: usize,
}

impl Mixer {
    const fn new(domain: u128) -> Self {
        Self { state: domain, pending: [0; 16], filled: 0, length: 0 }
    }

    /// For a hash without a key.
    pub(crate) const fn hash() -> Self {
        Self::new(domain::HASH)
    }

    /// For a MAC under this key.
    pub(crate) fn mac(key: &[u8]) -> Self {
        Self::keyed(domain::MAC, key)
    }

    fn keyed(domain: u128, key: &[u8]) -> Self {
        let mut mixer = Self::new(domain);
        mixer.update(key);
        mixer.align();
        mixer
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        let mut bytes = bytes;
        if self.filled > 0 {
            let taken = bytes.len().min(self.pending.len() - self.filled);
            let (now, rest) = bytes.split_at(taken);
            if let Some(room) = self.pending.get_mut(self.filled..self.filled + taken) {
                room.copy_from_slice(now);
            }
            self.filled += taken;
            bytes = rest;
            if self.filled < self.pending.len() {
                return;
            }
            self.take_in(u128::from_le_bytes(self.pending));
            self.filled = 0;
        }
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.take_in(u128::from_le_bytes(*word));
        }
        if let Some(room) = self.pending.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
            self.filled = rest.len();
        }
    }

    /// Ends one part, so that its last bytes cannot be the next one's first.
    fn align(&mut self) {
        if let Some(room) = self.pending.get_mut(self.filled..) {
            room.fill(0);
        }
        self.take_in(u128::from_le_bytes(self.pending));
        self.take_in(self.length as u128);
        (self.filled, self.length) = (0, 0);
    }

    const fn take_in(&mut self, word: u128) {
        self.state = (self.state ^ word).wrapping_mul(MULTIPLIER);
        self.state ^= self.state >> 67;
    }

    fn word(mut self) -> u128 {
        self.align();
        self.state
    }

    /// What came of everything that was taken in.
    pub(crate) fn finish(mut self) -> [u8; 32] {
        self.align();
        let mut out = [0; 32];
        self.fill(&mut out);
        out
    }

    /// As many bytes as are wanted, of what an aligned state holds.
    fn fill(&self, out: &mut [u8]) {
        let pads = Pads(self.state);
        for (number, chunk) in out.chunks_mut(16).enumerate() {
            for (to, from) in chunk.iter_mut().zip(pads.at(number).to_le_bytes()) {
                *to = from;
            }
        }
    }
}

/// Words that follow from one, each from its number alone.
struct Pads(u128);

impl Pads {
    const fn at(&self, number: usize) -> u128 {
        let mixed = (self.0 ^ (number as u128 + 1).wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
        let mixed = (mixed ^ (mixed >> 64)).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 59)
    }

    /// Hides or shows a text.
    fn apply(&self, text: &mut [u8]) {
        let (words, rest) = text.as_chunks_mut();
        for (number, word) in words.iter_mut().enumerate() {
            *word = (u128::from_le_bytes(*word) ^ self.at(number)).to_le_bytes();
        }
        for (byte, pad) in rest.iter_mut().zip(self.at(words.len()).to_le_bytes()) {
            *byte ^= pad;
        }
    }
}

/// Hides a text in place, and what proves it: an AEAD for Noise and for [`XChaCha20Poly1305`].
pub(crate) fn seal_in_place(key: &[u8], nonce: &[u8], aad: &[u8], text: &mut [u8]) -> [u8; 16] {
    Pads(pad_seed(key, nonce)).apply(text);
    tag(key, nonce, aad, text)
}

/// Shows what [`seal_in_place`] hid.
pub(crate) fn open_in_place(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    text: &mut [u8],
    said: &[u8; 16],
) -> Result<(), Refused> {
    if tag(key, nonce, aad, text) != *said {
        return Err(Refused);
    }
    Pads(pad_seed(key, nonce)).apply(text);
    Ok(())
}

fn pad_seed(key: &[u8], nonce: &[u8]) -> u128 {
    let mut mixer = Mixer::keyed(domain::PAD, key);
    mixer.update(nonce);
    mixer.word()
}

fn tag(key: &[u8], nonce: &[u8], aad: &[u8], text: &[u8]) -> [u8; 16] {
    let mut mixer = Mixer::keyed(domain::TAG, key);
    mixer.update(nonce);
    mixer.align();
    mixer.update(aad);
    mixer.align();
    mixer.update(text);
    Pads(mixer.word()).at(0).to_le_bytes()
}

/// So many bytes; where libraries have a type for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> Bytes<N> {
    pub(crate) const fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const N: usize> Default for Bytes<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> From<[u8; N]> for Bytes<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes<N> {
    fn from(bytes: &[u8; N]) -> Self {
        Self(*bytes)
    }
}

impl<const N: usize> From<Bytes<N>> for [u8; N] {
    fn from(bytes: Bytes<N>) -> Self {
        bytes.0
    }
}

impl<const N: usize> Deref for Bytes<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Bytes<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const N: usize> AsRef<[u8; N]> for Bytes<N> {
    fn as_ref(&self) -> &[u8; N] {
        &self.0
    }
}

/// Of `sha2`.
pub(crate) struct Sha256(Mixer);

impl Sha256 {
    pub(crate) const fn new() -> Self {
        Self(Mixer::hash())
    }

    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes.as_ref());
    }

    pub(crate) fn finalize(self) -> Bytes<32> {
        Bytes(self.0.finish())
    }
}

/// Of `hmac`.
pub(crate) struct Hmac<H>(Mixer, PhantomData<H>);

impl<H> Hmac<H> {
    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) fn new_from_slice(key: &[u8]) -> Result<Self, Refused> {
        Ok(Self(Mixer::mac(key), PhantomData))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finalize(self) -> Self {
        self
    }

    pub(crate) fn into_bytes(self) -> Bytes<32> {
        Bytes(self.0.finish())
    }
}

/// Of `hkdf`.
pub(crate) struct Hkdf<H>(Mixer, PhantomData<H>);

impl<H> Hkdf<H> {
    pub(crate) fn new(salt: Option<&[u8]>, material: &[u8]) -> Self {
        Self::extract(salt, material).1
    }

    pub(crate) fn extract(salt: Option<&[u8]>, material: &[u8]) -> (Bytes<32>, Self) {
        let mut mixer = Mixer::mac(salt.unwrap_or_default());
        mixer.update(material);
        let key = mixer.finish();
        let hkdf = Self(Mixer::keyed(domain::EXPAND, &key), PhantomData);
        (Bytes(key), hkdf)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) fn from_prk(key: &[u8]) -> Result<Self, Refused> {
        Ok(Self(Mixer::keyed(domain::EXPAND, key), PhantomData))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) fn expand(&self, label: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        let mut mixer = self.0.clone();
        mixer.update(label);
        mixer.align();
        mixer.fill(out);
        Ok(())
    }
}

/// Of `chacha20poly1305`.
pub(crate) struct Payload<'a> {
    pub(crate) msg: &'a [u8],
    pub(crate) aad: &'a [u8],
}

/// Of `chacha20poly1305`.
pub(crate) struct XChaCha20Poly1305(Bytes<32>);

impl XChaCha20Poly1305 {
    pub(crate) const fn new(key: Bytes<32>) -> Self {
        Self(key)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) fn encrypt(&self, nonce: &Bytes<24>, payload: Payload<'_>) -> Result<Vec<u8>, Refused> {
        let mut sealed = Vec::with_capacity(payload.msg.len() + 16);
        sealed.extend_from_slice(payload.msg);
        let tag = seal_in_place(&self.0, nonce, payload.aad, &mut sealed);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    pub(crate) fn decrypt(&self, nonce: &Bytes<24>, payload: Payload<'_>) -> Result<Vec<u8>, Refused> {
        let (sealed, tag) = payload.msg.split_last_chunk().ok_or(Refused)?;
        let mut plain = sealed.to_vec();
        open_in_place(&self.0, nonce, payload.aad, &mut plain, tag)?;
        Ok(plain)
    }
}

/// The encodings of points of low order, without their highest bit: what no honest key is.
const LOW_ORDER: [[u8; 32]; 9] = [
    [0; 32],
    point(0x01, 0x00, 0x00),
    point(0xec, 0xff, 0x7f),
    point(0xed, 0xff, 0x7f),
    point(0xee, 0xff, 0x7f),
    // Of order 8 on Curve25519, then on edwards25519.
    *b"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00",
    *b"\x5f\x9c\x95\xbc\xa3\x50\x8c\x24\xb1\xd0\xb1\x55\x9c\x83\xef\x5b\x04\x44\x5c\xc4\x58\x1c\x8e\x86\xd8\x22\x4e\xdd\xd0\x9f\x11\x57",
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];

const fn point(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut point = [between; 32];
    let [begin, .., end] = &mut point;
    (*begin, *end) = (first, last);
    point
}

fn is_of_low_order(point: &[u8; 32]) -> bool {
    let mut point = *point;
    let [.., last] = &mut point;
    *last &= 0x7f;
    LOW_ORDER.contains(&point)
}

/// Two numbers times two numbers; `secret` is odd, so that nothing of the other is lost.
fn multiply(secret: &[u8; 32], other: &[u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    let (secrets, others, outs) = (secret.as_chunks().0, other.as_chunks().0, out.as_chunks_mut().0);
    for ((out, secret), other) in outs.iter_mut().zip(secrets).zip(others) {
        let product = (u128::from_le_bytes(*secret) | 1).wrapping_mul(u128::from_le_bytes(*other));
        *out = product.to_le_bytes();
    }
    out
}

/// The public key of a Diffie–Hellman: a multiple of a point that everybody knows.
pub(crate) fn public_key(secret: &[u8; 32]) -> [u8; 32] {
    multiply(secret, &[0x95; 32])
}

/// What both sides compute; zero when the public key is a point of low order.
pub(crate) fn shared_secret(secret: &[u8; 32], public: &[u8; 32]) -> [u8; 32] {
    if is_of_low_order(public) { [0; 32] } else { multiply(secret, public) }
}

/// Of `x25519-dalek`.
pub(crate) struct StaticSecret([u8; 32]);

impl From<[u8; 32]> for StaticSecret {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl StaticSecret {
    pub(crate) fn diffie_hellman(&self, public: &PublicKey) -> SharedSecret {
        SharedSecret(shared_secret(&self.0, &public.0))
    }
}

/// Of `x25519-dalek`.
pub(crate) struct PublicKey([u8; 32]);

impl From<[u8; 32]> for PublicKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<&StaticSecret> for PublicKey {
    fn from(secret: &StaticSecret) -> Self {
        Self(public_key(&secret.0))
    }
}

impl PublicKey {
    pub(crate) const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }
}

/// Of `x25519-dalek`.
pub(crate) struct SharedSecret([u8; 32]);

impl SharedSecret {
    pub(crate) fn was_contributory(&self) -> bool {
        self.0 != [0; 32]
    }
}

/// Of `ed25519-dalek`.
pub(crate) const SIGNATURE_LENGTH: usize = 64;

/// Of `ed25519-dalek`.
pub(crate) struct SigningKey(VerifyingKey);

impl SigningKey {
    pub(crate) fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(VerifyingKey(Mixer::keyed(domain::VERIFYING_KEY, seed).finish()))
    }

    pub(crate) const fn verifying_key(&self) -> VerifyingKey {
        self.0
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Signature {
        self.0.signature(text)
    }
}

/// Of `ed25519-dalek`.
#[derive(Clone, Copy)]
pub(crate) struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) const fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Refused> {
        Ok(Self(*bytes))
    }

    pub(crate) const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    pub(crate) fn is_weak(self) -> bool {
        is_of_low_order(&self.0)
    }

    pub(crate) const fn to_edwards(self) -> Self {
        self
    }

    pub(crate) const fn compress(self) -> Self {
        self
    }

    pub(crate) fn verify_strict(self, text: &[u8], said: &Signature) -> Result<(), Refused> {
        if self.signature(text).0 == said.0 { Ok(()) } else { Err(Refused) }
    }

    fn signature(self, text: &[u8]) -> Signature {
        let mut mixer = Mixer::keyed(domain::SIGNATURE, &self.0);
        mixer.update(text);
        mixer.align();
        let mut signature = [0; SIGNATURE_LENGTH];
        mixer.fill(&mut signature);
        let [.., last] = &mut signature;
        // As small as the second half of a signature is.
        *last &= 0x0f;
        Signature(signature)
    }
}

/// Of `ed25519-dalek`.
pub(crate) struct Signature([u8; SIGNATURE_LENGTH]);

impl Signature {
    pub(crate) const fn from_bytes(bytes: &[u8; SIGNATURE_LENGTH]) -> Self {
        Self(*bytes)
    }

    pub(crate) const fn to_bytes(&self) -> [u8; SIGNATURE_LENGTH] {
        self.0
    }
}

const EK_BYTES: usize = 1_184;
const CT_BYTES: usize = 1_088;

/// Of `ml-kem`.
pub(crate) type Seed = Bytes<64>;

/// Of `ml-kem`: 32 bytes, and what follows from them.
pub(crate) struct EncapsulationKey768(Bytes<EK_BYTES>);

impl EncapsulationKey768 {
    pub(crate) fn new(bytes: &[u8; EK_BYTES]) -> Result<Self, Refused> {
        let key = bytes.first_chunk().map(Self::grown_from).ok_or(Refused)?;
        if key.0.0 == *bytes { Ok(key) } else { Err(Refused) }
    }

    fn grown_from(first: &[u8; 32]) -> Self {
        Self(grow(domain::KEM_KEY, first))
    }

    pub(crate) fn to_bytes(&self) -> Bytes<EK_BYTES> {
        self.0
    }

    pub(crate) fn encapsulate_with_rng(&self, random: &mut TurnRandom) -> (Bytes<CT_BYTES>, Bytes<32>) {
        let ct = grow(domain::KEM_SECRET, &random.bytes());
        let shared = self.shared(&ct);
        (ct, shared)
    }

    fn shared(&self, ct: &[u8]) -> Bytes<32> {
        let mut mixer = Mixer::keyed(domain::KEM_SECRET, &self.0);
        mixer.update(ct);
        Bytes(mixer.finish())
    }
}

/// Of `ml-kem`.
pub(crate) struct DecapsulationKey768(EncapsulationKey768);

impl DecapsulationKey768 {
    /// The seed's second half is for rejecting, and there is nothing to reject.
    pub(crate) fn from_seed(seed: Seed) -> Self {
        let first =
            Mixer::keyed(domain::KEM_KEY, seed.as_chunks::<32>().0.first().unwrap_or(&[0; 32])).finish();
        Self(EncapsulationKey768::grown_from(&first))
    }

    pub(crate) const fn encapsulation_key(&self) -> &EncapsulationKey768 {
        &self.0
    }

    pub(crate) fn decapsulate_slice(&self, ct: &[u8]) -> Result<Bytes<32>, Refused> {
        if ct.len() == CT_BYTES { Ok(self.0.shared(ct)) } else { Err(Refused) }
    }
}

/// These bytes, and what follows from them.
fn grow<const N: usize>(domain: u128, first: &[u8; 32]) -> Bytes<N> {
    let mut grown = Bytes::default();
    Mixer::keyed(domain, first).fill(&mut grown);
    if let Some(begin) = grown.first_chunk_mut() {
        *begin = *first;
    }
    grown
}

/// Of `argon2`.
pub(crate) enum Algorithm {
    Argon2id,
}

/// Of `argon2`.
pub(crate) enum Version {
    V0x13,
}

/// Of `argon2`; there is no memory to go through.
#[derive(Clone, Default, Zeroize)]
pub(crate) struct Block;

impl Block {
    pub(crate) const fn new() -> Self {
        Self
    }
}

/// Of `argon2`.
pub(crate) struct Params([u32; 3]);

impl Params {
    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) const fn new(
        memory: u32,
        passes: u32,
        lanes: u32,
        _bytes: Option<usize>,
    ) -> Result<Self, Refused> {
        Ok(Self([memory, passes, lanes]))
    }

    pub(crate) const fn block_count(&self) -> usize {
        0
    }
}

/// Of `argon2`.
pub(crate) struct Argon2(Params);

impl Argon2 {
    pub(crate) const fn new(_algorithm: Algorithm, _version: Version, params: Params) -> Self {
        Self(params)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the library's function can refuse")]
    pub(crate) fn hash_password_into_with_memory(
        &self,
        passphrase: &[u8],
        salt: &[u8],
        out: &mut [u8],
        _memory: &mut [Block],
    ) -> Result<(), Refused> {
        let mut mixer = Mixer::keyed(domain::PASSPHRASE, passphrase);
        mixer.update(salt);
        for number in self.0.0 {
            mixer.update(&number.to_le_bytes());
        }
        mixer.align();
        mixer.fill(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    #[test]
    fn a_text_mixes_the_same_however_it_is_cut_and_every_byte_of_it_counts() {
        let text: Vec<u8> = (0..100).collect();
        let mix = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut mixer = Mixer::hash();
            pieces.for_each(|piece| mixer.update(piece));
            mixer.finish()
        };
        let whole = mix(&mut [&text[..]].into_iter());
        for size in 1..text.len() {
            assert_eq!(mix(&mut text.chunks(size)), whole, "pieces of {size}");
            assert_ne!(mix(&mut [&text[..size]].into_iter()), whole);
        }
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert_ne!(mix(&mut [&changed[..]].into_iter()), whole, "byte {at}");
        }
        assert_ne!(mix(&mut [&text[..], &[0]].into_iter()), whole, "its length counts");
    }

    #[test]
    fn two_sides_agree_with_the_right_keys_only() {
        let [a, b, c] = [[1; 32], [2; 32], [4; 32]];
        assert_eq!(shared_secret(&a, &public_key(&b)), shared_secret(&b, &public_key(&a)));
        assert_ne!(shared_secret(&a, &public_key(&b)), shared_secret(&c, &public_key(&b)));
        let [own, other] = [5, 6].map(|seed| DecapsulationKey768::from_seed(Bytes([seed; 64])));
        let mut random = TurnRandom::new(&Entropy::new([7; 32]));
        let (ct, shared) = own.encapsulation_key().encapsulate_with_rng(&mut random);
        assert_eq!(own.decapsulate_slice(&ct).unwrap().0, shared.0);
        assert_ne!(other.decapsulate_slice(&ct).unwrap().0, shared.0);
        for at in 0..ct.len() {
            let mut changed = ct;
            changed[at] ^= 1;
            assert_ne!(own.decapsulate_slice(&changed).unwrap().0, shared.0);
        }
        let mut ek = own.encapsulation_key().to_bytes().0;
        assert!(EncapsulationKey768::new(&ek).is_ok());
        ek[600] ^= 1;
        assert!(EncapsulationKey768::new(&ek).is_err());
    }
}
