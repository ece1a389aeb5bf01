//! Emoji: found by words of both languages, completed from what follows a colon, and told from other text.
//!
//! Shortcodes and groups come from the crate `emojis`, names and words from `assets/emoji/`. A search looks neither at
//! accents nor at capitals, and finds words of the other language too, behind those of the window's. Nothing is kept of
//! what was looked for; what was chosen last is ([`Chosen`]).

use std::{collections::BTreeMap, ops::Range, sync::LazyLock};

use emojis::{Emoji, SkinTone};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{components::say, preferences::Language};

/// Emoji that are kept as chosen last: two rows of the picker.
const LAST_MAX: usize = 18;

/// Letters that a shortcode has at least before anything is offered: `:D` and `:p` are faces of their own.
const BEGUN_MIN: usize = 2;

/// Letters that are typed in one pass at most.
const TYPED_MAX: usize = 12;

/// Letters that a shortcode or a French name has at most.
const CODE_MAX: usize = 64;

/// How far words of the other language stand behind: a whole name of theirs before the beginnings of ours.
const BEHIND: u8 = 5;

/// Up to so many emoji with nothing else are shown large.
const LARGE_MAX: usize = 3;

const ENGLISH: &str = include_str!("../assets/emoji/en.tsv");
const FRENCH: &str = include_str!("../assets/emoji/fr.tsv");

/// One emoji, without a tone of skin, and what it is called.
#[derive(Debug)]
struct Entry {
    emoji: &'static Emoji,
    english: Words,
    french: Words,
}

/// What it is called in one language.
#[derive(Debug, Default)]
struct Words {
    name: &'static str,
    /// The name and all further words as they are searched, each on a line.
    searched: String,
}

/// All of them in their usual order, and where each stands.
struct Known {
    entries: Vec<Entry>,
    places: BTreeMap<&'static str, usize>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let (mut english, mut french) = (words_of(ENGLISH), words_of(FRENCH));
    let entries: Vec<Entry> = emojis::iter()
        .map(|emoji| Entry {
            emoji,
            english: english.remove(emoji.as_str()).unwrap_or_default(),
            french: french.remove(emoji.as_str()).unwrap_or_default(),
        })
        .collect();
    let places = entries.iter().enumerate().map(|(place, entry)| (entry.emoji.as_str(), place)).collect();
    Known { entries, places }
});

fn words_of(source: &'static str) -> BTreeMap<&'static str, Words> {
    let lines = source.lines().filter_map(|line| {
        let (emoji, rest) = line.split_once('\t')?;
        let (name, more) = rest.split_once('\t')?;
        Some((emoji, Words { name, searched: searched(&format!("{name}\n{}", more.replace('|', "\n"))) }))
    });
    lines.collect()
}

/// As it is searched: without accents and capitals, with plain apostrophes and spaces.
fn searched(text: &str) -> String {
    let plain = |one| match one {
        '’' => '\'',
        '_' | '\u{a0}' | '\u{202f}' => ' ',
        other => other,
    };
    say::folded(text).chars().map(plain).collect()
}

impl Entry {
    const fn words(&self, language: Language) -> &Words {
        match language {
            Language::English => &self.english,
            Language::French => &self.french,
        }
    }

    /// How well it fits, the least the best; `None`: not at all.
    fn fits(&self, wanted: &str, language: Language) -> Option<u8> {
        let code = self.emoji.shortcodes().filter_map(|code| {
            let code = code.replace('_', " ");
            (code == wanted).then_some(0).or_else(|| code.starts_with(wanted).then_some(2))
        });
        let both = Language::ALL.into_iter().filter_map(|one| {
            let behind = if one == language { 0 } else { BEHIND };
            self.words(one).fit(wanted).map(|fit| fit + behind)
        });
        code.chain(both).min()
    }
}

impl Words {
    /// As above: an even number, so that the other language fits in between.
    fn fit(&self, wanted: &str) -> Option<u8> {
        let mut lines = self.searched.lines();
        let name = lines.next()?;
        if name == wanted {
            return Some(0);
        }
        if name.starts_with(wanted) {
            return Some(2);
        }
        if lines.clone().any(|line| line == wanted) {
            return Some(4);
        }
        if lines.any(|line| line.starts_with(wanted)) {
            return Some(6);
        }
        let begins = |word: &str| {
            let mut places = self.searched.match_indices(word).map(|(place, _)| place);
            places.any(|place| {
                let before = self.searched.get(..place).and_then(|before| before.chars().next_back());
                before.is_none_or(|before| !before.is_alphanumeric())
            })
        };
        wanted.split_whitespace().all(begins).then_some(8)
    }
}

/// What these words find, the best first.
#[must_use]
pub fn find(wanted: &str, language: Language) -> Vec<&'static Emoji> {
    let wanted = searched(wanted.trim());
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u8, &Emoji)> = KNOWN
        .entries
        .iter()
        .filter_map(|entry| entry.fits(&wanted, language).map(|fit| (fit, entry.emoji)))
        .collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, emoji)| emoji).collect()
}

/// What it is called.
#[must_use]
pub fn name(emoji: &Emoji, language: Language) -> &'static str {
    let plain = emoji.with_skin_tone(SkinTone::Default).unwrap_or(emoji);
    let entry = KNOWN.places.get(plain.as_str()).and_then(|place| KNOWN.entries.get(*place));
    entry.map_or("", |entry| entry.words(language).name)
}

/// What `:code:` stands for: a shortcode, or a name in either language with its spaces as `_`.
#[must_use]
pub fn named(code: &str) -> Option<&'static Emoji> {
    emojis::get_by_shortcode(code).or_else(|| {
        let wanted = searched(code);
        let called = |words: &Words| words.searched.lines().next() == Some(wanted.as_str());
        let mut entries = KNOWN.entries.iter();
        entries.find(|entry| called(&entry.english) || called(&entry.french)).map(|entry| entry.emoji)
    })
}

/// A word behind a colon, up to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Which characters it takes, the colon among them.
    pub place: Range<usize>,
    /// The word.
    pub word: String,
}

/// The word behind a colon that ends at the cursor, where one is begun.
#[must_use]
pub fn begun(text: &str, cursor: usize) -> Option<Begun> {
    let before: Vec<char> = text.chars().take(cursor).collect();
    let length = before.iter().rev().take(CODE_MAX).take_while(|one| is_of_code(**one)).count();
    let start = before.len().checked_sub(length)?.checked_sub(1)?;
    let opens = before.get(start) == Some(&':');
    let apart =
        start.checked_sub(1).and_then(|place| before.get(place)).is_none_or(|one| !one.is_alphanumeric());
    let word: String = before.iter().skip(start + 1).collect();
    (before.len() == cursor && opens && apart && length >= BEGUN_MIN)
        .then_some(Begun { place: start..cursor, word })
}

/// The emoji whose `:code:` ends at the cursor or among the `typed` characters before it, and which characters that takes.
#[must_use]
pub fn ended(text: &str, cursor: usize, typed: usize) -> Option<(Range<usize>, &'static Emoji)> {
    // Whoever types fast types several letters in one pass; what is pasted stays as it is.
    let ends = (typed <= TYPED_MAX).then(|| cursor.saturating_sub(typed) + 1..=cursor)?;
    ends.rev().find_map(|end| {
        let last = end.checked_sub(1).filter(|last| text.chars().nth(*last) == Some(':'))?;
        let begun = begun(text, last)?;
        named(&begun.word).map(|emoji| (begun.place.start..end, emoji))
    })
}

fn is_of_code(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '_' | '-' | '+' | '’' | '\'')
}

/// How many emoji a text is made of, where it is a few and nothing else.
#[must_use]
pub fn alone(text: &str) -> Option<usize> {
    let mut count = 0;
    for cluster in text.graphemes(true).filter(|cluster| !cluster.trim().is_empty()) {
        count += 1;
        // Before these, signs such as © are letters unless they are asked to be emoji.
        let coloured = cluster.chars().next().is_some_and(|first| first >= '\u{231a}');
        if count > LARGE_MAX || !coloured || emojis::get(cluster).is_none() {
            return None;
        }
    }
    (count > 0).then_some(count)
}

/// The parts of a text that ask for colours although their signs are letters, too: `1️⃣`, `©️`.
#[must_use]
pub fn coloured(text: &str) -> Vec<Range<usize>> {
    const ASKS: [char; 2] = ['\u{fe0f}', '\u{20e3}'];
    if !text.contains(ASKS) {
        return Vec::new();
    }
    let asking = |cluster: &str| cluster.contains(ASKS) && emojis::get(cluster).is_some();
    let clusters = text.grapheme_indices(true).filter(|(_, cluster)| asking(cluster));
    clusters.map(|(at, cluster)| at..at + cluster.len()).collect()
}

/// What a person chose: emoji last, and a tone of skin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// The latest first.
    pub last: Vec<String>,
    /// A place in [`TONES`].
    pub tone: usize,
}

/// The tones of skin, the one without a tone first.
pub const TONES: [SkinTone; 6] = [
    SkinTone::Default,
    SkinTone::Light,
    SkinTone::MediumLight,
    SkinTone::Medium,
    SkinTone::MediumDark,
    SkinTone::Dark,
];

impl Chosen {
    /// Without what is no emoji.
    #[must_use]
    pub fn sane(mut self) -> Self {
        self.last.retain(|one| emojis::get(one).is_some());
        self.last.truncate(LAST_MAX);
        self.tone = self.tone.min(TONES.len() - 1);
        self
    }

    /// Puts this one first.
    pub fn used(&mut self, emoji: &str) {
        self.last.retain(|one| one != emoji);
        self.last.insert(0, emoji.to_owned());
        self.last.truncate(LAST_MAX);
    }

    /// An emoji in the tone that was chosen, where it has tones.
    #[must_use]
    pub fn in_tone(&self, emoji: &'static Emoji) -> &'static Emoji {
        let tone = TONES.get(self.tone).copied().unwrap_or(SkinTone::Default);
        emoji.with_skin_tone(tone).unwrap_or(emoji)
    }
}

#[cfg(test)]
mod tests;
