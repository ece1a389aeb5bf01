//! Words of people and about them, made fit to be shown.
//!
//! What a peer sends may hold characters that are not seen, that turn the direction of what follows, or that pile up
//! without an end. None of them may change how anything else reads, or who seems to have written it.

use causerie_protocol::answer::{ContactState, ContactView, MessageState, MessageView};
use jiff::civil::Date;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::{text::Text, trouble};

/// Marks over one letter that are shown. Chosen: Vietnamese and Hebrew have two or three.
const MARKS_MAX: usize = 4;

/// Letters of a text that are shown before what was looked for, and after it.
const BEFORE_HIT: usize = 30;
const AFTER_HIT: usize = 200;

/// A text as it can be shown: lines as they are, no other control characters, no turns of direction, few marks over one
/// letter.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut marks = 0;
    text.replace("\r\n", "\n")
        .chars()
        .map(|one| if is_end_of_line(one) { '\n' } else { one })
        .filter(|one| {
            marks = if is_combining_mark(*one) { marks + 1 } else { 0 };
            marks <= MARKS_MAX && (*one == '\n' || *one == '\t' || !is_unseen(*one))
        })
        .collect()
}

/// The beginning of a text in one line.
#[must_use]
pub fn in_one_line(text: &str, length_max: usize) -> String {
    let words = harmless(text);
    let mut line: String = words.split_whitespace().flat_map(|word| [word, " "]).collect();
    line.pop();
    if line.chars().count() > length_max {
        line = line.chars().take(length_max).chain(['…']).collect();
    }
    line
}

/// A word as it is searched: without marks, small letters, each of them typed as it is on any keyboard.
#[must_use]
pub fn folded(text: &str) -> String {
    let small: String =
        text.nfkd().filter(|one| !is_combining_mark(*one)).flat_map(char::to_lowercase).collect();
    small.replace('œ', "oe").replace('æ', "ae").replace('ß', "ss")
}

/// Whether a text begins with a letter that is written from right to left: Hebrew, Arabic and what lies among them.
#[must_use]
pub fn begins_right(text: &str) -> bool {
    text.chars().find(|one| one.is_alphabetic()).is_some_and(|first| {
        matches!(first, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1eeff}')
    })
}

/// What stands before the first of these words in a text, the words as they are written there, and what follows; in one
/// line.
#[must_use]
pub fn around(text: &str, words: &str) -> [String; 3] {
    let line: Vec<char> = in_one_line(text, text.len()).chars().collect();
    // Each letter as it is compared, with the place of the letter that it came from.
    let mut letters = Vec::with_capacity(line.len());
    for (place, one) in line.iter().enumerate() {
        letters.extend(folded(one.encode_utf8(&mut [0; 4])).chars().map(|folded| (folded, place)));
    }
    let wanted = words.split_whitespace().map(|word| folded(word).chars().collect::<Vec<_>>());
    let wanted: Vec<_> = wanted.filter(|word| !word.is_empty()).collect();
    let hit = wanted.iter().find_map(|word| {
        let found = letters.windows(word.len()).find(|some| some.iter().map(|(one, _)| one).eq(word))?;
        Some((found.first()?.1, found.last()?.1 + 1))
    });
    let (from, to) = hit.unwrap_or_default();
    let begin = from.saturating_sub(BEFORE_HIT);
    let part = |from: usize, to: usize| line.iter().skip(from).take(to - from).collect::<String>();
    let before = if begin > 0 { format!("…{}", part(begin, from)) } else { part(0, from) };
    [before, part(from, to), part(to, line.len().min(to + AFTER_HIT))]
}

/// How somebody stands, in words.
#[must_use]
pub fn standing(text: &Text, contact: &ContactView, today: Date) -> String {
    match contact.state {
        ContactState::Pending => text.say("state-pending"),
        ContactState::Request => text.say("state-request"),
        ContactState::Blocked => text.say("state-blocked"),
        ContactState::Failed => {
            let reason = trouble::why(text, contact.reason.as_deref());
            text.say_with("state-failed", &[("reason", reason.into())])
        }
        ContactState::Active if contact.online => text.say("state-online"),
        ContactState::Active => match contact.last_seen {
            Some(at) => text.say_with("state-last-seen", &[("when", text.when(at, today).into())]),
            None => text.say("state-never-seen"),
        },
    }
}

/// How far a message of ours has come, in words.
#[must_use]
pub fn progress(text: &Text, message: &MessageView, name: &str) -> String {
    match message.state {
        MessageState::Queued => text.say_with("message-queued", &[("name", name.into())]),
        MessageState::Sent => text.say("message-sent"),
        MessageState::Delivered => text.say("message-delivered"),
        MessageState::Read => text.say("message-read"),
        MessageState::Failed => {
            let reason = trouble::why(text, message.reason.as_deref());
            text.say_with("message-failed", &[("reason", reason.into())])
        }
    }
}

/// What is shown of a message: its words, or what stands in their place; and whether they are its words.
#[must_use]
pub fn body(text: &Text, message: &MessageView) -> (String, bool) {
    let Some(said) = &message.text else { return (text.say("chat-needs-newer"), false) };
    let words = harmless(said);
    let Some(first) = words.find(is_seen) else { return (text.say("chat-nothing-seen"), false) };
    // Lines without anything at the beginning would push what is said out of sight.
    let begin = words.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    (words.get(begin..).unwrap_or_default().trim_end().to_owned(), true)
}

/// The beginning of a message in one line, or what stands in its place.
#[must_use]
pub fn preview(text: &Text, message: &MessageView, length_max: usize) -> String {
    match &message.text {
        None => text.say("list-unshown"),
        Some(said) if !said.chars().any(is_seen) => text.say("chat-nothing-seen"),
        Some(said) => in_one_line(said, length_max),
    }
}

/// Whether this is seen by itself: neither a space of any kind nor what only changes what is beside it.
pub(crate) fn is_seen(one: char) -> bool {
    !one.is_whitespace() && one != '\u{2800}' && !is_unseen(one) && !is_mark_of_nothing(one)
}

/// What stays in a text because scripts and emoji are made with it, and is not seen by itself.
const fn is_mark_of_nothing(one: char) -> bool {
    matches!(one,
        '\u{ad}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e0fff}')
}

/// What begins a new line beside the usual sign.
const fn is_end_of_line(one: char) -> bool {
    matches!(one, '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that are not seen and change what is: controls, turns of direction, fillers. The joiner that emoji are
/// made with and the one that Persian is written with stay.
const fn is_unseen(one: char) -> bool {
    matches!(one,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{200b}' | '\u{200e}'
        | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unseen_is_left_and_words_stay() {
        assert_eq!(harmless("a\u{202e}b\u{200b}c\r\n\td\u{0}"), "abc\n\td");
        assert_eq!(harmless("👩\u{200d}👧 é ê"), "👩\u{200d}👧 é ê");
        assert_eq!(harmless("one\u{2028}two\rthree\u{c}four"), "one\ntwo\nthree\nfour");
        let zalgo = format!("z{}a", "\u{301}".repeat(500));
        assert_eq!(harmless(&zalgo).chars().count(), 2 + MARKS_MAX);
        assert_eq!(in_one_line(" one\n\n two   three ", 8), "one two …");
    }

    #[test]
    fn a_message_says_something_whatever_it_is_made_of() {
        let text = Text::of(crate::preferences::Language::English);
        let shown = |said: &str| {
            let message =
                MessageView { text: Some(said.to_owned()), ..crate::model::timeline::tests::row(1) };
            (body(&text, &message), preview(&text, &message, 9))
        };
        for nothing in
            ["   ", "\n\n", "\u{200b}", "\u{2800}\u{2800}", "\u{200d}\u{fe0f}", "\u{3164}", "\u{202e}"]
        {
            let said = text.say("chat-nothing-seen");
            assert_eq!(shown(nothing), ((said.clone(), false), said), "{nothing:?}");
        }
        let below = format!("{}  far below \n", "\n \u{200b}".repeat(500));
        assert_eq!(shown(&below), (("   far below".to_owned(), true), "far below".to_owned()));
        assert_eq!(shown("  code\n    more").0.0, "  code\n    more");
        assert!(shown("👩\u{200d}👧").0.1);
    }

    #[test]
    fn what_was_looked_for_is_shown_as_it_is_written() {
        let parts = |text: &str, words: &str| around(text, words).join("|");
        assert_eq!(parts("Un ÉTÉ à la mer", "ete"), "Un |ÉTÉ| à la mer");
        assert_eq!(parts("one\n two three", "three two"), "one two |three|");
        assert_eq!(parts("ﬁn", "in"), "|ﬁn|", "a letter that stands for two");
        assert_eq!(parts("nothing of it", "else"), "||nothing of it");
        assert_eq!(parts("", "x"), "||");
        let long = format!("{}needle{}", "x".repeat(100), "y".repeat(500));
        let [before, hit, after] = around(&long, "NEEDLE");
        assert_eq!((before.chars().count(), hit.as_str(), after.len()), (31, "needle", 200));
    }

    #[test]
    fn the_first_letter_says_on_which_side_a_text_begins() {
        for (text, right) in
            [("שלום Bob", true), ("1. سلام", true), ("Bob שלום", false), ("👍 !", false), ("", false)]
        {
            assert_eq!(begins_right(text), right, "{text}");
        }
    }

    #[test]
    fn a_search_does_not_look_at_accents_or_capitals() {
        assert!(folded("Ángel Éric").contains(&folded("angel e")));
        assert_eq!(folded("ﬁn"), "fin");
        assert_eq!(folded("Cœur"), "coeur");
    }
}
