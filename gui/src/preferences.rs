//! What a person chose for the window, kept in the home as `window.json`, which is not sealed: nothing of it is about
//! somebody, and the emoji used last are all that it has of what was written.
//!
//! A file that is missing or makes no sense means the defaults; it is replaced as a whole.

use std::{fs, io::Write as _, path::Path};

use eframe::egui::ThemePreference;
use serde::{Deserialize, Serialize};

use crate::attention::Level;

const NAME: &str = "window.json";

/// Bytes of the file that are read at most.
const BYTES_MAX: u64 = 64 * 1_024;

/// Points over which screens can spread. Chosen: ten of the largest, side by side.
const SCREENS_MAX: f32 = 100_000.0;

/// A language of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// The system's, or English.
    #[must_use]
    pub fn of_system() -> Self {
        match sys_locale::get_locale() {
            Some(locale) if locale.starts_with("fr") => Self::French,
            _ => Self::English,
        }
    }

    /// Its name in itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// What the system has, followed as it changes.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As egui says it.
    #[must_use]
    pub const fn preference(self) -> ThemePreference {
        match self {
            Self::System => ThemePreference::System,
            Self::Light => ThemePreference::Light,
            Self::Dark => ThemePreference::Dark,
        }
    }
}

/// What closing the window means, where it can mean two things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Closing {
    /// It was never chosen: the person is asked.
    #[default]
    Ask,
    /// Messages go on arriving.
    Stay,
    /// Everything ends.
    Quit,
}

/// See the file's head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// `None`: the system's.
    pub language: Option<Language>,
    /// Light, dark, or what the system has.
    pub theme: Theme,
    /// How much larger everything is.
    pub zoom: f32,
    /// The window's size in points of the screen, whatever the zoom.
    pub size: [f32; 2],
    /// Where the window's frame begins, in points of the screen; `None`: wherever the system puts it.
    pub place: Option<[f32; 2]>,
    /// Minutes without a key or the pointer after which the window locks; `None`: never by itself.
    pub lock_after: Option<u32>,
    /// What closing the window means.
    pub closing: Closing,
    /// How much a notification says.
    pub notify: Level,
    /// The emoji used last, and a tone of skin.
    pub emoji: crate::emoji::Chosen,
}

/// What can be chosen for it.
pub const LOCK_AFTER: [Option<u32>; 5] = [None, Some(1), Some(5), Some(15), Some(60)];

impl Default for Preferences {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::System,
            zoom: 1.0,
            size: [980.0, 680.0],
            place: None,
            lock_after: None,
            closing: Closing::Ask,
            notify: Level::Message,
            emoji: crate::emoji::Chosen::default(),
        }
    }
}

impl Preferences {
    /// Reads them from a home.
    #[must_use]
    pub fn read(home: &Path) -> Self {
        let path = home.join(NAME);
        let small = fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= BYTES_MAX);
        let text = small.then(|| fs::read_to_string(&path).ok()).flatten();
        let read: Self = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self {
            zoom: if read.zoom.is_finite() { read.zoom.clamp(0.75, 2.0) } else { 1.0 },
            lock_after: read.lock_after.filter(|minutes| LOCK_AFTER.contains(&Some(*minutes))),
            size: read.size.map(|side| if side.is_finite() { side.clamp(360.0, 10_000.0) } else { 700.0 }),
            place: read.place.filter(|place| place.iter().all(|at| at.abs() < SCREENS_MAX)),
            emoji: read.emoji.sane(),
            ..read
        }
    }

    /// Keeps them in a home that is there; a home that cannot be written keeps what it has.
    pub fn keep(&self, home: &Path) {
        let written = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(home)?;
            file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            file.persist(home.join(NAME))?;
            Ok(())
        };
        if let Err(error) = written() {
            tracing::debug!(%error, "the window's preferences were not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_and_nonsense_means_the_defaults() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Preferences::read(home.path()), Preferences::default());
        let chosen = Preferences {
            language: Some(Language::French),
            theme: Theme::Dark,
            zoom: 1.25,
            size: [800.0, 600.0],
            place: Some([-1_200.0, 35.0]),
            lock_after: Some(15),
            closing: Closing::Stay,
            notify: Level::Name,
            emoji: crate::emoji::Chosen { last: vec!["👍".to_owned()], tone: 2 },
        };
        chosen.keep(home.path());
        assert_eq!(Preferences::read(home.path()), chosen);
        for nonsense in ["", "[]", "{\"zoom\":\"big\"}", "{\"language\":\"klingon\"}", "{\"lock_after\":0}"] {
            fs::write(home.path().join(NAME), nonsense).unwrap();
            assert_eq!(Preferences::read(home.path()), Preferences::default(), "{nonsense}");
        }
        fs::write(home.path().join(NAME), "{\"zoom\":1e9,\"size\":[0,-5],\"place\":[1e30,0]}").unwrap();
        let read = Preferences::read(home.path());
        assert_eq!((read.zoom, read.size, read.place), (2.0, [360.0, 360.0], None));
    }

    #[test]
    fn spoilt_choices_are_still_choices() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(NAME);
        let place = Some([-1_200.0, 35.0]);
        let emoji = crate::emoji::Chosen { last: vec!["👍".to_owned(); 3], tone: 2 };
        let chosen = Preferences { place, lock_after: Some(15), emoji, ..Preferences::default() };
        chosen.keep(home.path());
        let nasty = r#"{"zoom":1e999,"size":[1e-999,null],"emoji":{"last":["\ud83d"],"tone":255}}"#;
        let corpus = [fs::read(&path).unwrap(), b"{}".to_vec(), nasty.as_bytes().to_vec()];
        let mut mutator = causerie_protocol::testing::fuzz::Mutator::new(1, 1 << 17);
        for round in 0..1_000 {
            fs::write(&path, mutator.spoil(&corpus)).unwrap();
            let read = Preferences::read(home.path());
            let sides = read.size.iter().all(|side| (360.0..=10_000.0).contains(side));
            assert!((0.75..=2.0).contains(&read.zoom) && sides, "round {round}: {read:?}");
            assert!(LOCK_AFTER.contains(&read.lock_after), "round {round}: {read:?}");
            assert!(read.place.is_none_or(|place| place.iter().all(|at| at.abs() < SCREENS_MAX)));
            read.keep(home.path());
            assert_eq!(Preferences::read(home.path()), read, "round {round}");
        }
    }
}
