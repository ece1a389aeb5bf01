use proptest::prelude::*;

use super::*;
use crate::account::signature::tests::{SMALL_ORDER_KEYS, key, malleated};

const SEED: Secret = Secret::new([7; 32]);

fn device(number: u8) -> Device {
    let public = signature::public_key(&Secret::new([number; 32]));
    Device {
        id: device_id(&public),
        key: public,
        static_key: PublicKey::from(&StaticSecret::from([number; 32])).to_bytes(),
        capabilities: 0,
        version_min: 1,
        version_max: 1,
        added: WallTime::from_millis(1_700_000_000_000),
    }
}

fn devices(count: u8) -> Vec<Device> {
    let mut devices: Vec<Device> = (1..=count).map(device).collect();
    devices.sort_by_key(|device| device.id);
    devices
}

fn list_of(devices: Vec<Device>) -> DeviceList {
    DeviceList {
        account_key: signature::public_key(&SEED),
        version: 1,
        previous: [0; 32],
        devices,
        revoked: Vec::new(),
    }
}

fn first(count: u8) -> SignedDeviceList {
    list_of(devices(count)).sign(&SEED).unwrap()
}

fn after(known: &SignedDeviceList, devices: Vec<Device>) -> SignedDeviceList {
    let next = DeviceList { version: known.version() + 1, previous: known.hash(), ..list_of(devices) };
    next.sign(&SEED).unwrap()
}

fn refusal(list: &DeviceList) -> DeviceListError {
    list.sign(&SEED).unwrap_err()
}

#[test]
fn one_to_the_maximum_of_devices_pass() {
    for count in 1..=u8::try_from(DEVICES_MAX).unwrap() {
        let signed = first(count);
        let parsed = SignedDeviceList::parse(signed.bytes()).unwrap();
        assert_eq!(parsed, signed);
        assert_eq!(parsed.list(), signed.list());
        assert!(devices(count).iter().all(|one| parsed.device(one.id) == Some(one)));
        assert_eq!(parsed.device(device(100).id), None);
    }
}

#[test]
fn none_and_one_too_many_are_refused() {
    assert_eq!(refusal(&list_of(Vec::new())), DeviceListError::Count);
    let too_many = u8::try_from(DEVICES_MAX + 1).unwrap();
    assert_eq!(refusal(&list_of(devices(too_many))), DeviceListError::Count);
}

#[test]
fn the_fullest_list_fits_a_stored_value() {
    let mut revoked: Vec<DeviceId> = (100..).map(|number| device(number).id).take(REVOKED_MAX).collect();
    revoked.sort();
    let mut full = list_of(devices(u8::try_from(DEVICES_MAX).unwrap()));
    full.revoked = revoked;
    let signed = full.sign(&SEED).unwrap();
    // Two of them, a hybrid handshake (2 × 1,280 bytes) and a name fit the smallest bucket of a first message.
    assert!(signed.bytes().len() < 2_000, "{}", signed.bytes().len());
    full.revoked.push(DeviceId::from_bytes([0xff; 16]));
    assert_eq!(refusal(&full), DeviceListError::Count);
}

#[test]
fn devices_twice_out_of_order_or_revoked_are_refused() {
    let mut twice = list_of(devices(2));
    twice.devices[1] = twice.devices[0].clone();
    assert_eq!(refusal(&twice), DeviceListError::Order);
    let mut reversed = list_of(devices(2));
    reversed.devices.reverse();
    assert_eq!(refusal(&reversed), DeviceListError::Order);
    let mut revoked = list_of(devices(2));
    revoked.revoked = vec![revoked.devices[1].id];
    assert_eq!(refusal(&revoked), DeviceListError::Order);
    let mut revoked = list_of(devices(1));
    revoked.revoked = vec![device(9).id, device(9).id];
    assert_eq!(refusal(&revoked), DeviceListError::Order);
}

#[test]
fn unsound_devices_are_refused() {
    let mut other_id = list_of(devices(1));
    other_id.devices[0].id = device(9).id;
    assert_eq!(refusal(&other_id), DeviceListError::Device);
    let mut no_version = list_of(devices(1));
    no_version.devices[0].version_min = 2;
    assert_eq!(refusal(&no_version), DeviceListError::Device);
    for hex in SMALL_ORDER_KEYS {
        let mut weak = list_of(devices(1));
        weak.devices[0].key = key(hex);
        weak.devices[0].id = device_id(&key(hex));
        assert_eq!(refusal(&weak), DeviceListError::Device, "{hex}");
        let mut weak = list_of(devices(1));
        weak.account_key = key(hex);
        assert_eq!(refusal(&weak), DeviceListError::Signature, "{hex}");
    }
}

#[test]
fn static_keys_of_small_order_are_refused() {
    // Curve25519 (Bernstein), "Validate": 0, 1, two of order 8, p - 1, p, p + 1.
    let small = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for hex in small {
        let mut weak = list_of(devices(1));
        weak.devices[0].static_key = key(hex);
        assert_eq!(refusal(&weak), DeviceListError::Device, "{hex}");
    }
}

#[test]
fn version_and_previous_go_together() {
    for (version, previous) in [(0, [0; 32]), (1, [1; 32]), (2, [0; 32])] {
        let list = DeviceList { version, previous, ..list_of(devices(1)) };
        assert_eq!(refusal(&list), DeviceListError::Chain);
    }
}

#[test]
fn every_altered_byte_and_every_cut_is_refused() {
    let bytes = first(3).bytes().to_vec();
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] ^= change;
            assert!(SignedDeviceList::parse(&altered).is_err(), "byte {at}");
        }
        assert!(SignedDeviceList::parse(&bytes[..at]).is_err(), "cut to {at}");
    }
    assert!(SignedDeviceList::parse(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn bytes_between_list_and_signature_are_refused() {
    let mut body = codec::encode(&(FORMAT, list_of(devices(1)))).unwrap();
    body.push(0);
    let signed = signature::sign(&SEED, LABEL, &body);
    assert_eq!(SignedDeviceList::parse(&signed), Err(DeviceListError::Malformed));
}

#[test]
fn only_the_account_can_sign() {
    assert_eq!(list_of(devices(1)).sign(&Secret::new([1; 32])), Err(DeviceListError::Signature));
    assert_eq!(SignedDeviceList::parse(&malleated(first(1).bytes())), Err(DeviceListError::Signature));
}

#[test]
fn another_kind_of_signed_object_is_refused_even_under_our_label() {
    let body = codec::encode(&(FORMAT, list_of(devices(1)))).unwrap();
    for label in ["bundle", "roster", "", "devlist2"] {
        let signed = signature::sign(&SEED, label, &body);
        assert!(SignedDeviceList::parse(&signed).is_err(), "{label}");
        let signature = &signed[signed.len() - 64..];
        let relabelled = [&b"causerie/1 devlist"[..], &body, signature].concat();
        assert_eq!(SignedDeviceList::parse(&relabelled), Err(DeviceListError::Signature));
    }
}

#[test]
fn formats_of_other_versions_are_told_apart() {
    for (format, error) in
        [(0_u8, DeviceListError::Malformed), (2, DeviceListError::Newer), (255, DeviceListError::Newer)]
    {
        let body = codec::encode(&(format, list_of(devices(1)))).unwrap();
        let signed = signature::sign(&SEED, LABEL, &body);
        assert_eq!(SignedDeviceList::parse(&signed), Err(error));
    }
}

#[test]
fn oversized_and_hostile_lengths_are_refused() {
    assert_eq!(SignedDeviceList::parse(&vec![0; RECORD_BYTES_MAX + 1]), Err(DeviceListError::TooLarge));
    let mut bytes = first(1).bytes().to_vec();
    let count_at = b"causerie/1 devlist".len() + 1 + 32 + 4 + 32;
    assert_eq!(bytes[count_at..count_at + 8], [0, 0, 0, 0, 0, 0, 0, 1]);
    bytes[count_at..count_at + 8].fill(0xff);
    assert_eq!(SignedDeviceList::parse(&bytes), Err(DeviceListError::Malformed));
}

#[test]
fn the_next_list_says_whether_devices_came() {
    let one = first(1);
    let two = after(&one, devices(2));
    let one_again = after(&two, devices(1));
    let other = after(&one, vec![device(9)]);
    let next = |gained_devices| Succession::Next { gained_devices };
    assert_eq!(succession(&one, &two), next(true));
    assert_eq!(succession(&two, &one_again), next(false));
    assert_eq!(succession(&one, &other), next(true));
    assert_eq!(succession(&one, &one), Succession::Same);
}

#[test]
fn rollback_gap_fork_and_other_accounts_are_told_apart() {
    let one = first(1);
    let two = after(&one, devices(2));
    let three = after(&two, devices(3));
    assert_eq!(succession(&two, &one), Succession::Older);
    assert_eq!(succession(&three, &one), Succession::Older);
    assert_eq!(succession(&one, &three), Succession::Gap);
    let other_two = after(&one, devices(4));
    assert_eq!(succession(&two, &other_two), Succession::Fork);
    assert_eq!(succession(&other_two, &three), Succession::Fork);
    let other_first = first(2);
    assert_eq!(succession(&one, &other_first), Succession::Fork);
    let stranger = DeviceList {
        account_key: signature::public_key(&Secret::new([8; 32])),
        version: 2,
        previous: one.hash(),
        ..list_of(devices(1))
    };
    let stranger = stranger.sign(&Secret::new([8; 32])).unwrap();
    assert_eq!(succession(&one, &stranger), Succession::OtherAccount);
}

#[test]
fn the_last_version_of_all_overflows_nothing() {
    let last = DeviceList { version: u32::MAX, previous: [1; 32], ..list_of(devices(1)) };
    let last = last.sign(&SEED).unwrap();
    assert_eq!(succession(&first(1), &last), Succession::Gap);
    assert_eq!(succession(&last, &first(1)), Succession::Older);
}

#[test]
fn reading_a_stored_list_verifies_it() {
    let signed = first(2);
    let mut stored = codec::encode(&signed).unwrap();
    assert_eq!(codec::decode::<SignedDeviceList>(&stored).as_ref(), Ok(&signed));
    let last = stored.len() - 1;
    stored[last] ^= 1;
    assert!(codec::decode::<SignedDeviceList>(&stored).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(SignedDeviceList::parse(&bytes).is_err());
    }

    #[test]
    fn arbitrary_signed_bodies_do_not_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(SignedDeviceList::parse(&signature::sign(&SEED, LABEL, &body)).is_err());
        let formatted = [&[FORMAT][..], &body].concat();
        prop_assert!(SignedDeviceList::parse(&signature::sign(&SEED, LABEL, &formatted)).is_err());
    }

    #[test]
    fn what_is_signed_parses_to_itself(
        numbers in prop::collection::btree_set(1_u8..200, 1..=DEVICES_MAX),
        revoked in prop::collection::btree_set(any::<[u8; 16]>(), 0..REVOKED_MAX),
        version in 2_u32..,
        previous in any::<[u8; 32]>(),
        capabilities in any::<u32>(),
    ) {
        let mut devices: Vec<Device> = numbers.into_iter().map(device).collect();
        devices.sort_by_key(|device| device.id);
        devices[0].capabilities = capabilities;
        let list = DeviceList {
            version,
            previous,
            revoked: revoked.into_iter().map(DeviceId::from_bytes).collect(),
            ..list_of(devices)
        };
        let signed = list.sign(&SEED).unwrap();
        prop_assert_eq!(signed.list(), &list);
        prop_assert_eq!(SignedDeviceList::parse(signed.bytes()), Ok(signed));
    }
}

#[test]
fn a_device_with_another_static_key_is_another_device() {
    let known = first(2);
    let mut swapped = devices(2);
    swapped[0].static_key = device(9).static_key;
    assert_eq!(succession(&known, &after(&known, swapped)), Succession::Next { gained_devices: true });
}
