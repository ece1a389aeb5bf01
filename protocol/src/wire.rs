//! What crosses the wire: structures and their bytes.

pub mod codec;
