//! The workspace's own files, and their code without comments and without what stands in quotes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// From the workspace on, with `/` between.
    pub(super) path: String,
    pub(super) text: String,
    code: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: code_of(text) }
    }

    pub(super) fn is_below(&self, place: &str) -> bool {
        self.path.starts_with(place)
    }

    /// Tests beside what they test; compiled only for tests.
    pub(super) fn is_test_file(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") && self.path.contains("/src/")
    }

    /// Nothing but tests and what they need.
    pub(super) fn is_of_tests(&self) -> bool {
        self.is_test_file() || self.path.contains("tests/")
    }

    /// Each line with its number.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.text)
    }

    /// Each line of code with its number.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.code)
    }

    /// Each line of code with its number, without what `use` names below a path: `c` in `use a::{b, c::d};`.
    pub(super) fn code_of_roots(&self) -> Vec<(usize, String)> {
        let roots = without_what_is_below(&self.code);
        numbered(&roots).map(|(number, line)| (number, line.to_owned())).collect()
    }

    /// Each line of code with its number, as far as the tests at the file's end.
    pub(super) fn code_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(place, line)| (place + 1, line))
}

/// Where the workspace is.
pub(super) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every Rust file of the workspace.
pub(super) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let sources = files(&["rs"]);
        assert!(sources.len() > 30, "only {} sources were found", sources.len());
        sources
    })
}

/// Every file with one of these endings, but for what is built, stored by tools, or hidden.
pub(super) fn files(endings: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(workspace(), endings, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| {
        let relative = path.strip_prefix(workspace()).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{relative}: {error}"));
        Source::new(&relative, &text)
    };
    paths.iter().map(read).collect()
}

fn collect(directory: &Path, endings: &[&str], paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "corpus" || name == "artifacts" {
            continue;
        }
        if path.is_dir() {
            collect(&path, endings, paths);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
            paths.push(path);
        }
    }
}

/// The text with spaces for comments and for the inside of quotes; lines stay where they are.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut place = 0;
    while place < chars.len() {
        let end = end_of_blank(&chars, place);
        if end > place {
            code.extend(chars[place..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            place = end;
        } else {
            code.push(chars[place]);
            place += 1;
        }
    }
    code
}

fn without_what_is_below(code: &str) -> String {
    let mut roots = String::with_capacity(code.len());
    let (mut is_use, mut depth) = (false, 0_usize);
    for line in code.lines() {
        let begin = line.trim_start();
        is_use = is_use || begin.starts_with("use ") || begin.starts_with("pub") && begin.contains(" use ");
        for character in line.chars() {
            match character {
                ';' => (is_use, depth) = (false, 0),
                '{' if is_use && (depth > 0 || roots.ends_with("::")) => depth += 1,
                '}' if depth > 0 => depth -= 1,
                _ => {}
            }
            roots.push(if depth == 0 { character } else { ' ' });
        }
        roots.push('\n');
    }
    roots
}

/// Where the comment or quotation that begins here ends; the same place where none begins.
fn end_of_blank(chars: &[char], begin: usize) -> usize {
    let at = |place: usize| chars.get(place).copied().unwrap_or('\0');
    match (at(begin), at(begin + 1)) {
        ('/', '/') => find(chars, begin, &['\n']),
        ('/', '*') => end_of_comment(chars, begin),
        ('r', '"' | '#') if !is_part_of_name(chars, begin) => end_of_raw(chars, begin),
        ('"', _) => end_of_quotation(chars, begin, '"'),
        // A lifetime has no second quote where a character's would be.
        ('\'', '\\') => end_of_quotation(chars, begin, '\''),
        ('\'', _) if at(begin + 2) == '\'' => begin + 3,
        _ => begin,
    }
}

fn is_part_of_name(chars: &[char], place: usize) -> bool {
    // `br"…"` is a raw text as well.
    let before = place.checked_sub(1).map(|before| chars[before]);
    before.is_some_and(|c| c != 'b' && (c.is_alphanumeric() || c == '_'))
}

fn find(chars: &[char], begin: usize, wanted: &[char]) -> usize {
    let rest = &chars[begin..];
    let found = rest.windows(wanted.len()).position(|window| window == wanted);
    found.map_or(chars.len(), |place| begin + place)
}

fn end_of_comment(chars: &[char], begin: usize) -> usize {
    let (mut depth, mut place) = (0, begin);
    while place < chars.len() {
        match chars[place..] {
            ['/', '*', ..] => (depth, place) = (depth + 1, place + 2),
            ['*', '/', ..] if depth == 1 => return place + 2,
            ['*', '/', ..] => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
    }
    place
}

fn end_of_raw(chars: &[char], begin: usize) -> usize {
    let hashes = chars[begin + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(begin + 1 + hashes) != Some(&'"') {
        return begin;
    }
    let mut closing = vec!['"'];
    closing.resize(1 + hashes, '#');
    (find(chars, begin + 2 + hashes, &closing) + closing.len()).min(chars.len())
}

fn end_of_quotation(chars: &[char], begin: usize, quote: char) -> usize {
    let mut place = begin + 1;
    while place < chars.len() {
        match chars[place] {
            '\\' => place += 2,
            c if c == quote => return place + 1,
            _ => place += 1,
        }
    }
    chars.len()
}
