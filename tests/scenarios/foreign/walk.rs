//! A walk through the table, as a crawler does it: who is near to many places, what lies under every key that it knows,
//! and who says that they have something.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::mpsc::SyncSender,
};

use libp2p::{
    PeerId,
    kad::{
        self, GetClosestPeersError, GetClosestPeersOk, GetProvidersOk, GetRecordOk, QueryId, QueryResult,
        Record, RecordKey,
    },
};

use super::Shelf;

/// Places in the table that are looked at. Chosen: with a handful of nodes each is near to some of them.
const PLACES: usize = 24;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Nodes, each with the addresses that others say it has.
    pub(crate) nodes: BTreeMap<String, BTreeSet<String>>,
    /// Records.
    pub(crate) found: Vec<Record>,
    /// Those who say that they have something.
    pub(crate) providers: usize,
}

/// One that goes on.
pub(super) struct Walk {
    running: HashSet<QueryId>,
    walked: Walked,
    answer: SyncSender<Walked>,
}

impl Walk {
    pub(super) fn begin(
        table: &mut kad::Behaviour<Shelf>,
        keys: BTreeSet<Vec<u8>>,
        answer: SyncSender<Walked>,
    ) -> Self {
        let mut running = HashSet::new();
        running.extend((0..PLACES).map(|_| table.get_closest_peers(PeerId::random())));
        for key in &keys {
            running.insert(table.get_record(RecordKey::new(key)));
            running.insert(table.get_providers(RecordKey::new(key)));
        }
        Self { running, walked: Walked::default(), answer }
    }

    /// A question was answered; whether it was the last.
    pub(super) fn goes_on(&mut self, query: QueryId, result: QueryResult, last: bool) -> bool {
        if !self.running.contains(&query) {
            return false;
        }
        match result {
            QueryResult::GetClosestPeers(
                Ok(GetClosestPeersOk { peers, .. }) | Err(GetClosestPeersError::Timeout { peers, .. }),
            ) => {
                for peer in peers {
                    let known = self.walked.nodes.entry(peer.peer_id.to_string()).or_default();
                    known.extend(peer.addrs.iter().map(ToString::to_string));
                }
            }
            QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(found))) => {
                self.walked.found.push(found.record);
            }
            QueryResult::GetProviders(Ok(GetProvidersOk::FoundProviders { providers, .. })) => {
                self.walked.providers += providers.len();
            }
            _ => {}
        }
        if last {
            self.running.remove(&query);
        }
        let over = self.running.is_empty();
        if over {
            self.answer.send(std::mem::take(&mut self.walked)).ok();
        }
        over
    }
}
