use super::*;
use crate::entropy::Entropy;

fn vault() -> (TurnRandom, Vault) {
    let mut random = TurnRandom::new(&Entropy::new([1; 32]));
    let (_, _, vault) = Vault::create(&mut random);
    (random, vault)
}

#[test]
fn a_slot_opens_in_its_place_with_no_byte_changed_and_in_no_other_home() {
    let (mut random, mut vault) = vault();
    vault.add_generation(1, Secret::new([1; 32]));
    let sealed = vault.seal_slot(&mut random, Slot::Second, Some((2, &Secret::new([2; 32]))));
    assert_eq!(sealed.len(), SLOT_BYTES);
    let opens = |vault: &Vault, slots: &Slots| {
        let mut vault = Vault { ring: Ring::default(), ..vault.clone() };
        let generations = vault.open_ring(slots);
        (generations, vault.generation())
    };
    assert_eq!(opens(&vault, &[None, Some(sealed.clone())]), ([vec![], vec![1, 2]], 2));
    assert_eq!(opens(&vault, &[Some(sealed.clone()), None]), ([vec![], vec![]], 0));
    let (_, _, other) = Vault::create(&mut random);
    assert_eq!(opens(&other, &[None, Some(sealed.clone())]), ([vec![], vec![]], 0));
    for byte in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[byte] ^= 1;
        assert_eq!(opens(&vault, &[None, Some(flipped)]).1, 0, "byte {byte}");
        assert_eq!(opens(&vault, &[None, Some(sealed[..byte].to_vec())]).1, 0, "cut at {byte}");
    }
}

#[test]
fn only_session_state_is_sealed_under_the_newest_key_and_all_keys_open() {
    let (mut random, mut vault) = vault();
    let mut sealed = vec![vault.seal(&mut random, b"S-key", b"0")];
    for generation in 1..=2 {
        vault.add_generation(generation, Secret::new([generation.try_into().unwrap(); 32]));
        sealed.push(vault.seal(&mut random, b"S-key", generation.to_string().as_bytes()));
    }
    for (generation, sealed) in sealed.iter().enumerate() {
        assert_eq!(sealed[..4], u32::try_from(generation).unwrap().to_be_bytes());
        assert_eq!(vault.unseal(b"S-key", sealed), Some(generation.to_string().into_bytes()));
        assert_eq!(vault.is_current(b"S-key", sealed), generation == 2);
    }
    let history = vault.seal(&mut random, b"E-key", b"text");
    assert_eq!(history[..4], [0; 4]);
    assert!(vault.is_current(b"E-key", &history));
    assert_eq!(vault.seal_identity(&mut random, b"text")[..4], [0; 4]);
    vault.keep_newest_generation();
    assert!(vault.unseal(b"S-key", &sealed[0]).is_some(), "from before the ring");
    assert_eq!(vault.unseal(b"S-key", &sealed[1]), None);
    assert!(vault.unseal(b"S-key", &sealed[2]).is_some());
}

#[test]
fn no_key_of_a_ring_opens_what_is_no_session_state() {
    let (mut random, mut vault) = vault();
    vault.add_generation(1, Secret::new([7; 32]));
    let nonce = random.bytes();
    let sealed = Secret::new([7; 32]).seal(&nonce, b"E-key", b"forged");
    let value = [&1_u32.to_be_bytes()[..], &nonce, &sealed].concat();
    assert_eq!(vault.unseal(b"E-key", &value), None);
}
