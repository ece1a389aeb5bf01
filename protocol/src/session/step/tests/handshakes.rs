//! Replays `vectors/step.json`: one step that a second, small implementation in another language made both sides of,
//! from the specification alone. HMAC, HKDF and Noise by hand; X25519, ChaCha20-Poly1305 and ML-KEM-768 from OpenSSL.

use data_encoding::HEXLOWER;
use serde_json::Value;

use super::*;
use crate::{ids::AccountId, session::epoch::EpochKeys};

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/step.json")).unwrap()
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    HEXLOWER.decode(vector[name].as_str().unwrap().as_bytes()).unwrap()
}

fn array<const N: usize>(vector: &Value, name: &str) -> [u8; N] {
    bytes(vector, name).try_into().unwrap()
}

fn secret(vector: &Value, name: &str) -> Secret {
    Secret::new(array(vector, name))
}

/// The parties as the offerer, or as the acceptor, knows them.
fn sides(vector: &Value, offerer: bool) -> (Parties, [DeviceId; 2]) {
    let (own, their) = if offerer { ("offerer", "acceptor") } else { ("acceptor", "offerer") };
    let account = |side| AccountId::from_bytes(array(vector, &format!("account_{side}")));
    let device = |side| DeviceId::from_bytes(array(vector, &format!("dev_{side}")));
    let parties = Parties {
        own_account: account(own),
        their_account: account(their),
        own_static: secret(vector, &format!("s_{own}")),
        their_static: array(vector, &format!("s_{their}_public")),
    };
    (parties, [device(own), device(their)])
}

fn step_of<'a>(
    vector: &Value,
    chain: &'a Secret,
    (parties, [own, their]): &'a (Parties, [DeviceId; 2]),
) -> Step<'a> {
    Step {
        session: SessionId::from_bytes(array(vector, "session")),
        n: u32::try_from(vector["epoch"].as_u64().unwrap()).unwrap(),
        chain,
        own: *own,
        their: *their,
        parties,
    }
}

#[test]
fn the_other_implementations_step_is_taken() {
    let vector = vector();
    let chain = EpochKeys::derive(&secret(&vector, "prk_before")).chain;
    assert!(chain == secret(&vector, "chain_before"));
    let sides = sides(&vector, true);
    let step = step_of(&vector, &chain, &sides);
    let stored = bytes(&vector, "stored_offer");
    let offer: Offer = crate::wire::codec::decode(&stored).unwrap();
    assert_eq!(offer.said, bytes(&vector, "offer"));
    assert!(offer.finish(&step, &bytes(&vector, "accept")) == Ok(secret(&vector, "prk")));
    let keys = EpochKeys::derive(&secret(&vector, "prk"));
    assert!(keys.chain == secret(&vector, "chain"));
    assert_eq!(keys.fingerprint, array(&vector, "fingerprint"));
    for (dir, name) in [(0, "from_a"), (1, "to_a")] {
        assert!(keys.headers[dir] == secret(&vector, &format!("header_{name}")));
        assert!(keys.messages[dir] == secret(&vector, &format!("message_{name}")));
    }
    // Whoever lacks the chain lacks the rest.
    let other = Secret::new([0; 32]);
    assert_eq!(
        offer.finish(&step_of(&vector, &other, &sides), &bytes(&vector, "accept")),
        Err(StepRefusal::Handshake)
    );
}

#[test]
fn the_other_implementations_offer_is_answered_for_it() {
    let vector = vector();
    let chain = secret(&vector, "chain_before");
    let (acceptor, offerer) = (sides(&vector, false), sides(&vector, true));
    let mut random = TurnRandom::new(&Entropy::new([4; 32]));
    let answered = step_of(&vector, &chain, &acceptor).answer(&bytes(&vector, "offer"), &mut random);
    let (accept, prk) = answered.unwrap();
    let offer: Offer = crate::wire::codec::decode(&bytes(&vector, "stored_offer")).unwrap();
    assert!(offer.finish(&step_of(&vector, &chain, &offerer), &accept) == Ok(prk));
    assert!(accept != bytes(&vector, "accept"), "every answer has an ephemeral of its own");
}

#[test]
fn points_of_low_order_are_refused_in_every_place() {
    let vector = vector();
    let chain = secret(&vector, "chain_before");
    let (offerer, acceptor) = (sides(&vector, true), sides(&vector, false));
    let mut random = TurnRandom::new(&Entropy::new([5; 32]));
    let mut order_eight = [0; 32];
    hex_into("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", &mut order_eight);
    for point in [[0; 32], one(), order_eight] {
        // As their ephemeral in an OFFER, with a payload that anybody can seal once es and ss are zero.
        let mut offer = bytes(&vector, "offer");
        offer[..32].copy_from_slice(&point);
        let refused = step_of(&vector, &chain, &acceptor).answer(&offer, &mut random);
        assert!(matches!(refused, Err(StepRefusal::Handshake)));
        // As their ephemeral in an ACCEPT.
        let kept: Offer = crate::wire::codec::decode(&bytes(&vector, "stored_offer")).unwrap();
        let mut accept = bytes(&vector, "accept");
        accept[1_088..1_120].copy_from_slice(&point);
        let refused = kept.finish(&step_of(&vector, &chain, &offerer), &accept);
        assert!(matches!(refused, Err(StepRefusal::Handshake)));
        // As their static key: no step is offered to it or taken with it.
        let mut low = sides(&vector, true);
        low.0.their_static = point;
        assert!(matches!(Offer::make(&step_of(&vector, &chain, &low), &mut random), Err(StepRefusal::Own)));
        let mut low = sides(&vector, false);
        low.0.their_static = point;
        let refused = step_of(&vector, &chain, &low).answer(&bytes(&vector, "offer"), &mut random);
        assert!(matches!(refused, Err(StepRefusal::Handshake)));
    }
}

fn one() -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = 1;
    point
}

fn hex_into(text: &str, out: &mut [u8; 32]) {
    out.copy_from_slice(&HEXLOWER.decode(text.as_bytes()).unwrap());
}

#[test]
fn an_offer_whose_key_is_none_is_refused() {
    let vector = vector();
    let chain = secret(&vector, "chain_before");
    let (offerer, acceptor) = (sides(&vector, true), sides(&vector, false));
    let step = step_of(&vector, &chain, &offerer);
    // Coefficients above the modulus, and a key that is cut short.
    for (payload, refusal) in [(vec![0xff; 1_184], StepRefusal::Key), (vec![0; 1_183], StepRefusal::Length)] {
        let (_, offer) = crate::session::noise::StepOffered::rebuild(
            &offerer.0.own_static,
            &offerer.0.their_static,
            Secret::new([3; 32]),
            &step.prologue(true),
            &payload,
        )
        .unwrap();
        let mut random = TurnRandom::new(&Entropy::new([6; 32]));
        let refused = step_of(&vector, &chain, &acceptor).answer(&offer, &mut random);
        assert!(matches!(refused, Err(why) if why == refusal));
    }
}

#[test]
fn nothing_secret_is_shown() {
    let vector = vector();
    let offer: Offer = crate::wire::codec::decode(&bytes(&vector, "stored_offer")).unwrap();
    let shown = format!("{:?} {:?}", offer, sides(&vector, true).0);
    assert!(shown.contains("Secret(…)") && !shown.contains(&vector["s_offerer"].as_str().unwrap()[..8]));
}
