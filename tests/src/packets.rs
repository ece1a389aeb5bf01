//! A capture: every packet that passes a host of a network that a test made, as the kernel hands it over (`packet(7)`),
//! both what comes and what goes, of all its interfaces.
//!
//! ```text
//! records ── the process that listens says that it does ──▶ … ── ends ──▶ packets ──▶ streams, as both ends read them
//! ```
//! The process that listens is a [`Role`] of the test program, which needs a test with the name [`RECORDER`] that calls
//! [`record`]. It fails rather than lose a packet by its own bounds. At a switch a packet is seen once at each port.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufWriter, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{self, AddressFamily, RecvFlags, SocketType, eth, sockopt},
};
use tempfile::NamedTempFile;

use crate::{
    internet::Internet,
    lan::{Host, Lan},
    role::{self, Role},
};

/// The test that has to call [`record`].
pub const RECORDER: &str = "captures::recorder";

/// Bytes of a capture. Chosen: a hundred times what a short talk takes.
const BYTES_MAX: usize = 128 * 1_024 * 1_024;

/// Bytes that wait in the kernel while the recorder is busy. Chosen: seconds of a fast network.
const QUEUE_BYTES: usize = 64 * 1_024 * 1_024;

/// Bytes of a packet with its heads: the kernel may hand over several of one connection as one.
const PACKET_BYTES_MAX: usize = 128 * 1_024;

/// A capture is over when nothing came for so long after it was told to end. Chosen.
const QUIET: Duration = Duration::from_millis(50);

/// What goes on.
#[derive(Debug)]
pub struct Recording {
    role: Role,
    file: NamedTempFile,
}

impl Recording {
    /// Of everything that passes the switch.
    #[must_use]
    pub fn at_switch(lan: &Lan) -> Self {
        Self::begin(&lan.switch_host())
    }

    /// Of what this host of that network sends and hears.
    #[must_use]
    pub fn on(lan: &Lan, host: usize) -> Self {
        Self::begin(&lan.host(host))
    }

    /// Of what the machine in this home sends and hears.
    #[must_use]
    pub fn behind(internet: &Internet, home: usize) -> Self {
        Self::begin(&internet.home(home))
    }

    /// Of what this server sends and hears.
    #[must_use]
    pub fn serving(internet: &Internet, server: usize) -> Self {
        Self::begin(&internet.server(server))
    }

    fn begin(host: &Host) -> Self {
        let file = NamedTempFile::new().unwrap();
        let mut role = Role::start(host, RECORDER, file.path().to_str().unwrap());
        assert_eq!(role.says(), "ready");
        Self { role, file }
    }

    /// Ends it, with all that passed so far.
    #[must_use]
    pub fn ends(self) -> Packets {
        self.role.ends();
        let bytes = fs::read(self.file.path()).unwrap();
        let mut rest = bytes.as_slice();
        let mut packets = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (packet, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            packets.push(packet.to_vec());
            rest = after;
        }
        assert!(rest.is_empty(), "a capture ends within a packet");
        Packets(packets)
    }
}

/// What the process does that listens; nothing in any other.
pub fn record() {
    let Some(path) = role::asked(RECORDER) else { return };
    let socket = net::socket(AddressFamily::PACKET, SocketType::RAW, Some(eth::ALL)).unwrap();
    sockopt::set_socket_recv_buffer_size_force(&socket, QUEUE_BYTES).unwrap();
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(QUIET)).unwrap();
    let mut file = BufWriter::new(File::create(path).unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let to_end = Arc::clone(&over);
    std::thread::spawn(move || {
        role::told().for_each(drop);
        to_end.store(true, Ordering::Relaxed);
    });
    role::say("ready");
    let mut packet = vec![0; PACKET_BYTES_MAX];
    let mut bytes = 0;
    loop {
        match net::recv(&socket, packet.as_mut_slice(), RecvFlags::TRUNC) {
            Ok((kept, whole)) => {
                bytes += kept;
                assert!(kept == whole && bytes <= BYTES_MAX, "too much for a capture");
                file.write_all(&u32::try_from(kept).unwrap().to_be_bytes()).unwrap();
                file.write_all(&packet[..kept]).unwrap();
            }
            Err(Errno::AGAIN) if over.load(Ordering::Relaxed) => break,
            // An interface that goes down is none of our business.
            Err(Errno::AGAIN | Errno::INTR | Errno::NETDOWN) => {}
            Err(error) => panic!("cannot listen to packets: {error}"),
        }
    }
    file.flush().unwrap();
}

/// What passed, in order: whole frames of Ethernet.
#[derive(Debug)]
pub struct Packets(Vec<Vec<u8>>);

/// A packet of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Who sent it.
    pub from: IpAddr,
    /// To whom.
    pub to: IpAddr,
    /// What follows IP's head.
    pub carries: Carries<'a>,
}

/// What follows IP's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries<'a> {
    /// The two ports, the sequence number of the first byte, whether a connection begins, and the bytes.
    Tcp([u16; 2], u32, bool, &'a [u8]),
    /// The two ports, and the bytes.
    Udp([u16; 2], &'a [u8]),
    /// Another protocol, by its number.
    Other(u8),
}

/// One direction of a connection of TCP, or all that went from one port of UDP to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// From which address and port.
    pub from: (IpAddr, u16),
    /// To which.
    pub to: (IpAddr, u16),
    /// Whether it is TCP's.
    pub is_tcp: bool,
    /// What was said, as the receiver reads it.
    pub bytes: Vec<u8>,
}

impl Packets {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of IP.
    pub fn ip(&self) -> impl Iterator<Item = Packet<'_>> {
        self.0.iter().filter_map(|frame| read(frame))
    }

    /// What was said, put together.
    #[must_use]
    pub fn streams(&self) -> Vec<Stream> {
        type Ends = ((IpAddr, u16), (IpAddr, u16));
        let mut datagrams: BTreeMap<Ends, Vec<&[u8]>> = BTreeMap::new();
        let mut seen: BTreeSet<(Ends, &[u8])> = BTreeSet::new();
        let mut begun: BTreeMap<Ends, u32> = BTreeMap::new();
        let mut segments: BTreeMap<(Ends, u32), BTreeMap<u32, &[u8]>> = BTreeMap::new();
        for packet in self.ip() {
            let ends = |[from, to]: [u16; 2]| ((packet.from, from), (packet.to, to));
            match packet.carries {
                Carries::Udp(ports, bytes) => {
                    // At a switch the same one passes at several cables.
                    if seen.insert((ends(ports), bytes)) {
                        datagrams.entry(ends(ports)).or_default().push(bytes);
                    }
                }
                Carries::Tcp(ports, number, begins, bytes) => {
                    let ends = ends(ports);
                    if begins {
                        begun.insert(ends, number.wrapping_add(1));
                    }
                    let first = *begun.entry(ends).or_insert(number);
                    let place = number.wrapping_sub(first);
                    // What comes before the first byte only keeps a connection alive.
                    if !bytes.is_empty() && place < u32::MAX / 2 {
                        let known = segments.entry((ends, first)).or_default().entry(place).or_default();
                        *known = if bytes.len() > known.len() { bytes } else { known };
                    }
                }
                Carries::Other(_) => {}
            }
        }
        let udp = datagrams.into_iter().map(|((from, to), datagrams)| Stream {
            from,
            to,
            is_tcp: false,
            bytes: datagrams.concat(),
        });
        let tcp = segments.into_iter().map(|(((from, to), _), segments)| {
            let mut bytes = Vec::new();
            for (place, segment) in segments {
                let known = bytes.len().saturating_sub(place as usize).min(segment.len());
                bytes.extend_from_slice(&segment[known..]);
            }
            Stream { from, to, is_tcp: true, bytes }
        });
        udp.chain(tcp).collect()
    }

    /// Everything that was said, stream by stream.
    #[must_use]
    pub fn said(&self) -> Vec<u8> {
        self.streams().into_iter().flat_map(|stream| stream.bytes).collect()
    }

    /// Every byte that passed: packets with their heads, and what was said once more, put together.
    #[must_use]
    pub fn everything(&self) -> Vec<u8> {
        [self.0.concat(), self.said()].concat()
    }
}

/// Reads the heads of a frame: Ethernet, IPv4 or IPv6, TCP or UDP. `None` where it is none of IP's.
fn read(frame: &[u8]) -> Option<Packet<'_>> {
    let (head, rest) = frame.split_first_chunk::<14>()?;
    match [head[12], head[13]] {
        [0x08, 0x00] => {
            let whole = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
            let begin = usize::from(rest.first()? & 0x0f) * 4;
            let from = Ipv4Addr::from(*rest.get(12..16)?.first_chunk()?).into();
            let to = Ipv4Addr::from(*rest.get(16..20)?.first_chunk()?).into();
            Some(Packet { from, to, carries: carried(*rest.get(9)?, rest.get(begin..whole)?) })
        }
        [0x86, 0xdd] => {
            let length = usize::from(u16::from_be_bytes([*rest.get(4)?, *rest.get(5)?]));
            let from = Ipv6Addr::from(*rest.get(8..24)?.first_chunk()?).into();
            let to = Ipv6Addr::from(*rest.get(24..40)?.first_chunk()?).into();
            Some(Packet { from, to, carries: carried(*rest.get(6)?, rest.get(40..40 + length)?) })
        }
        _ => None,
    }
}

fn carried(protocol: u8, bytes: &[u8]) -> Carries<'_> {
    let number = |place: usize| Some(u16::from_be_bytes([*bytes.get(place)?, *bytes.get(place + 1)?]));
    let read = || match protocol {
        6 => {
            let sequence = u32::from_be_bytes(*bytes.get(4..8)?.first_chunk()?);
            let begin = usize::from(bytes.get(12)? >> 4) * 4;
            let begins = bytes.get(13)? & 0x02 != 0;
            Some(Carries::Tcp([number(0)?, number(2)?], sequence, begins, bytes.get(begin..)?))
        }
        17 => Some(Carries::Udp([number(0)?, number(2)?], bytes.get(8..)?)),
        _ => None,
    };
    read().unwrap_or(Carries::Other(protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of IPv4 from 10.0.0.1 to 10.0.0.2.
    fn frame(protocol: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00, 0x45, 0]);
        frame.extend(u16::try_from(20 + body.len()).unwrap().to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend(body);
        // Short frames are filled up at the cable.
        frame.resize(frame.len().max(60), 0);
        frame
    }

    fn segment(number: u32, begins: bool, bytes: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 7, 0, 9];
        body.extend(number.to_be_bytes());
        body.extend([0, 0, 0, 0, 0x50, if begins { 2 } else { 16 }, 0, 0, 0, 0, 0, 0]);
        body.extend(bytes);
        frame(6, &body)
    }

    #[test]
    fn segments_are_put_together_as_the_receiver_does() {
        let first = u32::MAX - 3;
        let packets = Packets(vec![
            segment(first, true, b""),
            segment(first.wrapping_add(4), false, b"def"),
            segment(first.wrapping_add(1), false, b"abc"),
            segment(first, false, b"\0"),
            segment(first.wrapping_add(3), false, b"cdef"),
            segment(first.wrapping_add(7), false, b"ghi"),
            segment(900, true, b""),
            segment(901, false, b"another connection of the same ports"),
            frame(17, b"\x14\xe9\x14\xe9\0\x0b\0\0one"),
            frame(17, b"\x14\xe9\x14\xe9\0\x0b\0\0two"),
            frame(1, b"ping"),
            vec![0; 60],
            b"short".to_vec(),
        ]);
        let streams = packets.streams();
        let said: Vec<&[u8]> = streams.iter().map(|stream| stream.bytes.as_slice()).collect();
        let expected: [&[u8]; 3] = [b"onetwo", b"another connection of the same ports", b"abcdefghi"];
        assert_eq!(said, expected);
        assert_eq!((streams[0].is_tcp, streams[0].to.1, streams[1].from.1), (false, 5_353, 7));
        let protocols: Vec<Carries<'_>> = packets.ip().map(|packet| packet.carries).collect();
        assert_eq!(protocols.last(), Some(&Carries::Other(1)));
    }
}
