//! What keeps an introduction between two: whoever does not hold the link, or was not in its hello, opens no frame of it.

use crate::{
    link::hello::Binding,
    secret::{NONCE_BYTES, Secret},
    turn::Turn,
    wire::frame::{self, FrameKind},
};

/// Sealed frames of one introduction: a key and a counter a direction.
#[derive(Debug)]
pub(super) struct Channel {
    sending: Secret,
    receiving: Secret,
    sent: u64,
    received: u64,
}

impl Channel {
    pub(super) fn new(secret: &Secret, binding: &Binding, inviter: bool) -> Self {
        let (first, second) = if inviter {
            (binding.own_nonce, binding.their_nonce)
        } else {
            (binding.their_nonce, binding.own_nonce)
        };
        let key = secret.derive("intro", &[&first, &second]);
        let (to_invited, to_inviter) = (key.expand("to invited"), key.expand("to inviter"));
        let (sending, receiving) = if inviter { (to_invited, to_inviter) } else { (to_inviter, to_invited) };
        Self { sending, receiving, sent: 0, received: 0 }
    }

    pub(super) fn seal(&mut self, turn: &mut Turn<'_>, kind: FrameKind, payload: &[u8]) -> Option<Vec<u8>> {
        let plain = frame::encode(kind, payload)?;
        let nonce: [u8; NONCE_BYTES] = turn.random.bytes();
        let sealed = self.sending.seal(&nonce, &self.sent.to_be_bytes(), &plain);
        self.sent += 1;
        Some([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&mut self, bytes: &[u8]) -> Option<(FrameKind, Vec<u8>)> {
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let plain = self.receiving.open(nonce, &self.received.to_be_bytes(), sealed)?;
        self.received += 1;
        let (kind, payload) = frame::decode(&plain)?;
        Some((kind, payload.to_vec()))
    }
}
