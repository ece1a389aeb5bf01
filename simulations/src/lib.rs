//! Thousands of engines, one seed: the real `causerie-protocol` engine on a pretend network, disk and clock.
//!
//! The world (`world`) hands inputs to engines and does what they put out; the ledger (`ledger`) writes down what truly
//! happened; the oracles (`checks`) compare. `README.md` beside this package says what is modelled, what is not, and
//! where each parameter comes from.
//!
//! # What makes a run repeat
//!
//! Every draw comes from the seed (`random`), every collection that is gone through is ordered, time is virtual, and
//! engines get their entropy from generators of their own. The same seed gives the same [`world::World::digest`].
#![expect(
    clippy::indexing_slicing,
    reason = "numbers of people and messages are handed out by the world; a wrong one is a fault of the simulator"
)]

pub mod checks;
pub mod churn;
pub mod disk;
pub mod fuzz;
pub mod internet;
pub mod ledger;
pub mod measures;
pub mod network;
pub mod pace;
pub mod person;
pub mod places;
pub mod queue;
pub mod random;
pub mod report;
pub mod scenario;
pub mod trace;
pub mod world;
