//! Rotation of the ring: what the store's files still have of keys that sessions erased opens no more.
//!
//! ```text
//!           due                  durable                    all, durable              durable
//! resting ──────▶ adding ───────────────▶ resealing ─────────────────────▶ dropping ─────────▶ resting
//!   old │ old       old, new │ old          old, new │ old                   old, new │ new, then new │ new
//! ```
//!
//! A new key is durable before anything is sealed under it, and everything is sealed under it and durable before the old
//! key is erased. So whenever this is cut short, the two slots of the ring together have the key of every record; a start
//! that finds them unequal goes on at resealing. It happens every `limits::ROTATE_AFTER` in which keys of sessions
//! changed, before a clean stop, and at a start when the last rotation was before the last change. A record that does
//! not open is passed over: its session is lost and replaced. The order is proved in `engine/rotations.rs`.

use std::collections::VecDeque;

use crate::{
    contact::ContactRow,
    delivery,
    engine::State,
    event::{Event, NoticeKind},
    limits,
    output::{LogLevel, Output},
    records::RecordsError,
    secret::Secret,
    timer::Timer,
    turn::{RecordKey, Turn},
    vault::{SESSION_STATE, Vault, ring::Slot},
};

/// Where the ring stands.
#[derive(Debug)]
pub(crate) struct Rotation {
    stage: Stage,
    /// The generations in each slot, as far as that is durable.
    slots: [Vec<u32>; 2],
    /// The slot that is being written, and what will be in it.
    writing: Option<(Slot, Vec<u32>)>,
    /// Whether keys of sessions changed under the newest key of the ring; in the store too.
    changed: bool,
    /// Lost sessions are told of once.
    told: bool,
}

#[derive(Debug)]
enum Stage {
    Resting,
    /// This key of this generation is being written to a slot.
    Adding(u32, Secret),
    Resealing(Walk),
    /// Some records did not open: the sessions of these contacts are looked at.
    Sifting(VecDeque<ContactRow>),
    Dropping,
}

/// How far the records are sealed anew.
#[derive(Debug, Default)]
struct Walk {
    /// Which of [`SESSION_STATE`].
    kind: usize,
    /// The stored key to go on from; empty: from the kind's first.
    from: Vec<u8>,
    /// How many records did not open.
    lost: usize,
}

impl Rotation {
    /// As the last life left it; `slots` are the generations in each.
    pub(crate) fn load(turn: &Turn<'_>, slots: [Vec<u32>; 2]) -> Result<Self, RecordsError> {
        let changed = turn.load(&mark_key(turn))?.unwrap_or(false);
        let newest = turn.vault().generation();
        let is_whole = slots.iter().all(|slot| *slot == [newest]);
        let stage = if newest == 0 || is_whole { Stage::Resting } else { Stage::Resealing(Walk::default()) };
        Ok(Self { stage, slots, writing: None, changed, told: false })
    }

    /// Whether it has begun and is not done.
    pub(crate) const fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Resting)
    }

    /// The slot that was being written is durable: a new key may be used, or an old one is gone.
    pub(crate) fn acknowledge(&mut self, vault: &mut Vault) {
        let Some((slot, generations)) = self.writing.take() else { return };
        *slot.of_mut(&mut self.slots) = generations;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Resting) {
            Stage::Adding(generation, key) => {
                vault.add_generation(generation, key);
                Stage::Resealing(Walk::default())
            }
            Stage::Dropping if self.slots.iter().all(|slot| *slot == [vault.generation()]) => {
                vault.keep_newest_generation();
                Stage::Resting
            }
            stage => stage,
        };
    }

    fn write(&mut self, turn: &mut Turn<'_>, slot: Slot, next: Option<(u32, &Secret)>) {
        let newest = Some(turn.vault().generation()).filter(|newest| *newest > 0);
        let bytes = turn.vault().seal_slot(&mut turn.random, slot, next);
        turn.push(Output::PersistRing { slot, bytes });
        let generations = newest.into_iter().chain(next.map(|(generation, _)| generation)).collect();
        self.writing = Some((slot, generations));
    }
}

/// A start: a ring that is missing or was left half-way, and keys that changed after the last rotation, do not wait.
pub(crate) fn resume(state: &mut State, turn: &Turn<'_>) {
    let rotation = &state.rotation;
    let is_due = rotation.is_under_way() || rotation.changed || turn.vault().generation() == 0;
    if is_due && state.settings.room.is_enough() {
        state.timers.set(Timer::Rotation, turn.now.moment);
    }
}

/// A clean stop: what has changed is not left to the next start.
pub(crate) fn on_stopping(state: &mut State, turn: &Turn<'_>) {
    resume(state, turn);
}

/// A slot is durable.
pub(crate) fn on_persisted(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    if !state.settings.room.is_enough() {
        return Ok(());
    }
    match state.rotation.stage {
        Stage::Resting => await_next(state, turn),
        Stage::Resealing(_) => {
            // From here on a change is one under the new key.
            if state.rotation.changed {
                state.rotation.changed = false;
                turn.save(&mark_key(turn), &false)?;
            }
            go_on(state, turn)?;
        }
        _ => go_on(state, turn)?,
    }
    Ok(())
}

/// The next piece of a rotation, or its beginning.
pub(crate) fn go_on(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    // Without room to write it rests where it is; [`resume`] goes on.
    if !state.settings.room.is_enough() {
        return Ok(());
    }
    match &state.rotation.stage {
        Stage::Resting => begin(state, turn),
        // It goes on when the slot is durable.
        Stage::Adding(..) => {}
        Stage::Resealing(_) => reseal(state, turn)?,
        Stage::Sifting(_) => sift(state, turn)?,
        Stage::Dropping => drop_old(state, turn),
    }
    Ok(())
}

/// The end of a turn: whoever changed keys of sessions has left the old ones in the store's files.
pub(crate) fn note(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    if turn.changes_sessions() && !state.rotation.changed {
        state.rotation.changed = true;
        turn.save(&mark_key(turn), &true)?;
        await_next(state, turn);
    }
    Ok(())
}

/// Sessions did not open: people are told once, however many there are.
pub(crate) fn tell_of_lost_sessions(state: &mut State, turn: &mut Turn<'_>) {
    if std::mem::replace(&mut state.rotation.told, true) {
        return;
    }
    let text = "keys of conversations could not be read any more; new ones are agreed on when you meet";
    turn.push(Output::Notify(Event::Notice { kind: NoticeKind::StoreRepaired, text: text.to_owned() }));
}

fn begin(state: &mut State, turn: &mut Turn<'_>) {
    let newest = turn.vault().generation();
    let rotation = &mut state.rotation;
    if !rotation.changed && newest > 0 {
        return;
    }
    // Generations do not run out in the life of a disk.
    let Some(generation) = newest.checked_add(1) else { return };
    let key = Secret::new(turn.random.bytes());
    rotation.write(turn, Slot::First, Some((generation, &key)));
    rotation.stage = Stage::Adding(generation, key);
}

fn reseal(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    let Stage::Resealing(walk) = &mut state.rotation.stage else { return Ok(()) };
    let mut room = limits::RESEALED_PER_TURN;
    while room > 0
        && let Some(prefix) = SESSION_STATE.get(walk.kind)
    {
        let resealed = turn.reseal(*prefix, &walk.from, room)?;
        walk.lost = walk.lost.saturating_add(resealed.lost);
        room = room.saturating_sub(resealed.seen);
        if resealed.next.is_none() {
            walk.kind += 1;
        }
        walk.from = resealed.next.unwrap_or_default();
    }
    if walk.kind < SESSION_STATE.len() {
        breathe(state, turn);
        return Ok(());
    }
    if walk.lost == 0 {
        state.rotation.stage = Stage::Dropping;
        drop_old(state, turn);
        return Ok(());
    }
    turn.log(LogLevel::Warn, format!("{} records of sessions do not open", walk.lost));
    state.rotation.stage = Stage::Sifting(state.contacts.iter().map(|(row, _)| row).collect());
    breathe(state, turn);
    Ok(())
}

/// Whoever has a session that does not open gets rid of it.
fn sift(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    for _ in 0..limits::SIFTED_PER_TURN {
        let Stage::Sifting(rows) = &mut state.rotation.stage else { return Ok(()) };
        let Some(row) = rows.pop_front() else {
            state.rotation.stage = Stage::Dropping;
            drop_old(state, turn);
            return Ok(());
        };
        delivery::forget_old_sessions(state, turn, row)?;
    }
    breathe(state, turn);
    Ok(())
}

/// The slot without the newest key is written first: until then only the other one has it.
fn drop_old(state: &mut State, turn: &mut Turn<'_>) {
    let rotation = &mut state.rotation;
    if rotation.writing.is_some() {
        return;
    }
    let newest = turn.vault().generation();
    let without = |slot: &Slot| !slot.of(&rotation.slots).contains(&newest);
    let not_alone = |slot: &Slot| *slot.of(&rotation.slots) != [newest];
    let slot = Slot::BOTH.into_iter().find(without).or_else(|| Slot::BOTH.into_iter().find(not_alone));
    match slot {
        Some(slot) => rotation.write(turn, slot, None),
        None => rotation.stage = Stage::Resting,
    }
}

/// The next piece waits for the next moment, so that people and peers are served in between.
fn breathe(state: &mut State, turn: &Turn<'_>) {
    state.timers.set(Timer::Rotation, turn.now.moment + delivery::BREATH);
}

/// The next rotation, if there is a reason for one.
fn await_next(state: &mut State, turn: &Turn<'_>) {
    if state.rotation.changed && !state.rotation.is_under_way() && !state.timers.is_set(Timer::Rotation) {
        state.timers.set(Timer::Rotation, turn.now.moment + limits::ROTATE_AFTER);
    }
}

fn mark_key(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'A', &[b"ring"], &[])
}
