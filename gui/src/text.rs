//! Every sentence shown to a person, in both languages: `assets/locales/`.
//!
//! Fluent knows the plurals; the files hold the words. A key that is missing shows itself, which a test forbids.

use std::fmt;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use causerie_protocol::moment::WallTime;

use crate::preferences::Language;

const ENGLISH: &str = include_str!("../assets/locales/en.ftl");
const FRENCH: &str = include_str!("../assets/locales/fr.ftl");

/// The sentences of one language.
pub struct Text {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Text {
    /// The sentences of this language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let (source, locale) = match language {
            Language::English => (ENGLISH, "en"),
            Language::French => (FRENCH, "fr"),
        };
        let mut bundle = FluentBundle::new(locale.parse().into_iter().collect());
        // Both files are read by a test: what is broken in one of them shows as its key.
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(parsed, _)| parsed);
        bundle.add_resource(resource).ok();
        // Marks of isolation between words of two directions show as boxes where a font lacks them.
        bundle.set_use_isolating(false);
        Self { language, bundle }
    }

    /// Which language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// A sentence.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A sentence about these.
    #[must_use]
    pub fn say_with(&self, key: &str, about: &[(&str, FluentValue<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let arguments: FluentArgs<'_> = about.iter().cloned().collect();
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }

    /// What to do about something, as its sentence's file says.
    #[must_use]
    pub fn hint(&self, key: &str) -> String {
        let message = self.bundle.get_message(key);
        let Some(hint) = message.and_then(|message| message.get_attribute("hint")) else {
            return key.to_owned();
        };
        self.bundle.format_pattern(hint.value(), None, &mut Vec::new()).into_owned()
    }

    /// The time of day, as in 14:05.
    #[must_use]
    pub fn clock(&self, at: WallTime) -> String {
        let at = local(at);
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    /// A day, as people call it: today, yesterday, or with its name.
    #[must_use]
    pub fn day(&self, day: Date, today: Date) -> String {
        if day == today {
            return self.say("day-today");
        }
        if today.yesterday().is_ok_and(|yesterday| yesterday == day) {
            return self.say("day-yesterday");
        }
        let weekday = self.say(&format!("weekday-{}", day.weekday().to_monday_one_offset()));
        let month = self.say(&format!("month-{}", day.month()));
        let key = if day.year() == today.year() { "day-this-year" } else { "day-other-year" };
        self.say_with(
            key,
            &[
                ("weekday", weekday.into()),
                ("day", day.day().to_string().into()),
                ("month", month.into()),
                ("year", day.year().to_string().into()),
            ],
        )
    }

    /// So many bytes, in thousands, millions or more of them.
    #[must_use]
    pub fn size(&self, bytes: u64) -> String {
        let units = [(1_000_000_000, "size-giga"), (1_000_000, "size-mega"), (1_000, "size-kilo")];
        let (unit, key) = units.into_iter().find(|(unit, _)| bytes >= *unit).unwrap_or((1_000, "size-kilo"));
        let tenths = bytes.saturating_mul(10) / unit;
        let sign = self.say("decimal-sign");
        self.say_with(key, &[("size", format!("{}{sign}{}", tenths / 10, tenths % 10).into())])
    }

    /// When something was, as short as it can be said in a list.
    #[must_use]
    pub fn when(&self, at: WallTime, today: Date) -> String {
        let day = day_of(at);
        if day == today {
            return self.clock(at);
        }
        if today.yesterday().is_ok_and(|yesterday| yesterday == day) {
            return self.say("day-yesterday");
        }
        self.say_with(
            "day-short",
            &[
                ("day", format!("{:02}", day.day()).into()),
                ("month", format!("{:02}", day.month()).into()),
                ("year", day.year().to_string().into()),
            ],
        )
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("language", &self.language).finish_non_exhaustive()
    }
}

/// On which day something was, here.
#[must_use]
pub fn day_of(at: WallTime) -> Date {
    local(at).date()
}

/// What the clock of this machine says.
#[must_use]
pub fn now() -> WallTime {
    WallTime::from_millis(u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default())
}

/// Which day it is, here.
#[must_use]
pub fn today() -> Date {
    Zoned::now().date()
}

fn local(at: WallTime) -> Zoned {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let latest = Timestamp::MAX.as_millisecond();
    Timestamp::from_millisecond(millis.min(latest)).unwrap_or_default().to_zoned(TimeZone::system())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(source: &str) -> BTreeSet<&str> {
        let named = source.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
        named.filter_map(|line| line.split_once(" =")).map(|(key, _)| key).collect()
    }

    #[test]
    fn every_error_has_a_hint_in_both_languages() {
        for language in Language::ALL {
            let text = Text::of(language);
            for key in keys(ENGLISH).into_iter().filter(|key| key.starts_with("error-")) {
                assert_ne!(text.hint(key), key, "{language:?}");
            }
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        for source in [ENGLISH, FRENCH] {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "a file that does not parse");
        }
        assert_eq!(keys(ENGLISH), keys(FRENCH));
    }

    /// Every text in quotes in the window's sources.
    fn quoted() -> BTreeSet<String> {
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut quoted = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let source = std::fs::read_to_string(path).unwrap();
                    quoted.extend(source.split('"').map(str::to_owned));
                }
            }
        }
        quoted
    }

    #[test]
    fn every_sentence_is_said_somewhere_and_none_is_missing() {
        let (quoted, keys) = (quoted(), keys(ENGLISH));
        let made = |key: &&str| key.starts_with("weekday-") || key.starts_with("month-");
        let unsaid: Vec<_> = keys.iter().filter(|key| !made(key) && !quoted.contains(**key)).collect();
        assert!(unsaid.is_empty(), "never said: {unsaid:?}");
        let families: BTreeSet<&str> =
            keys.iter().filter_map(|key| key.split_once('-')).map(|(one, _)| one).collect();
        let looks_like_one = |text: &&String| {
            text.split_once('-').is_some_and(|(family, rest)| families.contains(family) && !rest.is_empty())
                && text.chars().all(|one| one.is_ascii_lowercase() || one == '-')
        };
        let missing: Vec<_> =
            quoted.iter().filter(looks_like_one).filter(|text| !keys.contains(text.as_str())).collect();
        // Names that egui keeps things under.
        let missing: Vec<_> = missing.into_iter().filter(|text| !NOT_SAID.contains(&text.as_str())).collect();
        assert!(missing.is_empty(), "not in the files: {missing:?}");
    }

    const NOT_SAID: [&str; 2] = ["chat-head", "chat-foot"];

    /// The toolkit knows one space at which no line is broken; the narrow one is a space like any other to it.
    #[test]
    fn no_line_of_french_begins_with_a_sign_of_punctuation() {
        let signs = [':', ';', '?', '!', '»'];
        for line in FRENCH.lines().filter(|line| !line.starts_with('#')) {
            let letters: Vec<char> = line.chars().collect();
            let breaks = |pair: &[char]| {
                let [before, after] = [pair[0], pair[1]];
                let is_space = before.is_whitespace() && before != '\u{a0}';
                (is_space && signs.contains(&after)) || (before == '«' && after != '\u{a0}')
            };
            assert!(!letters.windows(2).any(breaks), "{line}");
        }
    }

    #[test]
    fn sizes_are_short_and_as_they_are_written_in_each_language() {
        let size = |language, bytes| Text::of(language).size(bytes);
        assert_eq!(size(Language::English, 12_345_678), "12.3 MB");
        assert_eq!(size(Language::French, 12_345_678), "12,3\u{a0}Mo");
        assert_eq!(size(Language::English, 999), "0.9 kB");
        assert_eq!(size(Language::French, 3_000_000_000), "3,0\u{a0}Go");
    }

    #[test]
    fn numbers_have_their_plurals() {
        let count =
            |language, number: u32| Text::of(language).say_with("unread", &[("count", number.into())]);
        assert_eq!(count(Language::English, 1), "1 unread message");
        assert_eq!(count(Language::English, 0), "0 unread messages");
        assert_eq!(count(Language::French, 0), "0 message non lu");
        assert_eq!(count(Language::French, 2), "2 messages non lus");
    }

    #[test]
    fn days_are_called_as_people_call_them() {
        let today = jiff::civil::date(2026, 11, 26);
        let say = |language, day| Text::of(language).day(day, today);
        assert_eq!(say(Language::French, today), "Aujourd’hui");
        assert_eq!(say(Language::English, jiff::civil::date(2026, 11, 25)), "Yesterday");
        assert_eq!(say(Language::French, jiff::civil::date(2026, 11, 16)), "lundi 16 novembre");
        assert_eq!(say(Language::English, jiff::civil::date(2025, 1, 2)), "Thursday, 2 January 2025");
    }
}
