//! Every bound of the network, with its unit, its reason and where the number comes from. "Chosen" means chosen, not
//! measured. What a peer can make us hold is the product of these: connections, streams, windows, queues.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

/// The port that everybody tries first, TCP and UDP: the same for all, so it identifies nobody.
pub(crate) const PORT_DEFAULT: u16 = 47_474;

/// Ports from the default on that are tried before the system is asked for a free one. Chosen.
pub(crate) const PORTS_TRIED_MAX: u16 = 64;

/// Ports of the system's choice that are tried after those. Chosen: each can only be lost to a race.
pub(crate) const PORTS_ASKED_MAX: usize = 8;

/// Bytes that wait to be sent on one link, lengths included; a link that needs more is closed. Chosen: 256 frames of
/// the largest size, several seconds of a slow line.
pub(crate) const OUTBOX_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Bytes that a link's empty outbox keeps for the next batch. Chosen: the largest frame.
pub(crate) const OUTBOX_BYTES_KEPT: usize = 65_537;

/// Bytes of a link's read buffer: many small frames for one read, or the largest.
pub(crate) const READ_BUFFER_BYTES: usize = 65_536;

/// Inputs that wait for the engine, of all links together; beyond them reading stops, which reaches the peers'
/// sockets. Chosen: 16 MiB of the largest frames.
pub(crate) const NOTICES_MAX: usize = 256;

/// Inputs that the swarm itself holds back while the engine is busy; beyond them the swarm rests. Chosen.
pub(crate) const SWARM_NOTICES_MAX: usize = 64;

/// Dials and questions that wait for their turn; further ones fail at once. Chosen.
pub(crate) const REQUESTS_WAITING_MAX: usize = 256;

/// Dials that run at the same time. Chosen.
pub(crate) const DIALS_RUNNING_MAX: usize = 64;

/// How long one address may take to give a secured connection, in or out. Chosen: as long as a hello may take.
pub(crate) const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// How long a new connection may take to get its stream. Chosen: as long as a hello may take.
pub(crate) const STREAM_PATIENCE: Duration = Duration::from_secs(5);

/// How long the first address of a dial is left alone before the next is tried beside it; RFC 8305, section 5.
pub(crate) const DIAL_STAGGER: Duration = Duration::from_millis(250);

/// Addresses of a dial that are tried before its relays. Chosen: one of each transport.
pub(crate) const ADDRESSES_BEFORE_RELAYS: usize = 2;

/// Servers that a node stays connected to at the same time. Chosen: one more than the relays that it is let in by, so
/// that one may go.
pub(crate) const SERVERS_UP_MAX: usize = causerie_protocol::limits::RELAYS_MAX + 1;

/// Servers that are remembered, those that the person gave among them. Chosen.
pub(crate) const SERVERS_KNOWN_MAX: usize = 32;

/// How long a server that could not be reached, or was lost, is left alone the first time; then twice as long each time.
/// Chosen: once its end is noticed, a relay that is started again is met again within a second or two.
pub(crate) const SERVER_REST_FIRST: Duration = Duration::from_millis(500);

/// How long at most. Chosen: a machine that comes back is noticed within a minute, for 60 tries an hour and server.
pub(crate) const SERVER_REST_MAX: Duration = Duration::from_secs(60);

/// How long a relay that refused a place, or took it back, is left alone. Chosen: libp2p's relays grant one peer a place
/// every two minutes after the first thirty.
pub(crate) const RELAY_REST: Duration = Duration::from_secs(10);

/// How long nobody looks for a router that forwards ports, after none answered for the first time. Chosen: by then a machine
/// that just came to a network has its routes.
pub(crate) const ROUTER_REST_FIRST: Duration = Duration::from_secs(5);

/// The longest such rest, which doubles each time. Chosen: costs three packets, and a router that was started again is found.
pub(crate) const ROUTER_REST_MAX: Duration = Duration::from_secs(600);

/// How long a relayed link stands before its two ends try again to dial each other. Chosen: libp2p's own tries take as long.
pub(crate) const PUNCH_FIRST: Duration = Duration::from_secs(5);

/// How long between two tries at most. Chosen: routers and networks change within minutes, not seconds.
pub(crate) const PUNCH_MAX: Duration = Duration::from_secs(600);

/// Addresses that the other end of a relayed connection may name to be dialled. Chosen: as many as libp2p names.
pub(crate) const PUNCH_ADDRESSES_MAX: usize = 20;

/// Dials to such addresses at the same time, each for another peer. Chosen: each may take [`PUNCH_ADDRESSES_MAX`] sockets for
/// 5 s.
pub(crate) const PUNCHES_MAX: usize = 16;

/// How long a connection over a relay may be without a link: as long as three tries to punch through take. Chosen.
pub(crate) const RELAYED_PATIENCE: Duration = Duration::from_secs(30);

/// Addresses of ours that others claim to have seen, and that are tested, in [`CANDIDATES_REST`]; as many more at IP
/// addresses that our servers see. Chosen: those of a few networks, over both transports.
pub(crate) const CANDIDATES_MAX: usize = 16;

/// See [`CANDIDATES_MAX`]. Chosen.
pub(crate) const CANDIDATES_REST: Duration = Duration::from_secs(600);

/// Nodes that others named as servers, and that could not be reached, remembered for [`FOUND_REST`]. Chosen.
pub(crate) const FOUND_FAILED_MAX: usize = 256;

/// Of them, those of the last minute; while there are so many, none that is named is dialled. Chosen.
pub(crate) const FOUND_FAILED_PER_MINUTE: usize = 16;

/// See [`FOUND_FAILED_MAX`]. Chosen.
pub(crate) const FOUND_REST: Duration = Duration::from_secs(600);

/// Peers that a relay lets others in to. Chosen: a few hundred people for a small machine; each costs 0.5 MiB (measured).
pub(crate) const RELAY_PLACES_MAX: u32 = 512;

/// Of one peer among them: it may be asking again from another network. Chosen.
pub(crate) const RELAY_PLACES_PER_PEER_MAX: usize = 4;

/// How long a place is held; it is renewed before. Chosen, as libp2p does.
pub(crate) const RELAY_PLACE_LIFE: Duration = Duration::from_secs(3_600);

/// Places granted to one address a minute. Chosen: a large office that comes back at once.
pub(crate) const RELAY_PLACES_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(255);

/// Circuits that a relay carries at the same time. Chosen: each costs two streams and 16 KiB of buffers.
pub(crate) const RELAY_CIRCUITS_MAX: usize = 1_024;

/// Of one peer among them. Chosen: its contacts who are online at the same time.
pub(crate) const RELAY_CIRCUITS_PER_PEER_MAX: u8 = 64;

/// Circuits opened from one address a minute. Chosen: people who all look for their contacts at once.
pub(crate) const RELAY_CIRCUITS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(511);

/// How long a circuit may stand; people open another one then, and lose nothing. Chosen: a day of quiet talk.
pub(crate) const RELAY_CIRCUIT_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// Bytes that a circuit may carry, both ways together. Chosen: weeks of text, an hour of it at 150 kB/s.
pub(crate) const RELAY_CIRCUIT_BYTES_MAX: u64 = 512 * 1_024 * 1_024;

/// Bytes a second that a server reads from all peers together. Chosen: a third of a line of 1 Gbit/s.
pub(crate) const METER_BYTES_PER_SECOND: u32 = 40 * 1_024 * 1_024;

/// Of one peer among them. Chosen: a photograph a second.
pub(crate) const METER_BYTES_PER_SECOND_AND_PEER: u32 = 4 * 1_024 * 1_024;

/// For how long as much as comes is read before the two above hold. Chosen.
pub(crate) const METER_BURST: Duration = Duration::from_secs(4);

/// How often a server is pinged: before a silent QUIC connection ends, and before routers forget a UDP mapping, which RFC
/// 4787, requirement 5, lets them do after two minutes and some do after 30 seconds.
pub(crate) const SERVER_PING_INTERVAL: Duration = Duration::from_secs(10);

/// How often a server looks whether it still keeps the connection of somebody who is no guest. Chosen: libp2p's relay keeps it
/// for ten seconds.
pub(crate) const GUEST_LOOK_INTERVAL: Duration = Duration::from_secs(12);

/// Nodes that keep one record: Kademlia's k (Maymounkov and Mazières 2002, section 2.2).
pub(crate) const RECORD_COPIES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(19);

/// How long a record may lie. Chosen: half as long again as people ask for.
pub(crate) const RECORD_LIFE_MAX: Duration = Duration::from_secs(3 * 3_600);

/// Records that a node keeps for others, of 1 KiB each. Chosen: 20 MB at most.
pub(crate) const RECORDS_KEPT_MAX: usize = 16_384;

/// Records of one source among them. Chosen: somebody with a thousand contacts, or a large household.
pub(crate) const RECORDS_PER_SOURCE_MAX: usize = 2_048;

/// Records under one key, each of another source. Chosen: the right one, an older one of somebody who moved, and two more.
pub(crate) const RECORDS_PER_KEY_MAX: usize = 4;

/// How long one question to the meeting place may take; what is found is told at once. Chosen: each node that is gone costs
/// `CONNECT_PATIENCE` on its path.
pub(crate) const QUERY_PATIENCE: Duration = Duration::from_secs(30);

/// Ways on which a question is asked beside each other, no node on two of them (S/Kademlia, Baumgart and Mies 2007, section
/// 4.4): as many have to lie or be gone for nothing to be found. Chosen.
pub(crate) const QUERY_PATHS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(5);

/// How often the table is refreshed. Chosen: a fifth of the traffic of libp2p's own five minutes.
pub(crate) const TABLE_REFRESH_INTERVAL: Duration = Duration::from_secs(25 * 60);

/// Records that are being left at the same time; the others wait. Chosen.
pub(crate) const PUBLICATIONS_RUNNING_MAX: usize = 8;

/// Records that wait to be left; beyond, none is taken until its time comes again. Chosen: one for each contact.
pub(crate) const PUBLICATIONS_WAITING_MAX: usize = 4_096;

/// How long the last frames of a closed link may take, and the peer's end of it. Chosen.
pub(crate) const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// How long a connection outlives its stream: what was sent last arrives even if both ends close at once. Chosen.
pub(crate) const LAST_BYTES_PATIENCE: Duration = Duration::from_millis(500);

/// How long a connection on which nothing goes on lives at most; all are closed by name before. Chosen.
pub(crate) const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(2);

/// How long links have for their last frames when the network stops. The whole stop takes less than a second.
pub(crate) const STOP_LINKS_PATIENCE: Duration = Duration::from_millis(600);

/// How long connections then have to end, and ports to be free again.
pub(crate) const STOP_CONNECTIONS_PATIENCE: Duration = Duration::from_millis(300);

/// How long the start waits for the system to say which addresses the listeners have. Chosen: it is a millisecond,
/// but a machine without any interface never answers.
pub(crate) const LISTEN_PATIENCE: Duration = Duration::from_millis(500);

/// How long a silent QUIC connection lives: as long as the engine waits for a contact that is silent, and by this a server
/// that is gone is noticed. Keep-alive is the engine's, every 5 s, and that of servers `SERVER_PING_INTERVAL`.
pub(crate) const QUIC_IDLE_LIFE: Duration = Duration::from_secs(15);

/// Bytes that a peer may send on one QUIC stream before we read them. Chosen: 20 MB/s at 100 ms.
pub(crate) const QUIC_STREAM_BYTES_MAX: u32 = 2 * 1_024 * 1_024;

/// Bytes that a peer may send on all QUIC streams of a connection before we read them: one link's, and identify's.
pub(crate) const QUIC_CONNECTION_BYTES_MAX: u32 = 3 * 1_024 * 1_024;

/// The two above of a relay, which reads no faster from anybody than 4 MiB a second. Chosen: that at 100 ms, and of two
/// circuits at the same time.
pub(crate) const RELAY_QUIC_BYTES_MAX: [u32; 2] = [512 * 1_024, 1_024 * 1_024];

/// Streams that either side of one connection opens: the link's, identify's, questions to the meeting place, refused ones that
/// are not gone yet, and, between a relay and somebody whom it lets others in to, all circuits of one peer.
pub(crate) const STREAMS_EACH_WAY_MAX: u8 = 8 + RELAY_CIRCUITS_PER_PEER_MAX;

/// The same over TCP, on a connection on which nobody has circuits. Chosen: two are used.
pub(crate) const STREAMS_OF_A_CALLER_MAX: u8 = 8;

/// Bytes that a peer may send on one stream over TCP before we read them, at first: Yamux's own.
pub(crate) const YAMUX_STREAM_BYTES: usize = 256 * 1_024;

/// Further ones on all streams of a connection together, where they are read as fast as they come. Chosen: as over QUIC.
pub(crate) const YAMUX_GROWTH_BYTES_MAX: usize = 2 * 1_024 * 1_024;

/// Bytes that wait on all connections over TCP together. Chosen: ten that are as full as they may be.
pub(crate) const BACKLOG_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// The same of a relay. Chosen: a quarter of what a small machine has.
pub(crate) const RELAY_BACKLOG_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// Inbound streams of one connection that negotiate their protocol at the same time. Chosen.
pub(crate) const STREAMS_NEGOTIATING_MAX: usize = 8;

/// Inbound connections that are not secured yet. Chosen.
pub(crate) const CONNECTIONS_PENDING_INBOUND_MAX: u32 = 128;

/// Inbound connections; fewer than all, so that strangers cannot keep us from dialling. Chosen.
pub(crate) const CONNECTIONS_INBOUND_MAX: u32 = 384;

/// Of one source among those that are not secured yet: an address, a network of IPv6, or all that come over relays. Chosen: a
/// quarter, so that it takes several sources to keep others out.
pub(crate) const CONNECTIONS_PENDING_PER_SOURCE_MAX: usize = 32;

/// Of one source among the inbound ones. Chosen: half, for a large household behind one address.
pub(crate) const CONNECTIONS_INBOUND_PER_SOURCE_MAX: usize = 192;

/// Connections. Chosen.
pub(crate) const CONNECTIONS_MAX: u32 = 512;

/// More of both for a relay: whoever has a place there has a connection over TCP and one over QUIC.
pub(crate) const RELAY_CONNECTIONS_MAX: u32 = 2 * RELAY_PLACES_MAX;

/// Connections to one peer id: both may dial at once, and a closed one lives on for `LAST_BYTES_PATIENCE`.
pub(crate) const CONNECTIONS_PER_PEER_MAX: u32 = 8;

/// Announcements on the local network that are remembered, each a peer id with an address; with more, discovery is
/// switched off, since libp2p's list has no bound of its own. Chosen: eight times the peers that the engine keeps.
pub(crate) const ANNOUNCEMENTS_MAX: usize = 8 * causerie_protocol::limits::DISCOVERED_PEERS_MAX;

/// Announced addresses of one peer that are remembered; the engine hears of the newest. Chosen: whoever moves several
/// times in the six minutes that an announcement lives is still announced at each place.
pub(crate) const ADDRESSES_PER_PEER_MAX: usize = 4 * causerie_protocol::limits::DIAL_ADDRESSES_MAX;

const _: () = assert!(QUIC_IDLE_LIFE.as_secs() > 2 * causerie_protocol::limits::KEEP_ALIVE_TICK.as_secs());
const _: () = assert!(QUIC_IDLE_LIFE.as_secs() > SERVER_PING_INTERVAL.as_secs());
const _: () = assert!(CONNECTIONS_INBOUND_MAX < CONNECTIONS_MAX);
const _: () = assert!(OUTBOX_BYTES_KEPT > causerie_protocol::limits::FRAME_BYTES_MAX);
