//! Names of people: what a person may call themselves or others, and what is shown of a name that a peer claims.
//!
//! A name is 1 to 64 characters without control characters, line separators or characters that turn the direction
//! of text, and something of it can be seen. White space around it is not part of it and dropped. Two people may have
//! the same name or names that look alike: names identify nobody.

use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ids::AccountId, limits::NAME_CHARS_MAX};

/// Characters of an id that stand for a name until there is one.
const ID_CHARS: usize = 8;

/// A name that can be shown and stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// What can be shown of a name that a peer claims: without the characters that a name cannot have, cut to 64;
    /// `fallback` where nothing remains to be seen.
    #[must_use]
    pub fn claimed(claimed: &str, fallback: &Self) -> Self {
        let kept: String = claimed
            .chars()
            .filter(|char| !is_forbidden(*char))
            .skip_while(|char| char.is_whitespace())
            .take(NAME_CHARS_MAX)
            .collect();
        check(&kept).unwrap_or_else(|_| fallback.clone())
    }

    /// The start of an account's id, for somebody whose name is not known.
    #[must_use]
    pub fn of_account(account: AccountId) -> Self {
        Self(account.to_string().chars().take(ID_CHARS).collect())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        check(&name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing, or nothing that could be seen.
    #[error("a name is empty")]
    Empty,
    /// More than 64 characters.
    #[error("a name is longer than {NAME_CHARS_MAX} characters")]
    TooLong,
    /// Control characters, line separators or direction controls.
    #[error("a name has control or direction characters")]
    Forbidden,
}

/// The name that this text is, without the white space around it.
///
/// # Errors
/// [`NameError`] says why it is none.
pub fn check(name: &str) -> Result<Name, NameError> {
    let name = name.trim();
    if name.chars().any(is_forbidden) {
        return Err(NameError::Forbidden);
    }
    if name.chars().nth(NAME_CHARS_MAX).is_some() {
        return Err(NameError::TooLong);
    }
    if !name.chars().any(is_visible) {
        return Err(NameError::Empty);
    }
    Ok(Name(name.to_owned()))
}

fn is_forbidden(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Arabic letter mark, marks, embeddings and overrides, isolates.
            '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separator.
            | '\u{2028}'..='\u{2029}')
}

/// Whether this alone would be seen. Joiners and selectors are part of names and emoji, but make none by themselves.
fn is_visible(char: char) -> bool {
    !(char.is_whitespace()
        || matches!(char,
            // Soft hyphen, grapheme joiner, Hangul fillers, Mongolian separator, Braille blank.
            '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
            // Zero-width characters and invisible operators, byte order mark.
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            // Variation selectors and tags.
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_names_pass_as_they_are() {
        for name in ["A", "Ann Lee", "Žofie", "小林", "علی‌رضا", "👩‍🚀", "O’Brien-Smith jr."]
        {
            assert_eq!(check(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn white_space_around_is_dropped() {
        assert_eq!(check("  Ann Lee\u{a0} ").unwrap().as_str(), "Ann Lee");
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(check(&"é".repeat(64)).is_ok());
        assert!(check(&format!(" {} ", "é".repeat(64))).is_ok());
        assert_eq!(check(&"é".repeat(65)), Err(NameError::TooLong));
    }

    #[test]
    fn nothing_to_be_seen_is_no_name() {
        for name in ["", " ", "\t\n", "\u{3000}", "\u{200b}", "\u{200d}\u{fe0f}", "\u{3164}", "\u{2800}"] {
            assert_eq!(check(name), Err(NameError::Empty), "{name:?}");
        }
    }

    #[test]
    fn control_and_direction_characters_are_refused() {
        let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
        let directions = ['\u{61c}', '\u{200e}', '\u{200f}']
            .into_iter()
            .chain('\u{2028}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}');
        for char in controls.chain(directions) {
            let name = format!("a{char}b");
            assert_eq!(check(&name), Err(NameError::Forbidden), "{name:?}");
            let fallback = Name::of_account(AccountId::from_bytes([0; 32]));
            assert_eq!(Name::claimed(&name, &fallback).as_str(), "ab");
            assert_eq!(Name::claimed(&char.to_string(), &fallback).as_str(), "aaaaaaaa");
        }
    }

    #[test]
    fn a_claimed_name_is_cut() {
        let fallback = check("?").unwrap();
        let long = format!(" {} {}", "x".repeat(63), "y".repeat(1_000));
        assert_eq!(Name::claimed(&long, &fallback).as_str(), "x".repeat(63));
        assert_eq!(Name::claimed(&"x".repeat(100), &fallback).as_str(), "x".repeat(64));
        assert_eq!(Name::claimed(" \u{202e} ", &fallback), fallback);
    }

    #[test]
    fn only_the_form_that_is_kept_is_decoded() {
        use crate::wire::codec;
        let name = check("Ann").unwrap();
        assert_eq!(codec::decode::<Name>(&codec::encode(&name).unwrap()).as_ref(), Ok(&name));
        for text in [" Ann", "", "A\u{7}nn"] {
            assert!(codec::decode::<Name>(&codec::encode(&text).unwrap()).is_err());
        }
    }

    proptest! {
        #[test]
        fn whatever_is_claimed_gives_a_name(claimed in any::<String>()) {
            let name = Name::claimed(&claimed, &check("?").unwrap());
            prop_assert_eq!(check(name.as_str()), Ok(name));
        }
    }
}
