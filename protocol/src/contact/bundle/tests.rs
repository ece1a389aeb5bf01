use proptest::prelude::*;

use super::*;
use crate::{
    account::signature::tests::malleated,
    entropy::{Entropy, TurnRandom},
    moment::WallTime,
    secret::Secret,
};

fn own(seed: u8) -> OwnAccount {
    let mut random = TurnRandom::new(&Entropy::new([seed; 32]));
    OwnAccount::create(&mut random, WallTime::from_millis(1_700_000_000_000))
}

fn body_of(own: &OwnAccount) -> Body {
    Body {
        format: FORMAT,
        account: own.account(),
        device: own.device(),
        static_public: own.static_public(),
        device_list: own.device_list().bytes().to_vec(),
        noise1: b"noise".to_vec(),
    }
}

fn signed(own: &OwnAccount, body: &Body) -> Vec<u8> {
    own.sign_as_device(LABEL, &codec::encode(body).unwrap())
}

fn refusal(bytes: &[u8]) -> BundleError {
    Bundle::parse(bytes).unwrap_err()
}

#[test]
fn what_is_signed_parses_to_itself() {
    let own = own(1);
    let bytes = Bundle::sign(&own, b"noise").unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    assert_eq!(bundle.account(), own.account());
    assert_eq!(bundle.device(), own.device());
    assert_eq!(bundle.static_public(), own.static_public());
    assert_eq!(bundle.device_list(), own.device_list());
    assert_eq!(bundle.noise1(), b"noise");
    assert_eq!(bundle.bytes(), bytes);
}

#[test]
fn a_bundle_matches_its_link_only() {
    let bundle = Bundle::parse(&Bundle::sign(&own(1), b"noise").unwrap()).unwrap();
    let link = Link {
        account: bundle.account(),
        secret: Secret::new([2; 32]),
        bundle_hash: bundle.hash(),
        not_after: Link::NEVER,
        reusable: false,
        ask: false,
        hints: Vec::new(),
    };
    assert!(bundle.matches(&link));
    let other = Bundle::parse(&Bundle::sign(&own(1), b"noisf").unwrap()).unwrap();
    assert!(!other.matches(&link));
    let misbound = Link { account: own(2).account(), ..link };
    assert!(!bundle.matches(&misbound));
}

#[test]
fn every_altered_byte_and_every_cut_is_refused() {
    let bytes = Bundle::sign(&own(1), &[9; 100]).unwrap();
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] ^= change;
            assert!(Bundle::parse(&altered).is_err(), "byte {at}");
            assert_ne!(bundle_hash(&altered), bundle_hash(&bytes));
        }
        assert!(Bundle::parse(&bytes[..at]).is_err(), "cut to {at}");
    }
    assert!(Bundle::parse(&[&bytes[..], &[0]].concat()).is_err());
    assert_eq!(refusal(&malleated(&bytes)), BundleError::Signature);
}

#[test]
fn bytes_between_body_and_signature_are_refused() {
    let own = own(1);
    let mut body = codec::encode(&body_of(&own)).unwrap();
    body.push(0);
    assert_eq!(refusal(&own.sign_as_device(LABEL, &body)), BundleError::Malformed);
}

#[test]
fn a_device_speaks_for_its_own_account_and_key_only() {
    let (ann, eve) = (own(1), own(2));
    let parts: [fn(&mut Body, Body); 3] = [
        |body, other| body.account = other.account,
        |body, other| body.device = other.device,
        |body, other| body.static_public = other.static_public,
    ];
    for part in parts {
        let mut body = body_of(&eve);
        part(&mut body, body_of(&ann));
        assert_eq!(refusal(&signed(&eve, &body)), BundleError::NotListed);
    }
    let mut body = body_of(&eve);
    body.device_list = body_of(&ann).device_list;
    assert_eq!(refusal(&signed(&eve, &body)), BundleError::NotListed);
    assert_eq!(refusal(&signed(&eve, &body_of(&ann))), BundleError::Signature);
}

#[test]
fn an_unsound_device_list_is_refused() {
    let own = own(1);
    let mut body = body_of(&own);
    body.device_list = malleated(&body.device_list);
    assert_eq!(refusal(&signed(&own, &body)), BundleError::DeviceList(DeviceListError::Signature));
}

#[test]
fn signed_objects_are_not_taken_for_each_other() {
    let own = own(1);
    let bundle = Bundle::sign(&own, b"noise").unwrap();
    let list = own.device_list().bytes();
    assert_eq!(refusal(list), BundleError::Malformed);
    assert_eq!(SignedDeviceList::parse(&bundle), Err(DeviceListError::Malformed));
    let body = codec::encode(&body_of(&own)).unwrap();
    for label in ["devlist", "roster", "", "bundle2"] {
        let other = own.sign_as_device(label, &body);
        assert!(Bundle::parse(&other).is_err(), "{label}");
        let relabelled = [&b"causerie/1 bundle"[..], &body, &other[other.len() - 64..]].concat();
        assert_eq!(refusal(&relabelled), BundleError::Signature, "{label}");
    }
}

#[test]
fn formats_of_other_versions_are_told_apart() {
    let own = own(1);
    for (format, error) in [(0, BundleError::Malformed), (2, BundleError::Newer), (255, BundleError::Newer)] {
        let body = Body { format, ..body_of(&own) };
        assert_eq!(refusal(&signed(&own, &body)), error);
    }
}

#[test]
fn the_longest_bundle_passes_and_one_byte_more_does_not() {
    let own = own(1);
    let empty = Bundle::sign(&own, &[]).unwrap().len();
    let longest = vec![5; BUNDLE_BYTES_MAX - empty];
    let bytes = Bundle::sign(&own, &longest).unwrap();
    assert_eq!(bytes.len(), BUNDLE_BYTES_MAX);
    assert_eq!(Bundle::parse(&bytes).unwrap().noise1(), longest);
    let too_long = vec![5; longest.len() + 1];
    assert_eq!(Bundle::sign(&own, &too_long), Err(BundleError::TooLarge));
    let body = Body { noise1: too_long, ..body_of(&own) };
    assert_eq!(refusal(&signed(&own, &body)), BundleError::TooLarge);
    assert_eq!(Bundle::sign(&own, &vec![0; codec::DECODE_BYTES_MAX]), Err(BundleError::TooLarge));
}

#[test]
fn debug_is_short() {
    let own = own(1);
    let bundle = Bundle::parse(&Bundle::sign(&own, b"noise").unwrap()).unwrap();
    assert!(format!("{bundle:?}").len() < 120);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Bundle::parse(&bytes).is_err());
        let formatted = [&[FORMAT][..], &bytes].concat();
        prop_assert!(Bundle::parse(&own(1).sign_as_device(LABEL, &formatted)).is_err());
    }

    #[test]
    fn any_handshake_message_comes_back(noise1 in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let bytes = Bundle::sign(&own(3), &noise1).unwrap();
        let bundle = Bundle::parse(&bytes).unwrap();
        prop_assert_eq!(bundle.noise1(), noise1);
        prop_assert_eq!(bundle.bytes(), bytes);
    }
}
