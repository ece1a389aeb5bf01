//! Each oracle can fail: every bug that can be planted in the engine is caught, by an oracle that may see it, in a
//! scenario of this package.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

use causerie_protocol::testing::plant::{self, Plant};
use causerie_simulations::{checks::Violation, scenario::Scenario, world::World};

/// The first promise that a run of a scenario breaks with this bug in every engine.
fn caught(scenario: &str, planted: Option<Plant>, seed: u64) -> Option<Violation> {
    let path = format!("{}/scenarios/{scenario}.toml", env!("CARGO_MANIFEST_DIR"));
    let scenario = Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    plant::set(planted);
    let mut world = World::new(&scenario, scenario.sizes()[0], seed).unwrap();
    let violation = world.run(&mut |_| {}).err();
    plant::set(None);
    violation
}

/// Which scenario brings a bug to light, and which oracles may be the first to see it. `None`: it takes somebody who makes
/// use of it, and so the attacks of the engine's own tests of planted bugs see it.
const fn expected(plant: Plant) -> Option<(&'static str, &'static [&'static str])> {
    Some(match plant {
        Plant::SignatureUnchecked | Plant::TokenUnbound | Plant::SelfUnchecked | Plant::QueueUnbounded => {
            return None;
        }
        Plant::AckUnstored
        | Plant::AnswerUnwritten
        | Plant::SayBeforeWrite
        | Plant::WantNeverSent
        | Plant::HeadsAlwaysEqual => {
            ("storm", &["no-loss", "no-repetition", "no-early-claims", "convergence"])
        }
        Plant::KeyIgnored | Plant::LastToldAgain => ("storm", &["no-repetition"]),
        Plant::DepsLeftOut | Plant::OrderByWallClock => ("storm", &["causal-order"]),
        Plant::DeliveredWhenSealed | Plant::ReceiptBeyond | Plant::ReadUnasked => {
            ("storm", &["no-early-claims"])
        }
        Plant::RedialOnce => ("partition", &["convergence"]),
        Plant::AckLost => ("storm", &["convergence"]),
        Plant::DiscoveredUnbounded => ("strangers", &["bounded"]),
        Plant::EpochsKept => ("storm", &["bounded"]),
        Plant::ProgressKept => ("theft", &["bounded"]),
        Plant::FrameUnpadded | Plant::FrameOversized => ("storm", &["frame-limits"]),
        Plant::OfferReused | Plant::StepFromChainAlone => ("storm", &["no-thief"]),
        Plant::StepNotTaken => ("theft", &["no-thief"]),
        Plant::NonceRepeated => ("storm", &["no-thief"]),
        Plant::ShortFramePanics | Plant::ManyHeadsPanic => ("storm", &["no-panics"]),
    })
}

/// So many seeds of a scenario bring every bug to light.
const SEEDS: u64 = 8;

#[test]
fn every_planted_bug_is_caught() {
    // A planted panic is no news on the screen.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for plant in Plant::ALL {
        let Some((scenario, oracles)) = expected(*plant) else { continue };
        // Some mistakes need a coincidence that not every seed brings.
        match (1..=SEEDS).find_map(|seed| caught(scenario, Some(*plant), seed)) {
            Some(violation) if oracles.contains(&violation.check) => {}
            other => missed.push(format!("{} in {scenario}: {other:?}", plant.name())),
        }
    }
    std::panic::set_hook(hook);
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_same_scenarios_break_nothing_without_a_bug() {
    for scenario in ["storm", "theft", "strangers", "partition"] {
        assert_eq!(caught(scenario, None, 1), None, "{scenario}");
    }
}
