//! Replays our own vectors: derived values, a whole first contact and an envelope, with fixed inputs.
//!
//! `vectors/derived.json` was made by a second, small implementation in another language, written from the
//! specification alone: HMAC, SHA-256, Noise and XChaCha20 by hand, X25519, ChaCha20-Poly1305 and ML-KEM-768 from
//! OpenSSL. `vectors/vault.json` was made likewise, with Argon2id from OpenSSL, and `vectors/meeting.json` with nothing
//! else. The published Noise vectors, `vectors/cacophony.json`, are replayed where Noise is, in `session::noise`.
#![cfg(not(feature = "stand-in"))]

#[cfg(test)]
mod derived {
    use causerie_protocol::{
        entropy::{Entropy, TurnRandom},
        ids::{AccountId, ConversationId, DeviceId, EntryId, RunId},
        log::ChainId,
        moment::{Now, WallTime},
        records::{Order, Pair, Records, RecordsError},
        secret::Secret,
        session::{
            Opened, Session,
            epoch::{EpochKeys, message_key, next_chain_key},
            first_contact::{
                BundleKeys, BundleKind, BundlePublic, Established, OpenedFirst, bundle_id_of, kem_psk,
                open_first, outer_key,
            },
            noise::StaticKeys,
            step::Parties,
        },
        turn::Turn,
        vault::Vault,
        wire::{
            codec,
            envelope::{Mark, Record},
        },
    };
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    fn vectors(section: &str) -> Value {
        let all: Value = serde_json::from_str(include_str!("vectors/derived.json")).unwrap();
        all[section].clone()
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

    #[test]
    fn a_handshake_becomes_what_the_specification_says() {
        let vector = vectors("epoch");
        let hash: [u8; 32] = array(&vector, "handshake_hash");
        let prk = Secret::extract(&hash, &[&bytes(&vector, "k1"), &bytes(&vector, "k2")]);
        assert!(prk == secret(&vector, "prk"));
        let established = Established::derive(&hash, prk, 20_000);
        assert_eq!(established.session.as_bytes(), &array(&vector, "session"));
        assert!(established.k_pair == secret(&vector, "k_pair"));
        assert!(established.day_key == secret(&vector, "day_key"));
        assert!(established.prk == secret(&vector, "prk"));
        assert_eq!(established.day, 20_000);
    }

    #[test]
    fn an_epoch_derives_what_the_specification_says() {
        let vector = vectors("epoch");
        let keys = EpochKeys::derive(&secret(&vector, "prk"));
        assert!(keys.chain == secret(&vector, "chain"));
        assert_eq!(keys.fingerprint, array(&vector, "fingerprint"));
        assert!(keys.headers[0] == secret(&vector, "header_from_a"));
        assert!(keys.headers[1] == secret(&vector, "header_to_a"));
        assert!(keys.messages[0] == secret(&vector, "message_from_a"));
        assert!(keys.messages[1] == secret(&vector, "message_to_a"));
        let mut chain_key = keys.messages[0].clone();
        for expected in vector["message_keys_from_a"].as_array().unwrap() {
            let expected = HEXLOWER.decode(expected.as_str().unwrap().as_bytes()).unwrap();
            assert_eq!(message_key(&chain_key).expose().to_vec(), expected);
            chain_key = next_chain_key(&chain_key);
        }
        assert!(chain_key == secret(&vector, "chain_key_from_a_after_4"));
    }

    #[test]
    fn a_kem_secret_enters_a_handshake_as_the_specification_says() {
        let vector = vectors("kem");
        let shared = array(&vector, "shared");
        let (ek, ct) = (bytes(&vector, "ek"), bytes(&vector, "ct"));
        let salt = secret(&vector, "salt");
        let psk = secret(&vector, "psk");
        assert!(kem_psk(&salt, &shared, &ek, &ct) == psk);
        let mut other = ek.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(kem_psk(&salt, &shared, &other, &ct) != psk, "bound to the key");
        other = ct.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(kem_psk(&salt, &shared, &ek, &other) != psk, "bound to the text");
    }

    fn opened_first(vector: &Value) -> OpenedFirst {
        let keys: BundleKeys = codec::decode(&bytes(vector, "stored_keys")).unwrap();
        open_first(
            &secret(vector, "k"),
            &keys,
            AccountId::from_bytes(array(vector, "account")),
            DeviceId::from_bytes(array(vector, "dev")),
            &StaticKeys::from_secret(secret(vector, "s_publisher")),
            &bytes(vector, "first"),
        )
        .unwrap()
    }

    #[test]
    fn a_first_message_of_the_other_implementation_opens() {
        let vector = vectors("first");
        assert!(outer_key(&secret(&vector, "k")) == secret(&vector, "outer_key"));
        assert_eq!(
            bundle_id_of(&secret(&vector, "k"), &bytes(&vector, "first")),
            Some(array(&vector, "bundle_id"))
        );
        let opened = opened_first(&vector);
        assert_eq!(opened.remote_static, array(&vector, "s_answerer_public"));
        assert_eq!(opened.transcript, array(&vector, "transcript"));
        assert_eq!(opened.established.session.as_bytes(), &array(&vector, "session"));
        assert!(opened.established.prk == secret(&vector, "prk"));
        let said = opened.payload;
        assert_eq!(said.device_list, b"a device list");
        assert_eq!(said.dev.as_bytes(), &array(&vector, "dev_answerer"));
        assert_eq!((said.name.as_str(), said.day), ("Zoë", 20_500));
        assert_eq!(said.entries, [b"one".to_vec(), vec![]]);
        assert!(said.bundle_for_reply.is_empty());
    }

    #[test]
    fn a_bundle_of_the_other_implementation_is_read() {
        let vector = vectors("first");
        let publisher = StaticKeys::from_secret(secret(&vector, "s_publisher"));
        let bundle = BundlePublic {
            account: AccountId::from_bytes(array(&vector, "account")),
            dev: DeviceId::from_bytes(array(&vector, "dev")),
            static_public: *publisher.public(),
            noise1: bytes(&vector, "noise1"),
        };
        let terms = bundle.terms().unwrap();
        assert_eq!(terms.bundle_id, array(&vector, "bundle_id"));
        assert_eq!(terms.not_after, vector["not_after"].as_u64().unwrap());
        assert_eq!(terms.kind, BundleKind::Reusable);
    }

    /// A store with nothing in it: a turn reads what it wrote itself.
    struct Empty;

    impl Records for Empty {
        fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
            Ok(None)
        }

        fn scan(&self, _: &[u8], _: &[u8], _: Order, _: usize) -> Result<Vec<Pair>, RecordsError> {
            Ok(vec![])
        }
    }

    #[test]
    fn an_envelope_of_the_other_implementation_opens() {
        let (first, vector) = (vectors("first"), vectors("envelope"));
        let established = opened_first(&first).established;
        let entropy = Entropy::new([1; 32]);
        let (_, _, vault) = Vault::create(&mut TurnRandom::new(&entropy));
        let mut turn = Turn::new(Now::default(), &entropy, &Empty, &vault);
        let own = DeviceId::from_bytes(array(&first, "dev"));
        let their = DeviceId::from_bytes(array(&first, "dev_answerer"));
        let mut session = Session::establish(&mut turn, own, their, &established).unwrap();
        let mark = Mark {
            conv: ConversationId::from_bytes(array(&vector, "conv")),
            chain: ChainId {
                author_dev: DeviceId::from_bytes(array(&vector, "author_dev")),
                run: RunId::from_bytes(array(&vector, "run")),
            },
            seq: 7,
            id: EntryId::from_bytes(array(&vector, "id")),
        };
        let expected = vec![Record::Entry(b"entry".to_vec()), Record::Ack(mark), Record::Want(vec![])];
        // No step comes into it.
        let parties = Parties {
            own_account: AccountId::from_bytes([0; 32]),
            their_account: AccountId::from_bytes([0; 32]),
            own_static: Secret::new([1; 32]),
            their_static: [9; 32],
        };
        let opened = session.open(&mut turn, &parties, &bytes(&vector, "envelope"), WallTime::default());
        assert_eq!(opened, Ok(Opened::Records(expected)));
        assert_eq!(session.status().receiving[0].count, 3);
    }
}

#[cfg(test)]
mod vault {
    use causerie_protocol::{
        secret::Secret,
        vault::{
            header::{Header, Protection},
            passphrase::{Cost, Passphrase},
        },
    };
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    fn bytes(vector: &Value, name: &str) -> Vec<u8> {
        HEXLOWER.decode(vector[name].as_str().unwrap().as_bytes()).unwrap()
    }

    #[test]
    fn headers_of_the_other_implementation_open_the_same_vault() {
        let all: Value = serde_json::from_str(include_str!("vectors/vault.json")).unwrap();
        let identity = bytes(&all["identity"], "sealed");
        let key_file = Header::read(&bytes(&all["key_file"], "header")).unwrap();
        assert_eq!(key_file.protection(), Protection::KeyFile);
        let wrapping = Secret::new(bytes(&all["key_file"], "wrapping_key").try_into().unwrap());
        let one = key_file.open(&wrapping).unwrap();
        assert_eq!(one.vault().unseal_identity(&identity), Some(bytes(&all["identity"], "plain")));

        let vector = &all["passphrase"];
        let [memory_kib, passes, lanes] =
            ["memory_kib", "passes", "lanes"].map(|name| vector[name].as_u64().unwrap().try_into().unwrap());
        let cost = Cost::new(memory_kib, passes, lanes).unwrap();
        let salt = bytes(vector, "salt").try_into().unwrap();
        let guarded = Header::read(&bytes(vector, "header")).unwrap();
        assert_eq!(guarded.protection(), Protection::Passphrase { cost, salt });
        let passphrase = Passphrase::new(bytes(vector, "passphrase")).unwrap();
        let wrapping = passphrase.stretch(cost, &salt).unwrap();
        assert_eq!(HEXLOWER.encode(wrapping.expose()), vector["wrapping_key"]);
        assert_eq!(guarded.open(&wrapping), Ok(one));
    }

    #[test]
    fn a_ring_of_the_other_implementation_opens_what_it_sealed() {
        let all: Value = serde_json::from_str(include_str!("vectors/vault.json")).unwrap();
        let header = Header::read(&bytes(&all["key_file"], "header")).unwrap();
        let wrapping = Secret::new(bytes(&all["key_file"], "wrapping_key").try_into().unwrap());
        let mut vault = header.open(&wrapping).unwrap().vault();
        let ring = &all["ring"];
        let slots = ["slot_0", "slot_1"].map(|slot| Some(bytes(ring, slot)));
        assert_eq!(vault.open_ring(&slots), [vec![7, 8], vec![7]]);
        assert_eq!(vault.generation(), 8);
        let record = &ring["record"];
        let (key, sealed) = (bytes(record, "key"), bytes(record, "sealed"));
        assert_eq!(vault.unseal(&key, &sealed), Some(bytes(record, "plain")));
        assert!(vault.is_current(&key, &sealed));
    }
}

#[cfg(test)]
mod meeting {
    use causerie_protocol::{
        address::{Address, Relay, Transport},
        entropy::{Entropy, TurnRandom},
        ids::{DeviceId, TransportId},
        moment::WallTime,
        rendezvous::{
            day_chain::key_of_day,
            record::{Announcement, RecordKeys},
        },
        secret::Secret,
    };
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    fn vectors(section: &str) -> Value {
        let all: Value = serde_json::from_str(include_str!("vectors/meeting.json")).unwrap();
        all[section].clone()
    }

    fn bytes(vector: &Value, name: &str) -> Vec<u8> {
        HEXLOWER.decode(vector[name].as_str().unwrap().as_bytes()).unwrap()
    }

    fn array<const N: usize>(vector: &Value, name: &str) -> [u8; N] {
        bytes(vector, name).try_into().unwrap()
    }

    fn number(vector: &Value, name: &str) -> u32 {
        vector[name].as_u64().unwrap().try_into().unwrap()
    }

    fn address(vector: &Value) -> Address {
        Address {
            transport: if number(vector, "transport") == 0 { Transport::Tcp } else { Transport::Quic },
            ip: vector["ip"].as_str().unwrap().parse().unwrap(),
            port: number(vector, "port").try_into().unwrap(),
        }
    }

    fn id(vector: &Value, name: &str) -> TransportId {
        TransportId::new(&bytes(vector, name)).unwrap()
    }

    fn said(vector: &Value) -> Announcement {
        let relay = |relay: &Value| Relay { id: id(relay, "id"), address: address(relay) };
        let time = |name: &str| WallTime::from_millis(vector[name].as_u64().unwrap());
        Announcement::new(
            id(vector, "peer"),
            vector["addresses"].as_array().unwrap().iter().map(address).collect(),
            vector["relays"].as_array().unwrap().iter().map(relay).collect(),
            (time("made_at_ms"), time("until_ms")),
        )
    }

    #[track_caller]
    fn assert_record(vector: &Value, keys: &RecordKeys) {
        assert_eq!(keys.key(), array(vector, "key"));
        assert_eq!(keys.open(&bytes(vector, "record")), Some(said(vector)));
        let own = keys.seal(&mut TurnRandom::new(&Entropy::new([1; 32])), &said(vector)).unwrap();
        assert_eq!(keys.open(&own), Some(said(vector)));
    }

    #[test]
    fn records_of_the_other_implementation_lie_where_they_are_looked_up_and_open() {
        let vector = vectors("pair");
        let kept = Secret::new(array(&vector, "day_key"));
        let mut day_key = kept.clone();
        for later in vector["later"].as_array().unwrap() {
            day_key = key_of_day(&kept, number(&vector, "day"), number(later, "day")).unwrap();
            assert!(day_key == Secret::new(array(later, "day_key")));
        }
        let [from, to] = ["from", "to"].map(|name| DeviceId::from_bytes(array(&vector, name)));
        assert_record(&vector, &RecordKeys::of_pair(&day_key, from, to));
        let vector = vectors("invitation");
        let secret = Secret::new(array(&vector, "secret"));
        assert_record(&vector, &RecordKeys::of_invitation(&secret, number(&vector, "day")));
    }
}
