//! A router that forwards ports where a program inside asks it to: a real one (`miniupnpd`).

use std::fs;

use causerie_tests::{Internet, Person, Router, Versions};

use super::{meet_and_talk, server, starts};

/// What somebody says of how they can be reached, once it is this.
fn stands(person: &Person, how: &str) {
    person.waits_until(&format!("they are {how}"), || (person.status()["reachability"] == how).then_some(()));
}

#[test]
fn a_router_that_is_asked_lets_even_the_unforeseeable_in() {
    let Some(internet) = Internet::with(&[Router::Random, Router::Random], 1, Versions::Four) else { return };
    internet.is_numbered_publicly(2);
    let Some(_mapper) = internet.maps_ports(2) else { return };
    let _server = server(&internet, 1);
    let [alice, bob] = [(1, "alice"), (2, "bob")].map(|(home, name)| Person::behind(&internet, home, name));
    starts(&alice, &internet, &[1], &[]);
    starts(&bob, &internet, &[1], &[]);
    stands(&bob, "direct");
    stands(&alice, "relayed");
    let public = bob.status()["beyond"]["public"].to_string();
    assert!(public.contains(&internet.mapped(2)), "{public}");
    meet_and_talk(&alice, &bob, "direct");
    assert_eq!(internet.ports_mapped(2), 2);
}

#[test]
fn the_router_of_a_network_that_somebody_comes_to_later_is_asked_too() {
    let Some(internet) = Internet::with(&[Router::Random], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let bob = Person::behind(&internet, 1, "bob");
    starts(&bob, &internet, &[1], &[]);
    stands(&bob, "relayed");
    internet.is_numbered_publicly(1);
    let Some(_mapper) = internet.maps_ports(1) else { return };
    internet.gets_another_number(1);
    stands(&bob, "direct");
}

#[test]
fn a_router_that_begins_to_forward_makes_an_address_good_that_a_server_tried_in_vain() {
    let Some(internet) = Internet::with(&[Router::Cone], 1, Versions::Four) else { return };
    internet.is_numbered_publicly(1);
    let _server = server(&internet, 1);
    let bob = Person::behind(&internet, 1, "bob").logging("causerie_node=debug");
    starts(&bob, &internet, &[1], &[]);
    stands(&bob, "relayed");
    // Its ports are kept as they are: what is tried now, and what is forwarded then, is the same address.
    bob.waits_until("a server has tried both of them", || {
        let log = fs::read_to_string(bob.home().join("log/causerie.log")).unwrap();
        let tried = |line: &&str| line.contains("dialled back") && line.contains(&internet.mapped(1));
        (log.lines().filter(tried).count() >= 2).then_some(())
    });
    let Some(_mapper) = internet.maps_ports(1) else { return };
    stands(&bob, "direct");
}
