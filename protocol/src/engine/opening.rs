//! A home is made, or opened on what is durable.
//!
//! The store has the last word, unless it is older than the identity file, whose copy of the contacts then counts. A
//! store that is older, new, or in another place than it was may have written on elsewhere: from here our chains go on
//! in new runs, so that no entry of ours is ever at a place that another one has.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use thiserror::Error;

use super::{Engine, Mark, Settings, State, end, mark_key};
use crate::{
    account::{
        identity::{self, Identity, IdentityError, OwnerRef},
        keys::OwnAccount,
        safety_number,
    },
    contact::{ContactRow, Contacts, introduction, invitation::Invitations},
    delivery,
    entropy::{Entropy, TurnRandom},
    event::{Event, NoticeKind},
    evidence::Evidence,
    ids::{AccountId, ProcessId},
    link::Links,
    moment::Now,
    name::Name,
    notices::Notices,
    output::Output,
    own_devices,
    purge::{self, Purges},
    reach::{self, Reach, trial::Trials},
    records::{Records, RecordsError},
    rendezvous::Rendezvous,
    rotation::{self, Rotation},
    timer::Timers,
    turn::{RecordKey, Turn},
    upgrade,
    vault::{Vault, ring::Slots},
};

impl Engine {
    /// A new account: the sealed bytes of its identity file. The store begins empty.
    #[must_use]
    pub fn create(name: &Name, vault: &Vault, now: Now, entropy: &Entropy) -> Option<(AccountId, Vec<u8>)> {
        let mut random = TurnRandom::new(entropy);
        let keys = OwnAccount::create(&mut random, now.wall);
        let account = keys.account();
        let owner = OwnerRef { keys: &keys, name: name.as_str(), starts: 0, commit: 0 };
        Some((account, identity::seal(&owner, std::iter::empty(), vault, &mut random)?))
    }

    /// Opens a home on what is durable, the ring as its file has it. Its first outputs are ready at once.
    ///
    /// # Errors
    /// [`OpenError`] when the identity cannot be used or the store cannot be read.
    pub fn open(
        mut vault: Vault,
        identity: &[u8],
        ring: &Slots,
        settings: Settings,
        now: Now,
        entropy: &Entropy,
        records: &dyn Records,
    ) -> Result<Self, OpenError> {
        let Identity { owner, contacts: copies } = Identity::open(identity, &vault)?;
        let slots = vault.open_ring(ring);
        let mut turn = Turn::new(now, entropy, records, &vault);
        upgrade::note(&mut turn)?;
        let mark: Mark = turn.load(&mark_key(&turn))?.unwrap_or_default();
        let store_is_old = mark.commit < owner.commit;
        let contacts =
            if store_is_old { Contacts::restore(&mut turn, copies)? } else { Contacts::load(&turn)? };
        let mut state = State {
            safety_half: safety_number::half(owner.keys.account()),
            own: owner.keys,
            name: owner.name,
            starts: owner.starts.saturating_add(1),
            process: ProcessId::from_bytes(turn.random.bytes()),
            settings,
            evidence: Evidence::load(&turn, mark.evidence)?,
            contacts,
            invitations: Invitations::load(&turn)?,
            conversations: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            links: Links::default(),
            reach: Reach::default(),
            rendezvous: Rendezvous::load(&turn)?,
            waiting: BTreeSet::new(),
            purges: Purges::load(&turn)?,
            rotation: Rotation::load(&turn, slots)?,
            check: None,
            trials: Trials::default(),
            timers: Timers::default(),
            twin_told: None,
            notices: Notices::default(),
            commit: mark.commit.max(owner.commit),
            commit_told: 0,
            identity_changed: true,
        };
        if store_is_old {
            introduction::on_store_lost(&mut state, &mut turn)?;
            let text = "the store had lost its newest part; what was in it comes back from your contacts";
            let notice = Event::Notice { kind: NoticeKind::StoreRepaired, text: text.to_owned() };
            turn.push(Output::Notify(notice));
        }
        let is_elsewhere = note_place(&state, &mut turn)?;
        if store_is_old || is_elsewhere {
            begin_new_runs(&mut state, &mut turn)?;
        }
        if state.settings.room.is_enough() {
            own_devices::resume(&mut state, &mut turn, store_is_old)?;
        }
        let resting = !state.settings.room.is_enough();
        reach::rest(&mut state, resting);
        state.evidence.look(&mut turn, now.wall)?;
        purge::resume(&mut state, &turn);
        rotation::resume(&mut state, &turn);
        let mut outputs = VecDeque::new();
        end(&mut state, turn, &mut outputs)?;
        Ok(Self { vault, state, outputs })
    }
}

/// Why a home cannot be opened.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The identity file is of no use.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A newer version wrote the store.
    #[error("the store was written by a newer version")]
    NewerStore,
    /// An older version wrote the store, and it was not brought up to date.
    #[error("the store was written by an older version")]
    OlderStore,
}

/// Writes down where the store lies; says whether it lay elsewhere before.
fn note_place(state: &State, turn: &mut Turn<'_>) -> Result<bool, RecordsError> {
    let Some(place) = state.settings.place else { return Ok(false) };
    let key = place_key(turn);
    let before: Option<[u8; 32]> = turn.load(&key)?;
    if before != Some(place) {
        turn.save(&key, &place)?;
    }
    Ok(before.is_some_and(|before| before != place))
}

/// Every conversation goes on in a new run, whether it is looked at in this life of the process or not.
fn begin_new_runs(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    let rows: Vec<ContactRow> = state.contacts.people().map(|(row, _)| row).collect();
    for row in rows {
        delivery::open(state, turn, row)?;
        if let Some(mut conversation) = state.conversations.remove(&row) {
            conversation.new_run(turn)?;
        }
    }
    Ok(())
}

fn place_key(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'A', &[b"place"], &[])
}
