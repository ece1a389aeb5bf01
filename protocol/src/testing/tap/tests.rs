//! What the tap shows of two engines that talk, and how little it holds.

use core::time::Duration;
use std::collections::BTreeSet;

use super::*;
use crate::{
    entropy::Entropy,
    limits,
    moment::Now,
    testing::{
        Bench, MemoryRecords, Who,
        plant::{self, Plant},
    },
    vault::Vault,
};

const ALICE: Who = 0;
const BOB: Who = 1;
const CAROL: Who = 2;

fn talk(bench: &mut Bench, one: Who, two: Who, count: usize) {
    for _ in 0..count {
        bench.send(one, two, "text").unwrap();
        bench.settle();
        bench.send(two, one, "text").unwrap();
        bench.settle();
    }
}

fn envelopes(tapped: &[Tapped]) -> Vec<&[u8]> {
    let envelopes = tapped.iter().filter_map(|one| match &one.what {
        What::Envelope(bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    envelopes.collect()
}

#[test]
fn it_is_off_until_it_is_started_and_after_it_is_stopped() {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    assert_eq!(take(), []);
    start();
    talk(&mut bench, ALICE, BOB, 1);
    assert!(!take().is_empty() && take().is_empty());
    talk(&mut bench, ALICE, BOB, 1);
    stop();
    talk(&mut bench, ALICE, BOB, 1);
    assert_eq!(take(), []);
}

#[test]
fn envelopes_and_whole_steps_show_in_order() {
    start();
    let mut bench = Bench::new(2, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    for _ in 0..4 {
        talk(&mut bench, ALICE, BOB, 6);
        bench.advance(limits::STEP_AFTER);
    }
    let tapped = take();
    stop();
    assert!(tapped.iter().enumerate().all(|(place, one)| one.number == place as u64));
    assert!(tapped.is_sorted_by_key(|one| one.at));
    assert!(matches!(&tapped[0].what, What::First(bytes) if bytes.len() == limits::ENVELOPE_BUCKETS[1]));
    let session = tapped[0].session;
    let sealed = envelopes(&tapped);
    assert!(sealed.len() > 48 && sealed.iter().all(|one| limits::ENVELOPE_BUCKETS.contains(&one.len())));
    let nonces: BTreeSet<&[u8]> = sealed.iter().map(|one| &one[1..25]).collect();
    assert_eq!(nonces.len(), sealed.len());
    let mut steps = 0;
    for (place, one) in tapped.iter().enumerate() {
        assert_eq!(one.session, session);
        let What::Offered { n, offer } = one.what else { continue };
        let after = &tapped[place + 1..];
        let at = |from: DeviceId, what: &What| {
            after.iter().position(|next| next.from == from && next.what == *what).unwrap()
        };
        let answer = after.iter().find_map(|next| match next.what {
            What::Answered { offer: to, fingerprint, .. } if to == offer => Some((next.from, fingerprint)),
            _ => None,
        });
        // Of two offers that cross, one is not answered.
        let Some((answerer, fingerprint)) = answer else { continue };
        steps += 1;
        assert_eq!(answerer, one.to);
        let answered = at(one.to, &What::Answered { n, offer, fingerprint });
        let heard = at(one.from, &What::Heard { n, offer });
        let stepped = What::Stepped { n, fingerprint };
        assert!(answered < heard && heard < at(one.from, &stepped));
        assert!(at(one.from, &stepped) < at(one.to, &stepped));
    }
    assert!(steps >= 3, "{steps} steps");
}

#[test]
fn it_can_be_narrowed_to_one_device() {
    let mut bench = Bench::new(3, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.befriend(BOB, CAROL);
    start();
    talk(&mut bench, ALICE, BOB, 1);
    let alice = [take()[0].from, bench.peers[ALICE].engine.as_ref().unwrap().device()];
    assert_eq!(alice[0], alice[1]);
    narrow(Some(alice[0]));
    talk(&mut bench, BOB, CAROL, 2);
    assert_eq!(take(), []);
    talk(&mut bench, ALICE, BOB, 2);
    let tapped = take();
    stop();
    assert!(tapped.iter().any(|one| one.to == alice[0]) && tapped.iter().any(|one| one.from == alice[0]));
}

#[test]
fn the_oldest_goes_when_nobody_takes_anything() {
    let (vault, records) = (
        Vault::create(&mut crate::entropy::TurnRandom::new(&Entropy::new([1; 32]))).2,
        MemoryRecords::default(),
    );
    let turn = Turn::new(Now::default(), &Entropy::new([1; 32]), &records, &vault);
    let device = DeviceId::from_bytes([1; 16]);
    let doing = Doing { session: SessionId::from_bytes([2; 16]), from: device, to: device };
    start();
    let largest = vec![0; limits::ENVELOPE_BUCKETS[3]];
    let fit = TAPPED_BYTES_MAX / largest.len();
    for _ in 0..fit + 10 {
        envelope(&turn, doing, &largest);
    }
    let tapped = take();
    stop();
    let held: usize = envelopes(&tapped).iter().map(|one| one.len()).sum();
    assert!(held <= TAPPED_BYTES_MAX && tapped.len() + 20 > fit);
    assert_eq!(tapped.last().unwrap().number, fit as u64 + 9);
    assert!(tapped[0].number > 0 && tapped.is_sorted_by(|one, next| one.number + 1 == next.number));
}

#[test]
fn a_nonce_that_is_used_twice_shows() {
    plant::set(Some(Plant::NonceRepeated));
    start();
    let mut bench = Bench::new(4, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    talk(&mut bench, ALICE, BOB, 2);
    bench.advance(Duration::from_secs(5));
    let tapped = take();
    stop();
    plant::set(None);
    let sealed = envelopes(&tapped);
    let nonces: BTreeSet<&[u8]> = sealed.iter().map(|one| &one[1..25]).collect();
    assert!(nonces.len() < sealed.len());
}
