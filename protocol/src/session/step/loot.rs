//! What a thief has of sessions: every key and offer that lay on stolen disks, and what follows from them. For tests and
//! simulations.
//!
//! He only listens. An envelope that he reads may answer an offer that he has; then he goes along with that step. He
//! knows how epochs are derived, so he also tries what an engine with a planted bug would do: the keys of an old offer
//! for a later step, and an epoch out of the one before it alone. Without such a bug neither ever opens anything.

use std::collections::BTreeMap;

use super::{Offer, Parties, Session, Step, offer_key};
use crate::{
    entropy::Entropy,
    ids::{DeviceId, SessionId},
    limits,
    moment::{Now, WallTime},
    records::{Order, RecordsError},
    secret::{Secret, hash_plain},
    session::{epoch::Epoch, first_contact::Established},
    testing::MemoryRecords,
    turn::Turn,
    vault::Vault,
    wire::envelope::{Record, SealedPair, decode_body},
};

/// Keys of sessions.
#[derive(Debug, Default)]
pub(crate) struct Loot {
    known: Vec<Known>,
    offers: Vec<(Relation, Offer)>,
    relations: BTreeMap<SessionId, Relation>,
    /// What each epoch chains the next one by; more than one where several candidates stood by.
    chains: BTreeMap<(SessionId, u32), Vec<Secret>>,
    /// The answer that was tried last.
    tried: BTreeMap<SessionId, [u8; 32]>,
}

/// Between whom a session is, as one of the two has it.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    pub(crate) session: SessionId,
    pub(crate) own: DeviceId,
    pub(crate) their: DeviceId,
    pub(crate) parties: Parties,
}

/// One direction of an epoch that he has keys of.
#[derive(Debug)]
struct Known {
    session: SessionId,
    /// Whose envelopes these keys open.
    from: DeviceId,
    epoch: Epoch,
    vault: Vault,
    records: MemoryRecords,
}

/// What he read.
#[derive(Debug)]
pub(crate) struct Read {
    /// In which epoch it was sealed.
    pub(crate) n: u32,
    /// Of that epoch.
    pub(crate) fingerprint: [u8; 16],
    /// What it brings.
    pub(crate) records: Vec<Record>,
}

impl Loot {
    /// Takes everything durable of one session out of a store.
    pub(crate) fn rob(&mut self, turn: &Turn<'_>, relation: Relation) -> Result<(), RecordsError> {
        let Relation { session, own, their, .. } = relation;
        let Some(stolen) = Session::load(turn, own, their, session)? else { return Ok(()) };
        // As it lies there, whatever the session makes of it.
        if let Some(offer) = turn.load::<Offer>(&offer_key(turn, &session))? {
            self.offers.push((relation.clone(), offer));
        }
        self.relations.entry(session).or_insert(relation);
        let standby = stolen.steps.candidates.into_iter().map(|(_, candidate)| candidate.epoch);
        for epoch in stolen.epochs.into_values().chain(standby) {
            let skipped = epoch.skipped_keys(turn, &session);
            let kept =
                turn.scan_bytes(&skipped, (&[], None), Order::Ascending, limits::SKIPPED_KEYS_PER_EPOCH_MAX)?;
            let none = MemoryRecords::default();
            let mut copy = Turn::new(Now::default(), &Entropy::new([0; 32]), &none, turn.vault());
            for (suffix, key) in kept {
                copy.save_bytes(&skipped.with(&suffix), &key)?;
            }
            let mut records = MemoryRecords::default();
            records.apply(&copy.finish().0);
            self.learn((session, own, their), epoch, turn.vault(), records);
        }
        Ok(())
    }

    /// He has the keys of a bundle, and heard the answer that begins this session.
    pub(crate) fn begin(&mut self, established: &Established, relation: Relation, vault: &Vault) {
        let epoch = Epoch::begin(0, &established.prk, relation.own, relation.their, 0);
        let between = (established.session, relation.own, relation.their);
        self.relations.entry(relation.session).or_insert(relation);
        self.learn(between, epoch, vault, MemoryRecords::default());
    }

    /// What an envelope of this device brings, if he can read it. What helps him further he takes.
    pub(crate) fn read(
        &mut self,
        (session, from): (SessionId, DeviceId),
        envelope: &[u8],
    ) -> Result<Option<Read>, RecordsError> {
        let Some(sealed) = SealedPair::parse(envelope) else { return Ok(None) };
        let mut found = None;
        let fitting = |known: &&mut Known| known.session == session && known.from == from;
        for known in self.known.iter_mut().rev().filter(fitting) {
            let Some(header) = sealed.open_header(&known.epoch.receiving.header_key) else { continue };
            let mut turn = Turn::new(Now::default(), &Entropy::new([1; 32]), &known.records, &known.vault);
            let Ok(reach) = known.epoch.reach(&turn, &session, header.index, (0, 0))? else { continue };
            let Some(body) = sealed.open_body(reach.key(), &session) else { continue };
            known.epoch.pass(&mut turn, &session, reach, WallTime::default())?;
            let changes = turn.finish().0;
            known.records.apply(&changes);
            let (n, fingerprint) = (known.epoch.n, known.epoch.fingerprint);
            found = decode_body(&body).map(|records| Read { n, fingerprint, records });
            break;
        }
        for record in found.iter().flat_map(|read| &read.records) {
            if let (Record::Accept(accept), Some(next)) =
                (record, found.as_ref().and_then(|read| read.n.checked_add(1)))
            {
                self.go_along(session, next, accept);
            }
        }
        Ok(found)
    }

    /// Takes a step whose offer he has.
    fn go_along(&mut self, session: SessionId, n: u32, accept: &[u8]) {
        let accept_hash = hash_plain(&[accept]);
        if self.tried.insert(session, accept_hash) == Some(accept_hash) {
            return;
        }
        let before = n.checked_sub(1).and_then(|before| self.chains.get(&(session, before)));
        let mut learned = Vec::new();
        for chain in before.into_iter().flatten() {
            for (relation, offer) in self.offers.iter().filter(|(relation, _)| relation.session == session) {
                let step = relation.step(n, chain);
                let prk = offer.made_for(&step).and_then(|offer| offer.finish(&step, accept));
                learned.extend(prk.ok().map(|prk| (relation, relation.epoch(n, &prk))));
            }
            let relation = self.relations.get(&session);
            learned.extend(relation.map(|one| (one, one.epoch(n, &one.step(n, chain).root_of_chain()))));
        }
        let learned =
            learned.into_iter().map(|(relation, epoch)| ((session, relation.own, relation.their), epoch));
        let learned: Vec<_> = learned.collect();
        let vault = self.known.iter().find(|known| known.session == session).map(|known| known.vault.clone());
        for (between, epoch) in learned {
            let is_news = !self.known.iter().any(|one| one.epoch.fingerprint == epoch.fingerprint);
            if let Some(vault) = vault.as_ref().filter(|_| is_news) {
                self.learn(between, epoch, vault, MemoryRecords::default());
            }
        }
    }

    /// Both directions of an epoch; the records have the keys of what was overtaken in the one that was received.
    fn learn(
        &mut self,
        (session, own, their): (SessionId, DeviceId, DeviceId),
        epoch: Epoch,
        vault: &Vault,
        records: MemoryRecords,
    ) {
        self.chains.entry((session, epoch.n)).or_default().push(epoch.chain().clone());
        let mirrored = epoch.mirrored();
        for (from, epoch, records) in [(own, mirrored, MemoryRecords::default()), (their, epoch, records)] {
            self.known.push(Known { session, from, epoch, vault: vault.clone(), records });
        }
    }
}

impl Relation {
    const fn step<'a>(&'a self, n: u32, chain: &'a Secret) -> Step<'a> {
        let Self { session, own, their, parties } = self;
        Step { session: *session, n, chain, own: *own, their: *their, parties }
    }

    fn epoch(&self, n: u32, prk: &Secret) -> Epoch {
        Epoch::begin(n, prk, self.own, self.their, 0)
    }
}
