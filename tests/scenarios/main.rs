//! What people do with Causerie, and what must hold while networks, disks and enemies do what they do.
//!
//! One module a part of life. Each test is a short story about persons; the harness is the library of this package.
//! `CAUSERIE_SEED` varies everything that is drawn at random.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a story that goes wrong ends there"
)]

mod captures;
mod damage;
mod direct_message;
mod fidelity;
mod first_contact;
mod foreign;
mod full_disk;
mod hostile_link;
mod internet;
mod invitations;
mod lan;
mod looking_closer;
mod offline_delivery;
mod older_home;
mod passphrase;
mod power;
mod read_only;
mod restart;
mod ring;
mod secrecy;
mod tidy;
mod wrong_input;
