//! Servers that contacts tell of: what is said, what is remembered, and what no contact can do with it.

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr};

use super::hostile::meddle;
use crate::{
    address::{Address, Transport},
    command::Command,
    input::Standing,
    limits,
    link::live_channel,
    testing::Bench,
    wire::{codec, frame::FrameKind},
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);

fn server(number: u8) -> Address {
    Bench::relay(number).address
}

fn servers(numbers: impl IntoIterator<Item = u8>) -> Vec<Address> {
    numbers.into_iter().map(server).collect()
}

fn remembers(bench: &Bench, who: usize) -> Vec<Address> {
    bench.peers[who].engine.as_ref().unwrap().servers()
}

/// Alice and Bob are contacts on one network.
fn two(seed: u8) -> Bench {
    let mut bench = Bench::new(seed, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench
}

/// Says something as SERVERS to everybody with whom a channel stands.
fn says(bench: &mut Bench, who: usize, payload: &[u8]) {
    meddle(bench, who, |state, turn| {
        let links: Vec<_> = state.links.all_live().map(|(link, _)| link).collect();
        for link in links {
            live_channel::send(state, turn, link, FrameKind::Servers, payload);
        }
    });
    bench.settle();
}

#[test]
fn what_a_contact_tells_is_there_at_the_next_start() {
    let mut bench = two(90);
    bench.uses(ALICE, &servers([1, 2]));
    bench.advance(A_WHILE);
    assert_eq!(remembers(&bench, BOB), servers([1, 2]));
    assert!(remembers(&bench, ALICE).is_empty(), "he has none");
    bench.stop(ALICE);
    bench.stop(BOB);
    bench.start(BOB);
    assert_eq!(remembers(&bench, BOB), servers([1, 2]));
}

#[test]
fn who_is_a_server_and_can_be_dialled_says_so_before_all_others() {
    let mut bench = two(89);
    for serves in [false, true] {
        bench.peers[ALICE].serves = serves;
        bench.uses(ALICE, &servers([1]));
        let (up, public) = (servers([1]), servers([9]));
        bench.peers[ALICE].standing =
            Some(Standing { servers: up.clone(), public: public.clone(), ..Standing::default() });
        bench.stop(ALICE);
        bench.start(ALICE);
        bench.advance(A_WHILE);
        let told = if serves { [public, up].concat() } else { up };
        assert_eq!(remembers(&bench, BOB), told);
        assert!(remembers(&bench, ALICE).is_empty());
    }
}

#[test]
fn one_that_is_named_is_remembered_for_when_it_is_not() {
    let mut bench = two(91);
    bench.uses(BOB, &servers([1]));
    bench.uses(ALICE, &servers([1, 2]));
    bench.advance(A_WHILE);
    assert_eq!(remembers(&bench, BOB), servers([2]));
    assert!(remembers(&bench, ALICE).is_empty());
    bench.uses(BOB, &[]);
    assert_eq!(remembers(&bench, BOB), servers([1, 2]));
}

#[test]
fn who_wants_none_or_no_internet_or_hides_learns_none() {
    for how in 0..3 {
        let mut bench = two(92);
        bench.stop(BOB);
        match how {
            0 => bench.peers[BOB].learns = false,
            1 => bench.peers[BOB].internet = false,
            _ => bench.peers[BOB].direct = false,
        }
        bench.start(BOB);
        bench.uses(ALICE, &servers([1]));
        bench.advance(A_WHILE);
        assert!(bench.contact(BOB, ALICE).unwrap().online);
        assert!(remembers(&bench, BOB).is_empty());
        // Nothing was kept for later.
        bench.stop(ALICE);
        bench.stop(BOB);
        bench.peers[BOB].learns = true;
        (bench.peers[BOB].internet, bench.peers[BOB].direct) = (true, true);
        bench.start(BOB);
        assert!(remembers(&bench, BOB).is_empty());
    }
}

#[test]
fn who_wants_no_internet_tells_of_none() {
    let mut bench = two(93);
    bench.peers[ALICE].internet = false;
    bench.uses(ALICE, &servers([1]));
    bench.advance(A_WHILE);
    assert!(bench.contact(BOB, ALICE).unwrap().online);
    assert!(remembers(&bench, BOB).is_empty());
}

#[test]
fn servers_are_told_when_they_change_and_not_again() {
    let mut bench = two(94);
    bench.uses(ALICE, &servers([1, 2]));
    bench.has_up(ALICE, &servers([1]));
    bench.advance(A_WHILE);
    assert_eq!(remembers(&bench, BOB), servers([1]));
    let frames = |bench: &mut Bench, up: &[Address]| {
        let before = bench.peers[ALICE].sent;
        bench.has_up(ALICE, up);
        let frames = bench.peers[ALICE].sent - before;
        bench.settle();
        frames
    };
    assert_eq!(frames(&mut bench, &servers([1])), 0);
    assert_eq!(frames(&mut bench, &servers([1, 2])), 1);
    assert_eq!(remembers(&bench, BOB), servers([1, 2]));
    assert_eq!(frames(&mut bench, &servers([1, 2])), 0);
    assert_eq!(frames(&mut bench, &[]), 0, "nothing is to be said");
    assert_eq!(remembers(&bench, BOB), servers([1, 2]));
    let before = bench.records_written(BOB);
    assert_eq!(frames(&mut bench, &servers([1, 2])), 1);
    assert_eq!(bench.records_written(BOB), before, "it was no news");
}

#[test]
fn what_is_hearsay_is_not_passed_on() {
    let mut bench = two(95);
    bench.befriend(BOB, CAROL);
    bench.uses(ALICE, &servers([1]));
    bench.advance(A_WHILE);
    assert_eq!(remembers(&bench, BOB), servers([1]));
    bench.stop(BOB);
    bench.start(BOB);
    bench.has_up(BOB, &servers([1, 7]));
    bench.advance(A_WHILE);
    assert!(bench.contact(CAROL, BOB).unwrap().online);
    assert!(remembers(&bench, CAROL).is_empty());
}

#[test]
fn only_what_means_the_same_to_everybody_is_told_or_remembered() {
    let mut bench = two(96);
    let at =
        |ip: [u8; 4]| Address { transport: Transport::Quic, ip: IpAddr::V4(Ipv4Addr::from(ip)), port: 5 };
    let private = [at([192, 168, 1, 1]), at([10, 0, 0, 1]), at([100, 64, 0, 1]), at([169, 254, 0, 1])];
    let public = at([203, 0, 113, 5]);
    bench.uses(ALICE, &[private.as_slice(), &[public]].concat());
    bench.advance(A_WHILE);
    assert_eq!(remembers(&bench, BOB), [public]);
    let none = [at([0; 4]), at([224, 0, 0, 1]), at([255; 4]), Address { port: 0, ..at([8; 4]) }];
    let own = bench.peers[BOB].address();
    let told = [private.as_slice(), none.get(..3).unwrap(), &[own]].concat();
    says(&mut bench, ALICE, &codec::encode(&told).unwrap());
    says(&mut bench, ALICE, &codec::encode(&none.to_vec()).unwrap());
    assert_eq!(remembers(&bench, BOB), [public]);
    assert!(bench.contact(BOB, ALICE).unwrap().online, "no reason to end a channel");
}

#[test]
fn a_malformed_list_ends_the_link_and_changes_nothing() {
    let mut bench = two(97);
    bench.uses(ALICE, &servers([1]));
    bench.advance(A_WHILE);
    let good = codec::encode(&servers([2])).unwrap();
    let many = codec::encode(&servers(2..11)).unwrap();
    let huge = [&u64::MAX.to_be_bytes(), good.get(8..).unwrap()].concat();
    let long = [good.as_slice(), &[0]].concat();
    let bad = [many.as_slice(), &huge, &long, &good[..good.len() - 1], &[], &[7; 3]];
    for payload in bad {
        assert!(bench.contact(BOB, ALICE).unwrap().online);
        let before = bench.peers[BOB].logged.len();
        says(&mut bench, ALICE, payload);
        assert!(
            bench.peers[BOB].logged[before..].iter().any(|line| line.contains("a malformed frame")),
            "{payload:?}"
        );
        assert_eq!(remembers(&bench, BOB), servers([1]));
        bench.advance(A_WHILE);
    }
    says(&mut bench, ALICE, &good);
    assert_eq!(remembers(&bench, BOB), servers([2, 1]));
}

#[test]
fn one_contact_has_a_part_of_the_room_and_all_together_no_more_than_there_is() {
    let names = ["Alice", "Bob", "Carol", "Dora", "Emil", "Fay", "Gus"];
    let mut bench = Bench::new(98, &names);
    for whom in 1..names.len() {
        bench.befriend(ALICE, whom);
    }
    let of = |who: usize| {
        let first = u8::try_from(who * 10).unwrap();
        servers(first..first + 8)
    };
    let per_contact = limits::SERVERS_PER_CONTACT_MAX;
    for who in [BOB, CAROL] {
        says(&mut bench, who, &codec::encode(&of(who)).unwrap());
    }
    let both = [&of(CAROL)[..per_contact], &of(BOB)[..per_contact]].concat();
    assert_eq!(remembers(&bench, ALICE), both);
    // Carol says ever others: they take the place of her own.
    for number in 100..150 {
        says(&mut bench, CAROL, &codec::encode(&servers([number])).unwrap());
    }
    let newest = servers((146..150).rev());
    assert_eq!(remembers(&bench, ALICE), [newest.as_slice(), &of(BOB)[..per_contact]].concat());
    for who in CAROL..names.len() {
        says(&mut bench, who, &codec::encode(&of(who)).unwrap());
    }
    let kept = remembers(&bench, ALICE);
    assert_eq!(kept.len(), limits::SERVERS_REMEMBERED_MAX);
    assert_eq!(kept[..per_contact], of(6)[..per_contact]);
    assert!(!kept.contains(&server(10)), "whoever told first gives way");
    bench.stop(ALICE);
    bench.start(ALICE);
    assert_eq!(remembers(&bench, ALICE), kept);
}

#[test]
fn the_word_of_who_is_blocked_or_removed_is_forgotten() {
    for remove in [false, true] {
        let mut bench = two(99);
        bench.befriend(BOB, CAROL);
        bench.uses(ALICE, &servers([1, 2]));
        bench.uses(CAROL, &servers([2, 3]));
        bench.advance(A_WHILE);
        let mut all = remembers(&bench, BOB);
        all.sort_unstable();
        assert_eq!(all, servers([1, 2, 3]));
        let contact = bench.reference(ALICE);
        let command = if remove {
            Command::RemoveContact { contact, keep_history: true }
        } else {
            Command::BlockContact { contact }
        };
        bench.command(BOB, command).unwrap();
        assert_eq!(remembers(&bench, BOB), servers([2, 3]), "Carol's word counts as before");
        bench.stop(BOB);
        bench.start(BOB);
        assert_eq!(remembers(&bench, BOB), servers([2, 3]));
        if !remove {
            let contact = bench.reference(ALICE);
            bench.command(BOB, Command::UnblockContact { contact }).unwrap();
            assert_eq!(remembers(&bench, BOB), servers([2, 3]));
            bench.advance(A_WHILE);
            assert!(remembers(&bench, BOB).contains(&server(1)), "once they say it again");
        }
    }
}
