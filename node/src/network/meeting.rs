//! The meeting place: a Kademlia table of our own protocol name, in which sealed records lie for a few hours.
//!
//! Keys and values are the engine's, and mean nothing to whoever keeps them. A record names no publisher: it is put to the
//! nodes nearest to its key one by one, since libp2p's own way to publish writes our identity into it. Whoever can be
//! dialled from anywhere keeps records for others; everybody else only asks. Nobody republishes what others left.
//!
//! Anybody may leave anything under any key that they know. So a node keeps up to four records under one, each from another
//! network, and answers with all of them, one behind the other: nobody can push another's record out.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use causerie_protocol::{ids::LookupId, input::Input, limits::RECORD_BYTES};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol,
    kad::{
        self, GetClosestPeersError, GetClosestPeersOk, GetRecordOk, InboundRequest, QueryId, QueryResult,
        Quorum, Record, RecordKey,
    },
    swarm::ConnectionId,
};

use self::shelf::{Shelf, Source};
use super::{limits, multiaddr};

pub(super) mod shelf;

/// What we speak with everybody who keeps records.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/causerie/kad/1");

/// The table.
pub(crate) type Table = kad::Behaviour<Shelf>;

/// What we asked the table for.
#[derive(Debug, Default)]
pub(crate) struct Meeting {
    waiting: VecDeque<Publication>,
    /// What is being left, and with whom it is already.
    publications: HashMap<QueryId, (Publication, Vec<PeerId>)>,
    lookups: HashMap<QueryId, LookupId>,
    /// From where each connection that others made comes.
    sources: HashMap<ConnectionId, Source>,
    /// How many records we keep for others.
    kept: usize,
}

#[derive(Debug)]
struct Publication {
    key: [u8; 32],
    value: Vec<u8>,
    until: Instant,
}

/// An empty table.
pub(crate) fn table(own: PeerId, serving: bool) -> Table {
    let mut config = kad::Config::new(PROTOCOL);
    config
        .set_query_timeout(limits::QUERY_PATIENCE)
        .set_replication_factor(limits::RECORD_COPIES)
        .set_parallelism(limits::QUERY_PATHS)
        .set_record_ttl(Some(limits::RECORD_LIFE_MAX))
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .set_caching(kad::Caching::Disabled)
        .disjoint_query_paths(true)
        .set_periodic_bootstrap_interval(Some(limits::TABLE_REFRESH_INTERVAL));
    let mut table = Table::with_config(own, Shelf::default(), config);
    if serving {
        table.set_mode(Some(kad::Mode::Server));
    }
    table
}

impl Meeting {
    /// Leaves a record at the nodes nearest to its key.
    pub(crate) fn publish(&mut self, table: &mut Table, key: [u8; 32], value: Vec<u8>, life: Duration) {
        let until = Instant::now() + life.min(limits::RECORD_LIFE_MAX);
        self.waiting.retain(|other| other.key != key);
        if self.waiting.len() < limits::PUBLICATIONS_WAITING_MAX {
            self.waiting.push_back(Publication { key, value, until });
        }
        self.begin(table);
    }

    fn begin(&mut self, table: &mut Table) {
        while self.publications.len() < limits::PUBLICATIONS_RUNNING_MAX
            && let Some(publication) = self.waiting.pop_front()
        {
            // Those nearest of whom we know, at once; those nearer, once they are found: nodes that are gone cost seconds.
            let near: Vec<PeerId> = table
                .get_closest_local_peers(&kad::KBucketKey::new(publication.key.to_vec()))
                .take(limits::RECORD_COPIES.get())
                .map(kad::KBucketKey::into_preimage)
                .collect();
            put(table, &publication, near.clone());
            let query = table.get_closest_peers(publication.key.to_vec());
            self.publications.insert(query, (publication, near));
        }
    }

    /// Asks what lies under a key.
    pub(crate) fn look_up(&mut self, table: &mut Table, lookup: LookupId, key: [u8; 32]) {
        let query = table.get_record(RecordKey::new(&key));
        self.lookups.insert(query, lookup);
    }

    /// Somebody connected to us from there.
    pub(crate) fn connected(&mut self, connection: ConnectionId, remote: &Multiaddr) {
        if let Some(remote) = multiaddr::from_multiaddr(remote) {
            self.sources.insert(connection, Source::of(remote.address.ip));
        }
    }

    /// How many records we keep for others, as far as was looked.
    pub(crate) const fn kept(&self) -> usize {
        self.kept
    }

    /// A connection is gone.
    pub(crate) fn disconnected(&mut self, connection: ConnectionId) {
        self.sources.remove(&connection);
    }

    /// What the engine hears of this.
    pub(crate) fn handle(&mut self, table: &mut Table, event: kad::Event) -> Vec<Input> {
        match event {
            kad::Event::OutboundQueryProgressed { id, result, step, .. } => {
                self.on_progress(table, id, result, step.last)
            }
            kad::Event::InboundRequest {
                request: InboundRequest::PutRecord { connection, record: Some(record), .. },
            } => {
                if let Some(source) = self.sources.get(&connection) {
                    let shelf = table.store_mut();
                    shelf.keep(record, *source, Instant::now());
                    self.kept = shelf.len();
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn on_progress(
        &mut self,
        table: &mut Table,
        query: QueryId,
        result: QueryResult,
        last: bool,
    ) -> Vec<Input> {
        match result {
            QueryResult::GetClosestPeers(found) => {
                // With a time that is over, whoever was found by then will do.
                let peers = match found {
                    Ok(GetClosestPeersOk { peers, .. })
                    | Err(GetClosestPeersError::Timeout { peers, .. }) => peers,
                };
                if last && let Some((publication, known)) = self.publications.remove(&query) {
                    let nearer = peers.into_iter().map(|peer| peer.peer_id);
                    put(table, &publication, nearer.filter(|peer| !known.contains(peer)).collect());
                    self.begin(table);
                }
                Vec::new()
            }
            QueryResult::GetRecord(found) => {
                let Some(lookup) = self.lookups.get(&query).copied() else { return Vec::new() };
                let mut told = match found {
                    Ok(GetRecordOk::FoundRecord(found)) => values(lookup, &found.record.value),
                    _ => Vec::new(),
                };
                if last {
                    self.lookups.remove(&query);
                    told.push(Input::LookupEnded { lookup });
                }
                told
            }
            _ => Vec::new(),
        }
    }
}

fn put(table: &mut Table, publication: &Publication, peers: Vec<PeerId>) {
    let Publication { key, value, until } = publication;
    if *until <= Instant::now() {
        return;
    }
    let (key, value) = (RecordKey::new(key), value.clone());
    let record = Record { key, value, publisher: None, expires: Some(*until) };
    if table.mode() == kad::Mode::Server {
        table.store_mut().keep(record.clone(), Source::Ours, Instant::now());
    }
    if !peers.is_empty() {
        table.put_record_to(record, peers.into_iter(), Quorum::One);
    }
}

/// The records in what a node answered: one or several, one behind the other. What has another length is none of ours.
fn values(lookup: LookupId, answer: &[u8]) -> Vec<Input> {
    let whole = answer.chunks_exact(RECORD_BYTES);
    if !whole.remainder().is_empty() {
        return Vec::new();
    }
    let found = |value: &[u8]| Input::RecordFound { lookup, value: value.to_vec() };
    whole.take(limits::RECORDS_PER_KEY_MAX).map(found).collect()
}

const _: () = assert!(RECORD_BYTES * limits::RECORDS_PER_KEY_MAX < 16 * 1_024);
const _: () = assert!(limits::RECORD_COPIES.get() <= kad::K_VALUE.get());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_whole_records_and_no_more_than_may_lie_there() {
        let lookup = LookupId::new(1);
        assert_eq!(values(lookup, &[]).len(), 0);
        assert_eq!(values(lookup, &[1; RECORD_BYTES - 1]).len(), 0);
        assert_eq!(values(lookup, &[1; RECORD_BYTES + 1]).len(), 0);
        assert_eq!(values(lookup, &[1; RECORD_BYTES]).len(), 1);
        assert_eq!(values(lookup, &[1; 9 * RECORD_BYTES]).len(), limits::RECORDS_PER_KEY_MAX);
    }
}
