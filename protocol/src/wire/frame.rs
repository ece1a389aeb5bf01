//! Plaintexts of a live channel and of an introduction: `type u8 ‖ len u16 ‖ payload ‖ zeros` up to a bucket.
//!
//! Lengths say nothing beyond the bucket. Unknown types are skipped, so that newer versions may say more; anything
//! else that is off (a length beyond the bytes, a byte of padding that is not zero, a length that is no bucket) is
//! refused. `docs/wire-format.md` has the layouts.

use crate::{
    limits::LIVE_BUCKETS,
    testing::plant::{self, Plant},
};

const HEAD_BYTES: usize = 3;

/// What a frame of a live channel or of an introduction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Who runs there, and how our sessions and logs stand.
    Status,
    /// Sealed entries and acknowledgements.
    Envelope,
    /// How far each chain of the conversation goes.
    Heads,
    /// Ranges of entries that are asked for.
    Want,
    /// Where we can be dialled.
    Addresses,
    /// Are you there?
    Ping,
    /// Yes.
    Pong,
    /// A newer device list.
    DeviceList,
    /// Fresh keys for a new session.
    Bundle,
    /// A first message.
    First,
    /// The first message is durable.
    Stored,
    /// Another copy of this device is running.
    Twin,
    /// Goodbye.
    Close,
    /// Fresh keys for this channel.
    Rehandshake,
    /// By which relays we can be reached.
    Whereabouts,
    /// Servers that lead beyond this network.
    Servers,
    /// Introduction: give me the bundle.
    BodyWanted,
    /// Introduction: the bundle.
    Body,
    /// Introduction: no, and why.
    Refused,
    /// From a newer version.
    Unknown(u8),
}

impl FrameKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Status => 1,
            Self::Envelope => 2,
            Self::Heads => 3,
            Self::Want => 4,
            Self::Addresses => 5,
            Self::Ping => 6,
            Self::Pong => 7,
            Self::DeviceList => 8,
            Self::Bundle => 9,
            Self::First => 10,
            Self::Stored => 11,
            Self::Twin => 12,
            Self::Close => 13,
            Self::Rehandshake => 14,
            Self::Whereabouts => 15,
            Self::Servers => 16,
            Self::BodyWanted => 32,
            Self::Body => 33,
            Self::Refused => 34,
            Self::Unknown(byte) => byte,
        }
    }

    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Status,
            2 => Self::Envelope,
            3 => Self::Heads,
            4 => Self::Want,
            5 => Self::Addresses,
            6 => Self::Ping,
            7 => Self::Pong,
            8 => Self::DeviceList,
            9 => Self::Bundle,
            10 => Self::First,
            11 => Self::Stored,
            12 => Self::Twin,
            13 => Self::Close,
            14 => Self::Rehandshake,
            15 => Self::Whereabouts,
            16 => Self::Servers,
            32 => Self::BodyWanted,
            33 => Self::Body,
            34 => Self::Refused,
            other => Self::Unknown(other),
        }
    }
}

/// The padded plaintext of one frame; `None` when the payload fits no bucket.
pub(crate) fn encode(kind: FrameKind, payload: &[u8]) -> Option<Vec<u8>> {
    let needed = payload.len().checked_add(HEAD_BYTES)?;
    let bucket = LIVE_BUCKETS.into_iter().find(|bucket| *bucket >= needed)?;
    let mut bytes = Vec::with_capacity(bucket);
    bytes.push(kind.to_byte());
    bytes.extend_from_slice(&u16::try_from(payload.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(payload);
    if !(plant::is(Plant::FrameUnpadded) && kind == FrameKind::Ping) {
        bytes.resize(bucket, 0);
    }
    Some(bytes)
}

/// A frame's kind and payload; `None` when the bytes are not what [`encode`] makes.
pub(crate) fn decode(bytes: &[u8]) -> Option<(FrameKind, &[u8])> {
    if !LIVE_BUCKETS.contains(&bytes.len()) {
        return None;
    }
    let (kind, rest) = bytes.split_first()?;
    let (len, rest) = rest.split_first_chunk::<2>()?;
    let (payload, padding) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    padding.iter().all(|byte| *byte == 0).then_some((FrameKind::from_byte(*kind), payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_fill_their_bucket_and_read_back() {
        for (len, bucket) in [(0, 256), (253, 256), (254, 2_304), (61_693, 61_696)] {
            let payload = vec![7; len];
            let bytes = encode(FrameKind::Envelope, &payload).unwrap();
            assert_eq!(bytes.len(), bucket);
            assert_eq!(decode(&bytes), Some((FrameKind::Envelope, &payload[..])));
        }
        assert_eq!(encode(FrameKind::Envelope, &vec![0; 61_694]), None);
    }

    #[test]
    fn refuses_other_lengths_lengths_beyond_and_dirty_padding() {
        let bytes = encode(FrameKind::Ping, b"").unwrap();
        assert_eq!(decode(&bytes[..255]), None);
        assert_eq!(decode(&[]), None);
        let mut long = bytes.clone();
        long[1] = 0xff;
        assert_eq!(decode(&long), None);
        let mut dirty = bytes;
        dirty[255] = 1;
        assert_eq!(decode(&dirty), None);
    }

    #[test]
    fn every_kind_reads_back_and_others_are_unknown() {
        for byte in 0..=u8::MAX {
            let kind = FrameKind::from_byte(byte);
            assert_eq!(kind.to_byte(), byte);
            assert_eq!(matches!(kind, FrameKind::Unknown(_)), !matches!(byte, 1..=16 | 32..=34));
        }
    }
}
