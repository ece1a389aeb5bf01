//! What Causerie's peers say to each other, as a pure state machine.
//!
//! # The engine's law
//!
//! 1. `Engine::handle(input, now, entropy, records)` is the only way to change state, `Engine::poll_output` the only
//!    way anything leaves, `Engine::poll_timeout` says when to call again at the latest. Reads are a parameter,
//!    writes are an output; histories are never held in memory.
//! 2. After every `handle`, `poll_output` is drained to `None` before the next. A turn writes at most one
//!    [`output::ChangeSet`].
//! 3. Durable before said: the driver applies a change-set at once, so that the next turn reads it, and holds the
//!    outputs behind it until it is durable. When a commit fails nothing behind it leaves, and the engine is dropped
//!    and rebuilt from what is durable.
//! 4. The same inputs, times and entropy give the same outputs, byte for byte.
//! 5. Nothing that a peer sends can panic the engine, block it, or grow it beyond [`limits`].
//! 6. The engine reads no clock, no randomness of the system, no file, socket, environment or thread, and keeps no
//!    generator's state.
//! 7. Whatever matters at scale or for a promise is inside: hello, live channel, keep-alive, retry, sealing of what
//!    is stored, dial policy and limits.
#![deny(missing_docs)]

pub mod account;
pub mod address;
pub mod answer;
mod check;
pub mod command;
pub mod contact;
mod delivery;
pub mod engine;
pub mod entropy;
pub mod event;
mod evidence;
pub mod ids;
pub mod input;
pub mod limits;
mod link;
pub mod log;
pub mod moment;
pub mod name;
mod notices;
pub mod output;
mod own_devices;
mod purge;
mod reach;
pub mod records;
pub mod rendezvous;
pub mod room;
mod rotation;
pub mod secret;
pub mod session;
#[cfg(feature = "stand-in")]
mod stand_in;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(not(any(test, feature = "testing")))]
mod testing {
    pub(crate) mod plant;
    pub(crate) mod tap;
}
mod timer;
pub mod turn;
pub mod upgrade;
pub mod vault;
pub mod wire;

/// Whether this is a build for simulations, whose cryptography protects nothing: see `stand_in`.
pub const STAND_IN_CRYPTOGRAPHY: bool = cfg!(feature = "stand-in");
