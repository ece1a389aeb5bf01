//! How two people become contacts.
//!
//! [`link_code`] is the invitation as text, which one person hands to another by a channel of their own; [`bundle`] is
//! what the link points to: the inviter's device list and the first message of a handshake, signed, which is fetched
//! when the two devices meet. Formats: `docs/wire-format.md`, "Invitations".

pub mod bundle;
pub mod link_code;
