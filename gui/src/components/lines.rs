//! Lines of what people write: broken between words, and a word that has no room in a line wherever the line ends.
//!
//! The toolkit ends a line in such a word at its last dash, which may be its third letter, or breaks all words alike. So
//! a text with such a word, as a link is, is laid out in parts that are then put together: the text stays one.

use std::{ops::Range, sync::Arc};

use eframe::egui::{
    self, Galley,
    text::{LayoutJob, LayoutSection},
};

/// Letters of a word that has room in any window. Chosen.
const SHORT: usize = 16;

/// Where scripts begin that are written without spaces, and of which the toolkit knows where a line may end.
const IDEOGRAPHS: char = '\u{2e80}';

/// A part that has lines of its own.
struct Part {
    bytes: Range<usize>,
    /// One word, broken wherever a line ends.
    is_word: bool,
    /// The text itself begins a new line after it.
    ends_line: bool,
}

/// Lays it out in its width.
pub fn laid_out(ui: &egui::Ui, job: LayoutJob) -> Arc<Galley> {
    let parts = parts(&job.text, |word| {
        let mut alone = part_of(&job, &word, false);
        alone.wrap.max_width = f32::INFINITY;
        ui.painter().layout_job(alone).size().x > job.wrap.max_width
    });
    if parts.iter().all(|part| !part.is_word) {
        return ui.painter().layout_job(job);
    }
    let galleys: Vec<_> =
        parts.iter().map(|part| ui.painter().layout_job(part_of(&job, &part.bytes, part.is_word))).collect();
    let mut whole = Galley::concat(Arc::new(job), &galleys, ui.pixels_per_point());
    let mut rows = whole.rows.iter_mut();
    for (part, galley) in parts.iter().zip(&galleys) {
        if let Some(last) = galley.rows.len().checked_sub(1).and_then(|last| rows.nth(last)) {
            last.ends_with_newline = part.ends_line;
        }
    }
    Arc::new(whole)
}

/// The text in parts: the words that have no room, each with the spaces behind it, and what is between them.
fn parts(text: &str, has_no_room: impl Fn(Range<usize>) -> bool) -> Vec<Part> {
    let (mut parts, mut done, mut at) = (Vec::new(), 0, 0);
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = at..at + piece.trim_end().len();
        at += piece.len();
        if word.len() <= SHORT || !piece.chars().all(|one| one < IDEOGRAPHS) || !has_no_room(word.clone()) {
            continue;
        }
        if done < word.start {
            done = cut(text, &mut parts, done..word.start, false);
        }
        let behind = text.get(word.end..).unwrap_or_default();
        let spaces = behind.find(|one: char| one == '\n' || !one.is_whitespace()).unwrap_or(behind.len());
        done = cut(text, &mut parts, done..word.end + spaces, true);
    }
    if done < text.len() || text.ends_with('\n') {
        cut(text, &mut parts, done..text.len(), false);
    }
    parts
}

/// Adds a part and says where the next one begins: behind the sign that ends a line, which is in no part.
fn cut(text: &str, parts: &mut Vec<Part>, bytes: Range<usize>, is_word: bool) -> usize {
    let is_end = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with('\n'));
    let before = bytes.end.saturating_sub(1);
    let (end, ends_line) = match () {
        () if !is_word && bytes.end < text.len() && before >= bytes.start && is_end(before) => (before, true),
        () => (bytes.end, is_word && is_end(bytes.end)),
    };
    parts.push(Part { bytes: bytes.start..end, is_word, ends_line });
    end + usize::from(ends_line)
}

/// A part of a text with the format that it has in the whole.
fn part_of(job: &LayoutJob, bytes: &Range<usize>, is_word: bool) -> LayoutJob {
    let sections = job.sections.iter().map(|section| {
        let inside = |at: usize| at.clamp(bytes.start, bytes.end) - bytes.start;
        let range = section.byte_range.start.0..section.byte_range.end.0;
        LayoutSection {
            // Each keeps its place in the list, whether anything of it is in this part or not.
            byte_range: inside(range.start).into()..inside(range.end).into(),
            ..section.clone()
        }
    });
    let mut part = LayoutJob {
        text: job.text.get(bytes.clone()).unwrap_or_default().to_owned(),
        sections: sections.collect(),
        wrap: job.wrap.clone(),
        halign: job.halign,
        ..LayoutJob::default()
    };
    part.wrap.break_anywhere = is_word;
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts, each in brackets, words with a star; a sign where a line ends.
    fn cut_up(text: &str) -> String {
        let parts = parts(text, |word| word.len() > 20);
        let shown = parts.iter().map(|part| {
            let (star, end) = (if part.is_word { "*" } else { "" }, if part.ends_line { "/" } else { "" });
            format!("{star}[{}]{end}", &text[part.bytes.clone()])
        });
        shown.collect()
    }

    #[test]
    fn only_words_without_room_are_parts_of_their_own_and_nothing_is_lost() {
        let long = "x".repeat(30);
        for (text, parts) in [
            ("few words\nand lines\n".to_owned(), "[few words\nand lines\n]".to_owned()),
            (long.clone(), format!("*[{long}]")),
            (format!("look: {long} there"), format!("[look: ]*[{long} ][there]")),
            (format!("look:\n{long}\nthere"), format!("[look:]/*[{long}]/[there]")),
            (format!("{long} {long}"), format!("*[{long} ]*[{long}]")),
            (format!("\n\n{long}\n\n{long}\n"), format!("[\n]/*[{long}]/[]/*[{long}]/[]")),
            (
                "東京都に住んでいる人は、みんな電車で".to_owned(),
                "[東京都に住んでいる人は、みんな電車で]".to_owned(),
            ),
            (String::new(), String::new()),
        ] {
            assert_eq!(cut_up(&text), parts, "{text:?}");
        }
    }

    /// Whoever selects and copies counts letters line by line.
    #[test]
    fn every_letter_is_in_a_line() {
        let long = "word-".repeat(40);
        let context = egui::Context::default();
        crate::theme::install(&context);
        for text in [format!("look 😀: {long} there\n\n{long}\n"), format!("{long}\n"), "short".to_owned()]
        {
            // Fonts are there from the second pass on.
            for pass in 0..2 {
                let mut output = context.run_ui(egui::RawInput::default(), |ui| {
                    let mut job = LayoutJob::default();
                    let format = egui::TextFormat::default();
                    let (first, rest) = text.split_at(5);
                    job.append(first, 0.0, format.clone());
                    job.append(rest, 0.0, format);
                    job.wrap.max_width = 200.0;
                    let galley = laid_out(ui, job);
                    let letters = galley.rows.iter().map(|row| row.char_count_including_newline().0);
                    assert_eq!(letters.sum::<usize>(), text.chars().count(), "{text:?} in pass {pass}");
                    assert_eq!(galley.text(), text);
                    assert!(galley.rect.width() <= 200.0, "{:?}", galley.rect);
                });
                output.textures_delta.clear();
            }
        }
    }
}
