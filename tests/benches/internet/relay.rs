//! What places cost a relay: 128 real nodes in four homes that are let in by it.

use std::{fs, time::Duration};

use causerie_tests::{Internet, Person, Router, Versions};
use serde_json::json;

use crate::{
    idle::passes,
    talk::{bootstrap, reachable, serving, starts},
};

/// How many are let in.
const PLACES: usize = 128;

/// In how many homes they are.
const HOMES: usize = 4;

/// How long it is left alone before it is looked at.
const REST: Duration = Duration::from_secs(20);

/// Looks at the relay's memory before and after.
pub(crate) fn measure() {
    let Some(internet) = Internet::with(&[Router::Cone; HOMES], 1, Versions::Four) else { return };
    let server = serving(&internet);
    passes(REST);
    let before = kib(&server);
    let mut args = bootstrap(&internet);
    args.push("--no-mdns".to_owned());
    let people: Vec<Person> = (0..PLACES)
        .map(|number| {
            let person = Person::behind(&internet, number % HOMES + 1, &format!("guest {number}"));
            starts(&person, &args);
            person
        })
        .collect();
    for person in &people {
        reachable(person, "relayed");
    }
    server.waits_until("everybody has a place", || (places(&server) >= PLACES).then_some(()));
    passes(REST);
    let (held, after) = (places(&server), kib(&server));
    println!("a relay, memory in use (resident)");
    println!("  without anybody  {:7.1} MiB", before / 1_024.0);
    println!(
        "  with {held} places  {:7.1} MiB: {:.0} KiB each",
        after / 1_024.0,
        (after - before) / f64::from(u32::try_from(held).unwrap())
    );
    let guests: f64 = people.iter().map(kib).sum();
    println!(
        "  a guest          {:7.1} MiB",
        guests / 1_024.0 / f64::from(u32::try_from(people.len()).unwrap())
    );
}

fn places(server: &Person) -> usize {
    let status = server.asks("node.status", &json!({}));
    usize::try_from(status["serving"]["places"].as_u64().unwrap()).unwrap()
}

/// Resident memory of somebody's node.
fn kib(person: &Person) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", person.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
