//! The engine's view of the store: read-only, ordered, synchronous. Writes are an output.
//!
//! # Key layout
//!
//! A stored key is `prefix ‖ HMAC(K_idx, logical key)[..16] ‖ order suffix`; a value is sealed (`vault.rs`), so that
//! the store's files show neither what nor who. One letter a kind of record:
//!
//! | prefix | order suffix | record | owner |
//! |---|---|---|---|
//! | `A` | – | commit number, evidence of time; version; where the store lies; whether session keys changed | `engine.rs` |
//! | `C` | row u64 | one contact | `contact.rs` |
//! | `D` | generation u32 ‖ hash 16 | one opened envelope of a session | `session/replay.rs` |
//! | `E` | first seq u32 ‖ part u8 | one extent: consecutive entries of a chain | `log/extent.rs` |
//! | `F` | part u32 | a first message kept until it is acknowledged | `contact/introduction.rs` |
//! | `H` | – | one chain: how far it goes, who has it, who has read it | `log/chain.rs` |
//! | `I` | row u64, or transcript 32 | one invitation of ours, its bundle, whether it told addresses, or an answer that was taken | `contact/invitation.rs` |
//! | `K` | epoch u32 ‖ index u32 | one skipped message key | `session/epoch.rs` |
//! | `L` | part u8 | the chains of one conversation | `log.rs` |
//! | `M` | – | where a message id is | `log/place.rs` |
//! | `N` | order u32 | one epoch that a step may lead to | `session/step.rs` |
//! | `O` | – | our offer of a step | `session/step/handshake.rs` |
//! | `P` | epoch u32 | one epoch of a session | `session/epoch.rs` |
//! | `R` | row u64 | how far a contact's clock is from ours | `rendezvous/clocks.rs` |
//! | `S` | – | one session | `session.rs` |
//! | `T` | number u32 | when messages of ours came so far | `log/progress.rs` |
//! | `V` | – | servers that contacts told of | `rendezvous/servers.rs` |
//! | `W` | part u8 | what a person put on a conversation: marks, a draft | `delivery/conversations.rs` |
//! | `X` | row u64 | a deletion under way | `purge.rs` |

use thiserror::Error;

/// A read-only view of everything that was applied so far, durable or not.
pub trait Records {
    /// The value under this key.
    ///
    /// # Errors
    /// [`RecordsError`] when the store cannot tell.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError>;

    /// At most `limit` pairs with `from <= key < to`, the first ones in ascending order or the last ones in
    /// descending order.
    ///
    /// # Errors
    /// [`RecordsError`] when the store cannot tell.
    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError>;
}

/// A stored key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// From which end a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the lowest key up.
    Ascending,
    /// From the highest key down.
    Descending,
}

/// The store failed; the turn that met it is void and the engine is to be rebuilt from what is durable.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordsError {
    /// The back-end said no, in its words.
    #[error("the store cannot be read: {0}")]
    Backend(String),
    /// The store's files are not what was written.
    #[error("the store is damaged")]
    Unreadable,
    /// A value is not what was once written there.
    #[error("a record of kind {0:?} is damaged")]
    Damaged(char),
    /// A record of a session does not open: its key is gone, or it is damaged. The session is lost, and the home is not.
    #[error("a record of kind {0:?} of a session does not open")]
    Lost(char),
    /// A value of ours is over the limit, which is a fault of this program.
    #[error("a record of kind {0:?} is too large")]
    TooLarge(char),
}
