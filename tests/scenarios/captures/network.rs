//! What somebody sees who sees every packet of a network: two and three homes that meet, talk, end and start again.

use std::collections::BTreeSet;

use causerie_tests::{Lan, Packets, Person, Recording, capture::lasting, lan::Family, packets::Stream};

use super::{TEXTS, traces_of};

const NOTHING: [&str; 0] = [];

/// What libp2p says in the clear on TCP before its Noise, and with which length Noise's first message begins.
const NEGOTIATION: &[u8] = b"\x13/multistream/1.0.0\n\x07/noise\n";

/// Part of a text that is forty times as long as the others.
const LONG: &str = "and so on ";

/// Bytes that Noise and Yamux add to what is said at once: a tag, and the head of a frame.
const AROUND: usize = 16 + 12;

/// Lengths of frames, as `docs/wire-format.md` has them: nonces and lists of tokens of a hello, messages of handshakes,
/// sealed frames of introductions and of live channels, each of which is padded to one of five lengths.
const ONCE: [usize; 5] = [34, 16, 48, 1_025, 4_097];
const PADDED: [usize; 8] = [296, 2_344, 8_488, 33_064, 272, 2_320, 8_464, 33_040];

/// What is sealed before the hello: what libp2p negotiates and says of itself, which is the same for everybody, and an
/// empty frame of Yamux.
const BEFORE: [usize; 13] = [32, 168, 200, 62, 67, 28, 64, 48, 44, 155, 36, 30, 47];

/// People on hosts 1, 2 and so on.
fn people(lan: &Lan, names: &[&str]) -> Vec<Person> {
    names.iter().enumerate().map(|(number, name)| Person::on(lan, number + 1, name)).collect()
}

/// They start, meet by links, unless they know each other, talk, and end, each with the next one.
fn evening(lan: &Lan, people: &[Person], listen: &str, first: bool) -> Packets {
    let recording = Recording::at_switch(lan);
    for person in people {
        person.starts_with(&["--listen", listen]);
    }
    for pair in people.windows(2) {
        let [one, other] = pair else { unreachable!("pairs are of two") };
        if first {
            // Without hints only what is said on the network can bring them together.
            other.accepts(&one.invites(&["--no-hints"]));
        }
        one.waits_until_online(other);
        for text in TEXTS.into_iter().chain([LONG.repeat(120).as_str(), "?"]) {
            one.sends_and_waits(other, text, "delivered");
            other.sends_and_waits(one, text, "delivered");
        }
    }
    for person in people {
        person.stops();
    }
    recording.ends()
}

/// Two evenings of these people, which tell whoever listens nothing, and one of others at the same places.
fn nothing_is_seen(names: &[&str], others: &[&str], listen: &str) -> Option<[Packets; 3]> {
    let lan = Lan::with(names.len(), Family::Both)?;
    let same_places = Lan::with(names.len(), Family::Both)?;
    let (people, others) = (people(&lan, names), people(&same_places, others));
    let first = evening(&lan, &people, listen, true);
    let second = evening(&lan, &people, listen, false);
    let of_others = evening(&same_places, &others, listen, true);
    let traces = traces_of(&people.iter().collect::<Vec<_>>());
    for evening in [&first, &second] {
        assert_eq!(traces.in_bytes(&evening.everything()), NOTHING);
    }
    let again = lasting(&first.said(), &second.said(), &of_others.said());
    assert_eq!(again, Vec::<Vec<u8>>::new(), "these are recognised");
    // It would have been noticed: somebody who shows who they are, both times.
    let recording = Recording::at_switch(&lan);
    let shown = people[0].id().as_bytes();
    lan.sends(1, 2, 9, shown);
    let planted = recording.ends();
    assert_eq!(traces.in_bytes(&planted.everything()).len(), 1);
    let with_it = |evening: &Packets| [evening.said(), planted.said()].concat();
    let again = lasting(&with_it(&first), &with_it(&second), &of_others.said());
    assert!(again.concat().windows(shown.len()).any(|part| part == shown), "{again:?}");
    Some([first, second, of_others])
}

/// Bytes of streams to or from this port.
fn spoken(packets: &Packets, port: u16, is_tcp: bool) -> usize {
    let of_port = |stream: &Stream| stream.is_tcp == is_tcp && (stream.from.1 == port || stream.to.1 == port);
    packets.streams().into_iter().filter(of_port).map(|stream| stream.bytes.len()).sum()
}

/// Lengths of what is sealed on a stream of TCP, without the three messages of the handshake.
fn sealed_lengths(stream: &Stream) -> Vec<usize> {
    let Some(mut rest) = stream.bytes.strip_prefix(NEGOTIATION) else { return Vec::new() };
    let mut lengths = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        lengths.push(length);
        rest = after.get(length..).unwrap_or_default();
    }
    lengths
}

/// Whether as many bytes are whole frames with their lengths of two bytes: any of `ONCE`, each once, and up to twelve
/// padded ones.
fn is_whole_frames(length: usize) -> bool {
    let once = (0..1_usize << ONCE.len()).map(|which| {
        let chosen = ONCE.iter().enumerate().filter(|(place, _)| which >> place & 1 == 1);
        chosen.map(|(_, length)| length + 2).sum::<usize>()
    });
    let mut sums: BTreeSet<usize> = once.filter(|sum| *sum <= length).collect();
    for _ in 0..12 {
        let longer: Vec<usize> = sums.iter().flat_map(|sum| PADDED.map(|one| sum + one + 2)).collect();
        sums.extend(longer.into_iter().filter(|sum| *sum <= length));
    }
    sums.contains(&length)
}

/// Network identities and names that mDNS announces: whatever stands behind `/p2p/`, and labels of 32 bytes and more.
fn announced(packets: &Packets) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for stream in packets.streams().into_iter().filter(|stream| !stream.is_tcp && stream.to.1 == 5_353) {
        let text = String::from_utf8_lossy(&stream.bytes).into_owned();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        found.extend(words.filter(|word| word.len() >= 32).map(str::to_owned));
    }
    found
}

#[test]
fn two_homes_on_a_network_are_not_recognised_over_tcp() {
    let names = [["alexandrina", "bartholomew"], ["ermentrude", "florentina"]];
    let Some([first, second, _]) = nothing_is_seen(&names[0], &names[1], "/ip4/0.0.0.0/tcp/47474") else {
        return;
    };
    for evening in [&first, &second] {
        assert!(spoken(evening, 47_474, true) > 20_000, "they talked over TCP");
        assert_eq!(spoken(evening, 47_474, false), 0);
        // Whatever the length of the texts, what passes is sums of lengths that tell nothing.
        let streams = evening.streams();
        let lengths: Vec<usize> = streams.iter().flat_map(sealed_lengths).collect();
        let tell =
            lengths.iter().filter(|length| !BEFORE.contains(length) && !is_whole_frames(*length - AROUND));
        assert_eq!(tell.collect::<Vec<_>>(), Vec::<&usize>::new(), "{lengths:?}");
        assert!(lengths.iter().filter(|length| **length == AROUND + 2 + 2_320).count() >= 10);
    }
    let (tonight, tomorrow) = (announced(&first), announced(&second));
    assert!(tonight.len() >= 4 && tomorrow.len() >= 4, "{tonight:?} {tomorrow:?}");
    assert_eq!(tonight.intersection(&tomorrow).collect::<Vec<_>>(), NOTHING);
}

#[test]
fn three_homes_on_a_network_are_not_recognised_over_quic() {
    let names = [["alexandrina", "bartholomew", "clementine"], ["ermentrude", "florentina", "gwendolyn"]];
    let listen = "/ip4/0.0.0.0/udp/47474/quic-v1";
    let Some([first, second, _]) = nothing_is_seen(&names[0], &names[1], listen) else { return };
    for evening in [&first, &second] {
        assert!(
            spoken(evening, 47_474, false) > 40_000,
            "they talked over QUIC: {}",
            spoken(evening, 47_474, false)
        );
        assert_eq!(spoken(evening, 47_474, true), 0);
    }
}
