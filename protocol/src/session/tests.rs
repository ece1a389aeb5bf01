use super::noise::StaticKeys;
use super::*;
use crate::{
    entropy::{Entropy, TurnRandom},
    ids::AccountId,
    moment::{Moment, Now},
    output::ChangeSet,
    records::{Order, Pair, Records},
    secret::Secret,
    vault::Vault,
    wire::codec,
};

mod faults;
mod keys;
mod random;

/// A store in memory that takes change-sets.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct MemoryRecords(pub(super) BTreeMap<Vec<u8>, Vec<u8>>);

impl MemoryRecords {
    pub(super) fn apply(&mut self, changes: ChangeSet) {
        for (key, write) in changes.writes {
            match write {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
    }

    pub(super) fn count(&self, prefix: u8) -> usize {
        self.0.keys().filter(|key| key[0] == prefix).count()
    }
}

impl Records for MemoryRecords {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        let range = self.0.range(from.to_vec()..to.to_vec()).map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Ascending => range.take(limit).collect(),
            Order::Descending => range.rev().take(limit).collect(),
        })
    }
}

/// One device: it loads its session anew in every turn, so that what counts is what was written.
struct Side {
    own: DeviceId,
    their: DeviceId,
    id: SessionId,
    records: MemoryRecords,
    vault: Vault,
    entropy: [u8; 32],
    evidence: WallTime,
    /// Records written in the last turn.
    writes: usize,
    /// Sentences logged in the last turn.
    logged: usize,
}

impl Side {
    fn turn<T>(&mut self, work: impl FnOnce(&mut Turn<'_>) -> T) -> T {
        for byte in &mut self.entropy {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        let now = Now { moment: Moment::default(), wall: WallTime::from_millis(77) };
        let mut records = core::mem::take(&mut self.records);
        let mut turn = Turn::new(now, &Entropy::new(self.entropy), &records, &self.vault);
        let done = work(&mut turn);
        let (changes, outputs) = turn.finish();
        self.logged = outputs.len();
        self.writes = changes.writes.len();
        records.apply(changes);
        self.records = records;
        done
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Turn<'_>, &mut Session) -> T) -> T {
        let (own, their, id) = (self.own, self.their, self.id);
        self.turn(|turn| {
            let mut session = Session::load(turn, own, their, id).unwrap().unwrap();
            work(turn, &mut session)
        })
    }

    /// Who takes steps. Nobody comes so far here: time stands still.
    fn parties(&self) -> Parties {
        parties(self.own, self.their)
    }

    fn seal(&mut self, records: &[Record]) -> Vec<u8> {
        self.try_seal(records).unwrap()
    }

    fn try_seal(&mut self, records: &[Record]) -> Result<Vec<u8>, SessionError> {
        let parties = self.parties();
        self.with(|turn, session| session.seal(turn, &parties, records))
    }

    fn says(&mut self, text: &str) -> Vec<u8> {
        self.seal(&[text_record(text)])
    }

    fn open(&mut self, envelope: &[u8]) -> Opened {
        let (evidence, parties) = (self.evidence, self.parties());
        self.with(|turn, session| session.open(turn, &parties, envelope, evidence).unwrap())
    }

    fn reads(&mut self, envelope: &[u8], text: &str) {
        assert_eq!(self.open(envelope), Opened::Records(vec![text_record(text)]));
    }

    /// It is refused, writes nothing and leaves the session in memory as it was.
    fn refuses(&mut self, envelope: &[u8]) -> Refusal {
        let (evidence, parties) = (self.evidence, self.parties());
        let opened = self.with(|turn, session| {
            let before = state(session);
            let opened = session.open(turn, &parties, envelope, evidence).unwrap();
            assert_eq!(state(session), before);
            opened
        });
        assert_eq!(self.writes, 0);
        match opened {
            Opened::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn status(&mut self) -> SessionStatus {
        self.with(|_, session| session.status())
    }

    /// As if so many envelopes were sealed and lost.
    fn loses(&mut self, count: u32) {
        self.change(|epoch| {
            for _ in 0..count {
                epoch.sending.advance().unwrap();
            }
        });
    }

    fn change(&mut self, work: impl FnOnce(&mut Epoch)) {
        self.with(|turn, session| {
            let epoch = session.epochs.get_mut(&0).unwrap();
            work(epoch);
            epoch.save(turn, &session.id).unwrap();
        });
    }
}

/// The parties of a session between two devices whose keys follow from their ids.
pub(super) fn parties(own: DeviceId, their: DeviceId) -> Parties {
    let statics = |device: DeviceId| StaticKeys::from_secret(Secret::new([device.as_bytes()[0]; 32]));
    let account = |device: DeviceId| AccountId::from_bytes([device.as_bytes()[0]; 32]);
    Parties {
        own_account: account(own),
        their_account: account(their),
        own_static: statics(own).secret().clone(),
        their_static: *statics(their).public(),
    }
}

pub(super) fn text_record(text: &str) -> Record {
    Record::Entry(text.as_bytes().to_vec())
}

/// Everything a session holds in memory, as bytes.
fn state(session: &Session) -> Vec<u8> {
    let epochs: Vec<&Epoch> = session.epochs.values().collect();
    codec::encode(&(&session.standing, epochs)).unwrap()
}

pub(super) fn established(seed: u8) -> Established {
    Established::derive(&[seed; 32], Secret::new([seed; 32]), 20_000)
}

fn side(own: u8, their: u8, established: &Established) -> Side {
    let (_, _, vault) = Vault::create(&mut TurnRandom::new(&Entropy::new([own; 32])));
    let mut side = Side {
        own: DeviceId::from_bytes([own; 16]),
        their: DeviceId::from_bytes([their; 16]),
        id: established.session,
        records: MemoryRecords::default(),
        vault,
        entropy: [own; 32],
        evidence: WallTime::from_millis(1_000),
        writes: 0,
        logged: 0,
    };
    let (own, their) = (side.own, side.their);
    side.turn(|turn| drop(Session::establish(turn, own, their, established).unwrap()));
    side
}

/// Two devices just after first contact.
fn pair() -> (Side, Side) {
    let established = established(1);
    (side(1, 2, &established), side(2, 1, &established))
}

#[test]
fn both_sides_speak_at_once_and_lone_envelopes_cost_few_records() {
    let (mut a, mut b) = pair();
    for number in 0..5 {
        let (there, back) = (a.says(&format!("a{number}")), b.says(&format!("b{number}")));
        assert_eq!((a.writes, b.writes), (1, 1), "the epoch");
        assert_eq!((there.len(), back.len()), (2_048, 2_048));
        b.reads(&there, &format!("a{number}"));
        a.reads(&back, &format!("b{number}"));
        assert_eq!((a.writes, b.writes), (2, 2), "the epoch and the memory");
    }
    assert_eq!(a.refuses(&a.records.0.values().next().unwrap().clone()), Refusal::Malformed);
}

#[test]
fn every_kind_of_record_arrives_and_lengths_are_buckets() {
    let (mut a, mut b) = pair();
    let records = vec![Record::Heads(vec![3; 512]), Record::Want(vec![])];
    let mut with_a_step = records.clone();
    with_a_step.insert(0, Record::Offer(vec![1; 1_232]));
    with_a_step.insert(2, Record::Accept(vec![2; 1_136]));
    let envelope = a.seal(&with_a_step);
    assert_eq!(envelope.len(), 8_192);
    assert_eq!(b.open(&envelope), Opened::Records(records));
    let envelope = a.seal(&[]);
    assert_eq!(b.open(&envelope), Opened::Records(vec![]));
    for (bytes, bucket) in [(2_000, 8_192), (30_000, 32_768), (57_344, 61_440)] {
        let envelope = a.seal(&[Record::Entry(vec![1; bytes])]);
        assert_eq!(envelope.len(), bucket);
        assert!(matches!(b.open(&envelope), Opened::Records(_)));
    }
    let refused = a.try_seal(&[Record::Entry(vec![1; 61_440])]);
    assert_eq!((refused, a.writes), (Err(SessionError::TooLarge), 0));
}

#[test]
fn order_does_not_matter_and_copies_are_known() {
    let (mut a, mut b) = pair();
    let envelopes: Vec<Vec<u8>> = (0..20).map(|n| a.says(&format!("{n}"))).collect();
    for n in (0..20).rev().step_by(2).chain((0..20).step_by(2)) {
        b.reads(&envelopes[n], &format!("{n}"));
        assert_eq!(b.open(&envelopes[n]), Opened::Duplicate);
        assert_eq!(b.writes, 0);
    }
    assert_eq!(b.records.count(b'K'), 0, "every key that was skipped is gone");
    for envelope in &envelopes {
        assert_eq!(b.open(envelope), Opened::Duplicate);
    }
}

#[test]
fn envelopes_share_nothing_but_their_type() {
    let (mut a, b) = pair();
    // The same words from the same state, as a copied home would seal them.
    let before = a.records.clone();
    let one = a.says("same");
    let two = a.says("same");
    a.records = before;
    let copy = a.says("same");
    for (left, right) in [(&one, &two), (&one, &copy), (&two, &copy)] {
        assert_eq!(left[0], right[0]);
        let windows: std::collections::BTreeSet<&[u8]> = left.windows(8).collect();
        assert!(right.windows(8).all(|window| !windows.contains(window)));
    }
    for id in [a.id.as_bytes().as_slice(), a.own.as_bytes(), b.own.as_bytes()] {
        assert!(one.windows(8).all(|window| !id.windows(8).any(|part| part == window)));
    }
}

#[test]
fn a_session_is_of_one_pair_and_one_contact() {
    let (mut a, mut b) = pair();
    let envelope = b.says("hello");
    a.reads(&envelope, "hello");
    let before = a.records.0.clone();
    let (own, their, id) = (a.own, a.their, a.id);
    // The same contact again changes nothing: not the chains, not the memory.
    a.turn(|turn| {
        let again = Session::establish(turn, own, their, &established(1)).unwrap();
        assert_eq!(again.status().receiving[0].count, 1);
    });
    assert_eq!(a.records.0, before);
    assert_eq!(a.open(&envelope), Opened::Duplicate);
    let loaded = |side: &mut Side, own, their, id| {
        side.turn(|turn| Session::load(turn, own, their, id).unwrap().is_some())
    };
    assert!(loaded(&mut a, own, their, id));
    assert!(!loaded(&mut a, their, own, id));
    assert!(!loaded(&mut a, own, own, id));
    assert!(!loaded(&mut a, own, their, established(9).session));
    // Without its epoch a session is damaged, not empty.
    a.records.0.retain(|key, _| key[0] != b'P');
    let damaged = a.turn(|turn| Session::load(turn, own, their, id).unwrap_err());
    assert_eq!(damaged, RecordsError::Damaged('P'));
}

#[test]
fn a_lost_session_is_read_and_not_written() {
    let (mut a, mut b) = pair();
    let late = b.says("late");
    assert_eq!(a.with(|_, session| session.lost_at()), None);
    a.with(|turn, session| session.mark_lost(turn, turn.now.wall).unwrap());
    assert_eq!(a.writes, 2, "the session, and the epoch, whose keys for sealing are gone");
    a.with(|turn, session| session.mark_lost(turn, turn.now.wall).unwrap());
    assert_eq!(a.writes, 0, "it was lost once");
    assert_eq!(a.with(|_, session| session.lost_at()), Some(WallTime::from_millis(77)));
    let refused = a.try_seal(&[]);
    assert_eq!((refused, a.writes), (Err(SessionError::Lost), 0));
    a.reads(&late, "late");
}

#[test]
fn a_forgotten_session_leaves_no_record_and_takes_no_other_with_it() {
    let (mut a, mut b) = pair();
    let (own, their, id) = (a.own, a.their, a.id);
    let other = established(5);
    a.turn(|turn| drop(Session::establish(turn, own, their, &other).unwrap()));
    b.loses(1_000);
    let envelope = b.says("after a thousand");
    a.reads(&envelope, "after a thousand");
    assert_eq!(a.records.count(b'K'), 1_000);
    let mut calls = 0;
    while a.turn(|turn| Session::forget(turn, id).unwrap()) {
        assert_eq!(a.writes, limits::PURGE_RECORDS_PER_TURN);
        assert!(a.turn(|turn| Session::load(turn, own, their, id).unwrap().is_none()));
        calls += 1;
    }
    assert_eq!(calls, 1);
    assert_eq!(a.records.0.len(), 2, "the other session and its epoch");
    assert!(a.turn(|turn| Session::load(turn, own, their, other.session).unwrap().is_some()));
    assert!(!a.turn(|turn| Session::forget(turn, id).unwrap()));
    assert_eq!(a.writes, 0);
}

#[test]
fn debug_shows_no_secret() {
    let (mut a, _) = pair();
    let shown = a.with(|_, session| format!("{session:?}"));
    assert!(shown.contains("Secret(…)"));
}
