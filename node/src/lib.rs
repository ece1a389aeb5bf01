//! The real world of a Causerie peer: one loop that performs what the engine decides, and the ways people reach it.

pub mod clock;
pub mod entropy;
pub mod home;
pub mod store;
