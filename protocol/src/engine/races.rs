//! Two links between the same two at once: what is said on one overtakes what was said on the other.

use core::time::Duration;

use crate::{
    answer::ContactState,
    command::Command,
    delivery::{self, Delivery},
    event::Event,
    ids::LinkId,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;

const A_WHILE: Duration = Duration::from_secs(150);

/// In which orders each race is run.
const SEEDS: core::ops::Range<u8> = 0..100;

/// How often somebody was told something of this kind.
fn told(bench: &Bench, who: usize, is_it: fn(&Event) -> bool) -> usize {
    bench.peers[who].events.iter().filter(|event| is_it(event)).count()
}

const fn is_online(event: &Event) -> bool {
    matches!(event, Event::ContactOnline(_))
}

const fn is_offline(event: &Event) -> bool {
    matches!(event, Event::ContactOffline(_))
}

#[test]
fn of_two_channels_made_at_once_one_stays_and_nobody_seems_gone_meanwhile() {
    for seed in SEEDS {
        let mut bench = Bench::new(seed, &["Alice", "Bob"]);
        bench.befriend(ALICE, BOB);
        bench.stop(ALICE);
        bench.start(ALICE);
        for who in [ALICE, BOB] {
            bench.peers[who].events.clear();
        }
        bench.punch(ALICE, BOB);
        bench.punch(BOB, ALICE);
        bench.advance(A_WHILE);
        for who in [ALICE, BOB] {
            assert_eq!(told(&bench, who, is_online), 1, "seed {seed}, {who}");
            assert_eq!(told(&bench, who, is_offline), 0, "seed {seed}, {who}");
        }
        assert_eq!(bench.links(), 1, "seed {seed}");
        bench.vanish(ALICE);
        bench.advance(A_WHILE);
        assert_eq!(told(&bench, BOB, is_offline), 1, "seed {seed}");
    }
}

#[test]
fn a_link_answered_over_two_paths_at_once_is_answered_once() {
    for (seed, reusable) in SEEDS.flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut bench = Bench::new(seed, &["Alice", "Bob"]);
        let link = bench.invite(ALICE, reusable, false);
        for (who, whom) in [(ALICE, BOB), (BOB, ALICE)] {
            bench.discover(who, whom);
        }
        bench.accept(BOB, &link).unwrap();
        bench.punch(ALICE, BOB);
        bench.punch(BOB, ALICE);
        bench.advance(Duration::from_secs(5));
        if reusable {
            let dials = bench.peers[BOB].dials.len();
            bench.advance(Duration::from_secs(600));
            // One link waits for consent; a try may have been due before.
            assert!(bench.peers[BOB].dials.len() <= dials + 1, "seed {seed}");
            let contact = bench.reference(BOB);
            bench.command(ALICE, Command::AcceptContact { contact }).unwrap();
            bench.advance(Duration::from_secs(5));
        }
        for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
            let seen = bench.contact(who, of);
            let why = seen.as_ref().and_then(|contact| contact.reason.clone());
            assert_eq!(seen.map(|one| one.state), Some(ContactState::Active), "seed {seed}, {who}: {why:?}");
            let notices = |event: &Event| matches!(event, Event::Notice { .. });
            assert_eq!(told(&bench, who, notices), 0, "seed {seed}, {who}: {:?}", bench.peers[who].events);
            bench.send(who, of, "hello").unwrap();
        }
        bench.advance(Duration::from_secs(5));
        for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
            assert_eq!(bench.texts(who, of), ["hello", "hello"], "seed {seed}, {who}");
            let refused = bench.peers[who].logged.iter().find(|line| line.contains(" refused: "));
            assert_eq!(refused, None, "seed {seed}, {who}");
        }
    }
}

#[test]
fn whoever_is_met_is_found_on_their_network_whatever_came_of_another_link() {
    let mut bench = Bench::new(3, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    let pairs = [(ALICE, BOB), (BOB, ALICE)];
    for (who, whom) in pairs {
        bench.discover(who, whom);
        bench.meddle(who, |state, turn| {
            let ends = state.links.iter().next().unwrap().1.ends.clone();
            state.reach.on_unmatched(LinkId::new(u64::MAX), &ends, false, turn.now.moment);
        });
    }
    bench.part(ALICE, BOB);
    bench.join(ALICE, BOB);
    bench.punch(ALICE, BOB);
    bench.advance(A_WHILE);
    bench.part(ALICE, BOB);
    bench.moves(ALICE, 4_000);
    bench.moves(BOB, 4_001);
    bench.join(ALICE, BOB);
    for (who, whom) in pairs {
        bench.discover(who, whom);
    }
    bench.advance(Duration::from_secs(5));
    assert!(bench.contact(ALICE, BOB).unwrap().online);
}

#[test]
fn acknowledgements_that_a_closed_channel_took_with_it_hold_nothing_back() {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench.send(ALICE, BOB, "before").unwrap();
    bench.advance(A_WHILE);
    bench.meddle(ALICE, |state, _| state.deliveries.values_mut().for_each(Delivery::lose_acknowledgements));
    bench.send(ALICE, BOB, "behind a full window").unwrap();
    bench.settle();
    assert_eq!(bench.texts(BOB, ALICE), ["before"]);
    // The channel is another one on Bob's side, who says on it how far each chain goes.
    bench.meddle(BOB, |state, turn| {
        let used = state.deliveries.iter().find_map(|(row, delivery)| Some((*row, delivery.link()?)));
        let (row, link) = used.unwrap();
        delivery::say_heads(state, turn, row, link, false);
    });
    bench.settle();
    assert_eq!(bench.texts(BOB, ALICE), ["before", "behind a full window"]);
}

#[test]
fn a_further_device_introduced_over_two_paths_at_once_is_one_device() {
    const LAPTOP: usize = 2;
    for seed in SEEDS {
        let mut bench = Bench::new(seed, &["Alice", "Bob", "Laptop"]);
        bench.befriend(ALICE, BOB);
        bench.stop(ALICE);
        bench.copy(ALICE, LAPTOP);
        bench.start(ALICE);
        bench.start(LAPTOP);
        bench.command(LAPTOP, Command::SeparateDevice).unwrap();
        for (one, two) in [(LAPTOP, BOB), (BOB, LAPTOP), (ALICE, BOB)] {
            bench.punch(one, two);
        }
        bench.advance(A_WHILE);
        for (who, of) in [(ALICE, BOB), (LAPTOP, BOB), (BOB, ALICE)] {
            bench.send(who, of, &format!("from {who}")).unwrap();
        }
        bench.advance(A_WHILE);
        let expected = bench.texts(BOB, ALICE);
        assert_eq!(expected.len(), 3, "seed {seed}");
        for who in [ALICE, LAPTOP] {
            assert_eq!(bench.texts(who, BOB), expected, "seed {seed}, {who}");
        }
        for who in [ALICE, BOB, LAPTOP] {
            let refused = bench.peers[who].logged.iter().find(|line| line.contains(" refused: "));
            assert_eq!(refused, None, "seed {seed}, {who}");
        }
    }
}
