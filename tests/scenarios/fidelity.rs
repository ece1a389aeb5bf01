//! The same people write the same at the same times in the simulator and on real nodes: what both say, side by side.
//!
//! Only what must hold on any machine is demanded. `CAUSERIE_FIDELITY` names a file for the table, which
//! `simulations/README.md` explains. Needs root and network namespaces; passed over elsewhere.

use std::{fmt::Write as _, time::Duration};

use causerie_simulations::{
    measures::Distribution,
    scenario::{FaultKind, Scenario},
    world::World,
};
use causerie_tests::{
    lan::Traffic,
    replay::{Deed, Replay, Seen, What},
};

const SCENARIO: &str = include_str!("../../simulations/scenarios/side-by-side.toml");

/// What both sides do between meeting and being counted: the simulator's setup ends with as much.
const REST: Duration = Duration::from_secs(10);

/// How long nothing is said, to count what that costs: six ticks of keep-alive.
const QUIET: Duration = Duration::from_secs(27);

/// A burst of three in one envelope may leave as three.
const BYTES_FACTOR_MAX: f64 = 3.0;

/// Milliseconds that a simulated delivery may take longer than a real one: what three commits take at most.
const SLOWER_MAX: f64 = 6.0;

/// What is compared.
#[derive(Debug)]
struct Figures {
    answered: usize,
    delivered: usize,
    /// Milliseconds.
    answers: Distribution,
    /// Milliseconds from the answer on.
    deliveries: Distribution,
    /// Milliseconds from asking on.
    elapsed: Distribution,
    /// Milliseconds from each start after a kill until a message passed.
    returns: Vec<f64>,
    bytes_a_message: f64,
    idle_bytes_a_minute: f64,
    dials: u64,
}

#[test]
fn the_simulator_and_real_nodes_agree() {
    let Some(replay) = Replay::of(3) else { return };
    let scenario = Scenario::parse(SCENARIO).unwrap();
    let world = lived(&scenario);
    let deeds = planned(&world, &scenario);
    replay.rests(REST, QUIET);
    let seen = replay.does(&deeds, scenario.lasts);
    let (simulated, real) = (of_world(&world, &quiet(&scenario)), of_nodes(&seen, &deeds));
    let table = table(&simulated, &real, &seen);
    println!("{table}");
    if let Some(path) = std::env::var_os("CAUSERIE_FIDELITY") {
        std::fs::write(path, &table).unwrap();
    }
    let written = deeds.iter().filter(|deed| matches!(deed.what, What::Write { .. })).count();
    assert!(written >= 200, "only {written} messages were planned");
    assert_eq!([simulated.answered, simulated.delivered], [written; 2]);
    // That nothing is lost, doubled or out of order was looked at in the histories.
    assert_eq!([real.answered, real.delivered], [written; 2]);
    assert!(seen.told.values().all(|told| *told == 1), "told twice: {:?}", seen.told);
    let factor = real.bytes_a_message / simulated.bytes_a_message;
    assert!((1.0..BYTES_FACTOR_MAX).contains(&factor), "{factor} times the bytes");
    assert!(simulated.deliveries.p50 <= real.deliveries.p50 + SLOWER_MAX);
    assert!(simulated.returns.len() == 1 && real.returns.len() == 1);
}

fn lived(scenario: &Scenario) -> World {
    let seed = scenario.seeds[0];
    let mut world = World::new(scenario, 3, seed).unwrap();
    world
        .run(&mut |_| {})
        .unwrap_or_else(|broken| panic!("seed {seed}: {}: {}", broken.check, broken.sentence));
    world
}

/// The same people with nothing to say.
fn quiet(scenario: &Scenario) -> World {
    let mut scenario = scenario.clone();
    scenario.talk.bursts_an_hour = 0.0;
    scenario.faults.clear();
    lived(&scenario)
}

/// What the simulated people were given to do, in order.
fn planned(world: &World, scenario: &Scenario) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (number, message) in world.ledger().messages().iter().enumerate() {
        let what = What::Write { number, to: message.reader, text: world.text(number) };
        deeds.push(Deed { at: message.asked.since(world.begun()), who: message.author, what });
    }
    for fault in &scenario.faults {
        assert!(matches!(fault.kind, FaultKind::Kill { .. }), "only kills can be done here");
        let who = fault.who.iter().flatten();
        deeds.extend(who.map(|who| Deed { at: fault.at.unwrap(), who: *who, what: What::Kill }));
    }
    for (who, at) in &world.measures().returned {
        deeds.push(Deed { at: at.since(world.begun()), who: *who, what: What::Start });
    }
    deeds.sort_by_key(|deed| deed.at);
    deeds
}

fn of_world(world: &World, quiet: &World) -> Figures {
    let messages = world.ledger().messages();
    let bytes = |world: &World| -> u64 {
        let frames = world.measures().frames.iter();
        frames.map(|(length, count)| u64::try_from(*length).unwrap() * count).sum()
    };
    let delivered = messages.iter().filter(|message| message.received.is_some()).count();
    // Until the planned time is over, as with real nodes.
    let sent = bytes(world) - world.measures().repair.1;
    let returns = world.measures().returned.iter().map(|(who, at)| {
        let theirs = messages.iter().filter(|one| one.author == *who || one.reader == *who);
        millis(
            theirs.filter_map(|one| one.received).filter(|received| received >= at).min().unwrap().since(*at),
        )
    });
    Figures {
        answered: messages.iter().filter(|message| message.answered.is_some()).count(),
        delivered,
        answers: Distribution::of(
            messages.iter().filter_map(|one| Some(millis(one.answered?.since(one.asked)))),
        ),
        deliveries: Distribution::of(
            messages.iter().filter_map(|one| Some(millis(one.received?.since(one.answered?)))),
        ),
        elapsed: Distribution::of(
            messages.iter().filter_map(|one| Some(millis(one.received?.since(one.asked)))),
        ),
        returns: returns.collect(),
        bytes_a_message: ratio(sent, u64::try_from(delivered).unwrap()),
        idle_bytes_a_minute: ratio(bytes(quiet), 1) / quiet.measures().online.as_secs_f64() * 60.0,
        dials: world.measures().dials,
    }
}

fn of_nodes(seen: &Seen, deeds: &[Deed]) -> Figures {
    let messages = || seen.messages.values();
    let after =
        |later: Option<Duration>, earlier: Option<Duration>| Some(millis(later?.saturating_sub(earlier?)));
    let returns = seen.starts.iter().map(|(who, at)| {
        let is_theirs = |deed: &&Deed| deed.who == *who || deed.what.is_for(*who);
        let received = deeds
            .iter()
            .filter(is_theirs)
            .filter_map(|deed| seen.messages.get(&deed.what.number()?)?.received);
        millis(received.filter(|received| received >= at).min().unwrap() - *at)
    });
    Figures {
        answered: messages().filter(|message| message.answered.is_some()).count(),
        delivered: seen.delivered,
        answers: Distribution::of(messages().filter_map(|one| after(one.answered, one.asked))),
        deliveries: Distribution::of(messages().filter_map(|one| after(one.received, one.answered))),
        elapsed: Distribution::of(messages().filter_map(|one| after(one.received, one.asked))),
        returns: returns.collect(),
        bytes_a_message: ratio(seen.sent.bytes, u64::try_from(seen.delivered).unwrap()),
        idle_bytes_a_minute: ratio(seen.quiet.bytes, 3) / QUIET.as_secs_f64() * 60.0,
        dials: seen.sent.connections,
    }
}

/// Both reports as a table in Markdown.
fn table(simulated: &Figures, real: &Figures, seen: &Seen) -> String {
    let mut table = "| | simulator | real nodes |\n|---|---|---|\n".to_owned();
    let mut row = |what: &str, cells: [String; 2]| {
        let [one, two] = cells;
        writeln!(table, "| {what} | {one} | {two} |").unwrap();
    };
    let both = |of: fn(&Figures) -> String| [of(simulated), of(real)];
    row("messages answered", both(|one| one.answered.to_string()));
    row("messages delivered", both(|one| one.delivered.to_string()));
    row("answer after, ms: p50 / p90 / p99", both(|one| in_parts(&one.answers)));
    row("delivery after the answer, ms", both(|one| in_parts(&one.deliveries)));
    row("delivery after asking, ms", both(|one| in_parts(&one.elapsed)));
    row("a message passes again after a start, ms", both(|one| format!("{:.0?}", one.returns)));
    let starts = seen.starts.iter().zip(&seen.listens);
    let starts: Vec<f64> = starts.map(|((_, at), (_, listens))| millis(*listens - *at)).collect();
    row("of this the process until it listens, ms", [String::new(), format!("{starts:.0?}")]);
    row("dials", both(|one| one.dials.to_string()));
    row("bytes sent, each message delivered", both(|one| format!("{:.0}", one.bytes_a_message)));
    let delivered = u64::try_from(seen.delivered).unwrap();
    for (what, bytes) in parts(&seen.sent) {
        row(what, [String::new(), format!("{:.0}", ratio(bytes, delivered))]);
    }
    row("bytes sent, each idle minute of a person", both(|one| format!("{:.0}", one.idle_bytes_a_minute)));
    for (what, bytes) in parts(&seen.quiet) {
        row(what, [String::new(), format!("{:.0}", ratio(bytes, 3) / QUIET.as_secs_f64() * 60.0)]);
    }
    table
}

/// What bytes at a cable are for.
fn parts(sent: &Traffic) -> [(&'static str, u64); 3] {
    let (heads, announcements) = (sent.head_bytes(), sent.announcement_bytes());
    [
        ("of these heads of Ethernet, IP, TCP", heads),
        ("of these announcements", announcements),
        ("of these streams: frames, Noise, Yamux", sent.bytes.saturating_sub(heads + announcements)),
    ]
}

fn in_parts(of: &Distribution) -> String {
    format!("{:.1} / {:.1} / {:.1}", of.p50, of.p90, of.p99)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are exact in a float")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
