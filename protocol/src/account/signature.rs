//! Signed objects: label ‖ body ‖ Ed25519 signature of both. This is the one file that names the signature crate.
//!
//! Every kind of object has a label of its own at its start, so that none can be presented as another. Verification
//! is strict (RFC 8032 with `S < L`, no small-order key or `R`, keys in their one encoding): there is one signature a
//! signer made, and nobody else can turn it into a second. The bytes are kept as received; nothing is encoded again.

#[cfg(feature = "stand-in")]
use crate::stand_in::{SIGNATURE_LENGTH, Signature, SigningKey, VerifyingKey};
#[cfg(not(feature = "stand-in"))]
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, Signer as _, SigningKey, VerifyingKey};

use crate::{
    secret::{LABEL_PREFIX, Secret},
    testing::plant::{self, Plant},
};

/// The public key of this seed.
pub(crate) fn public_key(seed: &Secret) -> [u8; 32] {
    SigningKey::from_bytes(seed.expose()).verifying_key().to_bytes()
}

/// Whether these bytes are the one encoding of a point that is not of small order.
pub(crate) fn is_sound_key(key: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|point| {
        // Decoding a point takes `y` modulo p; a second encoding would be a second name of the same key.
        !point.is_weak() && point.to_edwards().compress().to_bytes() == *key
    })
}

/// `label ‖ body ‖ signature`; the label gets the protocol's prefix.
pub(crate) fn sign(seed: &Secret, label: &str, body: &[u8]) -> Vec<u8> {
    let mut signed = [LABEL_PREFIX.as_bytes(), label.as_bytes(), body].concat();
    let signature = SigningKey::from_bytes(seed.expose()).sign(&signed);
    signed.extend_from_slice(&signature.to_bytes());
    signed
}

/// The body of a signed object with this label, not verified yet; `None` when it is no such object.
pub(crate) fn body<'a>(label: &str, signed: &'a [u8]) -> Option<&'a [u8]> {
    let (said, _) = signed.split_last_chunk::<SIGNATURE_LENGTH>()?;
    said.strip_prefix(LABEL_PREFIX.as_bytes())?.strip_prefix(label.as_bytes())
}

/// Whether the holder of this key signed this object, label and all.
pub(crate) fn is_signed_by(key: &[u8; 32], signed: &[u8]) -> bool {
    let Some((said, signature)) = signed.split_last_chunk::<SIGNATURE_LENGTH>() else { return false };
    if plant::is(Plant::SignatureUnchecked) {
        return true;
    }
    is_sound_key(key)
        && VerifyingKey::from_bytes(key)
            .is_ok_and(|key| key.verify_strict(said, &Signature::from_bytes(signature)).is_ok())
}

#[cfg(test)]
pub(crate) mod tests {
    #[cfg(not(feature = "stand-in"))]
    use ed25519_dalek::Verifier as _;

    use super::*;

    /// The same signature with `S + L` in place of `S`: lax verifiers take it.
    pub(crate) fn malleated(signed: &[u8]) -> Vec<u8> {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut out = signed.to_vec();
        let at = out.len() - 32;
        let mut carry = 0_u16;
        for (byte, order) in out[at..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        out
    }

    /// Encodings of the points of order 1, 2, 4 and 8, and of the identity with `y = p + 1`.
    pub(crate) const SMALL_ORDER_KEYS: [&str; 8] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];

    pub(crate) fn key(hex: &str) -> [u8; 32] {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    #[cfg(not(feature = "stand-in"))]
    fn rfc_8032_test_1() {
        let seed = Secret::new(key("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        assert_eq!(
            public_key(&seed),
            key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        );
    }

    #[test]
    fn only_the_signer_and_the_label_pass() {
        let seed = Secret::new([1; 32]);
        let public = public_key(&seed);
        let signed = sign(&seed, "one", b"body");
        assert_eq!(body("one", &signed), Some(&b"body"[..]));
        assert_eq!(body("two", &signed), None);
        assert!(is_signed_by(&public, &signed));
        assert!(!is_signed_by(&public_key(&Secret::new([2; 32])), &signed));
        assert!(!is_signed_by(&public, &[0; 63]));
        for at in 0..signed.len() {
            let mut flipped = signed.clone();
            flipped[at] ^= 1;
            assert!(!is_signed_by(&public, &flipped), "byte {at}");
            assert!(!is_signed_by(&public, &signed[..at]), "cut to {at}");
        }
    }

    #[test]
    fn a_malleated_signature_is_refused() {
        let seed = Secret::new([1; 32]);
        let signed = sign(&seed, "one", b"body");
        let second = malleated(&signed);
        assert_ne!(second, signed);
        assert!(!is_signed_by(&public_key(&seed), &second));
    }

    #[test]
    #[cfg(not(feature = "stand-in"))]
    fn small_order_keys_are_refused_even_where_their_signature_verifies() {
        // S = 0 and R = the identity: under the identity as a key this signs everything, for a lax verifier.
        let mut signed = b"causerie/1 one".to_vec();
        signed.extend_from_slice(&key(SMALL_ORDER_KEYS[0]));
        signed.extend_from_slice(&[0; 32]);
        let (said, signature) = signed.split_last_chunk::<64>().unwrap();
        let identity = key(SMALL_ORDER_KEYS[0]);
        let lax = VerifyingKey::from_bytes(&identity).unwrap();
        assert!(lax.verify(said, &Signature::from_bytes(signature)).is_ok());
        for hex in SMALL_ORDER_KEYS {
            assert!(!is_sound_key(&key(hex)), "{hex}");
            assert!(!is_signed_by(&key(hex), &signed), "{hex}");
        }
    }

    #[test]
    #[cfg(not(feature = "stand-in"))]
    fn a_key_has_one_encoding() {
        // y = p + 3 decodes to the same point as y = 3, which is on the curve and of large order.
        let mut short = [0; 32];
        short[0] = 3;
        let mut long = [0xff; 32];
        long[0] = 0xf0;
        long[31] = 0x7f;
        assert!(VerifyingKey::from_bytes(&long).is_ok());
        assert!(is_sound_key(&short));
        assert!(!is_sound_key(&long));
    }
}
