//! Several offers for one epoch: forged, repeated, from a side that was put back, or far too many.

use super::*;

/// Another process of the same device, which makes other offers.
fn copy(device: &Device, salt: u64) -> Device {
    device.opened_on(device.records.clone(), salt)
}

/// An offer that a copy of `a` makes, sealed under the next index of `a` itself.
fn another_offer(a: &mut Device, salt: u64) -> Vec<u8> {
    let mut other = copy(a, salt);
    other.turn(|turn, session| session.steps.finish(turn, &session.id));
    other.session.on_channel();
    other.writes("elsewhere");
    let said = other.session.steps.offer.unwrap().said;
    a.forges(&[Record::Offer(said)])
}

#[test]
fn a_forged_offer_takes_no_true_ones_place() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    // A thief of a's whole state offers first, under an index that a uses as well.
    let mut thief = copy(&a, 666);
    let forged = another_offer(&mut thief, 667);
    assert!(matches!(b.open(&forged), Opened::Records(_)));
    assert_eq!(b.candidates(), 1);
    let refused = a.writes("collides");
    assert_eq!(b.refuses(&refused), Refusal::UsedIndex, "this is how the other side notices");
    // What b answers is unknown to a, and read.
    let answer = b.writes("to whom?");
    a.reads(&answer, "to whom?");
    assert_eq!((a.n(), a.logged.len()), (0, 1));
    // a's own offer rides again: another candidate, answered from now on, and used first.
    pass(&mut a, &mut b, SECOND);
    let offer = a.writes("true");
    b.reads(&offer, "true");
    assert_eq!(b.candidates(), 2);
    assert!(sound(&a.status(), &b.status()));
    let accept = b.acknowledges();
    a.hears(&accept);
    let first = a.acknowledges();
    b.hears(&first);
    assert_eq!((a.n(), b.n(), b.candidates()), (1, 1, 0));
    assert!(sound(&a.status(), &b.status()) && b.is_durable());
    // The thief had the answer to its own offer, and is out of the session all the same.
    assert_eq!(thief.refuses(&first), Refusal::NoHeaderKey);
    step(&mut b, &mut a);
}

#[test]
fn the_offer_that_was_heard_last_is_answered() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offer = a.writes("true");
    b.reads(&offer, "true");
    let wanted = b.session.steps.candidates[0].1.offer;
    pass(&mut a, &mut b, SECOND);
    let forged = another_offer(&mut a, 9);
    b.open(&forged);
    assert_eq!(b.candidates(), 2);
    assert!(b.session.steps.candidates[1].1.offer != wanted);
    // The true one rides again within the same second: it is known, so nothing is made anew.
    let again = a.writes("again");
    b.reads(&again, "again");
    assert_eq!((b.candidates(), b.session.steps.candidates[1].1.offer), (2, wanted));
    assert!(b.is_durable());
    let accept = b.acknowledges();
    a.hears(&accept);
    assert_eq!(a.n(), 1);
}

#[test]
fn at_most_three_epochs_stand_by_and_the_first_that_is_used_wins() {
    let (mut a, mut b) = pair();
    let mut offers = vec![];
    for salt in 0..5 {
        pass(&mut a, &mut b, SECOND);
        let envelope = another_offer(&mut a, 100 + salt);
        assert!(matches!(b.open(&envelope), Opened::Records(_)));
        offers.push(b.session.steps.candidates.last().unwrap().1.offer);
        assert_eq!(b.candidates(), limits::CANDIDATES_MAX.min(salt as usize + 1));
        assert!(b.is_durable());
    }
    let standing_by: Vec<_> = b.session.steps.candidates.iter().map(|(_, one)| one.offer).collect();
    assert_eq!(standing_by, offers[2..]);
    let status = b.status();
    assert_eq!(status.receiving.iter().map(|epoch| epoch.n).collect::<Vec<_>>(), [0, 1, 1, 1]);
    // Envelopes in two of them: the first that comes wins, the other one's keys are gone.
    let mut used: Vec<_> = b
        .session
        .steps
        .candidates
        .iter()
        .map(|(_, one)| {
            let mut a = copy(&a, 5);
            a.turn(|turn, session| session.step_to(turn, one.epoch.mirrored()).unwrap());
            a.writes("in the next epoch")
        })
        .collect();
    let (last, middle) = (used.pop().unwrap(), used.pop().unwrap());
    b.reads(&middle, "in the next epoch");
    assert_eq!((b.n(), b.candidates()), (1, 0));
    assert_eq!(b.refuses(&last), Refusal::NoHeaderKey);
    assert!(b.is_durable());
}

#[test]
fn a_flood_of_offers_costs_one_handshake_a_second() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offers: Vec<Vec<u8>> = (0..30)
        .map(|salt| {
            let mut other = copy(&a, 500 + salt);
            other.session.on_channel();
            other.writes("elsewhere");
            other.session.steps.offer.unwrap().said
        })
        .collect();
    // Many in one envelope: the first is looked at.
    let many: Vec<Record> = offers.iter().cloned().map(Record::Offer).collect();
    let envelope = a.forges(&many);
    assert_eq!(b.open(&envelope), Opened::Records(vec![]));
    assert_eq!((b.candidates(), b.session.steps.candidates[0].1.offer), (1, hash_plain(&[&offers[0]])));
    // One an envelope, within a second: none is answered, whatever rides.
    for offer in &offers[1..] {
        let envelope = a.forges(&[Record::Offer(offer.clone())]);
        b.open(&envelope);
        assert_eq!(b.candidates(), 1);
    }
    let records = b.records.0.len();
    for (second, offer) in offers.iter().enumerate() {
        pass(&mut a, &mut b, SECOND);
        let envelope = a.forges(&[Record::Offer(offer.clone())]);
        b.open(&envelope);
        assert!(b.writes <= 5 && b.records.0.len() <= records + 3 + second);
    }
    // An answer of b's is still one record on each envelope.
    assert_eq!(b.acknowledges().len(), 2_048);
}

#[test]
fn an_answer_that_nobody_uses_does_not_stop_the_steps_for_ever() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    // The offer is a thief's, or of a side that was put back: nobody holds its keys.
    let nobodys = another_offer(&mut a, 13);
    b.open(&nobodys);
    assert_eq!(b.candidates(), 1);
    // Only b writes from now on, a acknowledges.
    for _ in 0..3 {
        pass(&mut a, &mut b, limits::STEP_AFTER_LONG - SECOND);
        b.session.on_channel();
        let text = b.writes("text");
        a.reads(&text, "text");
        assert!(!b.offer_out() && a.candidates() == 0);
        pass(&mut a, &mut b, SECOND);
        let text = b.writes("text");
        a.reads(&text, "text");
        if a.candidates() > 0 {
            break;
        }
    }
    assert!(b.offer_out());
    assert_eq!(a.candidates(), 1);
    let accept = a.acknowledges();
    b.hears(&accept);
    assert_eq!((b.n(), b.candidates()), (1, 0), "what stood by is erased");
    let first = b.writes("first");
    a.reads(&first, "first");
    assert_eq!(a.n(), 1);
    assert!(sound(&a.status(), &b.status()));
}

#[test]
fn two_answers_that_nobody_uses_do_not_stop_the_steps_either() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let nobodys = another_offer(&mut a, 21);
    // b's own offer was answered; then a forged one makes b drop it, and the answer comes too late.
    let offer = b.writes("offer");
    a.reads(&offer, "offer");
    let late = a.acknowledges();
    b.open(&nobodys);
    b.hears(&late);
    assert_eq!((a.candidates(), b.candidates(), a.n(), b.n()), (1, 1, 0, 0));
    assert!(!a.offer_out() && !b.offer_out());
    // Forging on does not hold them up either.
    for minute in 0..10 {
        pass(&mut a, &mut b, limits::STEP_AFTER_LONG / 10);
        let forged = another_offer(&mut a, 30 + minute);
        assert!(matches!(b.open(&forged), Opened::Records(_)));
    }
    for _ in 0..4 {
        let (there, back) = (a.writes("there"), b.writes("back"));
        b.reads(&there, "there");
        a.reads(&back, "back");
        assert!(sound(&a.status(), &b.status()));
        pass(&mut a, &mut b, SECOND);
    }
    assert_eq!((a.n(), b.n(), a.candidates(), b.candidates()), (1, 1, 0, 0));
    assert!(a.is_durable() && b.is_durable());
}
