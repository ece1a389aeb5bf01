//! Thieves of engines that talk: what they read, from when on they read nothing, and how a broken step betrays itself.

use core::time::Duration;

use super::*;
use crate::testing::{
    plant::{self, Plant},
    tap,
};

const ALICE: Who = 0;
const BOB: Who = 1;
const CAROL: Who = 2;

const MINUTE: Duration = Duration::from_secs(60);

fn two(seed: u8) -> Bench {
    let mut bench = Bench::new(seed, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench
}

/// Some messages back and forth, more of one's than of the other's.
fn talk(bench: &mut Bench, rounds: usize) {
    for round in 0..rounds {
        let (from, to) = if round % 3 == 0 { (BOB, ALICE) } else { (ALICE, BOB) };
        bench.send(from, to, "text").unwrap();
        bench.settle();
    }
}

/// Hours of talk, with restarts.
fn hours(bench: &mut Bench, count: u64) {
    for tick in 0..count * 20 {
        talk(bench, 4);
        bench.advance(3 * MINUTE);
        if tick % 13 == 12 {
            let who = if tick % 2 == 0 { ALICE } else { BOB };
            bench.stop(who);
            bench.advance(MINUTE);
            bench.start(who);
            bench.advance(3 * MINUTE);
        }
    }
}

/// Which of what was tapped he read: one mark an envelope.
fn listens(thief: &mut Thief, tapped: &[Tapped]) -> Vec<bool> {
    let envelopes = tapped.iter().map(|one| (matches!(one.what, What::Envelope(_)), thief.hears(one)));
    let all: Vec<(bool, bool)> = envelopes.collect();
    all.into_iter().filter(|(is_envelope, _)| *is_envelope).map(|(_, read)| read).collect()
}

/// Two talk for hours, one is robbed between; the thief after that, and what he read.
fn robbed(seed: u8, victim: Who) -> (Thief, Vec<bool>, Vec<bool>) {
    tap::start();
    let mut bench = two(seed);
    hours(&mut bench, 2);
    let before = tap::take();
    let mut thief = bench.steal(victim).unwrap();
    hours(&mut bench, 3);
    let after = tap::take();
    tap::stop();
    let recorded = listens(&mut thief, &before);
    let heard = listens(&mut thief, &after);
    (thief, recorded, heard)
}

#[test]
fn he_reads_until_the_next_step_and_nothing_after_it_nor_what_was_before() {
    for seed in 0..2 {
        for victim in [ALICE, BOB] {
            let (thief, recorded, heard) = robbed(seed, victim);
            assert_eq!(thief.verdict(), Ok(()));
            assert!(recorded.len() > 100 && recorded.iter().all(|read| !read));
            let read = heard.iter().take_while(|read| **read).count();
            assert!(read > 0 && read < 40, "{read} read");
            assert!(heard.len() > 200 && heard.iter().skip(read).all(|read| !read));
            assert_eq!(thief.counts(), (read as u64, (recorded.len() + heard.len() - read) as u64));
        }
    }
}

#[test]
fn he_goes_along_with_the_step_whose_offer_he_stole_and_not_with_the_next() {
    tap::start();
    let mut bench = two(5);
    talk(&mut bench, 4);
    bench.advance(11 * MINUTE);
    let mut thief = None;
    let mut tapped = tap::take();
    assert!(!tapped.is_empty());
    tapped.clear();
    bench.send(ALICE, BOB, "with an offer").unwrap();
    while thief.is_none() {
        let new = tap::take();
        if new.iter().any(|one| matches!(one.what, What::Offered { .. })) {
            let offerer = new.iter().find(|one| matches!(one.what, What::Offered { .. })).unwrap().from;
            thief = [ALICE, BOB]
                .map(|who| bench.steal(who).unwrap())
                .into_iter()
                .find(|one| one.victim() == offerer);
        }
        tapped.extend(new);
        assert!(thief.is_some() || bench.step(), "no offer");
    }
    // No offer of the other side crosses it.
    bench.settle();
    talk(&mut bench, 4);
    tapped.extend(tap::take());
    let mut thief = thief.unwrap();
    let stepped = tapped.iter().filter(|one| matches!(one.what, What::Stepped { .. })).count();
    assert_eq!(stepped, 2, "one step, taken by both");
    let heard = listens(&mut thief, &tapped);
    // But for those that were sealed before the theft.
    assert!(heard.iter().filter(|read| **read).count() >= 6, "{heard:?}");
    bench.advance(11 * MINUTE);
    talk(&mut bench, 8);
    let heard = listens(&mut thief, &tap::take());
    tap::stop();
    assert!(heard.iter().take(6).any(|read| *read) && heard.iter().rev().take(6).all(|read| !read));
    assert_eq!(thief.verdict(), Ok(()));
}

#[test]
fn he_enters_the_session_that_answers_an_invitation_he_stole() {
    tap::start();
    let mut bench = Bench::new(6, &["Alice", "Bob", "Carol"]);
    let link = bench.invite(ALICE, false, false);
    let mut thief = bench.steal(ALICE).unwrap();
    bench.accept(BOB, &link).unwrap();
    bench.advance(MINUTE);
    let heard = listens(&mut thief, &tap::take());
    assert!(heard.iter().any(|read| *read));
    bench.advance(11 * MINUTE);
    talk(&mut bench, 12);
    let heard = listens(&mut thief, &tap::take());
    assert!(heard.iter().rev().take(6).all(|read| !read));
    // An invitation that was made after the theft is closed to him from the first word.
    bench.befriend(ALICE, CAROL);
    bench.send(CAROL, ALICE, "text").unwrap();
    bench.settle();
    let heard = listens(&mut thief, &tap::take());
    tap::stop();
    assert!(!heard.is_empty() && heard.iter().all(|read| !read));
    assert_eq!(thief.verdict(), Ok(()));
}

#[test]
fn others_sessions_are_none_of_his() {
    tap::start();
    let mut bench = Bench::new(8, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    let mut thief = bench.steal(CAROL).unwrap();
    talk(&mut bench, 4);
    let heard = listens(&mut thief, &tap::take());
    tap::stop();
    assert!(heard.len() >= 4 && heard.iter().all(|read| !read));
    assert_eq!(thief.counts(), (0, 0));
}

#[test]
fn there_is_nothing_to_steal_with_the_wrong_key() {
    let bench = two(9);
    let peer = &bench.peers[ALICE];
    let wrapping = Secret::new([9; 32]);
    let home = Home {
        header: &peer.header,
        wrapping: &wrapping,
        identity: &[],
        ring: &peer.ring(),
        records: &peer.store,
    };
    assert!(matches!(Thief::steal(&home), Err(TheftError::Vault(_))));
    let home = Home { wrapping: &peer.wrapping, ..home };
    assert!(matches!(Thief::steal(&home), Err(TheftError::Identity(_))));
}

fn breach(planted: Plant, victim: Who) -> Option<Breach> {
    plant::set(Some(planted));
    let (thief, _, _) = robbed(7, victim);
    plant::set(None);
    thief.verdict().err()
}

#[test]
fn a_step_without_fresh_keys_is_a_breach() {
    for victim in [ALICE, BOB] {
        let found = breach(Plant::StepFromChainAlone, victim);
        assert!(matches!(found, Some(Breach::LaterOffer { .. })), "{found:?}");
    }
    let found = [ALICE, BOB].map(|victim| breach(Plant::OfferReused, victim));
    assert!(found.iter().any(|one| matches!(one, Some(Breach::LaterOffer { .. }))), "{found:?}");
}

#[test]
fn a_step_that_is_not_taken_is_a_breach() {
    plant::set(Some(Plant::StepNotTaken));
    tap::start();
    let mut bench = Bench::new(7, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, false);
    let mut thief = bench.steal(ALICE).unwrap();
    bench.accept(BOB, &link).unwrap();
    hours(&mut bench, 1);
    let tapped = tap::take();
    tap::stop();
    plant::set(None);
    listens(&mut thief, &tapped);
    assert!(matches!(thief.verdict(), Err(Breach::NotTaken { .. })), "{:?}", thief.verdict());
    // Where the offer that is never taken was out already when he came, it is the time that tells.
    for victim in [ALICE, BOB] {
        let found = breach(Plant::StepNotTaken, victim);
        assert!(matches!(found, Some(Breach::NotTaken { .. } | Breach::NeverHealed { .. })), "{found:?}");
    }
}

#[test]
fn two_who_talk_under_stolen_keys_for_ever_are_a_breach() {
    // A thief who hears of no step at all: as if none were ever offered.
    plant::set(Some(Plant::StepNotTaken));
    tap::start();
    let mut bench = two(10);
    let mut thief = bench.steal(ALICE).unwrap();
    hours(&mut bench, 3);
    let tapped = tap::take();
    tap::stop();
    plant::set(None);
    for one in tapped.iter().filter(|one| matches!(one.what, What::Envelope(_))) {
        thief.hears(one);
    }
    assert!(matches!(thief.verdict(), Err(Breach::NeverHealed { .. })), "{:?}", thief.verdict());
}
