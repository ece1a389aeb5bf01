//! JSON-RPC 2.0 over the home's socket: one object a line, named parameters only.
//!
//! - [`methods`]: names and parameters to commands, answers to JSON; pure.
//! - [`views`]: what a view of the engine looks like as JSON.
//! - [`server`]: who may connect, how many, and how much each may have on its way.
//! - [`client`]: the other end; the command line uses it.
//!
//! Whoever can open the socket is the user. The methods, fields and error kinds are those of the command line's
//! contract.

pub mod client;
#[cfg(test)]
pub(crate) mod fuzz;
mod lines;
pub mod methods;
pub mod server;
pub mod views;

/// Bytes of one line, its end not counted; the contract of the command line.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Error codes: four of the standard, two of our own.
pub mod code {
    /// The line is not JSON.
    pub const PARSE_ERROR: i32 = -32_700;
    /// The JSON is not a request.
    pub const INVALID_REQUEST: i32 = -32_600;
    /// No method has that name.
    pub const METHOD_NOT_FOUND: i32 = -32_601;
    /// The method has other parameters.
    pub const INVALID_PARAMS: i32 = -32_602;
    /// The command was refused; `data.kind` says why.
    pub const REFUSED: i32 = -32_000;
    /// The node cannot do it now: storage, network, or it is stopping; `data.kind` says which.
    pub const UNAVAILABLE: i32 = -32_001;
}
