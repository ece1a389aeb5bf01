//! Words of people and about them, made fit to be shown.
//!
//! What a peer sends may hold characters that are not seen, that turn the direction of what follows, or that pile up
//! without an end. None of them may change how anything else reads, or who seems to have written it.

use std::borrow::Cow;

use causerie_protocol::answer::{ContactState, ContactView, MessageState, MessageView};
use jiff::civil::Date;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::text::Text;

/// Marks over one letter that are shown. Chosen: Vietnamese and Hebrew have two or three.
const MARKS_MAX: usize = 4;

/// A text as it can be shown: lines as they are, no other control characters, no turns of direction, few marks over one
/// letter.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut marks = 0;
    text.chars()
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

/// A word as it is searched: without marks, small letters.
#[must_use]
pub fn folded(text: &str) -> String {
    text.nfkd().filter(|one| !is_combining_mark(*one)).flat_map(char::to_lowercase).collect()
}

/// How somebody stands, in words.
#[must_use]
pub fn standing(text: &Text, contact: &ContactView, today: Date) -> String {
    match contact.state {
        ContactState::Pending => text.say("state-pending"),
        ContactState::Request => text.say("state-request"),
        ContactState::Blocked => text.say("state-blocked"),
        ContactState::Failed => {
            let reason = contact.reason.clone().unwrap_or_default();
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
            let reason = message.reason.clone().unwrap_or_default();
            text.say_with("message-failed", &[("reason", reason.into())])
        }
    }
}

/// The text of a message, or what stands in its place.
#[must_use]
pub fn body<'a>(text: &Text, message: &'a MessageView) -> Cow<'a, str> {
    message.text.as_deref().map_or_else(|| Cow::Owned(text.say("chat-needs-newer")), Cow::Borrowed)
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
        let zalgo = format!("z{}a", "\u{301}".repeat(500));
        assert_eq!(harmless(&zalgo).chars().count(), 2 + MARKS_MAX);
        assert_eq!(in_one_line(" one\n\n two   three ", 8), "one two …");
    }

    #[test]
    fn a_search_does_not_look_at_accents_or_capitals() {
        assert!(folded("Ángel Éric").contains(&folded("angel e")));
        assert_eq!(folded("ﬁn"), "fin");
    }
}
