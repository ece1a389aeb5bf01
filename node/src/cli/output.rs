//! How results reach standard output: JSON a line, or words for people, coloured on a terminal only.
//!
//! Whatever peers wrote is escaped: characters that move the cursor, change colours or turn the direction of a line
//! never reach a terminal as such. JSON stays the same value, with such characters as `\u` escapes. Notes that are no
//! result (what to do next) go to standard error, and nowhere with `--json`.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use serde_json::Value;

/// Where results go.
pub(super) struct Printer {
    json: bool,
    paint: Paint,
    out: Box<dyn Write + Send>,
    notes: Box<dyn Write + Send>,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint {
    colours: bool,
}

impl Printer {
    pub(super) fn to_stdout(json: bool) -> Self {
        Self {
            json,
            paint: Paint::for_stream(io::stdout().is_terminal()),
            out: Box::new(io::stdout()),
            notes: Box::new(io::stderr()),
        }
    }

    #[cfg(test)]
    pub(super) fn to(json: bool, out: Box<dyn Write + Send>) -> Self {
        Self { json, paint: Paint::PLAIN, out, notes: Box::new(io::sink()) }
    }

    #[cfg(test)]
    pub(super) fn noting(self, notes: Box<dyn Write + Send>) -> Self {
        Self { notes, ..self }
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one result: the value itself, or what `words` makes of it.
    pub(super) fn result(
        &mut self,
        value: &Value,
        words: impl FnOnce(&Value, Paint) -> String,
    ) -> io::Result<()> {
        let text = if self.json { json_line(value) } else { words(value, self.paint) };
        self.line(&text)
    }

    /// Prints a list: a value a line, or what `words` makes of all of them.
    pub(super) fn list(
        &mut self,
        values: &[Value],
        words: impl FnOnce(&[Value], Paint) -> String,
    ) -> io::Result<()> {
        if !self.json {
            return self.line(&words(values, self.paint));
        }
        for value in values {
            writeln!(self.out, "{}", json_line(value))?;
        }
        self.out.flush()
    }

    /// Says something that is no result.
    pub(super) fn note(&mut self, words: &str) {
        if !self.json {
            // Nobody reads it, then: no reason to fail.
            writeln!(self.notes, "{words}").ok();
        }
    }

    /// Says what its owner should know of the home.
    pub(super) fn warnings(&mut self, sentences: &[String]) {
        for words in sentences {
            self.note(&format!("warning: {}", escape(words)));
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        if !text.is_empty() {
            writeln!(self.out, "{text}")?;
        }
        self.out.flush()
    }
}

impl Paint {
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self { colours: false };

    /// Colours on a terminal whose user did not ask for none.
    pub(super) fn for_stream(terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { colours: terminal && !refused && !dumb }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// One line of JSON in which no character can move a terminal's cursor or direction; the value stays the same.
pub(super) fn json_line(value: &Value) -> String {
    let plain = value.to_string();
    let mut line = String::with_capacity(plain.len());
    for character in plain.chars() {
        if is_dangerous(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing into a String cannot fail.
                write!(line, "\\u{unit:04x}").ok();
            }
        } else {
            line.push(character);
        }
    }
    line
}

/// Text on one line, with everything visible that could deceive.
pub(super) fn escape(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_dangerous(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Text that may have several lines; those after the first are set in, so that none can pass for something else.
pub(super) fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escape).collect();
    lines.join("\n    │ ")
}

/// Columns with equal width, two spaces between them, the last one ragged.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths);
            let padded: Vec<String> = cells.map(|(cell, &width)| format!("{cell:<width$}")).collect();
            padded.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// Controls, direction marks, overrides and isolates, separators of lines, invisible formatting.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_a_terminal_is_shown() {
        assert_eq!(escape("plain é 漢 👩‍🚀"), "plain é 漢 👩‍🚀");
        assert_eq!(escape("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escape("a\r\n\tb"), "a\\r\\n\\tb");
        assert_eq!(escape("\u{202e}gpj\u{2066}\u{9b}\u{7f}"), "\\u{202e}gpj\\u{2066}\\u{9b}\\u{7f}");
        for character in ('\0'..=char::MAX).filter(|&character| is_dangerous(character)) {
            assert!(escape(&character.to_string()).chars().all(|shown| !is_dangerous(shown)));
        }
    }

    #[test]
    fn a_second_line_cannot_pass_for_another_message() {
        assert_eq!(escape_lines("a\nb\u{1b}"), "a\n    │ b\\u{1b}");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"text": "a\u{1b}\u{9b}\u{202e}\u{feff}\n\"é👍"});
        let line = json_line(&value);
        assert!(!line.chars().any(is_dangerous), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
    }

    #[test]
    fn columns_are_aligned() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            table(&[row(["NAME", "STATE", "ID"]), row(["Zoé", "active", "abc"]), row(["B", "", ""])]),
            "NAME  STATE   ID\nZoé   active  abc\nB"
        );
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(Paint::PLAIN.red("x"), "x");
        assert_eq!(Paint { colours: true }.red("x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Paint::for_stream(false), Paint::PLAIN);
    }
}
