//! A recorded run: everything that one life of an engine was given, and everything that it put out. Played again, the
//! same comes out, byte for byte (the engine's law, 4); so a run that went wrong anywhere can be looked at here.

use super::MemoryRecords;
use crate::{
    engine::{Engine, Settings},
    entropy::Entropy,
    input::Input,
    moment::Now,
    output::Output,
    secret::Secret,
    vault::{Vault, ring::Slots},
};

/// One life of an engine, from its start on.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The vault's header and what opens it.
    pub(super) vault: (Vec<u8>, Secret),
    /// The identity file at the start.
    pub(super) identity: Vec<u8>,
    /// The ring at the start.
    pub(super) ring: Slots,
    /// The store at the start.
    pub(super) store: MemoryRecords,
    /// What it was opened with.
    pub(super) settings: Settings,
    /// When, and with which randomness, it was opened.
    pub(super) opened: (Now, Entropy),
    /// Every input since.
    pub(super) inputs: Vec<(Input, Now, Entropy)>,
    /// Every output since.
    pub(super) outputs: Vec<Output>,
}

impl Recording {
    /// How many inputs it has.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// The frames that it heard, in order.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.inputs.iter().filter_map(|(input, ..)| match input {
            Input::Frame { bytes, .. } => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// What was put out.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Plays it again; `None` when the engine does not open or stops.
    #[must_use]
    pub fn replay(&self) -> Option<Vec<Output>> {
        let mut store = self.store.clone();
        let mut outputs = Vec::new();
        let vault = Vault::open(&self.vault.0, &self.vault.1).ok()?;
        let (now, entropy) = &self.opened;
        let mut engine =
            Engine::open(vault, &self.identity, &self.ring, self.settings.clone(), *now, entropy, &store)
                .ok()?;
        drain(&mut engine, &mut store, &mut outputs);
        for (input, now, entropy) in &self.inputs {
            engine.handle(input.clone(), *now, entropy, &store).ok()?;
            drain(&mut engine, &mut store, &mut outputs);
        }
        Some(outputs)
    }
}

fn drain(engine: &mut Engine, store: &mut MemoryRecords, outputs: &mut Vec<Output>) {
    while let Some(output) = engine.poll_output() {
        if let Output::Persist(changes) = &output {
            store.apply(changes);
        }
        outputs.push(output);
    }
}
