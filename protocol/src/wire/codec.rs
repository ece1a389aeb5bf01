//! Structures to bytes and back: bincode 2, big-endian, fixed-size integers, bounded, one form only.
//!
//! This is the one module that names bincode. Decoding is strict: a value whose encoding is not the very bytes it was
//! read from, or that leaves bytes over, is refused. So equal values have equal bytes everywhere and a hash over
//! bytes received is a hash over the value. The format is written down in `docs/wire-format.md`.

use bincode::{
    config::{self, BigEndian, Configuration, Fixint, Limit},
    serde::{decode_from_slice, encode_to_vec},
};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// Nothing that is decoded may be longer: the largest body of an entry, with its head, fits twice.
pub const DECODE_BYTES_MAX: usize = 131_072;

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// Cut short, over a limit, or a value out of range.
    #[error("malformed bytes")]
    Malformed,
    /// Something follows the value, or the value has another encoding.
    #[error("bytes are not the one encoding of their value")]
    NotCanonical,
    /// A value of ours cannot be written: it is over the limit.
    #[error("value too large to encode")]
    TooLarge,
}

/// The one encoding of `value`.
///
/// # Errors
/// [`CodecError::TooLarge`] when it would be longer than [`DECODE_BYTES_MAX`].
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    encode_to_vec(value, layout()).map_err(|_| CodecError::TooLarge)
}

/// The value that `bytes` are the one encoding of.
///
/// # Errors
/// [`CodecError`] says why they are not.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    if bytes.len() > DECODE_BYTES_MAX {
        return Err(CodecError::Malformed);
    }
    let (value, used) = decode_from_slice::<T, _>(bytes, layout()).map_err(|_| CodecError::Malformed)?;
    if used != bytes.len() || encode(&value)? != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

const fn layout() -> Configuration<BigEndian, Fixint, Limit<DECODE_BYTES_MAX>> {
    config::standard().with_big_endian().with_fixed_int_encoding().with_limit::<DECODE_BYTES_MAX>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_big_endian_and_fixed() {
        assert_eq!(encode(&(1_u16, 2_u32)).unwrap(), [0, 1, 0, 0, 0, 2]);
        assert_eq!(encode(&vec![9_u8]).unwrap(), [0, 0, 0, 0, 0, 0, 0, 1, 9]);
    }

    #[test]
    fn refuses_what_is_left_over_cut_short_or_hostile() {
        assert_eq!(decode::<u16>(&[0, 1]), Ok(1));
        assert_eq!(decode::<u16>(&[0, 1, 0]), Err(CodecError::NotCanonical));
        assert_eq!(decode::<u16>(&[0]), Err(CodecError::Malformed));
        assert_eq!(decode::<Vec<u8>>(&[0xff; 8]), Err(CodecError::Malformed));
        assert_eq!(decode::<bool>(&[2]), Err(CodecError::Malformed));
        assert_eq!(decode::<Vec<u8>>(&vec![0; DECODE_BYTES_MAX + 1]), Err(CodecError::Malformed));
    }
}
