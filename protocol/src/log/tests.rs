//! Stores in memory that meet: what each test of the log starts from.

use std::{cell::Cell, collections::BTreeMap};

use super::{entry::kind, *};
use crate::{
    entropy::Entropy,
    ids::AccountId,
    moment::{Moment, Now},
    output::ChangeSet,
    records::{Pair, Records},
    vault::Vault,
};

mod meeting;
mod paging;
mod receiving;
mod restoring;
mod storing;

/// Records in memory that count how often they are read.
#[derive(Clone, Default)]
struct Memory {
    map: BTreeMap<Vec<u8>, Vec<u8>>,
    reads: Cell<usize>,
}

impl Memory {
    fn apply(&mut self, changes: ChangeSet) {
        for (key, write) in changes.writes {
            match write {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }

    fn count(&self, prefix: u8) -> usize {
        self.map.keys().filter(|key| key[0] == prefix).count()
    }
}

impl Records for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        self.reads.set(self.reads.get() + 1);
        Ok(self.map.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        let pairs = self.map.range(from.to_vec()..to.to_vec());
        let pairs = pairs.map(|(key, value)| (key.clone(), value.clone()));
        let found: Vec<Pair> = match order {
            Order::Ascending => pairs.take(limit).collect(),
            Order::Descending => pairs.rev().take(limit).collect(),
        };
        self.reads.set(self.reads.get() + found.len().max(1));
        Ok(found)
    }
}

/// One installation: its store, its keys, and who the contact is.
struct Store {
    memory: Memory,
    vault: Vault,
    author: Author,
    devices: Vec<DeviceId>,
    /// Writes of the last turn.
    writes: usize,
}

/// Some stores that share a conversation, and the one clock and source of entropy of a test.
struct World {
    stores: Vec<Store>,
    conv: ConversationId,
    turns: u64,
}

impl World {
    /// Two accounts with one device each: stores 0 and 1.
    fn pair() -> Self {
        Self::new(&[0, 1])
    }

    /// One store for each device, of account 0 or 1.
    fn new(accounts: &[u8]) -> Self {
        let dev = |store: usize| DeviceId::from_bytes([u8::try_from(store).unwrap() + 1; 16]);
        let store = |(number, account): (usize, &u8)| {
            let mut random = TurnRandom::new(&Entropy::new([u8::try_from(number).unwrap(); 32]));
            let others = accounts.iter().enumerate().filter(|(_, other)| *other != account);
            Store {
                memory: Memory::default(),
                vault: Vault::create(&mut random).2,
                author: Author { dev: dev(number), k_self: Secret::new([100 + account; 32]) },
                devices: others.map(|(other, _)| dev(other)).collect(),
                writes: 0,
            }
        };
        let account = |byte| AccountId::from_bytes([byte; 32]);
        Self {
            stores: accounts.iter().enumerate().map(store).collect(),
            conv: conversation_id(account(0), account(1)),
            turns: 0,
        }
    }

    /// One turn of one store, applied at its end.
    fn turn<R>(&mut self, store: usize, act: impl FnOnce(&mut Turn<'_>, &mut Conversation) -> R) -> R {
        self.turns += 1;
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&self.turns.to_be_bytes());
        let now = Now {
            moment: Moment::from_micros(self.turns),
            wall: WallTime::from_millis(1_000_000 + self.turns),
        };
        let store = &mut self.stores[store];
        let mut turn = Turn::new(now, &Entropy::new(entropy), &store.memory, &store.vault);
        let mut conversation = Conversation::load(&turn, self.conv, &store.author).unwrap();
        let result = act(&mut turn, &mut conversation);
        let (changes, _) = turn.finish();
        store.writes = changes.writes.len();
        store.memory.apply(changes);
        result
    }

    fn write(&mut self, store: usize, text: &str) -> Appended {
        self.turn(store, |turn, conversation| conversation.append(turn, kind::TEXT, text.as_bytes(), None))
            .unwrap()
    }

    fn receive(&mut self, store: usize, bytes: &[u8]) -> Received {
        let devices = self.stores[store].devices.clone();
        self.turn(store, |turn, conversation| conversation.receive(turn, bytes, &devices)).unwrap()
    }

    /// Every entry that a store holds without a gap, encoded, by chain and seq.
    fn entries(&mut self, store: usize, chain: ChainId) -> Vec<Vec<u8>> {
        let found = self.turn(store, |turn, conversation| {
            conversation.entries_from(turn, chain, 0, usize::MAX, usize::MAX)
        });
        found.unwrap().into_iter().map(|(_, bytes)| bytes).collect()
    }

    fn own_entries(&mut self, store: usize) -> Vec<Vec<u8>> {
        let chains = self.turn(store, |_, conversation| conversation.own_chains());
        let chains = chains.into_iter();
        chains.flat_map(|(chain, _)| self.entries(store, chain)).collect()
    }

    fn rows(&mut self, store: usize) -> Vec<Row> {
        self.turn(store, |turn, conversation| {
            let mut rows = conversation.history(turn, 1_000, None).unwrap().unwrap();
            // Longer histories are put together from pages.
            while let Some(page) = rows
                .first()
                .map(|row| conversation.history(turn, 1_000, Some(row.mid)).unwrap().unwrap())
                .filter(|page| !page.is_empty())
            {
                rows.splice(0..0, page);
            }
            rows
        })
    }

    fn texts(&mut self, store: usize) -> Vec<String> {
        let rows = self.rows(store).into_iter();
        rows.map(|row| row.text.unwrap_or_default()).collect()
    }

    fn heads(&mut self, store: usize) -> Vec<ChainHead> {
        let heads = self.turn(store, |_, conversation| conversation.heads());
        decode_heads(&encode_heads(&heads).unwrap()).unwrap()
    }

    fn hash(&mut self, store: usize) -> [u8; 32] {
        self.turn(store, |_, conversation| conversation.heads_hash())
    }

    /// One exchange of heads and what follows from it, each entry carried at once. True: nothing was owed.
    fn exchange(&mut self, one: usize, other: usize) -> bool {
        let hashes = [self.hash(one), self.hash(other)];
        let agree = [(one, hashes[1]), (other, hashes[0])].map(|(store, theirs)| {
            self.turn(store, |turn, conversation| conversation.agree(turn, &theirs)).unwrap().is_some()
        });
        assert_eq!(agree[0], agree[1]);
        if agree[0] {
            return true;
        }
        let heads = [self.heads(one), self.heads(other)];
        let compared = [self.compare(one, &heads[1]), self.compare(other, &heads[0])];
        self.join(one, other, &compared[0].differing);
        self.join(other, one, &compared[1].differing);
        for (from, to, compared) in [(one, other, &compared[0]), (other, one, &compared[1])] {
            for (chain, seq) in &compared.to_send {
                self.carry(from, to, *chain, *seq, u32::MAX);
            }
            for want in decode_wants(&encode_wants(&compared.wants).unwrap()).unwrap() {
                let refused = self.carry(to, from, want.chain, want.from, want.to);
                self.join(from, to, &refused);
            }
            for mark in &compared.reads {
                self.turn(to, |turn, conversation| conversation.read_by_peer(turn, mark)).unwrap();
            }
        }
        // What somebody read on another device, or before an old copy was put back, makes the hashes differ for good.
        let owed = |compared: &Compared| {
            !(compared.to_send.is_empty() && compared.wants.is_empty() && compared.reads.is_empty())
        };
        !compared.iter().any(owed)
    }

    /// Searches where chains of a store differ from another's copies and joins them, as `delivery` does.
    fn join(&mut self, store: usize, other: usize, differing: &[(ChainId, u32)]) {
        let mut searches = Searches::default();
        for (chain, seq) in differing {
            searches.differs(*chain, *seq);
        }
        for _ in 0..40 {
            let Some(want) = searches.ask(Vec::new()).first().copied() else { return };
            let entries = self.turn(other, |turn, conversation| {
                conversation.entries_from(turn, want.chain, want.from, 1 << 20, 1).unwrap()
            });
            match self.receive(store, &entries[0].1) {
                Received::Known => searches.agrees(want.chain, want.from),
                Received::Stored(stored) if stored.joined => searches.joined(want.chain),
                Received::Refused(_) => searches.differs(want.chain, want.from),
                Received::Stored(_) => panic!("stored and not joined"),
            }
        }
        panic!("a search that does not end");
    }

    fn compare(&mut self, store: usize, theirs: &[ChainHead]) -> Compared {
        let devices = self.stores[store].devices.clone();
        self.turn(store, |turn, conversation| conversation.compare(turn, theirs, &devices)).unwrap()
    }

    /// Brings entries of a chain over in one turn and the acknowledgement back; returns what was refused.
    fn carry(&mut self, from: usize, to: usize, chain: ChainId, first: u32, end: u32) -> Vec<(ChainId, u32)> {
        let entries = self.turn(from, |turn, conversation| {
            conversation.entries_from(turn, chain, first, 1 << 20, limits::REPAIR_ENTRIES_MAX)
        });
        let devices = self.stores[to].devices.clone();
        let mut refused = Vec::new();
        let mark = self.turn(to, |turn, conversation| {
            for (seq, bytes) in entries.unwrap().iter().filter(|(seq, _)| *seq < end) {
                if let Received::Refused(_) = conversation.receive(turn, bytes, &devices).unwrap() {
                    refused.push((chain, *seq));
                }
            }
            conversation.mark_for(chain)
        });
        if let Some(mark) = mark {
            self.turn(from, |turn, conversation| conversation.acknowledged(turn, &mark)).unwrap();
        }
        refused
    }

    /// Exchanges until nothing is owed.
    fn meet(&mut self, one: usize, other: usize) {
        for _ in 0..64 {
            if self.exchange(one, other) {
                return;
            }
        }
        panic!("two stores keep owing each other something");
    }

    fn checked(&mut self, store: usize) -> Checked {
        let conv = self.conv;
        self.turn(store, |turn, _| check(turn, conv, None, usize::MAX)).unwrap()
    }
}
