//! When people are online: in so many pieces a day, while they are awake in their time zone.

use core::time::Duration;

use crate::{random::Random, scenario::Online};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The sessions of one person on one day: when each begins and ends, from the beginning of the run, in order and apart.
#[must_use]
pub fn sessions(online: &Online, person: usize, day: u32, random: &mut Random) -> Vec<(Duration, Duration)> {
    let pieces = online.sessions_a_day;
    let awake = HOUR * (online.sleeps_at - online.wakes_at);
    let piece = HOUR.mul_f64(online.hours_a_day) / pieces;
    let zone = u32::try_from(person).unwrap_or(u32::MAX) % online.zones;
    let midnight = DAY * day + HOUR * zone;
    // Each piece lies somewhere in a part of the day of its own; one that is longer fills it.
    let part = awake / pieces;
    (0..pieces)
        .map(|number| {
            let length = random.about(piece).min(part.saturating_sub(Duration::from_secs(60)));
            let free = part.saturating_sub(length).saturating_sub(Duration::from_secs(30));
            let begins =
                midnight + HOUR * online.wakes_at + part * number + random.between(Duration::ZERO, free);
            (begins, begins + length)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_apart_in_order_and_as_long_as_was_asked() {
        let online = Online { hours_a_day: 3.0, sessions_a_day: 4, zones: 24, ..Online::default() };
        let mut random = Random::new(1, "churn", 0);
        let mut total = Duration::ZERO;
        for day in 0..200 {
            let sessions = sessions(&online, 5, day, &mut random);
            assert!(sessions.windows(2).all(|pair| pair[0].1 < pair[1].0));
            total += sessions.iter().map(|(begins, ends)| *ends - *begins).sum::<Duration>();
            assert!(sessions.iter().all(|(begins, _)| *begins >= DAY * day + HOUR * 12));
        }
        let hours = total.as_secs_f64() / 3_600.0 / 200.0;
        assert!((2.8..3.2).contains(&hours), "{hours}");
    }
}
