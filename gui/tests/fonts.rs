//! What the window writes can be drawn on a machine without any font: by those it brings along.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{collections::BTreeSet, fs, path::Path};

use causerie::{action::Shortcut, preferences::Language, text::Text, theme::FONTS};
use skrifa::{FontRef, MetadataProvider as _};

/// The characters of the fonts whose names hold this.
fn drawn_by(name: &str) -> BTreeSet<char> {
    let fonts = FONTS.iter().filter(|(one, _)| one.contains(name));
    let mappings = fonts.flat_map(|(_, bytes)| {
        let font = FontRef::new(bytes).unwrap();
        font.charmap().mappings().map(|(one, _)| char::from_u32(one).unwrap()).collect::<Vec<_>>()
    });
    mappings.collect()
}

/// Everything in a folder that ends so.
fn texts(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, ending, found);
        } else if path.extension().is_some_and(|one| one == ending) && !path.ends_with("tests.rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_character_of_our_own_screens_is_in_the_fonts_of_the_window() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (inter, emoji) = (drawn_by("Inter"), drawn_by("Emoji"));
    let semibold = drawn_by("SemiBold");
    let mut found = Vec::new();
    texts(&root.join("assets/locales"), "ftl", &mut found);
    let mut sources = Vec::new();
    texts(&root.join("src"), "rs", &mut sources);
    for (path, source) in sources {
        let before_tests = source.split("#[cfg(test)]").next().unwrap().to_owned();
        let lines = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
        found.push((path, lines.collect::<Vec<_>>().join(" ")));
    }
    let names = root.join("assets/emoji");
    for name in ["en.tsv", "fr.tsv"] {
        let text = fs::read_to_string(names.join(name)).unwrap();
        // Further words are searched, not shown.
        let shown: Vec<_> = text.lines().filter_map(|line| line.split('\t').nth(1)).collect();
        found.push((name.to_owned(), shown.join(" ")));
    }
    for language in Language::ALL {
        let text = Text::of(language);
        let keys = Shortcut::ALL.map(|shortcut| shortcut.all_shown(&text));
        found.push(("the keys".to_owned(), keys.join(" ")));
    }
    for (place, text) in found {
        for one in text.chars().filter(|one| !one.is_control()) {
            let signs = ['\u{202f}', '\u{fe0f}'];
            let drawn = inter.contains(&one) && semibold.contains(&one) || emoji.contains(&one);
            assert!(drawn || signs.contains(&one), "{one:?} of {place} would be a box");
        }
    }
}

#[test]
fn every_emoji_of_the_picker_has_its_colours() {
    let (inter, emoji) = (drawn_by("Inter"), drawn_by("Emoji"));
    for one in emojis::iter() {
        for part in one.as_str().chars().filter(|part| *part != '\u{fe0f}' && *part != '\u{200d}') {
            assert!(emoji.contains(&part), "{part:?} of {one}");
        }
        // The first font that has a character draws it.
        let first = one.as_str().chars().next().unwrap();
        let letter = first.is_ascii() || first < '\u{231a}' || ('\u{25aa}'..='\u{25fe}').contains(&first);
        assert!(letter || !inter.contains(&first), "{one} would be black");
    }
}
