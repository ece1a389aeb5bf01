use super::*;
use crate::entropy::Entropy;

const NOT_AFTER: u64 = 1_800_000_000;

fn random(seed: u8) -> TurnRandom {
    TurnRandom::new(&Entropy::new([seed; 32]))
}

fn payload() -> FirstPayload {
    FirstPayload {
        device_list: b"a signed list".to_vec(),
        dev: DeviceId::from_bytes([8; 16]),
        bundle_for_reply: b"a bundle".to_vec(),
        name: "Alice".into(),
        day: 20_500,
        entries: vec![b"hello".to_vec()],
    }
}

/// Bob, who published, and Alice, who answers.
struct Case {
    account: AccountId,
    dev: DeviceId,
    bob: StaticKeys,
    keys: BundleKeys,
    alice: StaticKeys,
    k: Secret,
}

impl Case {
    fn new() -> Self {
        let account = AccountId::from_bytes([1; 32]);
        let dev = DeviceId::from_bytes([2; 16]);
        let bob = StaticKeys::from_secret(Secret::new([3; 32]));
        let keys =
            BundleKeys::create(account, dev, &bob, NOT_AFTER, BundleKind::OneUse, &mut random(4)).unwrap();
        Self {
            account,
            dev,
            bob,
            keys,
            alice: StaticKeys::from_secret(Secret::new([5; 32])),
            k: Secret::new([6; 32]),
        }
    }

    fn public(&self) -> BundlePublic {
        BundlePublic {
            account: self.account,
            dev: self.dev,
            static_public: *self.bob.public(),
            noise1: self.keys.noise1().to_vec(),
        }
    }

    fn answered(&self) -> (Vec<u8>, Established) {
        answer(&self.public(), &self.alice, &self.k, &payload(), &mut random(7)).unwrap()
    }

    fn open(&self, first: &[u8]) -> Result<OpenedFirst, FirstContactError> {
        open_first(&self.k, &self.keys, self.account, self.dev, &self.bob, first)
    }

    /// FIRST with its inner bytes changed by somebody who knows K.
    fn tampered(&self, first: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let nonce = first[1..25].try_into().unwrap();
        let key = outer_key(&self.k);
        let mut plain = key.open(&nonce, &[TYPE_FIRST], &first[25..]).unwrap();
        change(&mut plain);
        let sealed = key.seal(&nonce, &[TYPE_FIRST], &plain);
        [&first[..25], &sealed].concat()
    }
}

#[test]
fn both_sides_hold_the_same_and_the_answer_is_read() {
    let case = Case::new();
    let (first, ours) = case.answered();
    assert_eq!(first.len(), 8_192);
    assert_eq!(bundle_id_of(&case.k, &first), Some(case.keys.bundle_id()));
    let opened = case.open(&first).unwrap();
    assert_eq!(opened.payload, payload());
    assert_eq!(&opened.remote_static, case.alice.public());
    assert_eq!(opened.established, ours);
    assert_eq!(ours.day, 20_500);
    // The keys of a pair, of days and of the session are independent of each other.
    assert!(ours.k_pair != ours.day_key && ours.k_pair != ours.prk && ours.day_key != ours.prk);
}

#[test]
fn a_bundle_says_what_it_is_and_belongs_to_one_device() {
    let case = Case::new();
    let terms = case.public().terms().unwrap();
    assert_eq!(
        (terms.bundle_id, terms.not_after, terms.kind),
        (case.keys.bundle_id(), NOT_AFTER, BundleKind::OneUse)
    );
    for kind in [BundleKind::OneUse, BundleKind::Reusable, BundleKind::Renewal, BundleKind::Device] {
        assert_eq!(BundleKind::from_number(kind.number()), Some(kind));
        assert_eq!(kind as u8, kind.number());
    }
    assert_eq!(BundleKind::from_number(4), None);
    let mut others = [case.public(), case.public(), case.public()];
    others[0].account = AccountId::from_bytes([9; 32]);
    others[1].dev = DeviceId::from_bytes([9; 16]);
    others[2].static_public = [9; 32];
    for other in others {
        assert_eq!(other.terms(), Err(FirstContactError::Bundle));
    }
    let noise1 = case.public().noise1;
    assert_eq!(noise1.len(), 32 + BundleTerms::BYTES + TAG_BYTES);
    for byte in 0..noise1.len() {
        let mut flipped = case.public();
        flipped.noise1[byte] ^= 1;
        assert_eq!(flipped.terms(), Err(FirstContactError::Bundle), "byte {byte}");
        flipped.noise1 = noise1[..byte].to_vec();
        assert_eq!(flipped.terms(), Err(FirstContactError::Bundle), "cut to {byte}");
    }
}

#[test]
fn hostile_bundles_are_not_answered() {
    let case = Case::new();
    let prologue = prologue(case.account, case.dev);
    let refused = |terms: &BundleTerms| {
        let mut bundle = case.public();
        bundle.noise1 =
            noise::publish(&case.bob, Secret::new([1; 32]), &prologue, &terms.to_bytes()).unwrap();
        answer(&bundle, &case.alice, &case.k, &payload(), &mut random(7)).unwrap_err()
    };
    let mut terms = case.public().terms().unwrap();
    // Coefficients beyond the modulus: FIPS 203, section 7.2.
    terms.ek = vec![0xff; EK_BYTES];
    assert_eq!(refused(&terms), FirstContactError::Bundle);
    terms.ek.truncate(EK_BYTES - 1);
    assert_eq!(refused(&terms), FirstContactError::Bundle);
    let mut zero = case.public();
    zero.static_public = [0; 32];
    zero.noise1[..32].fill(0);
    let answered = answer(&zero, &case.alice, &case.k, &payload(), &mut random(7));
    assert_eq!(answered.unwrap_err(), FirstContactError::Bundle);
}

#[test]
fn every_byte_of_a_first_message_counts() {
    let case = Case::new();
    let (first, _) = case.answered();
    for byte in 0..first.len() {
        let mut flipped = first.clone();
        flipped[byte] ^= 0x10;
        assert!(case.open(&flipped).is_err(), "byte {byte}");
    }
    for length in [0, 1, 25, 2_048, 8_191] {
        assert_eq!(case.open(&first[..length]).unwrap_err(), FirstContactError::Malformed);
    }
    let longer = [first.as_slice(), &[0]].concat();
    assert_eq!(case.open(&longer).unwrap_err(), FirstContactError::Malformed);
}

#[test]
fn whoever_knows_the_secret_cannot_change_the_inside() {
    let case = Case::new();
    let (first, _) = case.answered();
    let msg2_end = 4 + CT_BYTES + 4 + {
        let outer = open_outer(&case.k, &first).unwrap();
        outer.msg2.len()
    };
    let error_at = |byte: usize| {
        let tampered = case.tampered(&first, |plain| plain[byte] ^= 1);
        case.open(&tampered).unwrap_err()
    };
    for byte in 0..4 {
        assert_eq!(error_at(byte), FirstContactError::OtherBundle);
    }
    for byte in (4..4 + CT_BYTES).step_by(67) {
        assert_eq!(error_at(byte), FirstContactError::Refused, "ct byte {byte}");
    }
    for byte in 4 + CT_BYTES..4 + CT_BYTES + 4 {
        error_at(byte);
    }
    for byte in 4 + CT_BYTES + 4..msg2_end {
        assert_eq!(error_at(byte), FirstContactError::Refused, "msg2 byte {byte}");
    }
    for byte in (msg2_end..8_192 - OUTER_OVERHEAD_BYTES).step_by(101) {
        assert_eq!(error_at(byte), FirstContactError::Malformed, "padding byte {byte}");
    }
    // A ciphertext for the same key from another answer does not fit this one.
    let other = answer(&case.public(), &case.alice, &case.k, &payload(), &mut random(8)).unwrap().0;
    let other_ct = open_outer(&case.k, &other).unwrap().ct;
    let mixed = case.tampered(&first, |plain| plain[4..4 + CT_BYTES].copy_from_slice(&other_ct));
    assert_eq!(case.open(&mixed).unwrap_err(), FirstContactError::Refused);
}

#[test]
fn an_answer_is_for_one_secret_account_device_key_and_bundle() {
    let case = Case::new();
    let (first, _) = case.answered();
    let mut other = Case::new();
    other.k = Secret::new([60; 32]);
    assert_eq!(other.open(&first).unwrap_err(), FirstContactError::OtherSecret);
    assert_eq!(bundle_id_of(&other.k, &first), None);
    // A publisher with other names or keys than the bundle was made with does not rebuild it.
    let mut other = Case::new();
    other.account = AccountId::from_bytes([9; 32]);
    assert_eq!(other.open(&first).unwrap_err(), FirstContactError::Keys);
    let mut other = Case::new();
    other.dev = DeviceId::from_bytes([9; 16]);
    assert_eq!(other.open(&first).unwrap_err(), FirstContactError::Keys);
    let mut other = Case::new();
    other.bob = StaticKeys::from_secret(Secret::new([9; 32]));
    assert_eq!(other.open(&first).unwrap_err(), FirstContactError::Keys);
    // Another bundle of the same device: by its id, and by its keys.
    let mut other = Case::new();
    let kind = BundleKind::Reusable;
    other.keys =
        BundleKeys::create(other.account, other.dev, &other.bob, NOT_AFTER, kind, &mut random(40)).unwrap();
    assert_eq!(other.open(&first).unwrap_err(), FirstContactError::OtherBundle);
    let renamed = case.tampered(&first, |plain| {
        plain[..4].copy_from_slice(&other.keys.bundle_id());
    });
    assert_eq!(other.open(&renamed).unwrap_err(), FirstContactError::Refused);
}

#[test]
fn changed_keys_are_noticed() {
    let (first, _) = Case::new().answered();
    let changes: [fn(&mut BundleKeys); 5] = [
        |keys| keys.ephemeral = Secret::new([0; 32]),
        |keys| keys.kem_seed.0 = Secret::new([0; 32]),
        |keys| keys.not_after += 1,
        |keys| keys.kind = BundleKind::Reusable,
        |keys| keys.noise1[40] ^= 1,
    ];
    for change in changes {
        let mut case = Case::new();
        change(&mut case.keys);
        assert_eq!(case.open(&first).unwrap_err(), FirstContactError::Keys);
    }
    // The half of the seed that only rejects shows in what it rejects: the published key does not depend on it.
    let mut case = Case::new();
    case.keys.kem_seed.1 = Secret::new([0; 32]);
    assert!(case.open(&first).is_ok());
}

#[test]
fn stored_keys_read_back() {
    let case = Case::new();
    let (first, ours) = case.answered();
    let stored = codec::encode(&case.keys).unwrap();
    assert!(stored.len() <= limits::RECORD_BYTES_MAX);
    let keys: BundleKeys = codec::decode(&stored).unwrap();
    let opened = open_first(&case.k, &keys, case.account, case.dev, &case.bob, &first).unwrap();
    assert_eq!(opened.established, ours);
}

#[test]
fn the_same_bytes_again_are_the_same_contact_and_another_answer_is_not() {
    let case = Case::new();
    let (first, _) = case.answered();
    assert_eq!(case.open(&first).unwrap(), case.open(&first).unwrap());
    let (second, _) = answer(&case.public(), &case.alice, &case.k, &payload(), &mut random(8)).unwrap();
    let (one, two) = (case.open(&first).unwrap(), case.open(&second).unwrap());
    assert_ne!(one.transcript, two.transcript);
    assert_ne!(one.established.session, two.established.session);
    assert!(one.established.k_pair != two.established.k_pair);
}

#[test]
fn a_forger_shows_a_static_key_of_their_own() {
    // Somebody who stole the publisher's static key and the secret answers in Alice's name.
    let case = Case::new();
    let thief = StaticKeys::from_secret(case.bob.secret().clone());
    for own in [&thief, &StaticKeys::from_secret(Secret::new([66; 32]))] {
        let (first, _) = answer(&case.public(), own, &case.k, &payload(), &mut random(7)).unwrap();
        let opened = case.open(&first).unwrap();
        assert_eq!(opened.payload.dev, payload().dev, "what they claim");
        assert_ne!(&opened.remote_static, case.alice.public(), "what they can prove");
    }
}

#[test]
fn without_the_bundles_keys_a_recorded_answer_stays_closed() {
    // Static key and secret are stolen later; the bundle's own keys were erased.
    let case = Case::new();
    let (first, _) = case.answered();
    let outer = open_outer(&case.k, &first).unwrap();
    let mut guess =
        BundleKeys::create(case.account, case.dev, &case.bob, NOT_AFTER, BundleKind::OneUse, &mut random(99))
            .unwrap();
    guess.bundle_id = outer.bundle_id;
    let prologue = prologue(case.account, case.dev);
    guess.noise1 =
        noise::publish(&case.bob, guess.ephemeral.clone(), &prologue, &guess.terms().to_bytes()).unwrap();
    let opened = open_first(&case.k, &guess, case.account, case.dev, &case.bob, &first);
    assert_eq!(opened.unwrap_err(), FirstContactError::Refused);
}

#[test]
fn lengths_are_buckets_and_bounded() {
    let case = Case::new();
    let length = |bytes: usize| {
        let mut said = payload();
        said.entries = vec![vec![7; bytes]];
        answer(&case.public(), &case.alice, &case.k, &said, &mut random(7)).map(|(first, _)| {
            assert_eq!(case.open(&first).unwrap().payload, said);
            first.len()
        })
    };
    // What stands around the entry: everything but its bytes fills the bucket.
    let around = {
        let mut said = payload();
        said.entries = vec![vec![]];
        codec::encode(&said).unwrap().len() + 96 + 4 + CT_BYTES + 4 + OUTER_OVERHEAD_BYTES
    };
    assert_eq!(length(0), Ok(8_192));
    for (bucket, next) in
        [(8_192, Ok(32_768)), (32_768, Ok(61_440)), (61_440, Err(FirstContactError::TooLarge))]
    {
        assert_eq!(length(bucket - around - 1), Ok(bucket));
        assert_eq!(length(bucket - around), Ok(bucket));
        assert_eq!(length(bucket - around + 1), next);
    }
    assert_eq!(length(70_000), Err(FirstContactError::TooLarge));
}

#[test]
fn what_is_said_is_bounded_on_both_sides() {
    let case = Case::new();
    let changes: [fn(&mut FirstPayload, usize); 4] = [
        |said, over| said.device_list = vec![1; limits::RECORD_BYTES_MAX + over],
        |said, over| said.bundle_for_reply = vec![1; limits::BUNDLE_BYTES_MAX + over],
        |said, over| said.name = "é".repeat(limits::NAME_CHARS_MAX + over),
        |said, over| said.entries = vec![vec![]; limits::FIRST_ENTRIES_MAX + over],
    ];
    for change in changes {
        let mut said = payload();
        change(&mut said, 0);
        let (first, _) = answer(&case.public(), &case.alice, &case.k, &said, &mut random(7)).unwrap();
        assert_eq!(case.open(&first).unwrap().payload, said);
        change(&mut said, 1);
        let refused = answer(&case.public(), &case.alice, &case.k, &said, &mut random(7));
        assert_eq!(refused.unwrap_err(), FirstContactError::TooLarge);
        // Somebody who does not keep to the limits is refused by who does.
        let hostile = case.answer_with(&codec::encode(&said).unwrap());
        assert_eq!(case.open(&hostile).unwrap_err(), FirstContactError::Payload);
    }
    for malformed in [b"".as_slice(), b"not a payload", &[0xff; 200]] {
        let hostile = case.answer_with(malformed);
        assert_eq!(case.open(&hostile).unwrap_err(), FirstContactError::Payload);
    }
    let trailing = [codec::encode(&payload()).unwrap(), vec![0]].concat();
    assert_eq!(case.open(&case.answer_with(&trailing)).unwrap_err(), FirstContactError::Payload);
}

impl Case {
    /// FIRST with these bytes for a payload.
    fn answer_with(&self, said: &[u8]) -> Vec<u8> {
        let terms = self.public().terms().unwrap();
        let (ct, psk) = kem::encapsulate(&self.k, &terms.ek, &mut random(7)).unwrap();
        let (msg2, _) = noise::answer_published(
            &self.alice,
            self.bob.public(),
            &prologue(self.account, self.dev),
            self.keys.noise1(),
            &psk,
            said,
            &mut random(8),
        )
        .unwrap();
        seal_outer(&self.k, terms.bundle_id, &ct, &msg2, &mut random(9)).unwrap()
    }
}

#[test]
fn debug_shows_no_secret_and_no_text() {
    let case = Case::new();
    let opened = case.open(&case.answered().0).unwrap();
    let shown = format!("{opened:?}");
    assert!(!shown.contains("Alice") && !shown.contains("hello"));
    assert!(format!("{:?}", case.keys).contains("Secret(…)"));
}
