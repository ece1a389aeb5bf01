//! What crosses the wire: structures and their bytes.

pub mod codec;
pub mod envelope;
pub(crate) mod frame;
