//! People using Causerie: the harness of the scenarios.
//!
//! A [`Person`] has a home and runs the real program; a [`Proxy`] stands between two of them and does what networks do;
//! [`Lan`] is a network without a route out, [`Internet`] one of homes behind routers, whose lines [`Slowness`] makes slow;
//! a [`Replay`] is a plan done on one; [`Disk`] can be full, [`PowerDisk`] loses what was not synced; a [`Recording`] has
//! every packet that passed, and [`Traces`] looks for what must not be seen. A [`Role`] is a process of the tests' own.
//! Nothing here links the node: it is started as a process and spoken to through its command line and its socket, as
//! anybody would.
//!
//! Everything waits for events, with a patience that only a fault exhausts, and everything started ends on drop.
//! Whatever the harness itself cannot do is a panic that says what was tried.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness that cannot go on ends the test"
)]

pub mod author;
pub mod capture;
mod clock;
pub mod dice;
pub mod disk;
pub mod internet;
pub mod lan;
pub mod packets;
pub mod person;
pub mod power;
pub mod proxy;
pub mod replay;
pub mod role;
pub mod slow_line;

pub use author::Author;
pub use capture::Traces;
pub use dice::Dice;
pub use disk::Disk;
pub use internet::{Frames, Internet, Router, Versions, Volume};
pub use lan::Lan;
pub use packets::{Packets, Recording};
pub use person::{Contact, Outcome, Person, Row, Socket};
pub use power::PowerDisk;
pub use proxy::{Fault, Plan, Proxy};
pub use replay::Replay;
pub use role::Role;
pub use slow_line::Slowness;

use std::time::Duration;

/// How long something may take that should happen at once, on a busy machine with two cores. Chosen: the longest wait
/// between two dials (60 s) passes within it.
pub const PATIENCE: Duration = Duration::from_secs(90);
