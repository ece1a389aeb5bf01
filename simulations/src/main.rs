//! `causerie-simulations`.
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap_or_default()).unwrap_or_default();
    let seed = std::env::args().nth(2).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let scenario = match causerie_simulations::scenario::Scenario::parse(&text) {
        Ok(scenario) => scenario,
        Err(error) => return println!("{error}"),
    };
    for size in scenario.sizes() {
        let begun = std::time::Instant::now();
        let mut world = causerie_simulations::world::World::new(&scenario, size, seed).expect("world");
        for who in std::env::args().skip(3) { world.watch(who.parse().unwrap()); }
        let result = world.run(&mut |progress| eprintln!("{progress:?} {:?}", begun.elapsed()));
        for line in world.watched() { println!("{line}"); }
        let m = world.measures();
        println!(
            "{size} people: {result:?} digest {} inputs {} in {:?}; delivered {} answered {} settled {:?} dials {} met {} broken {} notices {:?} kinds {:?}",
            world.digest(), world.inputs(), begun.elapsed(), m.delivered, m.answered, m.settled_after, m.dials, m.dials_met, m.broken, m.notices, m.inputs
        );
    }
}
