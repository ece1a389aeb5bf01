//! Scenarios that nobody thought of: drawn from a seed, as the text of a scenario file, with any faults side by side.
//!
//! A drawn scenario is small, so that a run takes seconds, and whatever breaks in it can be kept, read and made smaller by
//! hand. The seed that drew it is the seed that it is run with.

use core::fmt::{self, Write as _};

use crate::random::Random;

/// Minutes of life that one is drawn with. Chosen: an hour of five people takes about a second.
const MINUTES: [u64; 6] = [10, 20, 40, 60, 120, 240];

/// Messages that all people together write in one, about; more people or more hours say less each. Chosen.
const BURSTS: u64 = 400;

/// Of a hundred scenarios so many have something.
mod percent {
    pub(super) const ISLANDS: u64 = 50;
    pub(super) const TRAVELLER: u64 = 40;
    pub(super) const ABSENCES: u64 = 30;
    pub(super) const DRIFT: u64 = 50;
    pub(super) const SLOW_DISK: u64 = 30;
    pub(super) const STRANGERS: u64 = 40;
    pub(super) const KEPT_TO_SOME: u64 = 50;
    pub(super) const TRUE_TO_A_FORTNIGHT: u64 = 60;
}

/// The text of the scenario that this seed draws.
#[must_use]
pub fn drawn(seed: u64) -> String {
    let mut random = Random::new(seed, "fuzz", 0);
    let people = 2 + random.below(6);
    let minutes = random.one_of(&MINUTES);
    let is_far_off = random.below(100) >= percent::TRUE_TO_A_FORTNIGHT;
    let mut draft = Draft { random, people, minutes, islands: 1, is_far_off, text: String::new() };
    draft.line(format_args!("name = \"fuzz-{seed}\""));
    draft.line(format_args!("about = \"Drawn by `fuzz --seed {seed}`.\""));
    draft.line(format_args!("people = {people}\nseeds = [{seed}]\nlasts = \"{minutes}m\"\ncalm = \"20m\""));
    let is_travelled = draft.has(percent::ISLANDS) && draft.has(percent::TRAVELLER);
    if is_travelled {
        draft.line(format_args!("travellers = 1\ntravellers-stay = \"{}m\"", 1 + minutes / 8));
    }
    draft.life();
    draft.islands(is_travelled);
    for _ in 0..draft.random.below(7) {
        draft.rule();
    }
    // Without this one every frame arrives at once.
    draft.latency();
    for _ in 0..1 + draft.random.below(7) {
        draft.fault();
    }
    if draft.has(percent::STRANGERS) {
        draft.strangers();
    }
    draft.text
}

/// A scenario that is being drawn.
struct Draft {
    random: Random,
    people: u64,
    minutes: u64,
    islands: u64,
    /// Clocks may be years off, and then no old home comes back: by the evidence of time it would be older than
    /// `limits::REPLACED_PAIR_LIFE`, and need not be recognised.
    is_far_off: bool,
    text: String,
}

impl Draft {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing into a string does not fail.
        writeln!(self.text, "{line}").ok();
    }

    fn has(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    /// Who knows whom, when they are there, what they say, and what their machines are like.
    fn life(&mut self) {
        let drawn = self.random.one_of(&["ring", "random", "all"]);
        let each = 1 + self.random.below(4);
        self.line(format_args!("[friends]\ndrawn = \"{drawn}\"\neach = {each}"));
        let bursts = (BURSTS * 60 / (self.people * self.minutes)).max(1);
        let burst_max = self.random.one_of(&[1, 3, 10, 40]);
        let bytes_max = self.random.one_of(&[40, 400, 8_000]);
        self.line(format_args!(
            "[talk]\nbursts-an-hour = {bursts}\nburst-max = {burst_max}\nbytes-max = {bytes_max}"
        ));
        if self.has(percent::ABSENCES) {
            let (sessions, zones) = (4 + self.random.below(40), 1 + self.random.below(24));
            let (suspends, crashes) = (self.random.below(60), self.random.below(40));
            self.line(format_args!(
                "[online]\nhours-a-day = 12\nsessions-a-day = {sessions}\nwakes-at = 0\nsleeps-at = 24\n\
                 zones = {zones}\nsuspends-percent = {suspends}\ncrashes-percent = {crashes}"
            ));
        }
        if self.has(percent::DRIFT) {
            let drift = self.random.one_of(&[20, 200, 5_000, 100_000]);
            self.line(format_args!("[clocks]\ndrift-ppm = {drift}"));
        }
        if self.has(percent::SLOW_DISK) {
            // Renewing a session takes four commits and as many trips in five seconds: more than this has no end.
            let most = self.random.one_of(&["20ms", "100ms", "400ms"]);
            self.line(format_args!("[disk]\ncommit-min = \"1ms\"\ncommit-max = \"{most}\""));
        }
    }

    /// One kind of island, or two; a traveller needs several.
    fn islands(&mut self, are_needed: bool) {
        if !are_needed && !self.has(percent::ISLANDS) {
            return;
        }
        self.islands = 0;
        for _ in 0..=self.random.below(2) {
            let count = 1 + self.random.below(2) + u64::from(are_needed);
            let reach = self.random.one_of(&["open", "nat", "isolated"]);
            let announce = self.has(70);
            self.line(format_args!(
                "[[islands]]\ncount = {count}\nreach = \"{reach}\"\nannounce = {announce}"
            ));
            self.islands += count;
        }
    }

    fn rule(&mut self) {
        let effect = self.random.one_of(&[
            "loss",
            "drop",
            "cut",
            "duplicate",
            "reorder",
            "corrupt",
            "slow",
            "partition",
        ]);
        self.line(format_args!("[[network]]\neffect = \"{effect}\""));
        match effect {
            // For ever, nobody would ever meet.
            "partition" => {
                let (every, lasts) = (4 + self.random.below(self.minutes), 1 + self.random.below(4));
                self.line(format_args!("every = \"{every}m\"\nlasts = \"{lasts}m\""));
            }
            "slow" => {
                // Less than what is said at most would make a queue without end, in which no step ever comes through.
                let bytes = self.random.one_of(&[20_000, 50_000, 200_000]);
                self.line(format_args!("bytes-a-second = {bytes}"));
            }
            _ => {
                let share = self.random.one_of(&["0.0005", "0.002", "0.01", "0.05"]);
                self.line(format_args!("share = {share}"));
            }
        }
        if self.has(percent::KEPT_TO_SOME) {
            self.some("people", self.people);
        } else if self.has(percent::KEPT_TO_SOME) {
            self.some("islands", self.islands);
        }
        if self.has(percent::KEPT_TO_SOME) {
            let from = self.random.below(self.minutes);
            let until = from + 1 + self.random.below(self.minutes);
            self.line(format_args!("from = \"{from}m\"\nuntil = \"{until}m\""));
        }
    }

    fn latency(&mut self) {
        let (least, most) = self.random.one_of(&[("1ms", "2ms"), ("10ms", "80ms"), ("20ms", "2s")]);
        self.line(format_args!("[[network]]\neffect = \"latency\"\nleast = \"{least}\"\nmost = \"{most}\""));
    }

    fn fault(&mut self) {
        let sound = ["crash", "kill", "suspend", "fail-disk", "full-disk", "clock", "theft"];
        let fault = match self.random.below(9) {
            0 if !self.is_far_off => "restore",
            1 if !self.is_far_off => "lose-store",
            _ => self.random.one_of(&sound),
        };
        self.line(format_args!("[[faults]]\nfault = \"{fault}\""));
        let at = self.random.below(self.minutes);
        // Who loses their store again and again keeps nothing to speak of, and a thief comes once.
        if matches!(fault, "lose-store" | "theft") || self.has(percent::KEPT_TO_SOME) {
            self.line(format_args!("at = \"{at}m\""));
        } else {
            let every = 2 + self.random.below(self.minutes);
            self.line(format_args!("every = \"{every}m\""));
        }
        self.some("who", self.people);
        match fault {
            "crash" | "kill" | "suspend" | "full-disk" => {
                let down = self.random.one_of(&["1s", "10s", "2m", "20m"]);
                self.line(format_args!("down = \"{down}\""));
            }
            "restore" => {
                let (age, elsewhere) = (self.random.below(self.minutes), self.has(50));
                self.line(format_args!("age = \"{age}m\"\nelsewhere = {elsewhere}"));
            }
            "clock" => {
                let way = self.random.one_of(&["ahead", "behind"]);
                let years = self.random.one_of(&["40d", "4000d"]);
                let far =
                    self.random.one_of(&["2s", "10m", "3h", if self.is_far_off { years } else { "14d" }]);
                self.line(format_args!("{way} = \"{far}\""));
            }
            _ => {}
        }
    }

    fn strangers(&mut self) {
        let attack =
            self.random.one_of(&["silence", "noise", "replay", "mutation", "announcements", "anything"]);
        let (count, seconds) = (1 + self.random.below(3), 2 + self.random.below(60));
        self.line(format_args!(
            "[[hostile]]\ncount = {count}\nattack = \"{attack}\"\nevery = \"{seconds}s\""
        ));
    }

    /// Some of so many, at least one.
    fn some(&mut self, key: &str, of: u64) {
        let surely = self.random.below(of);
        let random = &mut self.random;
        let chosen: Vec<String> =
            (0..of).filter(|one| random.happens(0.4) || *one == surely).map(|one| one.to_string()).collect();
        self.line(format_args!("{key} = [{}]", chosen.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn whatever_is_drawn_is_a_scenario_and_a_seed_says_everything() {
        for seed in 0..500 {
            let text = drawn(seed);
            let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(scenario.seeds, [seed]);
            assert!(scenario.people_min() <= scenario.sizes()[0], "{text}");
            assert_eq!(drawn(seed), text);
        }
    }

    #[test]
    fn everything_is_drawn_sometimes() {
        let all: String = (0..500).map(drawn).collect();
        let words = "ring random all open nat isolated travellers loss drop cut duplicate reorder corrupt slow \
                     partition latency crash kill suspend fail-disk full-disk restore lose-store clock theft silence \
                     noise replay mutation announcements anything [online] [clocks] [disk] ahead behind";
        let missing: Vec<&str> = words.split_whitespace().filter(|word| !all.contains(word)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
