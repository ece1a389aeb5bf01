//! What a step costs: two sessions in memory, records sealed as a store holds them, no disk and no network.
//!
//! Prints medians and p99 of each turn of a step beside the same turn without one; the difference is what the step
//! costs. Run it with `cargo bench -p causerie-protocol --bench step`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement, not a part of the program")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures time")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use causerie_protocol::{
    entropy::{Entropy, TurnRandom},
    ids::{AccountId, DeviceId},
    moment::{Moment, Now, WallTime},
    records::{Order, Pair, Records, RecordsError},
    secret::Secret,
    session::{Opened, Session, first_contact::Established, noise::StaticKeys, step::Parties},
    turn::Turn,
    vault::Vault,
    wire::envelope::Record,
};

const STEPS: u32 = 2_000;

#[derive(Default)]
struct Store(BTreeMap<Vec<u8>, Vec<u8>>);

impl Records for Store {
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

struct Side {
    store: Store,
    vault: Vault,
    session: Session,
    parties: Parties,
    turns: u64,
    now: Moment,
}

impl Side {
    fn new(own: u8, their: u8) -> Self {
        let statics = |seed| StaticKeys::from_secret(Secret::new([seed; 32]));
        let parties = Parties {
            own_account: AccountId::from_bytes([own; 32]),
            their_account: AccountId::from_bytes([their; 32]),
            own_static: statics(own).secret().clone(),
            their_static: *statics(their).public(),
        };
        let entropy = Entropy::new([own; 32]);
        let (_, _, vault) = Vault::create(&mut TurnRandom::new(&entropy));
        let mut store = Store::default();
        let mut turn = Turn::new(Now::default(), &entropy, &store, &vault);
        let established = Established::derive(&[1; 32], Secret::new([1; 32]), 0);
        let devices = [own, their].map(|id| DeviceId::from_bytes([id; 16]));
        let session = Session::establish(&mut turn, devices[0], devices[1], &established).unwrap();
        let changes = turn.finish().0;
        store.0.extend(changes.writes.into_iter().map(|(key, value)| (key, value.unwrap())));
        Self { store, vault, session, parties, turns: 0, now: Moment::default() }
    }

    /// A turn, and how long it took but for what the store does with it.
    fn turn<T>(&mut self, work: impl FnOnce(&mut Turn<'_>, &mut Session, &Parties) -> T) -> (T, Duration) {
        self.turns += 1;
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.turns.to_be_bytes());
        let entropy = Entropy::new(bytes);
        let now = Now { moment: self.now, wall: WallTime::default() };
        let begun = Instant::now();
        let mut turn = Turn::new(now, &entropy, &self.store, &self.vault);
        let done = work(&mut turn, &mut self.session, &self.parties);
        let changes = turn.finish().0;
        let took = begun.elapsed();
        for (key, value) in changes.writes {
            match value {
                Some(value) => self.store.0.insert(key, value),
                None => self.store.0.remove(&key),
            };
        }
        (done, took)
    }

    fn seal(&mut self, record: Record) -> (Vec<u8>, Duration) {
        self.turn(|turn, session, parties| session.seal(turn, parties, &[record]).unwrap())
    }

    fn open(&mut self, envelope: &[u8]) -> Duration {
        let (opened, took) = self.turn(|turn, session, parties| {
            session.open(turn, parties, envelope, WallTime::default()).unwrap()
        });
        assert!(matches!(opened, Opened::Records(_)));
        took
    }

    fn epoch(&self) -> u32 {
        self.session.status().sending.n
    }
}

/// One exchange: an entry, what acknowledges it, and the next entry; each sealed and opened.
fn exchange(a: &mut Side, b: &mut Side, times: &mut [Vec<Duration>; 6]) {
    let (envelope, took) = a.seal(Record::Entry(vec![7; 300]));
    times[0].push(took);
    times[1].push(b.open(&envelope));
    let (envelope, took) = b.seal(Record::Heads(vec![7; 92]));
    times[2].push(took);
    times[3].push(a.open(&envelope));
    let (envelope, took) = a.seal(Record::Entry(vec![7; 300]));
    times[4].push(took);
    times[5].push(b.open(&envelope));
}

fn main() {
    let (mut a, mut b) = (Side::new(1, 2), Side::new(2, 1));
    let (mut plain, mut stepping) = (<[Vec<Duration>; 6]>::default(), <[Vec<Duration>; 6]>::default());
    for _ in 0..STEPS {
        exchange(&mut a, &mut b, &mut plain);
        for side in [&mut a, &mut b] {
            side.now = side.now + Duration::from_secs(11);
        }
        a.session.on_channel();
        exchange(&mut a, &mut b, &mut stepping);
    }
    assert_eq!((a.epoch(), b.epoch()), (STEPS, STEPS));
    let turns = ["seal OFFER", "open OFFER", "seal ACCEPT", "open ACCEPT", "seal first", "open first"];
    println!("{:12} {:>10} {:>10} {:>12} {:>12}", "", "p50 us", "p99 us", "plain p50", "difference");
    let mut sides = [0.0, 0.0];
    for (number, turn) in turns.into_iter().enumerate() {
        let (with, without) = (&mut stepping[number], &mut plain[number]);
        let difference = at(with, 50) - at(without, 50);
        let is_acceptor = usize::from(matches!(number, 1 | 2 | 5));
        sides[is_acceptor] += difference;
        println!(
            "{turn:12} {:10.1} {:10.1} {:12.1} {difference:12.1}",
            at(with, 50),
            at(with, 99),
            at(without, 50)
        );
    }
    println!("a step costs the offerer {:.2} ms and the acceptor {:.2} ms", sides[0] / 1e3, sides[1] / 1e3);
}

/// That percentile in microseconds.
fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6
}
