use core::time::Duration;

use super::*;
use crate::{
    entropy::{Entropy, TurnRandom},
    ids::DeviceId,
    moment::{Now, WallTime},
    output::Output,
    secret::{Secret, hash},
    session::{
        Opened, Refusal, SessionStatus, sound,
        tests::{MemoryRecords, established, parties, text_record},
    },
    vault::Vault,
};

mod candidates;
mod faults;
// Its vectors are of the real cryptography.
#[cfg(not(feature = "stand-in"))]
mod handshakes;
mod mail;
mod network;
mod rules;
mod theft;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// One device with its session in memory, as an engine holds it, and what of it is durable.
struct Device {
    own: DeviceId,
    their: DeviceId,
    records: MemoryRecords,
    vault: Vault,
    session: Session,
    /// Draws other randomness than any other copy of this device.
    salt: u64,
    turns: u64,
    now: Moment,
    /// What was logged in the last turn, and how many records it wrote.
    logged: Vec<String>,
    writes: usize,
}

impl Device {
    fn new(own: u8, their: u8) -> Self {
        let (own_id, their_id) = (DeviceId::from_bytes([own; 16]), DeviceId::from_bytes([their; 16]));
        let (_, _, vault) = Vault::create(&mut TurnRandom::new(&Entropy::new([own; 32])));
        let mut records = MemoryRecords::default();
        let mut turn = Turn::new(Now::default(), &Entropy::new([own; 32]), &records, &vault);
        let session = Session::establish(&mut turn, own_id, their_id, &established(1)).unwrap();
        let changes = turn.finish().0;
        records.apply(changes);
        Self {
            own: own_id,
            their: their_id,
            records,
            vault,
            session,
            salt: u64::from(own),
            turns: 0,
            now: Moment::default(),
            logged: vec![],
            writes: 0,
        }
    }

    /// What was durable at some time, opened by a new process.
    fn opened_on(&self, records: MemoryRecords, salt: u64) -> Self {
        let (_, _, vault) = Vault::create(&mut TurnRandom::new(&Entropy::new([self.own.as_bytes()[0]; 32])));
        let now = Now { moment: self.now, wall: WallTime::default() };
        let turn = Turn::new(now, &Entropy::new([0; 32]), &records, &vault);
        let session = Session::load(&turn, self.own, self.their, self.session.id).unwrap().unwrap();
        drop(turn);
        Self { records, vault, session, salt, turns: 0, logged: vec![], writes: 0, ..*self }
    }

    /// Its process ends and starts again.
    fn restart(&mut self) {
        *self = self.opened_on(self.records.clone(), self.salt + 1_000_003);
    }

    /// A turn that becomes durable.
    fn turn<T>(&mut self, work: impl FnOnce(&mut Turn<'_>, &mut Session) -> T) -> T {
        self.turns += 1;
        let entropy = Entropy::new(hash("test", &[&self.salt.to_be_bytes(), &self.turns.to_be_bytes()]));
        let now = Now { moment: self.now, wall: WallTime::default() };
        let mut turn = Turn::new(now, &entropy, &self.records, &self.vault);
        let done = work(&mut turn, &mut self.session);
        let (changes, outputs) = turn.finish();
        self.writes = changes.writes.len();
        self.records.apply(changes);
        self.logged = outputs
            .into_iter()
            .filter_map(|output| if let Output::Log { text, .. } = output { Some(text) } else { None })
            .collect();
        done
    }

    /// A turn that a crash takes back: nothing of it is durable and nothing leaves.
    fn lost_turn(&mut self, work: impl FnOnce(&mut Self)) {
        let before = self.records.clone();
        work(self);
        self.records = before;
        self.restart();
    }

    fn seal(&mut self, records: &[Record]) -> Vec<u8> {
        let parties = parties(self.own, self.their);
        self.turn(|turn, session| session.seal(turn, &parties, records).unwrap())
    }

    /// An envelope with an entry.
    fn writes(&mut self, text: &str) -> Vec<u8> {
        self.seal(&[text_record(text)])
    }

    /// An envelope without one, as an acknowledgement travels.
    fn acknowledges(&mut self) -> Vec<u8> {
        self.seal(&[Record::Heads(vec![])])
    }

    fn open(&mut self, envelope: &[u8]) -> Opened {
        let parties = parties(self.own, self.their);
        self.turn(|turn, session| session.open(turn, &parties, envelope, WallTime::default()).unwrap())
    }

    fn reads(&mut self, envelope: &[u8], text: &str) {
        assert_eq!(self.open(envelope), Opened::Records(vec![text_record(text)]));
    }

    fn hears(&mut self, envelope: &[u8]) {
        assert_eq!(self.open(envelope), Opened::Records(vec![Record::Heads(vec![])]));
    }

    fn refuses(&mut self, envelope: &[u8]) -> Refusal {
        let before = self.records.clone();
        let Opened::Refused(refusal) = self.open(envelope) else { panic!("not refused") };
        assert!(self.writes == 0 && self.records == before);
        refusal
    }

    fn status(&self) -> SessionStatus {
        self.session.status()
    }

    /// The epoch that it seals in.
    const fn n(&self) -> u32 {
        self.session.standing.sending_epoch
    }

    fn offer_out(&self) -> bool {
        assert_eq!(self.session.steps.offer.is_some(), self.records.count(b'O') == 1);
        self.session.steps.offer.is_some()
    }

    fn candidates(&self) -> usize {
        assert_eq!(self.session.steps.candidates.len(), self.records.count(b'N'));
        self.session.steps.candidates.len()
    }

    /// What is in memory is what a new process would load.
    fn is_durable(&self) -> bool {
        let loaded = self.opened_on(self.records.clone(), 0);
        let all = |device: &Self| {
            let session = &device.session;
            let epochs: Vec<&Epoch> = session.epochs.values().collect();
            let steps = &session.steps;
            crate::wire::codec::encode(&(&session.standing, epochs, &steps.offer, &steps.candidates)).unwrap()
        };
        all(self) == all(&loaded)
    }

    /// What this session would say as a body of the epoch that it seals in, whatever the rules say.
    fn forges(&mut self, records: &[Record]) -> Vec<u8> {
        self.turn(|turn, session| {
            let body = crate::wire::envelope::encode_body(records).unwrap();
            let epoch = session.epochs.get_mut(&session.standing.sending_epoch).unwrap();
            let (index, key) = epoch.sending.advance().unwrap();
            epoch.save(turn, &session.id).unwrap();
            let header = crate::wire::envelope::Header {
                epoch: epoch.n,
                index,
                previous_count: epoch.sending.previous_count,
            };
            let nonce = turn.random.bytes();
            crate::wire::envelope::seal((&epoch.sending.header_key, &key), &nonce, header, &session.id, &body)
        })
    }
}

/// Two devices just after first contact; the first is device a.
fn pair() -> (Device, Device) {
    (Device::new(1, 2), Device::new(2, 1))
}

/// Both clocks go on.
fn pass(a: &mut Device, b: &mut Device, time: Duration) {
    a.now = a.now + time;
    b.now = b.now + time;
}

/// A live channel was made anew.
fn meet(a: &mut Device, b: &mut Device) {
    assert!(sound(&a.status(), &b.status()) && sound(&b.status(), &a.status()));
    a.session.on_channel();
    b.session.on_channel();
}

/// One whole step that `one` offers.
fn step(one: &mut Device, other: &mut Device) {
    let n = one.n();
    pass(one, other, limits::STEP_REST);
    meet(one, other);
    let offer = one.writes("offer");
    other.reads(&offer, "offer");
    let accept = other.acknowledges();
    one.hears(&accept);
    assert_eq!((one.n(), other.n()), (n + 1, n));
    let first = one.acknowledges();
    other.hears(&first);
    assert_eq!((one.n(), other.n()), (n + 1, n + 1));
}
