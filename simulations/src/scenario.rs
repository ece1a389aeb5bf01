//! A scenario: who there is, when they are online, what they say, and what goes wrong. Data, not code.
//!
//! Times are written as "90s", "8h", "400d"; those of faults count from the end of the setup, in which everybody becomes
//! acquainted on a network without faults. Every key that is not known is refused, so that a misspelt one does nothing
//! unnoticed. `simulations/README.md` lists all keys.

mod faults;
mod rules;

use core::time::Duration;

use serde::Deserialize;
use thiserror::Error;

pub use faults::{Attack, Fault, FaultKind, Hostile, Who};
pub use rules::{Effect, Rule, Selector};

/// See the file's head.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Its name in reports and baselines.
    pub name: String,
    /// What it is to show, in a sentence.
    pub about: String,
    /// The seeds that are run unless others are asked for.
    #[serde(default = "first_seed")]
    pub seeds: Vec<u64>,
    /// How many people; several numbers are several runs, whose reports stand side by side.
    pub people: Sizes,
    /// How long they live with faults.
    #[serde(with = "humantime_serde")]
    pub lasts: Duration,
    /// How long everybody is online without faults afterwards, at most: in this time all must be in order.
    #[serde(with = "humantime_serde", default = "ten_minutes")]
    pub calm: Duration,
    /// With which cryptography.
    #[serde(default)]
    pub cryptography: Cryptography,
    /// Who knows whom.
    #[serde(default)]
    pub friends: Friends,
    /// The local networks, people dealt out to them in turn; none given: one that everybody can reach.
    #[serde(default)]
    pub islands: Vec<Islands>,
    /// What is beyond them.
    #[serde(default)]
    pub internet: Internet,
    /// So many people, the first ones, go round through all islands.
    #[serde(default)]
    pub travellers: usize,
    /// How long a traveller stays on an island.
    #[serde(with = "humantime_serde", default = "one_hour")]
    pub travellers_stay: Duration,
    /// When they are online.
    #[serde(default)]
    pub online: Online,
    /// What they say.
    #[serde(default)]
    pub talk: Talk,
    /// What the network does to frames; the first rule that decides wins.
    #[serde(default)]
    pub network: Vec<Rule>,
    /// How long it takes until something is durable.
    #[serde(default)]
    pub disk: Disk,
    /// How true clocks are.
    #[serde(default)]
    pub clocks: Clocks,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Strangers who send anything.
    #[serde(default)]
    pub hostile: Vec<Hostile>,
    /// What the oracles allow beyond their own bounds.
    #[serde(default)]
    pub bounds: Bounds,
}

/// One number or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Sizes {
    /// One.
    One(usize),
    /// Several.
    Many(Vec<usize>),
}

/// With which cryptography.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cryptography {
    /// The engine's own.
    #[default]
    Real,
    /// Cheap stand-ins that protect nothing: the program must be built with them.
    StandIn,
}

/// Who knows whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Friends {
    /// How they are drawn.
    pub drawn: Drawn,
    /// How many each has, about.
    pub each: usize,
}

/// How friends are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawn {
    /// Each knows the next ones in a circle.
    #[default]
    Ring,
    /// Anybody.
    Random,
    /// Each knows all.
    All,
    /// The travellers know all, and nobody else knows anybody.
    Travellers,
}

impl Default for Friends {
    fn default() -> Self {
        Self { drawn: Drawn::Ring, each: 4 }
    }
}

/// Some local networks of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Islands {
    /// How many; with `of`, so many as there are people for.
    #[serde(default)]
    pub count: usize,
    /// Of so many people each.
    #[serde(default)]
    pub of: usize,
    /// Who reaches those on it.
    #[serde(default)]
    pub reach: Reach,
    /// Whether those on it hear each other's announcements.
    #[serde(default = "yes")]
    pub announce: bool,
}

/// Who reaches those on an island.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Everybody; and they reach all that can be reached.
    #[default]
    Open,
    /// Only those on it; they dial out, as behind a router.
    Nat,
    /// Only those on it, and they reach nobody else.
    Isolated,
}

/// What is beyond the local networks, for whoever is on one that is not isolated.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Internet {
    /// Whether there is a meeting place.
    pub meeting_place: bool,
    /// Over how many relays those behind routers can be reached.
    pub relays: u16,
}

/// When people are online.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Online {
    /// Hours a day; 24 is always.
    pub hours_a_day: f64,
    /// In how many pieces.
    pub sessions_a_day: u32,
    /// They are awake from this hour of their day on.
    pub wakes_at: u32,
    /// Until this one.
    pub sleeps_at: u32,
    /// Over how many time zones they are spread.
    pub zones: u32,
    /// Of a hundred sessions so many end by a suspend instead of a stop.
    pub suspends_percent: u32,
    /// Of a hundred sessions so many end by a crash.
    pub crashes_percent: u32,
}

impl Default for Online {
    fn default() -> Self {
        Self {
            hours_a_day: 24.0,
            sessions_a_day: 2,
            wakes_at: 7,
            sleeps_at: 23,
            zones: 1,
            suspends_percent: 0,
            crashes_percent: 0,
        }
    }
}

impl Online {
    /// Whether nobody ever goes.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.hours_a_day >= 24.0
    }
}

/// What people say, while they are online.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Talk {
    /// Bursts of messages that one person writes in an hour of being online.
    pub bursts_an_hour: f64,
    /// Messages in a burst, at most; at least one.
    pub burst_max: u64,
    /// Bytes of a text, at least.
    pub bytes_min: usize,
    /// At most; short ones are more frequent.
    pub bytes_max: usize,
    /// Of a hundred messages so many get an answer from whoever is there to read them.
    pub answers_percent: u32,
    /// Of a hundred received messages so many are looked at soon.
    pub read_percent: u32,
    /// Of a hundred messages so many are written with an idempotency key, and again after a crash until answered.
    pub keyed_percent: u32,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            bursts_an_hour: 10.0,
            burst_max: 3,
            bytes_min: 8,
            bytes_max: 400,
            answers_percent: 30,
            read_percent: 70,
            keyed_percent: 50,
        }
    }
}

/// How long it takes until something is durable.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Disk {
    /// At least.
    #[serde(with = "humantime_serde")]
    pub commit_min: Duration,
    /// At most.
    #[serde(with = "humantime_serde")]
    pub commit_max: Duration,
}

impl Default for Disk {
    fn default() -> Self {
        // What flushing and syncing the store took on an SSD: 0.27 to 2 ms.
        Self { commit_min: Duration::from_micros(300), commit_max: Duration::from_millis(2) }
    }
}

/// How true the clocks of machines are, besides faults that set them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Clocks {
    /// Parts per million that each machine's clocks, which one crystal drives, run fast or slow at most.
    pub drift_ppm: u32,
}

/// What the oracles allow.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Bounds {
    /// Epochs that the sessions with a contact may keep without owing keys.
    pub epochs_a_contact: usize,
    /// Characters of an engine written out besides those of contacts.
    pub memory_base: usize,
    /// Characters a contact.
    pub memory_a_contact: usize,
    /// Frames that one person may send in calm for each pair to agree again.
    pub exchanges_max: u64,
    /// How much more bytes a message may cost with the most people than with the fewest.
    pub growth_max: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        // Measured, then doubled. Of the memory, most is for the 1,024 strangers who may announce themselves.
        Self {
            epochs_a_contact: 16,
            memory_base: 384 * 1_024,
            memory_a_contact: 64 * 1_024,
            exchanges_max: 5_000,
            growth_max: 1.5,
        }
    }
}

/// Why a scenario is refused.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// It is not TOML, or has keys or values that nobody knows.
    #[error("{0}")]
    Unreadable(#[from] toml::de::Error),
    /// What it says makes no sense.
    #[error("{0}")]
    Senseless(String),
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] with a sentence that names the key.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)?;
        // serde does not refuse unknown keys of what is put together from two types.
        let table: toml::Table = toml::from_str(text)?;
        rules::keys_are_known(&table).map_err(ScenarioError::Senseless)?;
        faults::keys_are_known(&table).map_err(ScenarioError::Senseless)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// How many people each run has.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        match &self.people {
            Sizes::One(size) => vec![*size],
            Sizes::Many(sizes) => sizes.clone(),
        }
    }

    /// The fewest people that a run needs so that everybody is there whom the scenario names.
    #[must_use]
    pub fn people_min(&self) -> usize {
        let of_faults = self.faults.iter().filter_map(|fault| fault.who.as_ref());
        let of_strangers = self.hostile.iter().filter_map(|hostile| hostile.whom.as_ref());
        let named = of_faults.chain(of_strangers).flatten().map(|who| who + 1).max().unwrap_or(0);
        named.max(self.travellers).max(2)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let sizes = self.sizes();
        let smallest = sizes.iter().copied().min().unwrap_or(0);
        let talk = &self.talk;
        let refusals = [
            (smallest < 2, "`people` must be at least 2"),
            (sizes.iter().any(|size| *size > PEOPLE_MAX), "`people` must be at most 100000"),
            (self.seeds.is_empty(), "`seeds` must not be empty"),
            (self.lasts.is_zero(), "`lasts` must be longer"),
            (self.calm < Duration::from_secs(60), "`calm` must be at least a minute"),
            (talk.bytes_min < 8, "`talk.bytes-min` must be at least 8"),
            (talk.bytes_max > 32_768, "`talk.bytes-max` must be at most 32768"),
            (talk.bytes_min > talk.bytes_max, "`talk.bytes-min` is above `talk.bytes-max`"),
            (talk.burst_max == 0 || talk.burst_max > 256, "`talk.burst-max` must be from 1 to 256"),
            (!(0.0..=1e6).contains(&talk.bursts_an_hour), "`talk.bursts-an-hour` must be from 0 to 1000000"),
            (
                !(0.01..=24.0).contains(&self.online.hours_a_day),
                "`online.hours-a-day` must be from 0.01 to 24",
            ),
            (self.online.sessions_a_day == 0, "`online.sessions-a-day` must be at least 1"),
            (
                self.online.wakes_at >= self.online.sleeps_at || self.online.sleeps_at > 24,
                "`online.wakes-at` must be before `online.sleeps-at`, which is at most 24",
            ),
            (self.online.zones == 0 || self.online.zones > 24, "`online.zones` must be from 1 to 24"),
            (self.disk.commit_min > self.disk.commit_max, "`disk.commit-min` is above `disk.commit-max`"),
            (self.clocks.drift_ppm > DRIFT_PPM_MAX, "`clocks.drift-ppm` must be at most 100000"),
            (self.travellers > smallest, "`travellers` are more than `people`"),
            (
                self.islands.iter().any(|islands| (islands.count == 0) == (islands.of == 0)),
                "`islands` need either `count` or `of`",
            ),
            (
                self.internet.relays > 0 && !self.internet.meeting_place,
                "`internet.relays` need `internet.meeting-place`, where people say at which they are",
            ),
            (
                self.friends.drawn == Drawn::All && sizes.iter().any(|size| *size > 200),
                "`all` is for at most 200 people",
            ),
        ];
        if let Some((_, why)) = refusals.iter().find(|(refused, _)| *refused) {
            return Err(ScenarioError::Senseless((*why).to_owned()));
        }
        for rule in &self.network {
            rule.check().map_err(ScenarioError::Senseless)?;
        }
        for fault in &self.faults {
            fault.check(smallest).map_err(ScenarioError::Senseless)?;
        }
        Ok(())
    }
}

const PEOPLE_MAX: usize = 100_000;

const DRIFT_PPM_MAX: u32 = 100_000;

/// Refuses keys that none of these entries may have: those of every entry, and those of its kind.
fn keys_are_known(
    table: &toml::Table,
    list: &str,
    tag: &str,
    of_all: &[&str],
    of_kind: fn(&str) -> &'static [&'static str],
) -> Result<(), String> {
    let entries = table.get(list).and_then(toml::Value::as_array);
    for entry in entries.into_iter().flatten().filter_map(toml::Value::as_table) {
        let kind = entry.get(tag).and_then(toml::Value::as_str).unwrap_or_default();
        for key in entry.keys().map(String::as_str) {
            if key != tag && !of_all.contains(&key) && !of_kind(kind).contains(&key) {
                return Err(format!("`{list}`: `{kind}` has no key `{key}`"));
            }
        }
    }
    Ok(())
}

fn first_seed() -> Vec<u64> {
    vec![1]
}

const fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

const fn one_hour() -> Duration {
    Duration::from_secs(3_600)
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "name = 'x'\nabout = 'y'\npeople = 2\nlasts = '1h'\n";

    #[test]
    fn what_is_not_said_has_a_default() {
        let scenario = Scenario::parse(SMALL).unwrap();
        assert_eq!((scenario.sizes(), scenario.seeds), (vec![2], vec![1]));
        assert!(scenario.online.is_always());
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (more, named) in [
            ("peopel = 3", "peopel"),
            ("calm = '1s'", "calm"),
            ("talk = { bytes-min = 1 }", "bytes-min"),
            ("islands = [{ reach = 'open' }]", "islands"),
            ("network = [{ effect = 'lose' }]", "lose"),
            ("network = [{ effect = 'drop', share = 1.5 }]", "share"),
            ("faults = [{ fault = 'crash' }]", "every"),
            ("faults = [{ fault = 'clock', at = '1h', who = [7], ahead = '1d' }]", "who"),
            ("online = { zones = 25 }", "zones"),
            ("internet = { relays = 1 }", "meeting-place"),
            ("clocks = { drift-ppm = 100001 }", "drift-ppm"),
            ("network = [{ effect = 'drop', share = 0.5, unitl = '1h' }]", "unitl"),
            ("network = [{ effect = 'drop', share = 0.5, least = '1h' }]", "least"),
            ("faults = [{ fault = 'theft', at = '1h', down = '1h' }]", "down"),
        ] {
            let refused = Scenario::parse(&format!("{SMALL}{more}")).unwrap_err().to_string();
            assert!(refused.contains(named), "{more}: {refused}");
        }
    }
}
