//! What lies at the meeting place: where somebody can be reached, sealed for one other, under a key that only the two
//! can name.
//!
//! ```text
//! key of a pair's day, or of a link's day ─┬─ MAC ────▶ the key under which it lies
//!                                          └─ Expand ─▶ what it is sealed with
//! ```
//!
//! Each direction and each day has keys of its own, so that whoever keeps records, or asks for them, cannot tell which
//! ones belong together. All have the same length. Anybody may put anything there: what does not open, or is not the one
//! encoding of something sensible, is nothing. Format: `docs/wire-format.md`, "Records at the meeting place".

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, Relay},
    entropy::TurnRandom,
    ids::{DeviceId, TransportId},
    limits,
    moment::WallTime,
    secret::{NONCE_BYTES, Secret, TAG_BYTES},
    wire::codec,
};

/// Whoever made the link says where they are; the other direction is not used.
const ROLE_INVITER: u8 = 0;

/// The one version of what a record says.
const VERSION: u8 = 1;

const PLAIN_BYTES: usize = limits::RECORD_BYTES - NONCE_BYTES - TAG_BYTES;

/// Where somebody can be reached, as they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    version: u8,
    /// Their network identity.
    pub peer: TransportId,
    /// Where they can be dialled, at most `limits::ADDRESSES_PER_CONTACT_MAX`.
    pub addresses: Vec<Address>,
    /// Relays that let others in to them, at most `limits::RELAYS_MAX`.
    pub relays: Vec<Relay>,
    /// When they said so, by their clock.
    pub made_at: WallTime,
    /// Until when it holds, by their clock.
    pub until: WallTime,
}

impl Announcement {
    /// Of what is said as much as a record holds.
    #[must_use]
    pub fn new(
        peer: TransportId,
        mut addresses: Vec<Address>,
        mut relays: Vec<Relay>,
        (made_at, until): (WallTime, WallTime),
    ) -> Self {
        addresses.truncate(limits::ADDRESSES_PER_CONTACT_MAX);
        relays.truncate(limits::RELAYS_MAX);
        Self { version: VERSION, peer, addresses, relays, made_at, until }
    }

    fn is_sensible(&self) -> bool {
        self.version == VERSION
            && self.addresses.len() <= limits::ADDRESSES_PER_CONTACT_MAX
            && self.relays.len() <= limits::RELAYS_MAX
            && self.addresses.iter().all(|address| address.is_dialable(true))
            && self.relays.iter().all(|relay| relay.address.is_dialable(true))
            && self.made_at <= self.until
    }
}

/// The keys of one record: of one direction on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordKeys {
    key: [u8; 32],
    sealing: Secret,
}

impl RecordKeys {
    /// Of what one device says to another on the day whose key this is.
    #[must_use]
    pub fn of_pair(day_key: &Secret, from: DeviceId, to: DeviceId) -> Self {
        Self::directed(day_key, &[from.as_bytes(), to.as_bytes()])
    }

    /// Of what the maker of a link says to all who hold it.
    #[must_use]
    pub fn of_invitation(secret: &Secret, day: u32) -> Self {
        Self::directed(&secret.derive("rv day", &[&day.to_be_bytes()]), &[&[ROLE_INVITER]])
    }

    fn directed(day_key: &Secret, direction: &[&[u8]]) -> Self {
        Self { key: day_key.mac("rv", direction), sealing: day_key.expand_with("rv seal", direction) }
    }

    /// Under which key it lies.
    #[must_use]
    pub const fn key(&self) -> [u8; 32] {
        self.key
    }

    /// A record that says this; `None` where it says more than one holds.
    #[must_use]
    pub fn seal(&self, random: &mut TurnRandom, said: &Announcement) -> Option<Vec<u8>> {
        let encoded = codec::encode(said).ok().filter(|_| said.is_sensible())?;
        let mut plain = u16::try_from(encoded.len()).ok()?.to_be_bytes().to_vec();
        plain.extend_from_slice(&encoded);
        if plain.len() > PLAIN_BYTES {
            return None;
        }
        plain.resize(PLAIN_BYTES, 0);
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        Some([nonce.as_slice(), &self.sealing.seal(&nonce, &self.key, &plain)].concat())
    }

    /// A record that holds these bytes in the place of an announcement, whatever they are.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn seal_anything(&self, random: &mut TurnRandom, encoded: &[u8]) -> Vec<u8> {
        let length = u16::try_from(encoded.len()).unwrap_or(u16::MAX);
        let mut plain = [length.to_be_bytes().as_slice(), encoded].concat();
        plain.resize(PLAIN_BYTES, 0);
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        [nonce.as_slice(), &self.sealing.seal(&nonce, &self.key, &plain)].concat()
    }

    /// What a record says; `None` unless it is one that [`Self::seal`] makes.
    #[must_use]
    pub fn open(&self, value: &[u8]) -> Option<Announcement> {
        if value.len() != limits::RECORD_BYTES {
            return None;
        }
        let (nonce, sealed) = value.split_first_chunk::<NONCE_BYTES>()?;
        let plain = self.sealing.open(nonce, &self.key, sealed)?;
        let (len, rest) = plain.split_first_chunk::<2>()?;
        let (encoded, padding) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        if padding.iter().any(|byte| *byte != 0) {
            return None;
        }
        codec::decode(encoded).ok().filter(Announcement::is_sensible)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::{address::Transport, entropy::Entropy};

    fn random() -> TurnRandom {
        TurnRandom::new(&Entropy::new([5; 32]))
    }

    fn device(byte: u8) -> DeviceId {
        DeviceId::from_bytes([byte; 16])
    }

    fn address(ip: IpAddr) -> Address {
        Address { transport: Transport::Quic, ip, port: 47_474 }
    }

    fn largest() -> Announcement {
        let address = address(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)));
        let id = TransportId::new(&[9; TransportId::BYTES_MAX]).unwrap();
        let relay = Relay { id: id.clone(), address };
        let times = (WallTime::from_millis(1), WallTime::from_millis(2));
        Announcement::new(id, vec![address; 20], vec![relay; 20], times)
    }

    fn sealed_as_it_is(keys: &RecordKeys, plain: &[u8]) -> Vec<u8> {
        let nonce = [7; NONCE_BYTES];
        [nonce.as_slice(), &keys.sealing.seal(&nonce, &keys.key, plain)].concat()
    }

    #[test]
    fn the_largest_and_the_smallest_have_one_length_and_open() {
        let keys = RecordKeys::of_pair(&Secret::new([1; 32]), device(1), device(2));
        let mut smallest = largest();
        smallest.addresses.clear();
        smallest.relays.clear();
        smallest.peer = TransportId::new(&[1]).unwrap();
        for said in [largest(), smallest] {
            let value = keys.seal(&mut random(), &said).unwrap();
            assert_eq!(value.len(), limits::RECORD_BYTES);
            assert_eq!(keys.open(&value), Some(said));
        }
    }

    #[test]
    fn keys_differ_by_day_direction_and_pair() {
        let one = Secret::new([1; 32]);
        let all = [
            RecordKeys::of_pair(&one, device(1), device(2)),
            RecordKeys::of_pair(&one, device(2), device(1)),
            RecordKeys::of_pair(&one.expand("next day"), device(1), device(2)),
            RecordKeys::of_pair(&Secret::new([2; 32]), device(1), device(2)),
            RecordKeys::of_invitation(&one, 1),
            RecordKeys::of_invitation(&one, 2),
        ];
        let value = all[0].seal(&mut random(), &largest()).unwrap();
        for (place, keys) in all.iter().enumerate() {
            assert_eq!(keys.open(&value).is_some(), place == 0);
            for other in all.iter().skip(place + 1) {
                assert_ne!(keys.key, other.key);
                assert_ne!(keys.sealing, other.sealing);
            }
        }
    }

    #[test]
    fn what_is_altered_cut_long_or_padded_otherwise_is_nothing() {
        let keys = RecordKeys::of_pair(&Secret::new([1; 32]), device(1), device(2));
        let value = keys.seal(&mut random(), &largest()).unwrap();
        for place in 0..value.len() {
            let mut altered = value.clone();
            altered[place] ^= 1;
            assert_eq!(keys.open(&altered), None);
        }
        assert_eq!(keys.open(&[]), None);
        assert_eq!(keys.open(&value[1..]), None);
        assert_eq!(keys.open(&[value.as_slice(), &[0]].concat()), None);
        let encoded = codec::encode(&largest()).unwrap();
        let mut plain = u16::try_from(encoded.len()).unwrap().to_be_bytes().to_vec();
        plain.extend_from_slice(&encoded);
        plain.resize(PLAIN_BYTES, 0);
        assert!(keys.open(&sealed_as_it_is(&keys, &plain)).is_some());
        let mut dirty = plain.clone();
        *dirty.last_mut().unwrap() = 1;
        assert_eq!(keys.open(&sealed_as_it_is(&keys, &dirty)), None);
        let mut beyond = plain;
        beyond[0] = 0xff;
        assert_eq!(keys.open(&sealed_as_it_is(&keys, &beyond)), None);
    }

    #[test]
    fn what_nobody_honest_says_is_nothing() {
        let keys = RecordKeys::of_pair(&Secret::new([1; 32]), device(1), device(2));
        let multicast = address(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1)));
        let good = largest();
        let bad: [fn(&mut Announcement, Address); 6] = [
            |said, multicast| said.addresses[0] = multicast,
            |said, multicast| said.relays[0].address = multicast,
            |said, multicast| said.addresses.push(Address { ip: said.addresses[0].ip, ..multicast }),
            |said, _| said.relays.push(said.relays[0].clone()),
            |said, _| said.version = 2,
            |said, _| said.made_at = WallTime::from_millis(3),
        ];
        for spoil in bad {
            let mut said = good.clone();
            spoil(&mut said, multicast);
            let encoded = codec::encode(&said).unwrap();
            let mut plain = u16::try_from(encoded.len()).unwrap().to_be_bytes().to_vec();
            plain.extend_from_slice(&encoded);
            plain.resize(PLAIN_BYTES, 0);
            assert_eq!(keys.open(&sealed_as_it_is(&keys, &plain)), None, "{said:?}");
        }
    }
}
