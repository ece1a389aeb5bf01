//! What a node says to the internet while nobody says anything.

use std::{
    thread::park_timeout,
    time::{Duration, Instant},
};

use causerie_tests::{Internet, Person, Router, Versions, Volume};

use crate::talk::{bootstrap, reachable, serving, starts};

/// How long it is left alone before it is counted: what a start brings is over.
const REST: Duration = Duration::from_secs(90);

/// How long it is counted.
const COUNTED: Duration = Duration::from_secs(360);

/// A node that knows a server and nobody, and beside it one with three contacts who are connected.
pub(crate) fn measure() {
    let routers = [Router::Cone; 4];
    let Some(alone) = Internet::with(&routers[..1], 1, Versions::Four) else { return };
    let Some(among) = Internet::with(&routers, 1, Versions::Four) else { return };
    let _servers = [serving(&alone), serving(&among)];
    let begun = Instant::now();
    let hermit = Person::behind(&alone, 1, "hermit");
    starts(&hermit, &bootstrap(&alone));
    let people: Vec<Person> =
        (1..=4).map(|home| Person::behind(&among, home, &format!("person {home}"))).collect();
    for person in &people {
        starts(person, &bootstrap(&among));
    }
    reachable(&hermit, "relayed");
    for person in &people {
        reachable(person, "relayed");
    }
    for other in &people[1..] {
        people[0].meets(other);
        people[0].waits_until_path(other, "direct");
        other.waits_until_path(&people[0], "direct");
    }
    let place = |internet: &Internet| internet.volume(1);
    passes(REST);
    let before = [place(&alone), place(&among)];
    println!("until counted, {} s with the start: alone {:?}", begun.elapsed().as_secs(), before[0]);
    let counting = Instant::now();
    passes(COUNTED);
    let hour = 3_600.0 / counting.elapsed().as_secs_f64();
    let after = [place(&alone), place(&among)];
    println!("idle, counted for {} s", counting.elapsed().as_secs());
    for (index, who) in ["alone with a server", "with three contacts, directly"].iter().enumerate() {
        print(who, before[index], after[index], hour);
    }
}

fn print(who: &str, before: Volume, after: Volume, hour: f64) {
    let hourly = |before: u64, after: u64| f64::from(u32::try_from(after - before).unwrap()) * hour;
    println!(
        "  {who:<30} out {:7.1} KiB/h in {:6.0} packets/h   in {:7.1} KiB/h in {:6.0} packets/h",
        hourly(before.bytes_out, after.bytes_out) / 1_024.0,
        hourly(before.packets_out, after.packets_out),
        hourly(before.bytes_in, after.bytes_in) / 1_024.0,
        hourly(before.packets_in, after.packets_in)
    );
}

/// Time goes by.
pub(crate) fn passes(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        park_timeout(left);
    }
}
