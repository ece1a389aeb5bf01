//! What a scenario says about the network: rules that are asked in turn about every frame.

use core::time::Duration;

use serde::Deserialize;

/// One rule: what it does, to whom, and when.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// What it does.
    #[serde(flatten)]
    pub effect: Effect,
    /// To whom and when.
    #[serde(flatten)]
    pub to: Selector,
}

/// What a rule does to the frames that it is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Each arrives after a time between these.
    #[serde(rename_all = "kebab-case")]
    Latency {
        /// At least.
        #[serde(with = "humantime_serde")]
        least: Duration,
        /// At most.
        #[serde(with = "humantime_serde")]
        most: Duration,
    },
    /// A packet of it is lost and sent again: so many arrive later by this much, and what is behind them as well.
    #[serde(rename_all = "kebab-case")]
    Loss {
        /// Which share of frames, 0 to 1.
        share: f64,
        /// How much later.
        #[serde(with = "humantime_serde", default = "resend")]
        later: Duration,
    },
    /// So many vanish, with all that follows on their stream, and nobody is told.
    #[serde(rename_all = "kebab-case")]
    Drop {
        /// Which share of frames, 0 to 1.
        share: f64,
    },
    /// So many vanish, and their stream breaks at both ends.
    #[serde(rename_all = "kebab-case")]
    Cut {
        /// Which share of frames, 0 to 1.
        share: f64,
    },
    /// So many arrive twice: a transport that does not keep its promise.
    #[serde(rename_all = "kebab-case")]
    Duplicate {
        /// Which share of frames, 0 to 1.
        share: f64,
    },
    /// So many arrive before what was sent before them.
    #[serde(rename_all = "kebab-case")]
    Reorder {
        /// Which share of frames, 0 to 1.
        share: f64,
    },
    /// So many arrive with a byte changed.
    #[serde(rename_all = "kebab-case")]
    Corrupt {
        /// Which share of frames, 0 to 1.
        share: f64,
    },
    /// So many bytes a second pass between two people, each way.
    #[serde(rename_all = "kebab-case")]
    Slow {
        /// Bytes a second.
        bytes_a_second: u64,
    },
    /// Nothing passes, and nobody is told; nobody can be dialled.
    Partition,
}

/// To whom a rule applies, and when.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Selector {
    /// Where one of the two is one of these people.
    pub people: Option<Vec<usize>>,
    /// Where one of the two is on one of these islands.
    pub islands: Option<Vec<usize>>,
    /// Only between different islands.
    pub across: bool,
    /// From this time on.
    #[serde(with = "humantime_serde")]
    pub from: Option<Duration>,
    /// Until this time.
    #[serde(with = "humantime_serde")]
    pub until: Option<Duration>,
    /// Again and again, after so long.
    #[serde(with = "humantime_serde")]
    pub every: Option<Duration>,
    /// With `every`: for so long each time.
    #[serde(with = "humantime_serde")]
    pub lasts: Option<Duration>,
}

impl Rule {
    pub(super) fn check(&self) -> Result<(), String> {
        let share = match &self.effect {
            Effect::Loss { share, .. }
            | Effect::Drop { share }
            | Effect::Cut { share }
            | Effect::Duplicate { share }
            | Effect::Reorder { share }
            | Effect::Corrupt { share } => *share,
            Effect::Latency { least, most } if least > most => {
                return Err("`network`: `least` is above `most`".to_owned());
            }
            Effect::Slow { bytes_a_second: 0 } => {
                return Err("`network`: `bytes-a-second` must be at least 1".to_owned());
            }
            Effect::Latency { .. } | Effect::Slow { .. } | Effect::Partition => 0.0,
        };
        if !(0.0..=1.0).contains(&share) {
            return Err("`network`: a `share` is from 0 to 1".to_owned());
        }
        if self.to.every.is_some() != self.to.lasts.is_some()
            || self.to.every.is_some_and(|every| every.is_zero())
        {
            return Err("`network`: `every` and `lasts` belong together".to_owned());
        }
        Ok(())
    }
}

impl Selector {
    /// Whether it applies at this time after the setup.
    #[must_use]
    pub fn is_on(&self, since: Duration) -> bool {
        let inside =
            self.from.is_none_or(|from| since >= from) && self.until.is_none_or(|until| since < until);
        let phase = match (self.every, self.lasts) {
            (Some(every), Some(lasts)) => {
                let begun = since.saturating_sub(self.from.unwrap_or_default());
                Duration::from_micros(micros(begun) % micros(every).max(1)) < lasts
            }
            _ => true,
        };
        inside && phase
    }

    /// Whether it is for frames between these people on these islands.
    #[must_use]
    pub fn is_for(&self, people: [usize; 2], islands: [usize; 2]) -> bool {
        let any = |wanted: &Option<Vec<usize>>, ends: [usize; 2]| {
            wanted.as_ref().is_none_or(|wanted| ends.iter().any(|end| wanted.contains(end)))
        };
        any(&self.people, people) && any(&self.islands, islands) && (!self.across || islands[0] != islands[1])
    }
}

/// Refuses keys that no rule of its kind has.
pub(super) fn keys_are_known(table: &toml::Table) -> Result<(), String> {
    let of_all = ["people", "islands", "across", "from", "until", "every", "lasts"];
    super::keys_are_known(table, "network", "effect", &of_all, |effect| match effect {
        "latency" => &["least", "most"],
        "loss" => &["share", "later"],
        "drop" | "cut" | "duplicate" | "reorder" | "corrupt" => &["share"],
        "slow" => &["bytes-a-second"],
        _ => &[],
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Two hundred milliseconds: the least time after which TCP sends again (Linux, `TCP_RTO_MIN`).
const fn resend() -> Duration {
    Duration::from_millis(200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_comes_and_goes() {
        let hours = |count: u64| Duration::from_secs(3_600 * count);
        let to = Selector {
            from: Some(hours(2)),
            until: Some(hours(10)),
            every: Some(hours(4)),
            lasts: Some(hours(1)),
            ..Selector::default()
        };
        let on: Vec<u64> = (0..12).filter(|hour| to.is_on(hours(*hour))).collect();
        assert_eq!(on, [2, 6]);
        assert!(Selector::default().is_on(hours(0)));
    }

    #[test]
    fn a_rule_is_for_those_it_names() {
        let to = Selector { people: Some(vec![1]), across: true, ..Selector::default() };
        assert!(to.is_for([0, 1], [0, 1]) && to.is_for([1, 0], [1, 0]));
        assert!(!to.is_for([0, 1], [3, 3]) && !to.is_for([0, 2], [0, 1]));
    }
}
