//! A short swarm of seeds, and what must hold of every run: it repeats, and it stays near what was accepted.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

use causerie_simulations::{
    fuzz,
    report::{self, Report, Run},
    scenario::Scenario,
    world::World,
};

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn scenario(name: &str) -> Scenario {
    Scenario::parse(&file(&format!("scenarios/{name}.toml"))).unwrap()
}

fn run(scenario: &Scenario, people: usize, seed: u64) -> Run {
    let mut world = World::new(scenario, people, seed).unwrap();
    let violation = world.run(&mut |_| {}).err();
    Run::of(&world, people, seed, violation.as_ref())
}

/// Asserts that nothing was broken, and says how to see it again.
fn sound(name: &str, seeds: core::ops::Range<u64>) {
    let scenario = scenario(name);
    let people = scenario.sizes()[0];
    for seed in seeds {
        let run = run(&scenario, people, seed);
        assert_eq!(
            run.violation, None,
            "causerie-simulations replay simulations/scenarios/{name}.toml --seed {seed} --people {people}"
        );
        assert!(run.delivered > 0, "{name}, seed {seed}: nobody said anything");
    }
}

#[test]
fn people_who_all_move_find_each_other_on_the_internet() {
    sound("internet", 100..101);
}

#[test]
fn storms_break_nothing() {
    sound("storm", 100..104);
}

#[test]
fn whoever_was_kept_apart_finds_each_other() {
    sound("partition", 100..103);
}

#[test]
fn travellers_carry_everything() {
    sound("traveller", 100..102);
}

#[test]
fn routers_keep_nobody_apart_who_can_be_reached() {
    sound("routers", 100..103);
}

#[test]
fn one_way_mail_heals() {
    sound("one-way", 100..103);
}

#[test]
fn clocks_that_drift_break_nothing() {
    sound("drift", 100..103);
}

#[test]
fn what_is_drawn_breaks_nothing() {
    for seed in 1_000..1_012 {
        let scenario = Scenario::parse(&fuzz::drawn(seed)).unwrap();
        let run = run(&scenario, scenario.sizes()[0], seed);
        assert_eq!(run.violation, None, "causerie-simulations fuzz --runs 1 --seed {seed}");
    }
}

#[test]
fn a_seed_says_everything() {
    let scenario = scenario("storm");
    let digest = |seed| {
        let mut world = World::new(&scenario, 5, seed).unwrap();
        world.run(&mut |_| {}).unwrap();
        world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

/// Those that are accepted; `causerie-simulations run … --json simulations/baselines` writes them anew.
const ACCEPTED: [&str; 5] = ["two-friends", "routers", "one-way", "idle", "internet"];

#[test]
fn nothing_has_become_worse_than_what_was_accepted() {
    for name in ACCEPTED {
        let accepted: Report = serde_json::from_str(&file(&format!("baselines/{name}.json"))).unwrap();
        let scenario = scenario(name);
        let mut now = Report::new(&scenario);
        for seed in &scenario.seeds {
            now.runs.push(run(&scenario, scenario.sizes()[0], *seed));
        }
        let worse: Vec<String> = report::compare(&accepted, &now)
            .into_iter()
            .filter(|difference| difference.is_worse)
            .map(|difference| difference.to_string())
            .collect();
        assert!(worse.is_empty(), "{}", worse.join("\n"));
    }
}

#[test]
fn every_scenario_can_be_read() {
    let folder = std::fs::read_dir(format!("{}/scenarios", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut count = 0;
    for entry in folder {
        let path = entry.unwrap().path();
        let scenario = Scenario::parse(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(Some(scenario.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        count += 1;
    }
    assert!(count >= 9, "{count}");
}
