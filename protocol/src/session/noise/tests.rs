use super::*;
use crate::entropy::Entropy;

const PATTERNS: [(&str, u8); 3] = [(FIRST_CONTACT, 2), (STEP, 2), (LIVE, 0)];

fn keys(seed: u8) -> StaticKeys {
    StaticKeys::from_secret(Secret::new([seed; 32]))
}

fn random(seed: u8) -> TurnRandom {
    TurnRandom::new(&Entropy::new([seed; 32]))
}

#[cfg(not(feature = "stand-in"))]
mod published_vectors {
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    use super::*;

    fn bytes(vector: &Value, name: &str) -> Option<Vec<u8>> {
        let text = vector[name].as_str()?;
        Some(HEXLOWER.decode(text.as_bytes()).unwrap())
    }

    fn secret(vector: &Value, name: &str) -> Secret {
        Secret::new(bytes(vector, name).unwrap().try_into().unwrap())
    }

    fn side(vector: &Value, side: &str, place: u8) -> HandshakeState {
        let name = |field: &str| format!("{side}_{field}");
        let own = secret(vector, &name("static"));
        let prologue = bytes(vector, &name("prologue")).unwrap();
        let psk = HEXLOWER.decode(vector[name("psks")][0].as_str().unwrap().as_bytes()).unwrap();
        let psk = Secret::new(psk.try_into().unwrap());
        let their: Option<[u8; 32]> =
            bytes(vector, &name("remote_static")).map(|bytes| bytes.try_into().unwrap());
        let mut setup = Setup::new(vector["protocol_name"].as_str().unwrap(), &prologue, &own)
            .psk(place, &psk)
            .drawing(secret(vector, &name("ephemeral")));
        setup.their = their.as_ref();
        if side == "init" { setup.initiator().unwrap() } else { setup.responder().unwrap() }
    }

    /// The vectors of cacophony (an implementation in Haskell), as snow 0.10.0 ships them in
    /// `tests/vectors/cacophony.txt`: our three patterns of them, unchanged.
    #[test]
    fn cacophony_vectors_pass_through_our_primitives() {
        let all: Value = serde_json::from_str(include_str!("../../../tests/vectors/cacophony.json")).unwrap();
        let vectors = all["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), PATTERNS.len());
        for (pattern, place) in PATTERNS {
            let vector = vectors.iter().find(|v| v["protocol_name"] == pattern).unwrap();
            replay(vector, place);
        }
    }

    fn replay(vector: &Value, place: u8) {
        let (mut a, mut b) = (side(vector, "init", place), side(vector, "resp", place));
        let messages = vector["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 6);
        for (number, message) in messages.iter().take(2).enumerate() {
            let (payload, expected) =
                (bytes(message, "payload").unwrap(), bytes(message, "ciphertext").unwrap());
            let (from, to) = if number == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
            assert_eq!(write(from, &payload).unwrap(), expected);
            assert_eq!(read(to, &expected).unwrap(), payload);
        }
        assert_eq!(a.get_handshake_hash(), bytes(vector, "handshake_hash").unwrap());
        let (mut a, mut b) = (LiveTransport::new(a).unwrap(), LiveTransport::new(b).unwrap());
        for (number, message) in messages.iter().enumerate().skip(2) {
            let (payload, expected) =
                (bytes(message, "payload").unwrap(), bytes(message, "ciphertext").unwrap());
            let (from, to) = if number % 2 == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
            assert_eq!(from.seal(&payload).unwrap(), expected);
            assert_eq!(to.open(&expected).unwrap(), payload);
        }
    }
}

mod hostile_keys {
    use super::*;

    /// A side that lies about one of its public keys and computes what an unchecked victim would.
    #[derive(Clone, Copy, PartialEq)]
    enum Lie {
        Static([u8; 32]),
        Ephemeral([u8; 32]),
    }

    struct LyingDh {
        honest: Box<dyn Dh>,
        public: [u8; 32],
    }

    impl Dh for LyingDh {
        fn name(&self) -> &'static str {
            self.honest.name()
        }
        fn pub_len(&self) -> usize {
            32
        }
        fn priv_len(&self) -> usize {
            32
        }
        fn set(&mut self, secret: &[u8]) {
            self.honest.set(secret);
        }
        fn generate(&mut self, random: &mut dyn Random) -> Result<(), snow::Error> {
            self.honest.generate(random)
        }
        fn pubkey(&self) -> &[u8] {
            &self.public
        }
        fn privkey(&self) -> &[u8] {
            self.honest.privkey()
        }
        fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
            if self.public == [0; 32] {
                out[..32].fill(0);
                return Ok(());
            }
            self.honest.dh(public, out)
        }
    }

    /// Primitives without the check; snow asks for the static key's first, then for the ephemeral's.
    struct Unchecked {
        lie: Option<Lie>,
        asked: Cell<u8>,
    }

    impl CryptoResolver for Unchecked {
        fn resolve_rng(&self) -> Option<Box<dyn Random>> {
            Some(Box::new(OneShot(Some(Secret::new([77; 32])))))
        }
        fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
            let honest = DefaultResolver.resolve_dh(choice)?;
            self.asked.set(self.asked.get() + 1);
            Some(match (self.lie, self.asked.get()) {
                (Some(Lie::Static(public)), 1) | (Some(Lie::Ephemeral(public)), 2) => {
                    Box::new(LyingDh { honest, public })
                }
                _ => honest,
            })
        }
        fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
            DefaultResolver.resolve_hash(choice)
        }
        fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
            DefaultResolver.resolve_cipher(choice)
        }
    }

    fn unchecked(lie: Option<Lie>) -> BoxedCryptoResolver {
        Box::new(Unchecked { lie, asked: Cell::new(0) })
    }

    fn checked() -> BoxedCryptoResolver {
        Box::new(Primitives::drawing(Some(Secret::new([78; 32]))))
    }

    /// Both messages of a handshake in which one side lies; `Ok` when the victim finishes.
    fn run(
        (pattern, place): (&str, u8),
        liar_initiates: bool,
        lie: Lie,
        victim: BoxedCryptoResolver,
    ) -> Result<(), snow::Error> {
        let (own, honest, psk) = (keys(1), keys(2), Secret::new([3; 32]));
        let known = match lie {
            Lie::Static(public) => public,
            Lie::Ephemeral(_) => *honest.public(),
        };
        // In KX the initiator learns the responder's static key from the handshake.
        let learns = pattern == FIRST_CONTACT;
        let mut for_liar = Setup::new(pattern, b"p", &honest.secret).psk(place, &psk);
        let mut for_victim = Setup::new(pattern, b"p", &own.secret).psk(place, &psk);
        if !(learns && liar_initiates) {
            for_liar = for_liar.with(own.public());
        }
        if !learns || liar_initiates {
            for_victim = for_victim.with(&known);
        }
        let liar = for_liar.builder(unchecked(Some(lie)))?;
        let victim = for_victim.builder(victim)?;
        let (mut a, mut b) = if liar_initiates {
            (liar.build_initiator()?, victim.build_responder()?)
        } else {
            (victim.build_initiator()?, liar.build_responder()?)
        };
        let (mut message, mut payload) = ([0; 200], [0; 200]);
        let length = a.write_message(b"", &mut message)?;
        b.read_message(&message[..length], &mut payload)?;
        let length = b.write_message(b"", &mut message)?;
        a.read_message(&message[..length], &mut payload)?;
        Ok(())
    }

    #[test]
    fn zero_public_keys_are_refused_in_each_position() {
        for pattern in PATTERNS {
            for liar_initiates in [true, false] {
                for lie in [Lie::Static([0; 32]), Lie::Ephemeral([0; 32])] {
                    assert_eq!(
                        run(pattern, liar_initiates, lie, unchecked(None)),
                        Ok(()),
                        "the test can fail"
                    );
                    assert_eq!(run(pattern, liar_initiates, lie, checked()), Err(snow::Error::Dh));
                }
            }
        }
    }

    #[test]
    fn nobody_speaks_for_a_static_key_that_they_do_not_hold() {
        let alice = *keys(9).public();
        for pattern in PATTERNS {
            for liar_initiates in [true, false] {
                // In KX the initiator is whoever published, known by a signature; who answers is proved here.
                if pattern.0 == FIRST_CONTACT && liar_initiates {
                    continue;
                }
                let forged = run(pattern, liar_initiates, Lie::Static(alice), checked());
                assert_eq!(forged, Err(snow::Error::Decrypt));
            }
        }
    }

    #[test]
    fn every_point_of_low_order_is_refused() {
        let mut dh = checked().resolve_dh(&DHChoice::Curve25519).unwrap();
        dh.set(&[5; 32]);
        let points = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        let mut out = [0; 32];
        for point in points {
            let mut point = data_encoding::HEXLOWER.decode(point.as_bytes()).unwrap();
            assert_eq!(dh.dh(&point, &mut out), Err(snow::Error::Dh));
            point[31] |= 0x80;
            assert_eq!(dh.dh(&point, &mut out), Err(snow::Error::Dh));
        }
        assert_eq!(dh.dh(keys(6).public(), &mut out), Ok(()));
    }
}

#[test]
fn an_ephemeral_key_is_drawn_once() {
    let primitives = Primitives::drawing(Some(Secret::new([5; 32])));
    let mut source = primitives.resolve_rng().unwrap();
    let mut out = [0; 32];
    assert_eq!(source.try_fill_bytes(&mut out), Ok(()));
    assert_eq!(out, [5; 32]);
    assert_eq!(source.try_fill_bytes(&mut out), Err(snow::Error::Rng));
    let mut second = primitives.resolve_rng().unwrap();
    assert_eq!(second.try_fill_bytes(&mut out), Err(snow::Error::Rng));
    let mut none = Primitives::drawing(None).resolve_rng().unwrap();
    assert_eq!(none.try_fill_bytes(&mut out), Err(snow::Error::Rng));
    let mut short = OneShot(Some(Secret::new([5; 32])));
    assert_eq!(short.try_fill_bytes(&mut [0; 31]), Err(snow::Error::Rng));
}

#[test]
fn a_published_handshake_rebuilds_byte_for_byte() {
    let (own, psk, ephemeral) = (keys(1), Secret::new([2; 32]), Secret::new([3; 32]));
    let published = publish(&own, ephemeral.clone(), b"p", b"payload").unwrap();
    assert_eq!(read_published(own.public(), b"p", &published).unwrap(), b"payload");
    assert!(read_published(own.public(), b"q", &published).is_err());
    assert!(read_published(keys(2).public(), b"p", &published).is_err());
    let (_, again) = Published::rebuild(&own, ephemeral, b"p", b"payload", &psk).unwrap();
    assert_eq!(again, published);
}

mod live {
    use super::*;

    type Result<T> = core::result::Result<T, NoiseError>;

    fn channel() -> (LiveTransport, LiveTransport) {
        let (a, b, psk) = (keys(1), keys(2), Secret::new([3; 32]));
        let (waiting, first) = live_initiate(&a, b.public(), &psk, b"p", &mut random(4)).unwrap();
        let (responder, second) = live_respond(&b, a.public(), &psk, b"p", &first, &mut random(5)).unwrap();
        (waiting.finish(&second).unwrap(), responder)
    }

    #[test]
    fn frames_pass_both_ways_in_order_and_no_other_way() {
        let (mut a, mut b) = channel();
        for number in 0..10_u8 {
            let sealed = a.seal(&[number; 256]).unwrap();
            assert_eq!(b.open(&sealed).unwrap(), [number; 256]);
            let sealed = b.seal(&[]).unwrap();
            assert_eq!(a.open(&sealed).unwrap(), b"");
        }
        assert_eq!((a.sealed_frames(), b.sealed_frames()), (10, 10));
        let (first, second) = (a.seal(b"1").unwrap(), a.seal(b"2").unwrap());
        assert_eq!(b.open(&second), Err(NoiseError::Refused), "out of order");
        assert_eq!(a.open(&first), Err(NoiseError::Refused), "reflected");
        for byte in 0..first.len() {
            let mut flipped = first.clone();
            flipped[byte] ^= 1;
            assert_eq!(b.open(&flipped), Err(NoiseError::Refused));
            assert_eq!(b.open(&first[..byte]), Err(NoiseError::Refused));
        }
        assert_eq!(b.open(&first).unwrap(), b"1");
        assert_eq!(b.open(&first), Err(NoiseError::Refused), "replayed");
    }

    #[test]
    fn frames_are_bounded() {
        let (mut a, mut b) = channel();
        let most = a.seal(&vec![1; 65_519]).unwrap();
        assert_eq!(most.len(), 65_535);
        assert_eq!(b.open(&most).unwrap().len(), 65_519);
        assert_eq!(a.seal(&vec![1; 65_520]), Err(NoiseError::TooLong));
        assert_eq!(b.open(&vec![1; 65_536]), Err(NoiseError::Refused));
        assert_eq!(b.open(&[]), Err(NoiseError::Refused));
    }

    /// A handshake whose two sides were given these; the first message may be changed on the way.
    fn meet(psks: [u8; 2], prologues: [&[u8]; 2], flip: Option<usize>) -> Result<()> {
        let (a, b) = (keys(1), keys(2));
        let [for_a, for_b] = psks.map(|psk| Secret::new([psk; 32]));
        let (waiting, mut first) = live_initiate(&a, b.public(), &for_a, prologues[0], &mut random(4))?;
        if let Some(byte) = flip {
            first[byte] ^= 1;
        }
        let (_, second) = live_respond(&b, a.public(), &for_b, prologues[1], &first, &mut random(5))?;
        waiting.finish(&second).map(drop)
    }

    #[test]
    fn a_channel_needs_the_same_key_prologue_and_devices() {
        assert_eq!(meet([3, 3], [b"p", b"p"], None), Ok(()));
        assert_eq!(meet([3, 4], [b"p", b"p"], None), Err(NoiseError::Refused));
        assert_eq!(meet([3, 3], [b"p", b"q"], None), Err(NoiseError::Refused));
        for byte in 0..48 {
            assert_eq!(meet([3, 3], [b"p", b"p"], Some(byte)), Err(NoiseError::Refused));
        }
        let (a, b, psk) = (keys(1), keys(2), Secret::new([3; 32]));
        let (_, first) = live_initiate(&a, b.public(), &psk, b"p", &mut random(4)).unwrap();
        for (own, their) in [(&b, keys(7)), (&keys(7), keys(1))] {
            let refused = live_respond(own, their.public(), &psk, b"p", &first, &mut random(5));
            assert_eq!(refused.unwrap_err(), NoiseError::Refused);
        }
        for length in 0..first.len() {
            let cut = live_respond(&b, a.public(), &psk, b"p", &first[..length], &mut random(5));
            assert!(cut.is_err());
        }
    }

    #[test]
    fn the_answer_opens_only_unchanged() {
        let (a, b, psk) = (keys(1), keys(2), Secret::new([3; 32]));
        let begin = || live_initiate(&a, b.public(), &psk, b"p", &mut random(4)).unwrap();
        let (_, first) = begin();
        let (_, second) = live_respond(&b, a.public(), &psk, b"p", &first, &mut random(5)).unwrap();
        for byte in 0..second.len() {
            let mut flipped = second.clone();
            flipped[byte] ^= 1;
            assert!(begin().0.finish(&flipped).is_err());
            assert!(begin().0.finish(&second[..byte]).is_err());
        }
        assert!(begin().0.finish(&[second.as_slice(), &[0]].concat()).is_err());
        assert!(begin().0.finish(&second).is_ok());
    }

    #[test]
    fn low_order_keys_begin_no_channel() {
        let psk = Secret::new([3; 32]);
        let refused = live_initiate(&keys(1), &[0; 32], &psk, b"p", &mut random(4));
        assert_eq!(refused.unwrap_err(), NoiseError::Refused);
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", keys(0xab));
    assert!(shown.contains("Secret(…)"));
    assert!(!shown.contains("171, 171"));
}
