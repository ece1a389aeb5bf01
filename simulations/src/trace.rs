//! The trace of a run, as a hash: two runs are the same if and only if everything that went in and came out is.

use std::collections::BTreeSet;

use causerie_protocol::{input::Input, moment::Moment, output::Output};

/// See the file's head.
#[derive(Debug, Default)]
pub struct Trace {
    hasher: blake3::Hasher,
    /// Whose inputs and outputs are written down in words.
    pub watched: BTreeSet<usize>,
    /// What they took and put out.
    pub lines: Vec<String>,
    /// How many inputs engines took.
    pub inputs: u64,
}

impl Trace {
    /// An engine takes an input.
    pub fn input(&mut self, now: Moment, who: usize, input: &Input) {
        self.inputs += 1;
        self.hasher.update(&now.as_micros().to_le_bytes());
        self.hasher.update(&u64::try_from(who).unwrap_or(u64::MAX).to_le_bytes());
        let bytes: &[u8] = match input {
            Input::Frame { bytes, .. } => bytes,
            _ => &[],
        };
        self.hasher.update(&[of_input(input)]);
        self.hasher.update(bytes);
        if self.watched.contains(&who) {
            self.watch(now, who, "<", of_watched_input(input));
        }
    }

    /// An engine puts something out.
    pub fn output(&mut self, now: Moment, who: usize, output: &Output) {
        self.hasher.update(&[of_output(output)]);
        if self.watched.contains(&who) {
            self.watch(now, who, ">", of_watched_output(output));
        }
        match output {
            Output::Transmit { frame, .. } => {
                self.hasher.update(frame);
            }
            Output::Persist(changes) => {
                for (key, value) in &changes.writes {
                    self.hasher.update(key);
                    self.hasher.update(value.as_deref().unwrap_or_default());
                }
            }
            Output::Log { text, .. } => {
                self.hasher.update(text.as_bytes());
            }
            _ => {}
        }
    }

    fn watch(&mut self, now: Moment, who: usize, direction: &str, what: String) {
        let micros = now.as_micros();
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        self.lines.push(format!("{seconds}.{rest:06} person {who} {direction} {what}"));
    }

    /// The hash so far, its first 16 digits.
    #[must_use]
    pub fn digest(&self) -> String {
        self.hasher.finalize().to_hex().chars().take(16).collect()
    }
}

/// The names of inputs, in the order of their numbers.
pub const INPUTS: [&str; 18] = [
    "commands",
    "network up",
    "link up",
    "frame",
    "link down",
    "discovered",
    "discovery expired",
    "listening",
    "address failed",
    "dial failed",
    "ring persisted",
    "stopping",
    "resumed",
    "room",
    "timeout",
    "standing",
    "record found",
    "lookup ended",
];

/// So many of them are in every report; the others where there were any.
pub const INPUTS_REPORTED: usize = 15;

/// The number of an input's kind.
#[must_use]
pub const fn of_input(input: &Input) -> u8 {
    match input {
        Input::Commands(_) => 0,
        Input::NetworkUp { .. } => 1,
        Input::LinkUp { .. } => 2,
        Input::Frame { .. } => 3,
        Input::LinkDown { .. } => 4,
        Input::Discovered { .. } => 5,
        Input::DiscoveryExpired { .. } => 6,
        Input::Listening { .. } => 7,
        Input::AddressFailed { .. } => 8,
        Input::DialFailed { .. } => 9,
        Input::RingPersisted => 10,
        Input::Stopping => 11,
        Input::Resumed => 12,
        Input::Room(_) => 13,
        Input::Timeout => 14,
        Input::Standing(_) => 15,
        Input::RecordFound { .. } => 16,
        Input::LookupEnded { .. } => 17,
    }
}

const fn of_output(output: &Output) -> u8 {
    match output {
        Output::Persist(_) => 0,
        Output::PersistIdentity(_) => 1,
        Output::PersistRing { .. } => 2,
        Output::Transmit { .. } => 3,
        Output::Dial { .. } => 4,
        Output::CloseLink { .. } => 5,
        Output::Notify(_) => 6,
        Output::Reply { .. } => 7,
        Output::Log { .. } => 8,
        Output::PublishRecord { .. } => 9,
        Output::LookUp { .. } => 10,
    }
}

fn of_watched_input(input: &Input) -> String {
    match input {
        Input::Frame { link, bytes } => format!("frame of {} bytes on {link:?}", bytes.len()),
        other => format!("{other:?}"),
    }
}

fn of_watched_output(output: &Output) -> String {
    match output {
        Output::Persist(changes) => format!("persist {} records", changes.writes.len()),
        Output::PersistIdentity(_) => "persist identity".to_owned(),
        Output::PersistRing { slot, .. } => format!("persist ring {slot:?}"),
        Output::Transmit { link, frame } => format!("transmit {} bytes on {link:?}", frame.len()),
        Output::Log { level, text } => format!("log {level:?}: {text}"),
        other => format!("{other:?}"),
    }
}
