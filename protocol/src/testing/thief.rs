//! A thief in a simulation: he has copied everything durable of one device, and from then on he listens.
//!
//! Give him what is tapped from the theft on, in order ([`Thief::hears`]). He reads what he can, in both directions of
//! the victim's sessions, goes along with each step whose offer he stole, and into each session that answers an
//! invitation he stole. The verdict falls when he reads what he must not:
//!
//! - what is sealed in an epoch whose offer was made after the theft ([`Breach::LaterOffer`]);
//! - what a device seals in an old epoch though its offer, made after the theft, was answered ([`Breach::NotTaken`]);
//! - what is sealed long after the theft, though the two have gone on talking ([`Breach::NeverHealed`]).
//!
//! He changes nothing on any wire. Design: `docs/protocol.md`, steps.

use core::{fmt, time::Duration};
use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{
    Bench, Who, Written,
    tap::{Tapped, What, position},
};
use crate::{
    account::{
        device_list::SignedDeviceList,
        identity::{Identity, IdentityError},
    },
    contact::{Contact, Contacts, invitation::Invitations},
    entropy::Entropy,
    ids::{AccountId, DeviceId, SessionId},
    limits,
    moment::{Moment, Now},
    records::{Records, RecordsError},
    secret::Secret,
    session::{
        first_contact::{self, BundleKeys},
        noise::StaticKeys,
        step::{
            Parties,
            loot::{Loot, Read, Relation},
        },
    },
    turn::Turn,
    vault::{Vault, VaultError, ring::Slots},
    wire::envelope::Record,
};

/// How long the two talk under stolen keys before that is a breach: a message in an epoch older than
/// [`limits::STEP_AFTER_LONG`] offers a step, and ages may begin anew once, at a restart.
pub const HEALING_TIME: Duration = Duration::from_secs(2 * limits::STEP_AFTER_LONG.as_secs());

/// How often the word goes back and forth after that before it is a breach. A step takes one such exchange. Chosen: far
/// more, for envelopes are lost with their channel, and restarts let ages begin anew.
pub const HEALING_EXCHANGES: u32 = 64;

/// Everything durable of one device.
#[derive(Clone, Copy)]
pub struct Home<'a> {
    /// `vault.hdr`.
    pub header: &'a [u8],
    /// What opens it.
    pub wrapping: &'a Secret,
    /// The identity file.
    pub identity: &'a [u8],
    /// The ring's two slots.
    pub ring: &'a Slots,
    /// The store.
    pub records: &'a dyn Records,
}

impl fmt::Debug for Home<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Home(…)")
    }
}

/// One who has stolen a device's state.
#[derive(Debug)]
pub struct Thief {
    own: Own,
    vault: Vault,
    loot: Loot,
    /// Secrets and keys of invitations that were not answered yet.
    bundles: Vec<(Secret, BundleKeys)>,
    /// What is tapped from this number on was done after the theft.
    since: u64,
    /// Offers that were made after it.
    offered: BTreeSet<[u8; 32]>,
    /// The offer that each epoch goes back to, by its fingerprint.
    answered: BTreeMap<[u8; 16], [u8; 32]>,
    /// The epoch that a device has to seal in, since its offer was answered.
    owed: BTreeMap<(SessionId, DeviceId), u32>,
    /// How each session goes on under his eyes.
    talks: BTreeMap<SessionId, Talk>,
    read: u64,
    closed: u64,
    breach: Option<Breach>,
}

/// Who the victim is.
#[derive(Debug)]
struct Own {
    account: AccountId,
    device: DeviceId,
    statics: Secret,
}

/// How a session goes on.
#[derive(Debug, Default)]
struct Talk {
    /// When he first read something of each device.
    began: BTreeMap<DeviceId, Moment>,
    /// Who said something last, and whether there was an entry in it.
    last: Option<(DeviceId, bool)>,
    /// How often an entry was followed by an envelope the other way.
    exchanges: u32,
}

/// He read what he must not.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Breach {
    /// An epoch that was offered after the theft.
    #[error("a thief reads epoch {n} of {session:?}, which was offered after the theft")]
    LaterOffer {
        /// In which session.
        session: SessionId,
        /// Which epoch.
        n: u32,
    },
    /// An epoch that its sender had to leave.
    #[error("a thief reads epoch {n} of {session:?}, whose step was answered and not taken")]
    NotTaken {
        /// In which session.
        session: SessionId,
        /// Which epoch.
        n: u32,
    },
    /// An epoch that both should have left long ago.
    #[error("a thief still reads epoch {n} of {session:?} after {exchanges} exchanges")]
    NeverHealed {
        /// In which session.
        session: SessionId,
        /// Which epoch.
        n: u32,
        /// How often the word went back and forth.
        exchanges: u32,
    },
    /// What he has cannot be used, so he proves nothing: a fault of this program.
    #[error("a thief cannot use what he has stolen")]
    Unusable,
}

/// Why there was nothing to steal.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TheftError {
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The identity file is of no use.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl Thief {
    /// Takes everything durable of one device as it is now; what the tap numbers from now on comes after the theft.
    ///
    /// # Errors
    /// [`TheftError`] when that is no home that an engine could be opened on.
    pub fn steal(home: &Home<'_>) -> Result<Self, TheftError> {
        let mut vault = Vault::open(home.header, home.wrapping)?;
        let _generations = vault.open_ring(home.ring);
        let Identity { owner, contacts: copies } = Identity::open(home.identity, &vault)?;
        let keys = owner.keys;
        let own =
            Own { account: keys.account(), device: keys.device(), statics: keys.static_secret().clone() };
        let turn = Turn::new(Now::default(), &Entropy::new([0; 32]), home.records, &vault);
        let mut loot = Loot::default();
        let stored = Contacts::load(&turn)?;
        let all = stored.iter().map(|(_, contact)| contact);
        let mut sessions = BTreeSet::new();
        for contact in all.chain(copies.iter().map(|(_, contact)| contact)) {
            for relation in own.relations(contact) {
                if sessions.insert(relation.session) {
                    match loot.rob(&turn, relation) {
                        // Sealed under a key of the ring that is gone: nobody opens it any more.
                        Err(RecordsError::Lost(_)) => {}
                        robbed => robbed?,
                    }
                }
            }
        }
        let invitations = Invitations::load(&turn)?;
        let open = invitations.iter().filter_map(|one| Some((one.secret.clone(), one.keys.clone()?)));
        let bundles = open.collect();
        drop(turn);
        Ok(Self {
            own,
            vault,
            loot,
            bundles,
            since: position(),
            offered: BTreeSet::new(),
            answered: BTreeMap::new(),
            owed: BTreeMap::new(),
            talks: BTreeMap::new(),
            read: 0,
            closed: 0,
            breach: None,
        })
    }

    /// Hears of something that was tapped; tells whether it is an envelope that he read.
    pub fn hears(&mut self, tapped: &Tapped) -> bool {
        if tapped.from != self.own.device && tapped.to != self.own.device {
            return false;
        }
        match &tapped.what {
            What::Envelope(bytes) => return self.opens(tapped, bytes),
            What::First(bytes) => self.follows(tapped, bytes),
            What::Offered { offer, .. } => {
                if tapped.number >= self.since {
                    self.offered.insert(*offer);
                }
            }
            What::Answered { offer, fingerprint, .. } => drop(self.answered.insert(*fingerprint, *offer)),
            What::Heard { n, offer } => {
                if self.offered.contains(offer) {
                    self.owed.insert((tapped.session, tapped.from), *n);
                }
            }
            // What was not durable when it crashed it has to hear again.
            What::Loaded => drop(self.owed.remove(&(tapped.session, tapped.from))),
            What::Keyed(_) | What::Stepped { .. } => {}
        }
        false
    }

    /// Whether he read nothing that he must not.
    ///
    /// # Errors
    /// The first [`Breach`].
    pub const fn verdict(&self) -> Result<(), Breach> {
        match self.breach {
            Some(breach) => Err(breach),
            None => Ok(()),
        }
    }

    /// Whose state he has.
    #[must_use]
    pub const fn victim(&self) -> DeviceId {
        self.own.device
    }

    /// How many envelopes of the victim's sessions he has read, and how many stayed closed to him.
    #[must_use]
    pub const fn counts(&self) -> (u64, u64) {
        (self.read, self.closed)
    }

    fn opens(&mut self, tapped: &Tapped, bytes: &[u8]) -> bool {
        match self.loot.read((tapped.session, tapped.from), bytes) {
            Ok(Some(read)) => {
                self.read += 1;
                if tapped.number >= self.since {
                    let breach = self.judge(tapped, &read);
                    self.breach = self.breach.or(breach);
                }
                true
            }
            Ok(None) => {
                self.closed += 1;
                false
            }
            Err(_) => {
                self.breach = self.breach.or(Some(Breach::Unusable));
                false
            }
        }
    }

    fn judge(&mut self, tapped: &Tapped, read: &Read) -> Option<Breach> {
        let (session, n) = (tapped.session, read.n);
        if self.answered.get(&read.fingerprint).is_some_and(|offer| self.offered.contains(offer)) {
            return Some(Breach::LaterOffer { session, n });
        }
        if self.owed.get(&(session, tapped.from)).is_some_and(|owed| n < *owed) {
            return Some(Breach::NotTaken { session, n });
        }
        let exchanges = self.talks.entry(session).or_default().goes_on(tapped, &read.records);
        (exchanges > HEALING_EXCHANGES).then_some(Breach::NeverHealed { session, n, exchanges })
    }

    /// A first message: if it answers an invitation that he stole, he is in from the beginning.
    fn follows(&mut self, tapped: &Tapped, first: &[u8]) {
        if tapped.to != self.own.device {
            return;
        }
        let statics = StaticKeys::from_secret(self.own.statics.clone());
        let (account, device) = (self.own.account, self.own.device);
        let opened = self.bundles.iter().find_map(|(secret, keys)| {
            first_contact::open_first(secret, keys, account, device, &statics, first).ok()
        });
        let Some(opened) = opened else { return };
        let Ok(list) = SignedDeviceList::parse(&opened.payload.device_list) else { return };
        let (session, their) = (opened.established.session, opened.payload.dev);
        let relation = self.own.relation(session, list.account(), (their, opened.remote_static));
        self.loot.begin(&opened.established, relation, &self.vault);
    }
}

impl Own {
    fn relation(&self, session: SessionId, account: AccountId, device: (DeviceId, [u8; 32])) -> Relation {
        let (their, their_static) = device;
        let parties = Parties {
            own_account: self.account,
            their_account: account,
            own_static: self.statics.clone(),
            their_static,
        };
        Relation { session, own: self.device, their, parties }
    }

    /// Every session with a contact that may lie in the store.
    fn relations(&self, contact: &Contact) -> Vec<Relation> {
        let Some(device) = contact.device else { return Vec::new() };
        let paired = contact.pairs.iter().map(|pair| pair.session);
        let sessions = contact.sessions.iter().copied().chain(paired);
        sessions.map(|session| self.relation(session, contact.account, device)).collect()
    }
}

impl Talk {
    /// Something more was read; how often the word has gone back and forth since the two had time to heal.
    fn goes_on(&mut self, tapped: &Tapped, records: &[Record]) -> u32 {
        let began = *self.began.entry(tapped.from).or_insert(tapped.at);
        let has_entry = records.iter().any(|record| matches!(record, Record::Entry(_)));
        let before = self.last.replace((tapped.from, has_entry));
        let answers = before.is_some_and(|(from, had_entry)| from != tapped.from && had_entry);
        if answers && tapped.at.since(began) >= HEALING_TIME {
            self.exchanges = self.exchanges.saturating_add(1);
        }
        self.exchanges
    }
}

impl Bench {
    /// Steals what is durable of an engine as it is now.
    ///
    /// # Errors
    /// [`TheftError`] when there is nothing to steal.
    pub fn steal(&self, who: Who) -> Result<Thief, TheftError> {
        let peer = self.peers.get(who).ok_or(TheftError::Vault(VaultError::Damaged))?;
        let identity = peer.written.iter().rev().find_map(|written| match written {
            Written::Identity(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        Thief::steal(&Home {
            header: &peer.header,
            wrapping: &peer.wrapping,
            identity: identity.unwrap_or_default(),
            ring: &peer.ring(),
            records: &peer.store,
        })
    }
}

#[cfg(test)]
mod tests;
