//! How long people who talk are apart when something changes under them: from the change, or its end, until what both
//! write at that moment is there.

use std::time::{Duration, Instant};

use causerie_tests::{Internet, Person, Router, Versions};

use crate::{
    figures::Times,
    idle::passes,
    talk::{bootstrap, serving, starts},
};

/// Times that each thing happens, each time in a new world.
const TRIES: usize = 3;

/// How long a line is out.
const OUTAGE: Duration = Duration::from_secs(60);

/// Those to whom it happens: the first is the one who is touched.
struct Scene {
    internet: Internet,
    server: Person,
    people: [Person; 2],
}

type Change = fn(&Scene);

/// What happens, to people behind which routers.
const CHANGES: [(&str, Router, Change); 7] = [
    ("their relay is killed and starts again", Router::Random, |scene| {
        scene.server.is_killed();
        let serves = ["--serve-relay", "--serve-bootstrap", "--no-mdns"];
        starts(&scene.server, &serves.map(str::to_owned));
    }),
    ("a router starts again with another address, direct", Router::Cone, |scene| {
        scene.internet.gets_another_address(1);
    }),
    ("the same, relayed", Router::Random, |scene| scene.internet.gets_another_address(1)),
    ("from one cable to another, direct", Router::Cone, |scene| scene.internet.changes_cables(1)),
    ("the same, relayed", Router::Random, |scene| scene.internet.changes_cables(1)),
    ("a line is back after a minute, direct", Router::Cone, |scene| {
        scene.internet.cut(1);
        passes(OUTAGE);
        scene.internet.join(1);
    }),
    ("a machine wakes that slept until it was missed, direct", Router::Cone, |scene| {
        let [one, other] = &scene.people;
        one.falls_asleep();
        other.waits_until_offline(one);
        one.wakes();
    }),
];

pub(crate) fn measure() {
    println!("what happens, then seconds until texts of both are there: median, longest of {TRIES}");
    for (what, router, change) in CHANGES {
        let mut times = Times::default();
        for _ in 0..TRIES {
            let Some(scene) = scene(router) else { return };
            change(&scene);
            times.add(until_both_heard(&scene.people));
        }
        println!("{what:<56} {:7.1} {:7.1}", times.median() / 1_000.0, times.longest() / 1_000.0);
    }
}

/// Two who talk, over the best way that such routers leave.
fn scene(router: Router) -> Option<Scene> {
    let internet = Internet::with(&[router, router], 1, Versions::Four)?;
    let server = serving(&internet);
    let people = [(1, "alice"), (2, "bob")].map(|(home, name)| Person::behind(&internet, home, name));
    for person in &people {
        starts(person, &bootstrap(&internet));
    }
    let [alice, bob] = &people;
    bob.accepts(&alice.invites(&[]));
    let path = if router == Router::Cone { "direct" } else { "relayed" };
    alice.waits_until_path(bob, path);
    bob.waits_until_path(alice, path);
    alice.sends_and_waits(bob, "hello", "delivered");
    Some(Scene { internet, server, people })
}

fn until_both_heard([alice, bob]: &[Person; 2]) -> Duration {
    let begun = Instant::now();
    alice.sends(bob, "are you still there?");
    bob.sends(alice, "yes");
    bob.waits_for_text(alice, "are you still there?");
    alice.waits_for_text(bob, "yes");
    begun.elapsed()
}
