//! The invitation, or the safety number, in a picture: from a file that was dropped, or from what lies in the clipboard.
//!
//! ```text
//! file ─▶ bytes (bounded) ─▶ grey picture (bounded) ─▶ code ─▶ its text ─▶ what is wanted of it
//! ```
//!
//! Anybody can have made a picture. What is too large is refused before it is decoded, by its size on disk and by the
//! size that it says it has; a picture that is full of what looks like corners of codes is not searched. All of it
//! happens in a thread of its own, and what is found is only shown.

use std::{
    fs::File,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use eframe::egui::{self, ColorImage};

mod corners;
mod grey;

use grey::Grey;

/// Bytes of a file. Chosen: a photograph of a telephone has less.
const BYTES_MAX: u64 = 24 * 1_024 * 1_024;

/// Bytes of a text with an invitation in it.
const TEXT_BYTES_MAX: usize = 64 * 1_024;

/// Points of a picture. Chosen: a photograph of a telephone has 12 million, a large screen 15.
const PIXELS_MAX: u64 = 32_000_000;

/// Points of a side.
const SIDE_MAX: u32 = 16_384;

/// Memory that decoding may take: 4 bytes a point, and as much again.
const MEMORY_MAX: u64 = 8 * PIXELS_MAX;

/// Files that are looked at when several are dropped at once.
const FILES_MAX: usize = 8;

/// Digits of a safety number.
const NUMBER_DIGITS: usize = 60;

/// What is looked for in a text: the part of it that is wanted.
pub type Wanted = fn(&str) -> Option<String>;

/// Why nothing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Nothing that is understood: neither a picture nor a text.
    NotAPicture,
    /// It is larger than what is looked at.
    TooLarge,
    /// A picture without a code that can be read.
    NoCode,
    /// A code or a text, but not what is wanted.
    SomethingElse,
}

impl Unread {
    /// The name of its sentence, where an invitation was looked for.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotAPicture => "add-picture-unknown",
            Self::TooLarge => "add-picture-large",
            Self::NoCode => "add-picture-none",
            Self::SomethingElse => "add-picture-other",
        }
    }
}

/// Where something is looked for.
#[derive(Clone, Debug)]
pub enum Source {
    /// In what was pasted.
    Picture(Arc<ColorImage>),
    /// In the first of these files that has it.
    Files(Vec<PathBuf>),
}

/// A search that is under way in a thread of its own.
#[derive(Debug)]
pub struct Reading {
    found: mpsc::Receiver<Result<String, Unread>>,
}

impl Reading {
    /// Begins; a pass is made when it has ended.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn begin(source: Source, wanted: Wanted, context: &egui::Context) -> std::io::Result<Self> {
        let (finds, found) = mpsc::sync_channel(1);
        let context = context.clone();
        thread::Builder::new().name("picture".to_owned()).spawn(move || {
            // Nobody may be waiting any more.
            finds.send(source.find(wanted)).ok();
            context.request_repaint();
        })?;
        Ok(Self { found })
    }

    /// What was found; `None` while it is under way.
    #[must_use]
    pub fn ended(&self) -> Option<Result<String, Unread>> {
        match self.found.try_recv() {
            Ok(found) => Some(found),
            Err(mpsc::TryRecvError::Empty) => None,
            // A fault of a decoder ends its thread only.
            Err(mpsc::TryRecvError::Disconnected) => Some(Err(Unread::NotAPicture)),
        }
    }
}

impl Source {
    /// What is wanted of it. Takes its time.
    ///
    /// # Errors
    /// [`Unread`], of the first file where there are several.
    pub fn find(&self, wanted: Wanted) -> Result<String, Unread> {
        match self {
            Self::Picture(picture) => in_picture(&Grey::of_pasted(picture)?, wanted),
            Self::Files(paths) => {
                let mut first = Err(Unread::NotAPicture);
                for (place, path) in paths.iter().take(FILES_MAX).enumerate() {
                    let found = bytes_of(path).and_then(|bytes| in_bytes(&bytes, wanted));
                    if found.is_ok() {
                        return found;
                    }
                    if place == 0 {
                        first = found;
                    }
                }
                first
            }
        }
    }
}

/// The invitation in a text with anything around it; after `URL=`, too, as in a file that is a link.
#[must_use]
pub fn link_in(text: &str) -> Option<&str> {
    let around = ['<', '>', '"', '«', '»', '(', ')', '='];
    let mut words = text.split(|one: char| one.is_whitespace() || around.contains(&one));
    words.find(|word| word.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("causerie:")))
}

/// The same, for whoever looks into pictures.
#[must_use]
pub fn invitation_in(text: &str) -> Option<String> {
    link_in(text).map(str::to_owned)
}

/// The digits of the safety number in a text with anything around it, however they are grouped.
#[must_use]
pub fn number_in(text: &str) -> Option<String> {
    let parts = text.split(|one: char| !one.is_ascii_digit() && !one.is_whitespace());
    let mut numbers = parts.map(|part| part.split_whitespace().collect::<String>());
    numbers.find(|digits| digits.len() == NUMBER_DIGITS)
}

/// The file that a text names, as file managers put it into the clipboard when a file is copied.
#[must_use]
pub fn file_in(text: &str) -> Option<PathBuf> {
    let line = text.trim();
    if line.contains(['\n', '\0']) {
        return None;
    }
    let path = match line.strip_prefix("file://") {
        Some(address) => unescaped(address)?,
        None => line.to_owned(),
    };
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// `%20` and its like as what they stand for.
fn unescaped(address: &str) -> Option<String> {
    let mut parts = address.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// All of a file that is small enough.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Unread> {
    let unknown = |_| Unread::NotAPicture;
    // Opening a pipe would wait for whoever writes into it.
    let found = path.metadata().map_err(unknown)?;
    if !found.is_file() {
        return Err(Unread::NotAPicture);
    }
    if found.len() > BYTES_MAX {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unknown)?.take(BYTES_MAX).read_to_end(&mut bytes).map_err(unknown)?;
    Ok(bytes)
}

fn in_bytes(bytes: &[u8], wanted: Wanted) -> Result<String, Unread> {
    match image::guess_format(bytes) {
        Ok(_) => in_picture(&decoded(bytes)?, wanted),
        Err(_) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Unread::NotAPicture)?;
            if text.len() > TEXT_BYTES_MAX {
                return Err(Unread::TooLarge);
            }
            wanted(text).ok_or(Unread::SomethingElse)
        }
    }
}

fn decoded(bytes: &[u8]) -> Result<Grey, Unread> {
    let refused = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Unread::TooLarge,
        _ => Unread::NotAPicture,
    };
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(MEMORY_MAX);
    let reader = || -> image::ImageResult<_> {
        let mut reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        reader.limits(limits.clone());
        Ok(reader)
    };
    let (width, height) = reader().and_then(image::ImageReader::into_dimensions).map_err(refused)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Unread::TooLarge);
    }
    let picture = reader().and_then(image::ImageReader::decode).map_err(refused)?;
    Grey::of_decoded(picture)
}

/// What is wanted of a picture; any other code only where it is not there.
fn in_picture(picture: &Grey, wanted: Wanted) -> Result<String, Unread> {
    let mut other = false;
    for attempt in picture.attempts() {
        for text in attempt.codes() {
            if let Some(found) = wanted(&text) {
                return Ok(found);
            }
            other = true;
        }
    }
    Err(if other { Unread::SomethingElse } else { Unread::NoCode })
}

#[cfg(test)]
mod tests;
