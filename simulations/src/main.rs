//! `causerie-simulations`: runs scenarios, replays one run, compares with what was accepted, draws scenarios.
//!
//! Exit code 0 when every promise was kept and nothing became worse, 1 when not, 2 when it cannot be run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use causerie_protocol::{
    STAND_IN_CRYPTOGRAPHY,
    testing::plant::{self, Plant},
};
use causerie_simulations::{
    fuzz,
    report::{self, Report, Run},
    scenario::{Cryptography, Scenario},
    world::{Progress, World},
};
use clap::{Args, Parser, Subcommand};

/// Thousands of engines on a pretend network, disk and clock, from one seed.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs scenarios and reports.
    Run {
        /// Scenario files.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
        #[command(flatten)]
        choices: Choices,
        /// Seeds to run instead of the scenario's: a number, or a range like 1..100 (its end left out).
        #[arg(long)]
        seeds: Option<String>,
        /// Writes each report as JSON into this folder, named for its scenario.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Draws each report as SVG into this folder.
        #[arg(long)]
        svg: Option<PathBuf>,
    },
    /// Runs one seed of a scenario again, twice, and tells whether both were the same.
    Replay {
        /// The scenario file.
        scenario: PathBuf,
        /// The seed.
        #[arg(long)]
        seed: u64,
        #[command(flatten)]
        choices: Choices,
        /// Writes down everything that the engines of these people take and put out.
        #[arg(long)]
        watch: Vec<usize>,
    },
    /// Runs scenarios and compares with accepted reports; every figure that moved is printed.
    Compare {
        /// Scenario files.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
        /// The folder of accepted reports, as `run --json` writes them.
        #[arg(long)]
        baseline: PathBuf,
    },
    /// Draws scenarios and runs each once; those that break a promise are written down.
    Fuzz {
        /// How many.
        #[arg(long, default_value_t = 100)]
        runs: u64,
        /// The seed of the first one; each later one has the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The folder for those that break a promise.
        #[arg(long, default_value = "fuzz")]
        into: PathBuf,
        /// Plants a bug in the engine, to see whether what is drawn brings it to light.
        #[arg(long, value_parser = planted)]
        plant: Option<Plant>,
    },
}

/// What one run can be given besides.
#[derive(Clone, Debug, Args)]
struct Choices {
    /// How many people, instead of the scenario's.
    #[arg(long)]
    people: Option<usize>,
    /// Plants a bug in the engine, to see it caught.
    #[arg(long, value_parser = planted)]
    plant: Option<Plant>,
    /// Says nothing while it runs.
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    // A panic of an engine is a finding that the report tells; its place is told by the hook once.
    match perform(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("error: {sentence}");
            ExitCode::from(2)
        }
    }
}

fn perform(cli: Cli) -> Result<bool, String> {
    match cli.verb {
        Verb::Run { scenarios, choices, seeds, json, svg } => {
            let seeds = seeds.as_deref().map(range).transpose()?;
            let mut sound = true;
            for path in scenarios {
                let report = run(&path, seeds.as_deref(), &choices)?;
                println!("{}", report::words(&report));
                sound &= report.is_sound();
                if let Some(folder) = &json {
                    let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
                    write(&folder.join(format!("{}.json", report.scenario)), &(text + "\n"))?;
                }
                if let Some(folder) = &svg {
                    for (name, drawing) in report::plots(&report)? {
                        write(&folder.join(format!("{}-{name}.svg", report.scenario)), &drawing)?;
                    }
                }
            }
            Ok(sound)
        }
        Verb::Replay { scenario, seed, choices, watch } => replay(&scenario, seed, &choices, &watch),
        Verb::Compare { scenarios, baseline } => {
            let choices = Choices { people: None, plant: None, quiet: false };
            let mut sound = true;
            for path in scenarios {
                let now = run(&path, None, &choices)?;
                let accepted = read(&baseline.join(format!("{}.json", now.scenario)))?;
                let before: Report = serde_json::from_str(&accepted).map_err(|error| error.to_string())?;
                let differences = report::compare(&before, &now);
                println!("{}: {} figures moved", now.scenario, differences.len());
                differences.iter().for_each(|difference| println!("{difference}"));
                sound &= now.is_sound() && !differences.iter().any(|difference| difference.is_worse);
            }
            Ok(sound)
        }
        Verb::Fuzz { runs, seed, into, plant } => fuzz_through(seed..seed.saturating_add(runs), &into, plant),
    }
}

/// Draws a scenario of each seed and runs it: one line each, two where a promise is broken.
fn fuzz_through(seeds: core::ops::Range<u64>, into: &Path, plant: Option<Plant>) -> Result<bool, String> {
    let choices = Choices { people: None, plant, quiet: true };
    let mut sound = true;
    for seed in seeds {
        let text = fuzz::drawn(seed);
        let scenario = Scenario::parse(&text).map_err(|error| format!("{error}\n{text}"))?;
        let people = scenario.sizes().first().copied().unwrap_or(2);
        let begun = Instant::now();
        let (world, violation) = live(&scenario, people, seed, &choices, &[])?;
        let run = Run::of(&world, people, seed, violation.as_ref());
        println!(
            "seed {seed}: {people} people, {}, {} of {} messages delivered, {} inputs in {:.1} s",
            humantime::format_duration(scenario.lasts),
            run.delivered,
            run.answered,
            world.inputs(),
            begun.elapsed().as_secs_f64()
        );
        let Some(violation) = violation else { continue };
        let path = into.join(format!("{seed}.toml"));
        write(&path, &text)?;
        println!("BROKEN {}: {}", violation.check, violation.sentence);
        println!("replay: causerie-simulations replay {} --seed {seed}{}", path.display(), with(plant));
        sound = false;
    }
    Ok(sound)
}

/// Every seed and size of a scenario.
fn run(path: &Path, seeds: Option<&[u64]>, choices: &Choices) -> Result<Report, String> {
    let scenario = scenario(path)?;
    let mut report = Report::new(&scenario);
    let sizes = choices.people.map_or_else(|| scenario.sizes(), |people| vec![people]);
    for seed in seeds.unwrap_or(&scenario.seeds) {
        for people in &sizes {
            let (world, violation) = live(&scenario, *people, *seed, choices, &[])?;
            if let Some(violation) = &violation {
                let plant = with(choices.plant);
                println!("BROKEN {}: {}", violation.check, violation.sentence);
                println!(
                    "replay: causerie-simulations replay {} --seed {seed} --people {people}{plant}",
                    path.display()
                );
            }
            report.runs.push(Run::of(&world, *people, *seed, violation.as_ref()));
        }
    }
    report.judge_growth(scenario.bounds.growth_max);
    Ok(report)
}

fn replay(path: &Path, seed: u64, choices: &Choices, watch: &[usize]) -> Result<bool, String> {
    let scenario = scenario(path)?;
    let people = choices.people.or_else(|| scenario.sizes().first().copied()).unwrap_or(2);
    let (world, violation) = live(&scenario, people, seed, choices, watch)?;
    world.watched().iter().for_each(|line| println!("{line}"));
    let (again, _) = live(&scenario, people, seed, choices, &[])?;
    let mut report = Report::new(&scenario);
    report.runs.push(Run::of(&world, people, seed, violation.as_ref()));
    println!("{}", report::words(&report));
    let same = world.digest() == again.digest();
    println!("replayed twice: {}", if same { "the same trace" } else { "TWO DIFFERENT TRACES" });
    Ok(same && violation.is_none())
}

type Lived = (World, Option<causerie_simulations::checks::Violation>);

fn live(
    scenario: &Scenario,
    people: usize,
    seed: u64,
    choices: &Choices,
    watch: &[usize],
) -> Result<Lived, String> {
    if people < scenario.people_min() {
        return Err(format!("{} needs at least {} people", scenario.name, scenario.people_min()));
    }
    let begun = Instant::now();
    plant::set(choices.plant);
    let mut world = World::new(scenario, people, seed).map_err(|violation| violation.sentence)?;
    watch.iter().for_each(|who| world.watch(*who));
    let mut last = begun;
    let violation = world
        .run(&mut |progress| {
            if !choices.quiet && last.elapsed().as_secs() >= 5 {
                last = Instant::now();
                tell(progress, scenario, begun);
            }
        })
        .err();
    let seconds = begun.elapsed().as_secs_f64();
    if !choices.quiet {
        let rate = u32::try_from(world.inputs()).map_or(f64::NAN, f64::from) / seconds;
        let inputs = world.inputs();
        eprintln!(
            "{}: {people} people, seed {seed}: {inputs} inputs in {seconds:.1} s, {rate:.0} a second",
            scenario.name
        );
    }
    Ok((world, violation))
}

fn tell(progress: Progress, scenario: &Scenario, begun: Instant) {
    let hours = progress.since.as_secs_f64() / 3_600.0;
    let all = scenario.lasts.as_secs_f64() / 3_600.0;
    eprintln!(
        "{}: {:?}, {hours:.1} of {all:.1} h, {} inputs, {} messages delivered, {:.0} s",
        scenario.name,
        progress.phase,
        progress.inputs,
        progress.delivered,
        begun.elapsed().as_secs_f64()
    );
}

fn scenario(path: &Path) -> Result<Scenario, String> {
    let scenario = Scenario::parse(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    match (scenario.cryptography, STAND_IN_CRYPTOGRAPHY) {
        (Cryptography::StandIn, false) => {
            Err(format!("{} wants stand-in cryptography: build with `--features stand-in`", path.display()))
        }
        _ => Ok(scenario),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a line that replays a run says of a planted bug.
fn with(plant: Option<Plant>) -> String {
    plant.map(|plant| format!(" --plant {}", plant.name())).unwrap_or_default()
}

fn planted(name: &str) -> Result<Plant, String> {
    let names: Vec<&str> = Plant::ALL.iter().map(|plant| plant.name()).collect();
    Plant::parse(name).ok_or_else(|| format!("there is none of that name; there are {}", names.join(", ")))
}

fn range(text: &str) -> Result<Vec<u64>, String> {
    let wrong = || format!("`{text}` is neither a number nor a range like 1..100");
    match text.split_once("..") {
        Some((first, end)) => {
            let (first, end): (u64, u64) =
                (first.parse().map_err(|_| wrong())?, end.parse().map_err(|_| wrong())?);
            if first < end { Ok((first..end).collect()) } else { Err(wrong()) }
        }
        None => Ok(vec![text.parse().map_err(|_| wrong())?]),
    }
}
