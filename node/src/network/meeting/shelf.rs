//! The records that we keep for others: in memory, bounded, each until its time is over.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    iter::{self, Empty},
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use causerie_protocol::limits::RECORD_BYTES;
use libp2p::{
    PeerId,
    kad::{
        ProviderRecord, Record, RecordKey,
        store::{Error, RecordStore, Result},
    },
};

use crate::network::limits;

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    records: BTreeMap<[u8; 32], Vec<Kept>>,
    /// How many are there of each source.
    counts: BTreeMap<Source, usize>,
}

#[derive(Debug)]
struct Kept {
    value: Vec<u8>,
    source: Source,
    until: Instant,
}

/// Who left a record, as far as that can be told apart: an address of IPv4, a network of IPv6 (of which one machine has as
/// many addresses as it likes), ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// We.
    Ours,
    /// An address.
    Ip4(Ipv4Addr),
    /// The first 64 bits of an address.
    Ip6(u64),
}

impl Source {
    /// Whoever is there.
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::Ip4(ip),
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => Self::Ip4(ip),
                None => Self::Ip6(u64::try_from(ip.to_bits() >> 64).unwrap_or_default()),
            },
        }
    }
}

impl Shelf {
    /// Keeps a record, in place of what lay there from the same source. One that is not of our form, that is over, or for
    /// which there is no room is not kept.
    pub(crate) fn keep(&mut self, record: Record, source: Source, now: Instant) {
        let Record { key, value, publisher, expires } = record;
        let Some(until) = expires.map(|at| at.min(now + limits::RECORD_LIFE_MAX)).filter(|at| *at > now)
        else {
            return;
        };
        let Ok(key) = <[u8; 32]>::try_from(key.as_ref()) else { return };
        if value.len() != RECORD_BYTES || publisher.is_some() {
            return;
        }
        if let Some(known) = self.records.get_mut(&key)
            && let Some(own) = known.iter_mut().find(|one| one.source == source)
        {
            (own.value, own.until) = (value, until);
            return;
        }
        if !self.has_room(source) {
            self.sweep(now);
        }
        if !self.has_room(source) {
            return;
        }
        let there = self.records.entry(key).or_default();
        there.retain(|one| one.until > now || !forget(&mut self.counts, one.source));
        if there.len() < limits::RECORDS_PER_KEY_MAX {
            there.push(Kept { value, source, until });
            *self.counts.entry(source).or_default() += 1;
        }
    }

    /// How many records are kept.
    pub(crate) fn len(&self) -> usize {
        self.counts.values().sum()
    }

    fn has_room(&self, source: Source) -> bool {
        self.len() < limits::RECORDS_KEPT_MAX
            && self.counts.get(&source).is_none_or(|count| *count < limits::RECORDS_PER_SOURCE_MAX)
    }

    /// Throws away what is over.
    fn sweep(&mut self, now: Instant) {
        let counts = &mut self.counts;
        self.records.retain(|_, there| {
            there.retain(|one| one.until > now || !forget(counts, one.source));
            !there.is_empty()
        });
    }
}

/// One record of this source is gone; always true.
fn forget(counts: &mut BTreeMap<Source, usize>, source: Source) -> bool {
    if let Some(count) = counts.get_mut(&source) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&source);
        }
    }
    true
}

impl RecordStore for Shelf {
    type RecordsIter<'a> = Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &RecordKey) -> Option<Cow<'_, Record>> {
        let now = Instant::now();
        let there: Vec<&Kept> =
            self.records.get(key.as_ref())?.iter().filter(|one| one.until > now).collect();
        let until = there.iter().map(|one| one.until).max()?;
        let value = there.iter().flat_map(|one| one.value.iter().copied()).collect();
        let key = key.clone();
        Some(Cow::Owned(Record { key, value, publisher: None, expires: Some(until) }))
    }

    fn put(&mut self, record: Record) -> Result<()> {
        self.keep(record, Source::Ours, Instant::now());
        Ok(())
    }

    fn remove(&mut self, key: &RecordKey) {
        for one in self.records.remove(key.as_ref()).unwrap_or_default() {
            forget(&mut self.counts, one.source);
        }
    }

    // Records are copied by whoever left them, never by us.
    fn records(&self) -> Self::RecordsIter<'_> {
        iter::empty()
    }

    // Nobody is told who has what: there are no providers.
    fn add_provider(&mut self, _: ProviderRecord) -> Result<()> {
        Err(Error::MaxProvidedKeys)
    }

    fn providers(&self, _: &RecordKey) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        iter::empty()
    }

    fn remove_provider(&mut self, _: &RecordKey, _: &PeerId) {}
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(key: u32, fill: u8, now: Instant) -> Record {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&key.to_be_bytes());
        let expires = Some(now + Duration::from_secs(60));
        Record { key: RecordKey::new(&bytes), value: vec![fill; RECORD_BYTES], publisher: None, expires }
    }

    fn source(last: u8) -> Source {
        Source::of(Ipv4Addr::new(203, 0, 113, last).into())
    }

    fn fills(shelf: &Shelf, key: &RecordKey) -> Vec<u8> {
        let found = shelf.get(key).map(|found| found.value.clone()).unwrap_or_default();
        found.chunks(RECORD_BYTES).map(|value| value[0]).collect()
    }

    #[test]
    fn nobody_pushes_out_what_another_left_under_the_same_key() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let key = record(1, 0, now).key;
        for last in 1..10 {
            shelf.keep(record(1, last, now), source(last), now);
            shelf.keep(record(1, last + 100, now), source(last), now);
        }
        assert_eq!(fills(&shelf, &key), [101, 102, 103, 104]);
        assert_eq!(shelf.len(), limits::RECORDS_PER_KEY_MAX);
        shelf.remove(&key);
        assert_eq!(shelf.len(), 0);
    }

    #[test]
    fn what_is_not_of_our_form_is_not_kept() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let good = record(1, 1, now);
        let bad = [
            Record { key: RecordKey::new(&[1; 31]), ..good.clone() },
            Record { key: RecordKey::new(&[1; 33]), ..good.clone() },
            Record { value: vec![1; RECORD_BYTES - 1], ..good.clone() },
            Record { value: vec![1; RECORD_BYTES + 1], ..good.clone() },
            Record { value: Vec::new(), ..good.clone() },
            Record { publisher: Some(PeerId::random()), ..good.clone() },
            Record { expires: None, ..good.clone() },
            Record { expires: Some(now), ..good.clone() },
        ];
        for bad in bad {
            shelf.keep(bad, source(1), now);
        }
        assert_eq!(shelf.len(), 0);
        shelf.keep(good, source(1), now);
        assert_eq!(shelf.len(), 1);
    }

    #[test]
    fn a_source_has_its_share_and_what_is_over_makes_room() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let many = u32::try_from(limits::RECORDS_PER_SOURCE_MAX).unwrap();
        for key in 0..many + 1 {
            shelf.keep(record(key, 1, now), source(1), now);
        }
        assert_eq!(shelf.len(), limits::RECORDS_PER_SOURCE_MAX);
        shelf.keep(record(0, 2, now), source(2), now);
        assert_eq!(fills(&shelf, &record(0, 0, now).key), [1, 2]);
        let later = now + Duration::from_secs(60);
        shelf.keep(record(many, 3, later), source(1), later);
        assert_eq!(shelf.len(), 1);
        assert_eq!(shelf.counts.len(), 1);
    }

    #[test]
    fn the_shelf_is_bounded() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        for key in 0..u32::try_from(limits::RECORDS_KEPT_MAX).unwrap() + 100 {
            shelf.keep(record(key, 1, now), source(u8::try_from(key % 251).unwrap()), now);
        }
        assert_eq!(shelf.len(), limits::RECORDS_KEPT_MAX);
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.1"), source(1));
    }
}
