//! An invitation's link: the text that one person hands to another.
//!
//! ```text
//! causerie:i1#base64url{account(32) ‖ secret(32) ‖ H(bundle)[..16] ‖ not_after u64 ‖ flags u8 ‖ ≤ 3 hints ‖ checksum(4)}
//! hint = kind u8 (0 tcp4, 1 quic4, 2 tcp6, 3 quic6) ‖ ip(4 | 16) ‖ port u16
//! checksum = H("causerie/1 link" ‖ all before)[..4]
//! ```
//!
//! The link is the secret. It has one form: white space around it is ignored, everything else that differs is refused
//! at once, by the checksum if by nothing else. A link with a hint that nobody honest writes (an address that is
//! unspecified, multicast, broadcast, link-local or IPv4 in IPv6, or port 0) is refused whole, so that no such hint is
//! ever dialled; names and relays have no kind. Loopback is read here, since both may be on one machine; whether it
//! is dialled is decided where dials are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{
    address::{Address, Transport},
    ids::{AccountId, InvitationId},
    limits::{HINTS_MAX, LINK_CHARS_MAX},
    moment::WallTime,
    secret::{self, Secret},
};

/// What every link of every version starts with.
const SCHEME: &str = "causerie:i";
const VERSION: &str = "1";

const REUSABLE: u8 = 1;
const ASK: u8 = 1 << 1;

/// Bytes of account, secret, hash, time and flags.
const FIXED_BYTES: usize = 32 + 32 + 16 + 8 + 1;
const HINT_BYTES_MAX: usize = 1 + 16 + 2;
const CHECKSUM_BYTES: usize = 4;
const BYTES_MAX: usize = FIXED_BYTES + HINTS_MAX * HINT_BYTES_MAX + CHECKSUM_BYTES;

const _: () = assert!(SCHEME.len() + VERSION.len() + 1 + (BYTES_MAX * 4).div_ceil(3) <= LINK_CHARS_MAX);

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who invites.
    pub account: AccountId,
    /// `S_inv`: whoever knows it may answer.
    pub secret: Secret,
    /// `H(bundle)[..16]`.
    pub bundle_hash: [u8; 16],
    /// The last second, since 1970 UTC, in which it can be answered; [`Link::NEVER`] when it does not expire.
    pub not_after: u64,
    /// Whether several people may answer it.
    pub reusable: bool,
    /// Whether an answer is a request that the inviter decides on.
    pub ask: bool,
    /// Where the inviter may be dialled, best first; at most [`HINTS_MAX`].
    pub hints: Vec<Address>,
}

impl Link {
    /// The `not_after` of a link that does not expire; an ordinary comparison with it comes out right.
    pub const NEVER: u64 = u64::MAX;

    /// The largest other `not_after`: 9999-12-31T23:59:59Z, the last that RFC 3339 can write.
    pub const NOT_AFTER_MAX: u64 = 253_402_300_799;

    /// The link as text, at most [`LINK_CHARS_MAX`] characters. Hints over [`HINTS_MAX`] and such that nobody could
    /// dial are left out; a later `not_after` than [`Self::NOT_AFTER_MAX`] becomes that.
    #[must_use]
    pub fn encode(&self) -> String {
        let not_after = match self.not_after {
            Self::NEVER => Self::NEVER,
            time => time.min(Self::NOT_AFTER_MAX),
        };
        let flags = if self.reusable { REUSABLE } else { 0 } | if self.ask { ASK } else { 0 };
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
        bytes.extend_from_slice(self.account.as_bytes());
        bytes.extend_from_slice(self.secret.expose());
        bytes.extend_from_slice(&self.bundle_hash);
        bytes.extend_from_slice(&not_after.to_be_bytes());
        bytes.push(flags);
        let hints = self.hints.iter().filter(|hint| hint.is_dialable(true));
        for hint in hints.take(HINTS_MAX) {
            write_hint(&mut bytes, hint);
        }
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let mut text = format!("{SCHEME}{VERSION}#");
        BASE64URL_NOPAD.encode_append(&bytes, &mut text);
        text
    }

    /// Reads what [`Self::encode`] wrote, with white space around it or without.
    ///
    /// # Errors
    /// [`LinkError::Newer`] when it is a link of a later version, [`LinkError::Damaged`] for everything else.
    pub fn decode(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        let (version, code) =
            text.strip_prefix(SCHEME).and_then(|rest| rest.split_once('#')).ok_or(LinkError::Damaged)?;
        if version != VERSION {
            return Err(if is_later(version) { LinkError::Newer } else { LinkError::Damaged });
        }
        if text.len() > LINK_CHARS_MAX {
            return Err(LinkError::Damaged);
        }
        let bytes =
            BASE64URL_NOPAD.decode(code.as_bytes()).map(Zeroizing::new).map_err(|_| LinkError::Damaged)?;
        let (said, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(LinkError::Damaged)?;
        if checksum(said) != *sum {
            return Err(LinkError::Damaged);
        }
        Self::read(said).ok_or(LinkError::Damaged)
    }

    /// When it ends; `None` when it does not.
    #[must_use]
    pub const fn expires(&self) -> Option<WallTime> {
        if self.not_after == Self::NEVER {
            return None;
        }
        Some(WallTime::from_millis(self.not_after.saturating_mul(1_000)))
    }

    /// Whether it has ended by this clock.
    #[must_use]
    pub const fn is_expired(&self, now: WallTime) -> bool {
        now.as_secs() >= self.not_after
    }

    /// A text with this content and the right checksum, whatever it says.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn text_of(said: &[u8]) -> String {
        let bytes = [said, &checksum(said)].concat();
        format!("{SCHEME}{VERSION}#{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// What a text says before its checksum.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn content_of(text: &str) -> Option<Vec<u8>> {
        let bytes = BASE64URL_NOPAD.decode(text.split_once('#')?.1.as_bytes()).ok()?;
        bytes.split_last_chunk::<CHECKSUM_BYTES>().map(|(said, _)| said.to_vec())
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let account = AccountId::from_bytes(take(rest)?);
        let secret = Secret::new(take(rest)?);
        let bundle_hash = take(rest)?;
        let not_after = u64::from_be_bytes(take(rest)?);
        let [flags] = take(rest)?;
        if flags & !(REUSABLE | ASK) != 0 || (not_after > Self::NOT_AFTER_MAX && not_after != Self::NEVER) {
            return None;
        }
        let mut hints = Vec::with_capacity(HINTS_MAX);
        while !rest.is_empty() {
            let hint = read_hint(rest).filter(|hint| hint.is_dialable(true))?;
            if hints.len() == HINTS_MAX {
                return None;
            }
            hints.push(hint);
        }
        Some(Self {
            account,
            secret,
            bundle_hash,
            not_after,
            reusable: flags & REUSABLE != 0,
            ask: flags & ASK != 0,
            hints,
        })
    }
}

/// Why a text is not a link that we can use.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// Mistyped, cut short, or made to harm.
    #[error("damaged invitation link")]
    Damaged,
    /// Made by a newer program.
    #[error("invitation link of a newer version")]
    Newer,
}

/// How commands name the invitation with this secret: `H("causerie/1 invitation" ‖ secret)[..8]`.
#[must_use]
pub fn invitation_id(secret: &Secret) -> InvitationId {
    let mut id = [0; InvitationId::BYTES];
    for (to, from) in id.iter_mut().zip(secret::hash("invitation", &[secret.expose()])) {
        *to = from;
    }
    InvitationId::from_bytes(id)
}

/// Whether this is the number of a version after ours, as we write numbers.
fn is_later(version: &str) -> bool {
    let written_as_a_number = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
    written_as_a_number && version.parse::<u32>().is_ok_and(|number| number > 1)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    for (to, from) in sum.iter_mut().zip(secret::hash("link", &[bytes])) {
        *to = from;
    }
    sum
}

fn write_hint(bytes: &mut Vec<u8>, hint: &Address) {
    let quic = match hint.transport {
        Transport::Tcp => 0,
        Transport::Quic => 1,
    };
    match hint.ip {
        IpAddr::V4(ip) => {
            bytes.push(quic);
            bytes.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            bytes.push(2 | quic);
            bytes.extend_from_slice(&ip.octets());
        }
    }
    bytes.extend_from_slice(&hint.port.to_be_bytes());
}

fn read_hint(bytes: &mut &[u8]) -> Option<Address> {
    let [kind] = take(bytes)?;
    let transport = match kind {
        0 | 2 => Transport::Tcp,
        1 | 3 => Transport::Quic,
        _ => return None,
    };
    let ip = if kind < 2 {
        IpAddr::V4(Ipv4Addr::from_octets(take(bytes)?))
    } else {
        IpAddr::V6(Ipv6Addr::from_octets(take(bytes)?))
    };
    Some(Address { transport, ip, port: u16::from_be_bytes(take(bytes)?) })
}

/// Cuts the next `N` bytes off.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests;
