//! No, and why: signed by the inviter's device, because everybody who holds the same link could say the same.
//!
//! ```text
//! "causerie/1 refused" ‖ v u8 ‖ reason u8 ‖ invitation(8) ‖ ends(32) ‖ dev(16) ‖ device list ‖ Ed25519_dev(all before)
//! ends = H("refused" ‖ inviter's peer ‖ invited's peer ‖ inviter's nonce ‖ invited's nonce)
//! ```
//!
//! The ends bind it to this very hello, so that no refusal of somebody else, and none from before, can be passed on.

use serde::{Deserialize, Serialize};

use crate::{
    account::{device_list::SignedDeviceList, keys::OwnAccount, signature},
    answer::{InvitationState, reason},
    contact::link_code,
    ids::{AccountId, DeviceId, InvitationId},
    link::hello::Binding,
    secret::{self, Secret},
    wire::codec,
};

const LABEL: &str = "refused";

/// The one format there is.
const FORMAT: u8 = 1;

/// Why an invitation cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its one use is over.
    Used,
    /// Its end is past.
    Expired,
    /// It was taken back.
    Revoked,
    /// A reason that a newer version has.
    Newer,
}

impl Refusal {
    /// Why an invitation that stands like this cannot be answered; `None` when it can.
    pub(super) const fn of(state: InvitationState) -> Option<Self> {
        match state {
            InvitationState::Open => None,
            InvitationState::Used => Some(Self::Used),
            InvitationState::Revoked => Some(Self::Revoked),
            InvitationState::Expired => Some(Self::Expired),
        }
    }

    /// Says it to whoever is at the other end of this hello; `None` when it cannot be said, which is a fault of ours.
    pub(crate) fn sign(self, own: &OwnAccount, invitation: &Secret, binding: &Binding) -> Option<Vec<u8>> {
        let body = codec::encode(&Body {
            format: FORMAT,
            reason: self.to_byte(),
            invitation: link_code::invitation_id(invitation),
            ends: ends(binding, true),
            device: own.device(),
            device_list: own.device_list().bytes().to_vec(),
        });
        body.ok().map(|body| own.sign_as_device(LABEL, &body))
    }

    /// Takes it from a device of this account that says it in this hello; `None` when it is anything else.
    pub(crate) fn verify(
        signed: &[u8],
        inviter: AccountId,
        invitation: &Secret,
        binding: &Binding,
    ) -> Option<Self> {
        let body: Body = codec::decode(signature::body(LABEL, signed)?).ok()?;
        let meant = body.format == FORMAT
            && body.invitation == link_code::invitation_id(invitation)
            && body.ends == ends(binding, false);
        let list = SignedDeviceList::parse(&body.device_list).ok()?;
        let device = list.device(body.device)?;
        let said = meant && list.account() == inviter && signature::is_signed_by(&device.key, signed);
        said.then_some(Self::from_byte(body.reason))
    }

    /// What the person is told.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Used => reason::USED,
            Self::Expired => reason::EXPIRED,
            Self::Revoked => reason::REVOKED,
            Self::Newer => reason::NEWER,
        }
    }

    const fn to_byte(self) -> u8 {
        match self {
            Self::Used => 0,
            Self::Expired => 1,
            Self::Revoked => 2,
            Self::Newer => 3,
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Used,
            1 => Self::Expired,
            2 => Self::Revoked,
            _ => Self::Newer,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    format: u8,
    reason: u8,
    invitation: InvitationId,
    ends: [u8; 32],
    device: DeviceId,
    device_list: Vec<u8>,
}

fn ends(binding: &Binding, is_inviter: bool) -> [u8; 32] {
    let Binding { own_peer, their_peer, own_nonce, their_nonce } = binding;
    let ordered = if is_inviter {
        [own_peer, their_peer, own_nonce, their_nonce]
    } else {
        [their_peer, own_peer, their_nonce, own_nonce]
    };
    secret::hash("refused", &ordered.map(<[u8; 32]>::as_slice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entropy::{Entropy, TurnRandom},
        testing::BEGINNING,
    };

    fn account(seed: u8) -> OwnAccount {
        OwnAccount::create(&mut TurnRandom::new(&Entropy::new([seed; 32])), BEGINNING)
    }

    fn binding() -> (Binding, Binding) {
        let inviter =
            Binding { own_peer: [1; 32], their_peer: [2; 32], own_nonce: [3; 32], their_nonce: [4; 32] };
        let invited =
            Binding { own_peer: [2; 32], their_peer: [1; 32], own_nonce: [4; 32], their_nonce: [3; 32] };
        (inviter, invited)
    }

    #[test]
    fn only_the_inviter_says_no_and_only_here() {
        let (bob, mallory, secret) = (account(1), account(2), Secret::new([5; 32]));
        let (inviter, invited) = binding();
        for refusal in [Refusal::Used, Refusal::Expired, Refusal::Revoked, Refusal::Newer] {
            let signed = refusal.sign(&bob, &secret, &inviter).unwrap();
            assert_eq!(Refusal::verify(&signed, bob.account(), &secret, &invited), Some(refusal));
            assert_eq!(Refusal::verify(&signed, mallory.account(), &secret, &invited), None);
            assert_eq!(Refusal::verify(&signed, bob.account(), &Secret::new([6; 32]), &invited), None);
            assert_eq!(Refusal::verify(&signed, bob.account(), &secret, &inviter), None, "reflected");
            let forged = refusal.sign(&mallory, &secret, &inviter).unwrap();
            assert_eq!(Refusal::verify(&forged, bob.account(), &secret, &invited), None);
        }
        let signed = Refusal::Used.sign(&bob, &secret, &inviter).unwrap();
        for at in 0..signed.len() {
            let mut flipped = signed.clone();
            flipped[at] ^= 1;
            assert_eq!(Refusal::verify(&flipped, bob.account(), &secret, &invited), None, "byte {at}");
        }
        for other in 0..4 {
            let mut elsewhere = invited.clone();
            let part = match other {
                0 => &mut elsewhere.own_peer,
                1 => &mut elsewhere.their_peer,
                2 => &mut elsewhere.own_nonce,
                _ => &mut elsewhere.their_nonce,
            };
            part[0] ^= 1;
            assert_eq!(Refusal::verify(&signed, bob.account(), &secret, &elsewhere), None);
        }
    }

    #[test]
    fn no_other_signed_object_is_a_refusal() {
        let (bob, secret) = (account(1), Secret::new([5; 32]));
        let (_, invited) = binding();
        let list = bob.device_list().bytes().to_vec();
        assert_eq!(Refusal::verify(&list, bob.account(), &secret, &invited), None);
        assert_eq!(
            Refusal::verify(&bob.sign_as_device("bundle", &list), bob.account(), &secret, &invited),
            None
        );
        assert_eq!(Refusal::verify(b"", bob.account(), &secret, &invited), None);
    }
}
