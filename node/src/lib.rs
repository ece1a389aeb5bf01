//! A Causerie peer on a real machine.
//!
//! It brings the engine what happens in the world and performs what the engine decides. It decides nothing itself:
//! whatever matters for a promise is in `causerie-protocol`.
#![deny(missing_docs)]

pub mod network;
