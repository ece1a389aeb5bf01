//! What is found by which words, and what is an emoji.

use super::*;

fn first(wanted: &str, language: Language) -> &'static str {
    find(wanted, language).first().map_or("", |emoji| emoji.as_str())
}

#[test]
fn every_emoji_has_a_name_and_words_in_both_languages() {
    for entry in &KNOWN.entries {
        for words in [&entry.english, &entry.french] {
            assert!(!words.name.is_empty(), "{}", entry.emoji);
        }
    }
    for source in [ENGLISH, FRENCH] {
        assert_eq!(source.lines().count(), KNOWN.entries.len());
    }
}

#[test]
fn words_of_both_languages_find_and_the_windows_come_first() {
    use Language::{English, French};
    assert_eq!(first("smile", English), "😄");
    assert_eq!(first("cœur rouge", French), "❤️");
    assert_eq!(first("COEUR ROUGE", French), "❤️");
    assert_eq!(first("heart", French), "❤️");
    assert_eq!(first("éléphant", English), "🐘");
    assert_eq!(first("drapeau france", French), "🇫🇷");
    assert!(find("sourire", French).iter().take(12).any(|emoji| emoji.as_str() == "😄"));
    assert!(find("smi", English).iter().take(4).any(|emoji| emoji.as_str() == "😄"));
    // A word of both languages means what it means in the window's.
    assert_eq!(first("pain", French), "🍞");
    assert_ne!(first("pain", English), "🍞");
    assert!(find("", English).is_empty() && find("  ", French).is_empty());
    assert!(find("qwertzuiop", English).is_empty());
}

#[test]
fn a_word_is_begun_by_a_colon_that_stands_apart() {
    let word = |text: &str| begun(text, text.chars().count()).map(|begun| begun.word);
    assert_eq!(word(":smi").as_deref(), Some("smi"));
    assert_eq!(word("très bien :cœ").as_deref(), Some("cœ"));
    assert_eq!(word("(:+1").as_deref(), Some("+1"));
    for text in ["", ":", ":D", "12:30", "note:oui", "https://ab", ": oui", "alors : oui", "a:bc", ":a b"] {
        assert_eq!(word(text), None, "{text}");
    }
    let (text, cursor) = ("é :smi and more", 6);
    assert_eq!(begun(text, cursor), Some(Begun { place: 2..6, word: "smi".to_owned() }));
    assert_eq!(begun(text, 900), None, "a cursor beyond the text");
}

#[test]
fn a_code_that_is_ended_stands_for_its_emoji() {
    let end = |text: &str| ended(text, text.chars().count(), 1).map(|(place, emoji)| (place, emoji.as_str()));
    assert_eq!(end("ça va :smile:"), Some((6..13, "😄")));
    assert_eq!(end(":+1:"), Some((0..4, "👍")));
    assert_eq!(end(":cœur_rouge:"), Some((0..12, "❤️")));
    assert_eq!(end(":coeur_rouge:"), Some((0..13, "❤️")));
    let typed = ended("a :smile: fin", 13, 5).map(|(place, emoji)| (place, emoji.as_str()));
    assert_eq!(typed, Some((2..9, "😄")), "several letters in one pass");
    assert!(ended("a :smile: fin", 13, 2).is_none(), "refused before");
    assert!(ended("a :smile: fin", 13, 13).is_none(), "pasted");
    for text in [":nothing_of_this_name:", "::", "12:30:", "smile:", ":smile", "a:smile:"] {
        assert_eq!(end(text), None, "{text}");
    }
}

#[test]
fn a_few_emoji_alone_are_told_from_text() {
    assert_eq!(alone("😀"), Some(1));
    assert_eq!(alone(" 👩‍💻 👍🏽\n🇫🇷 "), Some(3));
    assert_eq!(alone("❤"), Some(1));
    for text in ["", "  ", "a", "😀a", "😀😀😀😀", "1", "©", "!", "12 😀"] {
        assert_eq!(alone(text), None, "{text}");
    }
}

#[test]
fn signs_that_are_letters_too_have_colours_where_they_ask_for_them() {
    let parts = |text: &str| -> Vec<String> {
        coloured(text).into_iter().map(|part| text[part].to_owned()).collect()
    };
    assert_eq!(parts("1 © a1️⃣b ©️ ❤️"), ["1️⃣", "©️", "❤️"]);
    assert!(parts("1 © 😀 é").is_empty());
}

#[test]
fn what_was_chosen_is_kept_once_and_within_bounds() {
    let mut chosen = Chosen::default();
    for emoji in emojis::iter().take(40) {
        chosen.used(emoji.as_str());
    }
    assert_eq!(chosen.last.len(), LAST_MAX);
    let latest = chosen.last[3].clone();
    chosen.used(&latest);
    assert_eq!((chosen.last.len(), &chosen.last[0]), (LAST_MAX, &latest));
    let odd = Chosen { last: vec!["words".to_owned(), "👍".to_owned()], tone: 900 }.sane();
    assert_eq!((odd.last.len(), odd.tone), (1, TONES.len() - 1));
    let thumb = emojis::get("👍").unwrap();
    assert_eq!(odd.in_tone(thumb).as_str(), "👍🏿");
    assert_eq!(name(odd.in_tone(thumb), Language::English), "thumbs up");
    assert_eq!(odd.in_tone(emojis::get("🐘").unwrap()).as_str(), "🐘");
}
