//! What a scenario says about what goes wrong: with machines and disks, and by strangers.

use core::time::Duration;

use serde::Deserialize;

/// Which people: all, or those of these numbers.
pub type Who = Option<Vec<usize>>;

/// One thing that goes wrong, once or again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// What.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// With whom; nobody named: with each.
    #[serde(default)]
    pub who: Who,
    /// Once, at this time.
    #[serde(with = "humantime_serde", default)]
    pub at: Option<Duration>,
    /// Again and again, after about so long.
    #[serde(with = "humantime_serde", default)]
    pub every: Option<Duration>,
}

/// What goes wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum FaultKind {
    /// The machine loses its power: what was not durable is gone, links break without a word.
    #[serde(rename_all = "kebab-case")]
    Crash {
        /// For about so long.
        #[serde(with = "humantime_serde", default = "ten_seconds")]
        down: Duration,
    },
    /// The process ends at once: what was not durable is gone, links break and the others hear it.
    #[serde(rename_all = "kebab-case")]
    Kill {
        /// For about so long.
        #[serde(with = "humantime_serde", default = "ten_seconds")]
        down: Duration,
    },
    /// The machine sleeps.
    #[serde(rename_all = "kebab-case")]
    Suspend {
        /// For about so long.
        #[serde(with = "humantime_serde", default = "one_minute")]
        down: Duration,
    },
    /// The next commit fails: the engine is dropped and opened again on what is durable.
    FailDisk,
    /// Nothing new can be written down.
    #[serde(rename_all = "kebab-case")]
    FullDisk {
        /// For about so long.
        #[serde(with = "humantime_serde", default = "one_minute")]
        down: Duration,
    },
    /// The home of an earlier time is put back.
    #[serde(rename_all = "kebab-case")]
    Restore {
        /// From how long before.
        #[serde(with = "humantime_serde", default = "one_hour")]
        age: Duration,
        /// In another place, so that the store can notice; in the same, it cannot.
        #[serde(default)]
        elsewhere: bool,
    },
    /// The store is gone; the identity is there.
    LoseStore,
    /// The wall clock is set.
    #[serde(rename_all = "kebab-case")]
    Clock {
        /// So far ahead of the truth.
        #[serde(with = "humantime_serde", default)]
        ahead: Duration,
        /// So far behind it.
        #[serde(with = "humantime_serde", default)]
        behind: Duration,
    },
    /// Everything that is durable on a device is copied by somebody who hears all that is sent.
    Theft,
}

/// Strangers who send anything to anybody they can dial.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hostile {
    /// How many.
    pub count: usize,
    /// What they do.
    pub attack: Attack,
    /// How often each does it, about.
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    /// Whom they attack; nobody named: anybody.
    #[serde(default)]
    pub whom: Who,
}

/// What a stranger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Opens links and says nothing.
    Silence,
    /// Sends random bytes of any length, none among them.
    Noise,
    /// Says again what others said to the same person.
    Replay,
    /// Says what others said, with something changed, cut off or added.
    Mutation,
    /// Announces many who are not there.
    Announcements,
    /// All of these.
    Anything,
}

impl Fault {
    pub(super) fn check(&self, people: usize) -> Result<(), String> {
        if self.at.is_some() == self.every.is_some() {
            return Err("`faults`: a fault has either `at` or `every`".to_owned());
        }
        if self.every.is_some_and(|every| every.is_zero()) {
            return Err("`faults`: `every` must be longer".to_owned());
        }
        if self.who.iter().flatten().any(|who| *who >= people) {
            return Err("`faults`: `who` names somebody who is not there".to_owned());
        }
        Ok(())
    }
}

/// Refuses keys that no fault of its kind has.
pub(super) fn keys_are_known(table: &toml::Table) -> Result<(), String> {
    super::keys_are_known(table, "faults", "fault", &["who", "at", "every"], |fault| match fault {
        "crash" | "kill" | "suspend" | "full-disk" => &["down"],
        "restore" => &["age", "elsewhere"],
        "clock" => &["ahead", "behind"],
        _ => &[],
    })
}

const fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

const fn one_minute() -> Duration {
    Duration::from_secs(60)
}

const fn one_hour() -> Duration {
    Duration::from_secs(3_600)
}
