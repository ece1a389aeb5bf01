//! What is forged, changed, cut or put back: refused without a trace, or noticed when two devices compare.

use super::*;

#[test]
fn every_byte_of_an_envelope_counts() {
    let (mut a, mut b) = pair();
    let envelope = a.says("text");
    let records = b.records.clone();
    let (evidence, parties) = (b.evidence, b.parties());
    b.with(|turn, session| {
        let before = state(session);
        let mut refused = |bytes: &[u8]| match session.open(turn, &parties, bytes, evidence).unwrap() {
            Opened::Refused(refusal) => {
                assert_eq!((turn.writes(), state(session)), (0, before.clone()));
                refusal
            }
            other => panic!("not refused: {other:?}"),
        };
        for byte in 0..envelope.len() {
            let mut flipped = envelope.clone();
            flipped[byte] ^= 1 << (byte % 8);
            let expected = match byte {
                0 => Refusal::Malformed,
                1..73 => Refusal::NoHeaderKey,
                _ => Refusal::Body,
            };
            assert_eq!(refused(&flipped), expected, "byte {byte}");
            assert_eq!(refused(&envelope[..byte]), Refusal::Malformed, "cut to {byte}");
        }
        let mut longer = envelope.clone();
        longer.resize(8_192, 0);
        assert_eq!(refused(&longer), Refusal::Body);
        longer.push(0);
        assert_eq!(refused(&longer), Refusal::Malformed);
        assert_eq!(refused(&[]), Refusal::Malformed);
    });
    assert_eq!(b.records.0, records.0);
    b.reads(&envelope, "text");
}

#[test]
fn a_body_belongs_to_its_header_nonce_and_session() {
    let (mut a, mut b) = pair();
    let (one, two) = (a.says("one"), a.says("two"));
    let mixed = [&one[..73], &two[73..]].concat();
    assert_eq!(b.refuses(&mixed), Refusal::Body);
    // The same keys in a session with another id.
    let mut other = established(1);
    other.session = SessionId::from_bytes([9; 16]);
    let mut elsewhere = side(2, 1, &other);
    assert_eq!(elsewhere.refuses(&one), Refusal::Body);
    // Our own envelope comes back to us: another direction has other keys.
    assert_eq!(a.refuses(&one), Refusal::NoHeaderKey);
    let mut stranger = side(2, 1, &established(3));
    assert_eq!(stranger.refuses(&one), Refusal::NoHeaderKey);
    b.reads(&two, "two");
    b.reads(&one, "one");
}

/// An envelope from whoever holds the keys of `a`, with any header and body.
fn forged(a: &Side, index: u32, key: Option<&Secret>, body: &[u8]) -> Vec<u8> {
    let mut epoch = Epoch::begin(0, &Secret::new([1; 32]), a.own, a.their, 0);
    let (_, first_key) = epoch.sending.advance().unwrap();
    let header = Header { epoch: 0, index, previous_count: 0 };
    let keys = (&epoch.sending.header_key, key.unwrap_or(&first_key));
    envelope::seal(keys, &[7; 24], header, &a.id, body)
}

#[test]
fn authentic_nonsense_is_refused_and_changes_nothing() {
    let (mut a, mut b) = pair();
    let good = envelope::encode_body(&[text_record("good")]).unwrap();
    let mut padded = good.clone();
    *padded.last_mut().unwrap() = 1;
    assert_eq!(b.refuses(&forged(&a, 0, None, &padded)), Refusal::Records);
    let mut long = good.clone();
    long[0] = 0xff;
    assert_eq!(b.refuses(&forged(&a, 0, None, &long)), Refusal::Records);
    let wrong_key = Secret::new([0; 32]);
    for index in [0, 1, 1_000, limits::CHAIN_WALK_MAX] {
        let wrong = forged(&a, index, Some(&wrong_key), &good);
        assert_eq!(b.refuses(&wrong), Refusal::Body);
    }
    for index in [limits::CHAIN_WALK_MAX + 1, u32::MAX - 1, u32::MAX] {
        assert_eq!(b.refuses(&forged(&a, index, None, &good)), Refusal::TooFar);
    }
    let honest = a.says("honest");
    b.reads(&honest, "honest");
}

#[test]
fn comparison_tells_what_can_go_on() {
    let (mut a, mut b) = pair();
    assert!(sound(&a.status(), &b.status()));
    let envelope = a.says("one");
    assert!(sound(&a.status(), &b.status()), "on its way");
    b.reads(&envelope, "one");
    let (mine, theirs) = (a.status(), b.status());
    assert_eq!((mine.sending.count, theirs.receiving[0].count), (1, 1));
    assert!(sound(&mine, &theirs) && sound(&theirs, &mine));
    let changes: [fn(&mut SessionStatus); 6] = [
        |status| status.session = SessionId::from_bytes([0; 16]),
        |status| status.sending.fingerprint[15] ^= 1,
        |status| status.sending.n = 1,
        |status| status.sending.count = 0,
        |status| status.receiving.clear(),
        |status| status.receiving[0].count = 1,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut other = a.status();
        change(&mut other);
        assert!(!sound(&other, &theirs), "change {number}");
        assert!(!sound(&theirs, &other), "change {number}");
    }
    let in_flight = u32::try_from(limits::ENVELOPES_IN_FLIGHT_MAX).unwrap();
    let mut ahead = a.status();
    ahead.sending.count = 1 + limits::CHAIN_WALK_MAX - in_flight;
    assert!(sound(&ahead, &theirs));
    ahead.sending.count += 1;
    assert!(!sound(&ahead, &theirs));
    let wire = codec::encode(&mine).unwrap();
    assert_eq!(codec::decode::<SessionStatus>(&wire).unwrap(), mine);
}

/// After `steps` envelopes each way, some of them lost, one side is put back by `k` of them. Either the comparison
/// tells, or both directions work.
fn put_back(steps: u32, lost: impl Fn(u32) -> bool, both_ways: bool) -> (u32, u32) {
    let (mut a, mut b) = pair();
    let mut pasts = Vec::new();
    for step in 0..steps {
        pasts.push((a.records.clone(), b.records.clone()));
        let there = a.says("there");
        if !lost(step) {
            b.reads(&there, "there");
        }
        if both_ways {
            let back = b.says("back");
            if !lost(step + 1) {
                a.reads(&back, "back");
            }
        }
    }
    let (now_a, now_b) = (a.records.clone(), b.records.clone());
    let (mut unsound, mut works) = (0, 0);
    for (past_a, past_b) in pasts {
        for (for_a, for_b) in [(past_a, now_b.clone()), (now_a.clone(), past_b)] {
            (a.records, b.records) = (for_a, for_b);
            if !sound(&a.status(), &b.status()) {
                unsound += 1;
                continue;
            }
            for _ in 0..2 {
                let (there, back) = (a.says("again there"), b.says("again back"));
                b.reads(&there, "again there");
                a.reads(&back, "again back");
            }
            works += 1;
        }
    }
    assert_eq!(unsound + works, 2 * steps);
    (unsound, works)
}

#[test]
fn a_side_that_was_put_back_is_noticed_or_harmless() {
    // Everything arrived: whoever was put back would seal under used indexes.
    assert_eq!(put_back(200, |_| false, true), (400, 0));
    // One speaks, the other only listens: the listener opens everything again.
    assert_eq!(put_back(50, |_| false, false), (50, 50));
    // Nothing arrived since half of the steps: nothing is used twice.
    assert_eq!(put_back(100, |step| step >= 50, true), (99, 101));
    // The last two of one direction and none of the other were lost.
    assert_eq!(put_back(200, |step| step % 5 > 2, true), (398, 2));
}

#[test]
fn a_sender_that_was_put_back_is_refused_by_name_without_a_comparison() {
    let (mut a, mut b) = pair();
    let past = a.records.clone();
    for _ in 0..5 {
        let envelope = a.says("first life");
        b.reads(&envelope, "first life");
    }
    a.records = past;
    for _ in 0..5 {
        let envelope = a.says("second life");
        assert_eq!(b.refuses(&envelope), Refusal::UsedIndex);
    }
    // From where it was it works again; what was refused is brought by the log.
    let envelope = a.says("caught up");
    b.reads(&envelope, "caught up");
}
