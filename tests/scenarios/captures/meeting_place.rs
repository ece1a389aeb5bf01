//! What a crawler finds in the meeting place: it is a node of it itself, walks through the tables of all servers as often as
//! it likes, keeps what is left with it, and asks for everything that it knows of.

use std::collections::BTreeSet;

use causerie_tests::{Internet, Person, Role, Router, Versions, role};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::traces_of;
use crate::{
    foreign::{Foreign, Terms},
    internet::{server, starts},
};

const CRAWLER: &str = "captures::meeting_place::crawler";

/// Where the crawler is: the third server.
const PLACE: &str = "/ip4/203.0.113.103/udp/47474/quic-v1";

/// Bytes of a record (`docs/wire-format.md`).
const RECORD_BYTES: usize = 1_024;

/// Bytes that two records have in common by chance once in 2^64 pairs of places.
const ALIKE: usize = 8;

/// A role: a server of somebody else's that walks through the table whenever it is told to, and says what it knows then.
#[test]
fn crawler() {
    let Some(doors) = role::asked(CRAWLER) else { return };
    let doors = doors.split(' ').map(str::to_owned).collect();
    let foreign = Foreign::start(Terms { listen: vec![PLACE.to_owned()], doors, ..Terms::usual() });
    role::say("ready");
    for _ in role::told() {
        let walked = foreign.walks();
        let seen = foreign.seen();
        let records = |records: &[libp2p::kad::Record]| -> Vec<Value> {
            let one = |record: &libp2p::kad::Record| {
                json!({
                    "key": HEXLOWER.encode(record.key.as_ref()),
                    "value": HEXLOWER.encode(&record.value),
                    "publisher": record.publisher.map(|peer| peer.to_string()),
                })
            };
            records.iter().map(one).collect()
        };
        let report = json!({
            "nodes": walked.nodes,
            "found": records(&walked.found),
            "left": records(&seen.left),
            "named": seen.named,
            "providers": walked.providers + seen.provided,
        });
        role::say(&report.to_string());
    }
}

/// A record, as bytes.
type Lying = (Vec<u8>, Vec<u8>);

fn records(report: &Value, which: &str) -> BTreeSet<Lying> {
    let bytes = |value: &Value| HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let one = |record: &Value| {
        assert_eq!(record["publisher"], Value::Null, "somebody signed");
        (bytes(&record["key"]), bytes(&record["value"]))
    };
    report[which].as_array().unwrap().iter().map(one).collect()
}

fn report(crawler: &mut Role) -> Value {
    crawler.tell("walk");
    serde_json::from_str(&crawler.says()).unwrap()
}

/// Walks until there are records under so many keys.
fn keys(crawler: &mut Role, person: &Person, count: usize) -> Value {
    person.waits_until(&format!("records lie under {count} keys"), || {
        let report = report(crawler);
        let keys: BTreeSet<Vec<u8>> = records(&report, "left").into_iter().map(|(key, _)| key).collect();
        (keys.len() >= count).then_some(report)
    })
}

#[test]
fn a_crawler_finds_servers_and_what_nobody_can_put_together() {
    let routers = [Router::Cone, Router::Cone, Router::Random];
    let Some(internet) = Internet::with(&routers, 3, Versions::Four) else { return };
    let first = server(&internet, 1);
    let second = Person::serving(&internet, 2);
    starts(&second, &internet, &[1], &["--serve-relay", "--serve-bootstrap"]);
    let doors: Vec<String> = [1, 2].into_iter().flat_map(|server| internet.places(server)).collect();
    let mut crawler = internet.plays_at(3, CRAWLER, &doors.join(" "));
    assert_eq!(crawler.says(), "ready");
    let people = [(1, "alexandrina"), (2, "bartholomew"), (3, "clementine")];
    let [alice, bob, carol] = people.map(|(home, name)| Person::behind(&internet, home, name));
    for person in [&alice, &bob, &carol] {
        starts(person, &internet, &[1, 2], &[]);
    }
    alice.meets(&bob);
    alice.meets(&carol);
    alice.sends_and_waits(&bob, super::TEXTS[0], "delivered");
    // Her two links, and what she leaves for each of the two; then what each of them leaves for her.
    bob.stops();
    carol.stops();
    keys(&mut crawler, &alice, 4);
    alice.stops();
    starts(&bob, &internet, &[1, 2], &[]);
    starts(&carol, &internet, &[1, 2], &[]);
    let report = keys(&mut crawler, &bob, 6);
    crawler.ends();

    // Homes are in nobody's table, and no address of theirs is told by anybody.
    let nodes = report["nodes"].as_object().unwrap();
    assert!((2..=3).contains(&nodes.len()), "{nodes:?}");
    let servers = ["/ip4/203.0.113.101/", "/ip4/203.0.113.102/", "/ip4/203.0.113.103/"];
    for place in nodes.values().flat_map(|places| places.as_array().unwrap()) {
        let place = place.as_str().unwrap();
        assert!(servers.iter().any(|server| place.starts_with(server)), "{place} is in a table");
    }
    let named = report["named"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let places: Vec<&str> = named.filter(|name| name.starts_with("/ip")).collect();
    assert!(places.iter().all(|place| servers.iter().any(|server| place.starts_with(server)) || place.starts_with("/ipfs")));

    // Nobody says who left something or who has it.
    assert_eq!(report["providers"], 0);
    let (left, found) = (records(&report, "left"), records(&report, "found"));
    assert!(left.iter().all(|(key, value)| key.len() == 32 && value.len() == RECORD_BYTES));
    // What is asked for is what was left, and up to four of it at once.
    let known: BTreeSet<&[u8]> = left.iter().map(|(_, value)| value.as_slice()).collect();
    assert!(!found.is_empty());
    for (_, value) in &found {
        assert!(value.len().is_multiple_of(RECORD_BYTES) && value.len() <= 4 * RECORD_BYTES);
        assert!(value.chunks(RECORD_BYTES).any(|record| known.contains(record)));
    }
    // Nothing can be read, and nothing in one record is in another: of two directions, two contacts, two links.
    let traces = traces_of(&[&alice, &bob, &carol]);
    let all: Vec<u8> = left.iter().flat_map(|(key, value)| [key.clone(), value.clone()].concat()).collect();
    assert_eq!(traces.in_bytes(&all), Vec::<String>::new());
    let keys: BTreeSet<&Vec<u8>> = left.iter().map(|(key, _)| key).collect();
    let parts: Vec<&[u8]> = keys.into_iter().map(Vec::as_slice).chain(known).collect();
    let windows = |part: &&[u8]| part.windows(ALIKE).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut windows: Vec<Vec<u8>> = parts.iter().flat_map(windows).collect();
    let count = windows.len();
    windows.sort_unstable();
    windows.dedup();
    assert_eq!(windows.len(), count, "two records have something in common");
    drop((first, second));
}
