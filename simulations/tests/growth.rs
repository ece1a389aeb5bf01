//! What a message costs must not grow with the number of people: from 30 to 300 here, from 10 to 10,000 by hand (`growth.toml`).

use causerie_simulations::{
    report::{Report, Run},
    scenario::Scenario,
    world::World,
};

#[test]
fn a_message_costs_the_same_among_few_and_many() {
    let path = format!("{}/scenarios/growth.toml", env!("CARGO_MANIFEST_DIR"));
    let scenario = Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut report = Report::new(&scenario);
    // Ten people say little in a day: thirty are the fewest whose figures mean something.
    for people in [30, 300] {
        let mut world = World::new(&scenario, people, 1).unwrap();
        let violation = world.run(&mut |_| {}).err();
        report.runs.push(Run::of(&world, people, 1, violation.as_ref()));
    }
    report.judge_growth(scenario.bounds.growth_max);
    assert!(report.is_sound(), "{:?}", report.runs);
    assert!(report.growth().is_some(), "too few messages to tell");
}
