//! The envelope of one session and what it holds, byte by byte; all numbers are big-endian.
//!
//! ```text
//! 0   1   type 0x01
//! 1   24  nonce
//! 25  48  header: XChaCha20-Poly1305(header key, nonce, AAD = type)
//!                 { epoch u32, index u32, previous_count u32, flags u16, 18 reserved }
//! 73  ..  body:   XChaCha20-Poly1305(message key, nonce, AAD = type ‖ nonce ‖ header's ciphertext ‖ session id)
//!                 { len u32, records, 0-pad }
//! record: type u8 ‖ len u32 ‖ bytes
//! ```
//!
//! An envelope is as long as one of `limits::ENVELOPE_BUCKETS`, nothing else is looked at. Records of unknown types
//! are skipped; so are flags and reserved bytes, which are sent as zeros. Padding that is not zero is refused.

use core::fmt;

pub use crate::log::Mark;
use crate::{
    ids::{ConversationId, DeviceId, EntryId, RunId, SessionId},
    limits,
    secret::{NONCE_BYTES, Secret, TAG_BYTES},
    wire::codec,
};

/// The first byte of an envelope of a session.
pub const TYPE_PAIR: u8 = 0x01;

/// The first byte of a first message.
pub const TYPE_FIRST: u8 = 0x02;

const HEADER_BYTES: usize = 32;
const SEALED_HEADER_BYTES: usize = HEADER_BYTES + TAG_BYTES;
const LENGTH_BYTES: usize = 4;
const RECORD_HEAD_BYTES: usize = 1 + LENGTH_BYTES;
const OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + SEALED_HEADER_BYTES + TAG_BYTES;

/// One thing that an envelope brings.
#[derive(Clone, PartialEq, Eq)]
pub enum Record {
    /// An entry of a log.
    Entry(Vec<u8>),
    /// Stored up to here.
    Ack(Mark),
    /// Read up to here.
    Read(Mark),
    /// The first half of a step.
    Offer(Vec<u8>),
    /// The second half of a step.
    Accept(Vec<u8>),
    /// The heads of a conversation.
    Heads(Vec<u8>),
    /// A request for entries.
    Want(Vec<u8>),
}

impl Record {
    const ENTRY: u8 = 1;
    const ACK: u8 = 2;
    const READ: u8 = 3;
    const OFFER: u8 = 4;
    const ACCEPT: u8 = 5;
    const HEADS: u8 = 6;
    const WANT: u8 = 7;

    /// Bytes of an ACK or READ without its head.
    const MARK_BYTES: usize =
        ConversationId::BYTES + DeviceId::BYTES + RunId::BYTES + LENGTH_BYTES + EntryId::BYTES;

    /// How many bytes it takes in an envelope.
    #[must_use]
    pub const fn packed_len(&self) -> usize {
        RECORD_HEAD_BYTES
            + match self {
                Self::Ack(_) | Self::Read(_) => Self::MARK_BYTES,
                Self::Entry(bytes)
                | Self::Offer(bytes)
                | Self::Accept(bytes)
                | Self::Heads(bytes)
                | Self::Want(bytes) => bytes.len(),
            }
    }

    const fn number(&self) -> u8 {
        match self {
            Self::Entry(_) => Self::ENTRY,
            Self::Ack(_) => Self::ACK,
            Self::Read(_) => Self::READ,
            Self::Offer(_) => Self::OFFER,
            Self::Accept(_) => Self::ACCEPT,
            Self::Heads(_) => Self::HEADS,
            Self::Want(_) => Self::WANT,
        }
    }

    /// `None` when it cannot be written, which only a length beyond u32 would cause.
    fn pack(&self, out: &mut Vec<u8>) -> Option<()> {
        let mark;
        let bytes = match self {
            Self::Ack(value) | Self::Read(value) => {
                mark = codec::encode(value).ok()?;
                &mark
            }
            Self::Entry(bytes)
            | Self::Offer(bytes)
            | Self::Accept(bytes)
            | Self::Heads(bytes)
            | Self::Want(bytes) => bytes,
        };
        out.push(self.number());
        out.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_be_bytes());
        out.extend_from_slice(bytes);
        Some(())
    }

    /// `None` when its content is malformed, `Some(None)` when its type is not known.
    fn unpack(number: u8, bytes: &[u8]) -> Option<Option<Self>> {
        Some(Some(match number {
            Self::ENTRY => Self::Entry(bytes.to_vec()),
            Self::ACK => Self::Ack(codec::decode(bytes).ok()?),
            Self::READ => Self::Read(codec::decode(bytes).ok()?),
            Self::OFFER => Self::Offer(bytes.to_vec()),
            Self::ACCEPT => Self::Accept(bytes.to_vec()),
            Self::HEADS => Self::Heads(bytes.to_vec()),
            Self::WANT => Self::Want(bytes.to_vec()),
            _ => return Some(None),
        }))
    }
}

/// Shows no content: an entry holds what people write.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ack(mark) => f.debug_tuple("Ack").field(mark).finish(),
            Self::Read(mark) => f.debug_tuple("Read").field(mark).finish(),
            other => write!(f, "Record(type {}, {} bytes)", other.number(), other.packed_len()),
        }
    }
}

/// How full an envelope is while it is being filled.
#[derive(Clone, Debug, Default)]
pub struct Packing {
    bytes: usize,
    records: usize,
}

impl Packing {
    /// An empty envelope.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty envelope with room kept for both halves of a step, which its session adds.
    #[must_use]
    pub const fn beside_steps() -> Self {
        Self { bytes: limits::STEP_RECORDS_BYTES, records: 2 }
    }

    /// Takes a record in; `false`, and nothing changes, when the largest bucket cannot hold it beside the others.
    #[must_use]
    pub fn take(&mut self, record: &Record) -> bool {
        let bytes = self.bytes.saturating_add(record.packed_len());
        if bytes > records_room(largest_bucket()) || self.records >= limits::RECORDS_PER_ENVELOPE_MAX {
            return false;
        }
        self.bytes = bytes;
        self.records += 1;
        true
    }

    /// How long the envelope is: the smallest bucket that holds what was taken.
    #[must_use]
    pub fn bucket(&self) -> usize {
        limits::ENVELOPE_BUCKETS
            .into_iter()
            .find(|bucket| self.bytes <= records_room(*bucket))
            .unwrap_or_else(largest_bucket)
    }

    /// How many bytes of records still fit.
    #[must_use]
    pub fn room(&self) -> usize {
        records_room(largest_bucket()).saturating_sub(self.bytes)
    }

    /// How many records were taken.
    #[must_use]
    pub const fn records(&self) -> usize {
        self.records
    }
}

/// Bytes of records that an envelope of this length holds.
#[must_use]
pub const fn records_room(bucket: usize) -> usize {
    bucket.saturating_sub(OVERHEAD_BYTES + LENGTH_BYTES)
}

/// Where an envelope belongs in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Under the keys of which epoch.
    pub(crate) epoch: u32,
    /// Its number in its direction of that epoch.
    pub(crate) index: u32,
    /// How many its sender sent in the epoch before.
    pub(crate) previous_count: u32,
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let fields = [self.epoch, self.index, self.previous_count];
        for (to, from) in bytes.chunks_exact_mut(4).zip(fields) {
            to.copy_from_slice(&from.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != HEADER_BYTES {
            return None;
        }
        let (epoch, rest) = bytes.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (previous_count, _) = rest.split_first_chunk()?;
        Some(Self {
            epoch: u32::from_be_bytes(*epoch),
            index: u32::from_be_bytes(*index),
            previous_count: u32::from_be_bytes(*previous_count),
        })
    }
}

/// An envelope with its seams: its length and type are right, nothing else is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedPair<'a> {
    before_body: &'a [u8],
    nonce: &'a [u8; NONCE_BYTES],
    header: &'a [u8],
    body: &'a [u8],
}

impl<'a> SealedPair<'a> {
    /// `None` for another type or another length than one of the buckets.
    pub(crate) fn parse(envelope: &'a [u8]) -> Option<Self> {
        if !limits::ENVELOPE_BUCKETS.contains(&envelope.len()) {
            return None;
        }
        let (before_body, body) = envelope.split_at_checked(1 + NONCE_BYTES + SEALED_HEADER_BYTES)?;
        let rest = before_body.strip_prefix(&[TYPE_PAIR])?;
        let (nonce, header) = rest.split_first_chunk()?;
        Some(Self { before_body, nonce, header, body })
    }

    /// `None` when the header was not sealed under this key.
    pub(crate) fn open_header(&self, header_key: &Secret) -> Option<Header> {
        Header::from_bytes(&header_key.open(self.nonce, &[TYPE_PAIR], self.header)?)
    }

    /// `None` when the body was not sealed under this key for this session and header.
    pub(crate) fn open_body(&self, message_key: &Secret, session: &SessionId) -> Option<Vec<u8>> {
        let aad = [self.before_body, session.as_bytes()].concat();
        message_key.open(self.nonce, &aad, self.body)
    }
}

/// Seals one envelope around a body that [`encode_body`] made.
pub(crate) fn seal(
    (header_key, message_key): (&Secret, &Secret),
    nonce: &[u8; NONCE_BYTES],
    header: Header,
    session: &SessionId,
    body: &[u8],
) -> Vec<u8> {
    let mut envelope = Vec::with_capacity(OVERHEAD_BYTES + body.len());
    envelope.push(TYPE_PAIR);
    envelope.extend_from_slice(nonce);
    envelope.extend_from_slice(&header_key.seal(nonce, &[TYPE_PAIR], &header.to_bytes()));
    let aad = [envelope.as_slice(), session.as_bytes()].concat();
    envelope.extend_from_slice(&message_key.seal(nonce, &aad, body));
    envelope
}

/// The plain body with these records, padded to the smallest bucket; `None` when the largest cannot hold them.
pub(crate) fn encode_body<'a>(records: impl IntoIterator<Item = &'a Record> + Clone) -> Option<Vec<u8>> {
    let mut packing = Packing::new();
    if !records.clone().into_iter().all(|record| packing.take(record)) {
        return None;
    }
    let length = packing.bucket() - OVERHEAD_BYTES;
    let mut body = Vec::with_capacity(length);
    body.extend_from_slice(&u32::try_from(packing.bytes).ok()?.to_be_bytes());
    for record in records {
        record.pack(&mut body)?;
    }
    body.resize(length, 0);
    Some(body)
}

/// The records of a body; `None` when it is malformed anywhere, padding included.
pub(crate) fn decode_body(body: &[u8]) -> Option<Vec<Record>> {
    let mut rest = padded(body)?;
    let mut records = Vec::new();
    let mut seen = 0;
    while let Some((number, tail)) = rest.split_first() {
        seen += 1;
        if seen > limits::RECORDS_PER_ENVELOPE_MAX {
            return None;
        }
        let (length, tail) = tail.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (bytes, tail) = tail.split_at_checked(length)?;
        records.extend(Record::unpack(*number, bytes)?);
        rest = tail;
    }
    Some(records)
}

/// What stands before the padding of `len u32 ‖ bytes ‖ 0-pad`; `None` when that is not its form.
pub(crate) fn padded(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (content, padding) = rest.split_at_checked(length)?;
    padding.iter().all(|byte| *byte == 0).then_some(content)
}

fn largest_bucket() -> usize {
    limits::ENVELOPE_BUCKETS.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            conv: ConversationId::from_bytes([1; 32]),
            chain: crate::log::ChainId {
                author_dev: DeviceId::from_bytes([2; 16]),
                run: RunId::from_bytes([3; 8]),
            },
            seq: 4,
            id: EntryId::from_bytes([5; 32]),
        }
    }

    fn all() -> Vec<Record> {
        vec![
            Record::Entry(b"entry".to_vec()),
            Record::Ack(mark()),
            Record::Read(mark()),
            Record::Offer(vec![7; 1_232]),
            Record::Accept(vec![]),
            Record::Heads(vec![8]),
            Record::Want(vec![9, 9]),
        ]
    }

    #[test]
    fn a_body_brings_back_its_records_and_is_as_long_as_its_bucket() {
        let body = encode_body(&all()).unwrap();
        assert_eq!(body.len(), 2_048 - OVERHEAD_BYTES);
        assert_eq!(decode_body(&body), Some(all()));
        assert_eq!(all()[1].packed_len(), 5 + 92);
        let empty = encode_body(&[]).unwrap();
        assert_eq!(decode_body(&empty), Some(vec![]));
    }

    #[test]
    fn the_smallest_bucket_is_taken_below_at_and_above_each() {
        for (bucket, next) in limits::ENVELOPE_BUCKETS.into_iter().zip([8_192, 32_768, 61_440, 0]) {
            let fits = records_room(bucket) - RECORD_HEAD_BYTES;
            for length in [fits - 1, fits] {
                let body = encode_body(&[Record::Entry(vec![1; length])]).unwrap();
                assert_eq!(body.len() + OVERHEAD_BYTES, bucket);
                assert_eq!(decode_body(&body).unwrap().len(), 1);
            }
            let above = encode_body(&[Record::Entry(vec![1; fits + 1])]);
            assert_eq!(above.map_or(0, |body| body.len() + OVERHEAD_BYTES), next);
        }
    }

    #[test]
    fn packing_stops_at_the_room_and_at_the_number_of_records() {
        let mut packing = Packing::new();
        assert!(!packing.take(&Record::Entry(vec![0; 61_440])));
        assert_eq!((packing.records(), packing.bucket()), (0, 2_048));
        while packing.take(&Record::Heads(vec![])) {}
        assert_eq!(packing.records(), limits::RECORDS_PER_ENVELOPE_MAX);
        let most = vec![Record::Heads(vec![]); limits::RECORDS_PER_ENVELOPE_MAX];
        assert_eq!(decode_body(&encode_body(&most).unwrap()).unwrap().len(), most.len());
        assert!(encode_body(&vec![Record::Heads(vec![]); most.len() + 1]).is_none());
        let mut hostile = 5_125_u32.to_be_bytes().to_vec();
        hostile.extend_from_slice(&[0; 5_125]);
        assert_eq!(decode_body(&hostile), None, "1,025 records of unknown type");
    }

    #[test]
    fn unknown_records_are_skipped() {
        let mut body = 13_u32.to_be_bytes().to_vec();
        body.extend_from_slice(&[200, 0, 0, 0, 2, 1, 1]);
        body.extend_from_slice(&[6, 0, 0, 0, 1, 5]);
        assert_eq!(decode_body(&body), Some(vec![Record::Heads(vec![5])]));
    }

    #[test]
    fn malformed_bodies_are_refused() {
        let body = encode_body(&all()).unwrap();
        for length in 0..1_463 {
            assert_eq!(decode_body(&body[..length]), None, "cut to {length}");
        }
        for at in 1_463..body.len() {
            let mut padded = body.clone();
            padded[at] = 1;
            assert_eq!(decode_body(&padded), None, "padding at {at}");
        }
        // Lengths that promise more than there is, of the body and of a record.
        for at in [0, 5] {
            let mut huge = body.clone();
            huge[at] = 0xff;
            assert_eq!(decode_body(&huge), None);
        }
        let mut short_mark = 6_u32.to_be_bytes().to_vec();
        short_mark.extend_from_slice(&[2, 0, 0, 0, 1, 0]);
        assert_eq!(decode_body(&short_mark), None);
    }

    #[test]
    fn only_whole_envelopes_of_this_type_are_parsed() {
        for length in [0, 1, 73, 2_047, 2_049, 8_191, 61_441] {
            assert!(SealedPair::parse(&vec![TYPE_PAIR; length]).is_none(), "{length}");
        }
        for bucket in limits::ENVELOPE_BUCKETS {
            assert!(SealedPair::parse(&vec![TYPE_PAIR; bucket]).is_some());
            for other in [0, TYPE_FIRST, 3, 0x81] {
                assert!(SealedPair::parse(&vec![other; bucket]).is_none());
            }
        }
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", Record::Entry(b"secret".to_vec())), "Record(type 1, 11 bytes)");
    }
}
