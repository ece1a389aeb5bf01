//! The handshake of one step: `KKpsk2` with ML-KEM-768, chained by the epoch before it.
//!
//! ```text
//! OFFER    = KKpsk2 message 1, payload = ek(1184)          1,232 bytes
//! ACCEPT   = ct(1088) ‖ KKpsk2 message 2, empty payload    1,136 bytes
//! prologue = "causerie/1 rekey" ‖ session id ‖ epoch u32 ‖ accounts ‖ devices     the offerer's first
//! psk2     = HKDF-Extract(salt = chain of the epoch before, "causerie/1 kem" ‖ ss ‖ H(ek) ‖ H(ct))
//! ```
//!
//! The prologue binds a step to its session, its epoch and both devices, so an OFFER of another one does not open.
//! A handshake cannot be stored: the offerer keeps its ephemeral and its KEM's seed and rebuilds it byte for byte.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::super::{
    kem::{self, CT_BYTES, KemKey, KemSeed},
    noise::{self, PUBLIC_BYTES},
};
use crate::{
    entropy::TurnRandom,
    ids::{AccountId, DeviceId, SessionId},
    secret::{LABEL_PREFIX, Secret},
    testing::plant::{self, Plant},
};

/// Bytes of an OFFER: `e`, the encapsulation key, a tag.
pub(crate) const OFFER_BYTES: usize = 1_232;

/// Bytes of an ACCEPT: the ciphertext, `e`, a tag.
pub(crate) const ACCEPT_BYTES: usize = 1_136;

/// Who takes steps in a session, beside its two devices: what the session's records do not hold.
#[derive(Clone, Debug)]
pub struct Parties {
    /// Our account.
    pub own_account: AccountId,
    /// Theirs.
    pub their_account: AccountId,
    /// Our device's static key.
    pub own_static: Secret,
    /// Their device's static public key.
    pub their_static: [u8; PUBLIC_BYTES],
}

/// One step: from which epoch of which session to which, and between whom.
pub(super) struct Step<'a> {
    pub(super) session: SessionId,
    /// The epoch that it leads to.
    pub(super) n: u32,
    /// What the epoch before it chains it by.
    pub(super) chain: &'a Secret,
    pub(super) own: DeviceId,
    pub(super) their: DeviceId,
    pub(super) parties: &'a Parties,
}

impl Step<'_> {
    /// Answers an OFFER of theirs: the ACCEPT, and what the next epoch is derived from.
    pub(super) fn answer(
        &self,
        offer: &[u8],
        random: &mut TurnRandom,
    ) -> Result<(Vec<u8>, Secret), StepRefusal> {
        if offer.len() != OFFER_BYTES {
            return Err(StepRefusal::Length);
        }
        let Parties { own_static: own, their_static: their, .. } = self.parties;
        let prologue = self.prologue(false);
        let (heard, ek) = noise::StepHeard::read(own, their, &prologue, offer, random)
            .map_err(|_| StepRefusal::Handshake)?;
        let (ct, psk) = kem::encapsulate(self.chain, &ek, random).ok_or(StepRefusal::Key)?;
        let (message, split) = heard.answer(&psk).map_err(|_| StepRefusal::Handshake)?;
        Ok(([ct, message].concat(), split.prk))
    }

    /// What the epoch is derived from, once the handshake gave this.
    pub(super) fn root(&self, prk: Secret) -> Secret {
        if plant::is(Plant::StepFromChainAlone) { self.root_of_chain() } else { prk }
    }

    /// What follows from the epoch before it alone, which whoever had that one has too.
    pub(super) fn root_of_chain(&self) -> Secret {
        self.chain.expand("alone")
    }

    pub(super) fn prologue(&self, we_offer: bool) -> Vec<u8> {
        let own = (self.parties.own_account, self.own);
        let their = (self.parties.their_account, self.their);
        let ((first_account, first), (second_account, second)) =
            if we_offer { (own, their) } else { (their, own) };
        [
            LABEL_PREFIX.as_bytes(),
            b"rekey",
            self.session.as_bytes(),
            &self.n.to_be_bytes(),
            first_account.as_bytes(),
            second_account.as_bytes(),
            first.as_bytes(),
            second.as_bytes(),
        ]
        .concat()
    }
}

/// An OFFER of ours that is out. Erasing it makes every answer to it unreadable for ever.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    /// The epoch that it leads to.
    pub(super) n: u32,
    ephemeral: Secret,
    kem_seed: KemSeed,
    /// The OFFER itself, repeated until it is answered.
    pub(super) said: Vec<u8>,
}

impl Offer {
    /// Offers a step.
    pub(super) fn make(step: &Step<'_>, random: &mut TurnRandom) -> Result<Self, StepRefusal> {
        let mut offer = Self {
            n: step.n,
            ephemeral: Secret::new(random.bytes()),
            kem_seed: KemSeed::draw(random),
            said: Vec::new(),
        };
        offer.said = offer.rebuild(step, &offer.kem_seed.grow())?.1;
        Ok(offer)
    }

    /// The same keys in an offer of another step.
    pub(super) fn made_for(&self, step: &Step<'_>) -> Result<Self, StepRefusal> {
        let said = self.rebuild(step, &self.kem_seed.grow())?.1;
        Ok(Self { n: step.n, ephemeral: self.ephemeral.clone(), kem_seed: self.kem_seed.clone(), said })
    }

    /// Reads an ACCEPT: what the next epoch is derived from.
    pub(super) fn finish(&self, step: &Step<'_>, accept: &[u8]) -> Result<Secret, StepRefusal> {
        if accept.len() != ACCEPT_BYTES {
            return Err(StepRefusal::Length);
        }
        let (ct, message) = accept.split_at_checked(CT_BYTES).ok_or(StepRefusal::Length)?;
        let key = self.kem_seed.grow();
        let (waiting, said) = self.rebuild(step, &key)?;
        if said != self.said {
            return Err(StepRefusal::Own);
        }
        let psk = key.decapsulate(step.chain, ct).ok_or(StepRefusal::Length)?;
        let split = waiting.finish(&psk, message).map_err(|_| StepRefusal::Handshake)?;
        Ok(split.prk)
    }

    /// The handshake as it stood when the OFFER left, and the OFFER.
    fn rebuild(&self, step: &Step<'_>, key: &KemKey) -> Result<(noise::StepOffered, Vec<u8>), StepRefusal> {
        noise::StepOffered::rebuild(
            &step.parties.own_static,
            &step.parties.their_static,
            self.ephemeral.clone(),
            &step.prologue(true),
            &key.encapsulation_key(),
        )
        .map_err(|_| StepRefusal::Own)
    }
}

/// Why a step was not taken; nothing has changed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum StepRefusal {
    /// It is not as long as what it claims to be.
    #[error("wrong length")]
    Length,
    /// It is of another session, epoch, device or offer, was changed, or holds a point of low order.
    #[error("the handshake does not open")]
    Handshake,
    /// What it brings is no encapsulation key.
    #[error("no encapsulation key")]
    Key,
    /// Our own offer does not rebuild: keys have changed since, or its record is damaged.
    #[error("our own offer is of no use any more")]
    Own,
}
