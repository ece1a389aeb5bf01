//! Looks for what must not be seen: in what was recorded on a line, and in every file of a home.
//!
//! A planted text is looked for as UTF-8, UTF-16, hexadecimal, base32, base58 and in base64 at every alignment; an id or
//! key as its bytes and in every spelling. One pass over the bytes finds all of them. Each is at least 8 bytes long, so
//! that none is found by chance. What nobody thought of is found by [`lasting`]: whatever is the same in two runs.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::Path,
};

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// Bytes by which a possible find is recognised.
const BEGINNING: usize = 8;

/// Bytes that two recordings have in common only if something repeats: by chance once in 2^128 pairs of places.
pub const WINDOW: usize = 16;

/// Bytes of the shortest identifier that [`lasting`] finds: two recordings of a megabyte have as many in common by chance
/// once in ten million times.
pub const LASTING: usize = 8;

/// Bytes by which [`lasting`] knows what everybody says: a megabyte of chance holds one of a million of these.
const KNOWN: usize = 5;

/// What is looked for.
#[derive(Debug)]
pub struct Traces {
    forms: BTreeMap<[u8; BEGINNING], Vec<Form>>,
    /// Which two bytes any form begins with: spares almost every look into the map.
    begins: Vec<bool>,
}

#[derive(Debug)]
struct Form {
    what: String,
    bytes: Vec<u8>,
}

impl Default for Traces {
    fn default() -> Self {
        Self { forms: BTreeMap::new(), begins: vec![false; 1 << 16] }
    }
}

impl Traces {
    /// Of a text or a name.
    #[must_use]
    pub fn of_text(mut self, text: &str) -> Self {
        self.add_bytes(text, text.as_bytes());
        let wide: Vec<u16> = text.encode_utf16().collect();
        let bytes =
            |order: fn(u16) -> [u8; 2]| wide.iter().flat_map(|unit| order(*unit)).collect::<Vec<u8>>();
        self.add(text, "UTF-16, little end first", bytes(u16::to_le_bytes));
        self.add(text, "UTF-16, big end first", bytes(u16::to_be_bytes));
        self
    }

    /// Of an account or another id, as commands show it.
    #[must_use]
    pub fn of_id(mut self, id: &str) -> Self {
        let bytes = BASE32_NOPAD.decode(id.to_uppercase().as_bytes()).expect("an id is base32");
        self.add_bytes(id, &bytes);
        self
    }

    /// Of a key or another secret.
    #[must_use]
    pub fn of_bytes(mut self, what: &str, bytes: &[u8]) -> Self {
        self.add_bytes(what, bytes);
        self
    }

    /// What these bytes contain of it.
    #[must_use]
    pub fn in_bytes(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = BTreeSet::new();
        for (place, beginning) in bytes.array_windows::<BEGINNING>().enumerate() {
            if !self.begins[usize::from(u16::from_be_bytes([beginning[0], beginning[1]]))] {
                continue;
            }
            for form in self.forms.get(beginning).into_iter().flatten() {
                if bytes[place..].starts_with(&form.bytes) {
                    found.insert(form.what.clone());
                }
            }
        }
        found.into_iter().collect()
    }

    /// What the files below this directory contain of it, in their content or their names, each with the file.
    #[must_use]
    pub fn in_directory(&self, directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for path in files_below(directory) {
            let name = path.strip_prefix(directory).unwrap().to_string_lossy().into_owned();
            let content = fs::read(&path).unwrap();
            for what in self.in_bytes(&content).into_iter().chain(self.in_bytes(name.as_bytes())) {
                found.push(format!("{name}: {what}"));
            }
        }
        found
    }

    fn add_bytes(&mut self, what: &str, bytes: &[u8]) {
        self.add(what, "as it is", bytes.to_vec());
        self.add(what, "hexadecimal", HEXLOWER.encode(bytes).into_bytes());
        self.add(what, "hexadecimal", HEXUPPER.encode(bytes).into_bytes());
        self.add(what, "base32", BASE32_NOPAD.encode(bytes).into_bytes());
        self.add(what, "base32", BASE32_NOPAD.encode(bytes).to_lowercase().into_bytes());
        self.add(what, "base58", base58(bytes));
        for shift in 0..3 {
            for alphabet in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
                let mut shifted = vec![0; shift];
                shifted.extend_from_slice(bytes);
                let code = alphabet.encode(&shifted).into_bytes();
                // The first and last characters also spell what stands before and after.
                let (first, last) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
                self.add(what, "base64", code[first..last].to_vec());
            }
        }
    }

    fn add(&mut self, what: &str, form: &str, bytes: Vec<u8>) {
        let beginning =
            *bytes.first_chunk().unwrap_or_else(|| panic!("{what:?} is too short to be looked for"));
        self.begins[usize::from(u16::from_be_bytes([beginning[0], beginning[1]]))] = true;
        let what = format!("{what:?} ({form})");
        self.forms.entry(beginning).or_default().push(Form { what, bytes });
    }
}

/// The strings of [`WINDOW`] bytes that both have, where they are in the first.
#[must_use]
pub fn in_common(one: &[u8], other: &[u8]) -> Vec<usize> {
    let known: BTreeSet<&[u8; WINDOW]> = other.array_windows().collect();
    let places = one.array_windows().enumerate().filter(|(_, window)| known.contains(window));
    places.map(|(place, _)| place).collect()
}

/// What two runs have in common that is not what everybody says: the longest stretches that are in both as a whole, with at
/// least [`LASTING`] bytes that are in nothing of `everybody`, which others said at the same places. Whoever listens could
/// recognise a home by these. A stretch that goes on into what everybody says is shown with it.
#[must_use]
pub fn lasting(one: &[u8], other: &[u8], everybody: &[u8]) -> Vec<Vec<u8>> {
    let known = windows::<KNOWN>(everybody);
    let is_told = |bytes: &[u8]| {
        let mut is_known = vec![false; bytes.len()];
        for (place, window) in bytes.array_windows::<KNOWN>().enumerate() {
            if known.binary_search(&window).is_ok() {
                is_known[place..place + KNOWN].fill(true);
            }
        }
        is_known.iter().filter(|known| !**known).count() >= LASTING
    };
    let stretches = in_both(one, other);
    stretches
        .into_iter()
        .map(|range| &one[range])
        .filter(|bytes| is_told(bytes))
        .map(<[u8]>::to_vec)
        .collect()
}

/// Where in the first the longest stretches begin and end, of at least [`LASTING`] bytes, each of which is in both as a whole.
fn in_both(one: &[u8], other: &[u8]) -> Vec<Range<usize>> {
    let mut places: Vec<(&[u8; LASTING], usize)> =
        other.array_windows().enumerate().map(|(place, window)| (window, place)).collect();
    places.sort_unstable();
    // The longer ones of the same beginning first.
    let mut found = BTreeSet::new();
    // Where it goes on in the other, and where it began in the first.
    let mut running: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, window) in one.array_windows().enumerate() {
        let here = &places[places.partition_point(|(known, _)| *known < window)..];
        let here = here.iter().take_while(|(known, _)| *known == window);
        let next = here.map(|(_, at)| (at + 1, running.remove(at).unwrap_or(place))).collect();
        found.extend(running.values().map(|begin| (*begin, Reverse(place + LASTING - 1))));
        running = next;
    }
    found.extend(running.values().map(|begin| (*begin, Reverse(one.len()))));
    let mut longest: Vec<Range<usize>> = Vec::new();
    for (begin, Reverse(end)) in found {
        if longest.last().is_none_or(|before| before.end < end) {
            longest.push(begin..end);
        }
    }
    longest
}

/// Every string of so many bytes, sorted.
fn windows<const LENGTH: usize>(bytes: &[u8]) -> Vec<&[u8; LENGTH]> {
    let mut windows: Vec<_> = bytes.array_windows().collect();
    windows.sort_unstable();
    windows.dedup();
    windows
}

/// Bytes in base58, as Bitcoin and libp2p spell them: a number, and a `1` for each zero at its beginning.
fn base58(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    // The lowest digit first.
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| LETTERS[0]);
    zeros.chain(digits.iter().rev().map(|digit| LETTERS[*digit as usize])).collect()
}

/// Every file below a directory; sockets and the like are none.
#[must_use]
pub fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "the blue heron";

    #[test]
    fn a_text_is_found_in_every_form_and_place() {
        let traces = Traces::default().of_text(TEXT);
        for around in 0..6 {
            let plain = [vec![b'x'; around], TEXT.as_bytes().to_vec(), vec![b'y'; 7 - around]].concat();
            let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let spelled = [
                plain.clone(),
                HEXLOWER.encode(&plain).into_bytes(),
                BASE64_NOPAD.encode(&plain).into_bytes(),
                BASE64URL_NOPAD.encode(&plain).into_bytes(),
                [vec![0; around], wide].concat(),
            ];
            for bytes in spelled {
                assert!(!traces.in_bytes(&bytes).is_empty(), "{}", String::from_utf8_lossy(&bytes));
            }
        }
        assert!(traces.in_bytes(b"the blue hero").is_empty());
        assert!(traces.in_bytes(&[]).is_empty());
    }

    #[test]
    fn an_id_is_found_as_it_is_shown_and_as_bytes() {
        let id = "mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpiydcmrtgq2q";
        let traces = Traces::default().of_id(id);
        let bytes = BASE32_NOPAD.decode(id.to_uppercase().as_bytes()).unwrap();
        assert_eq!(bytes.len(), 32);
        for bytes in [id.as_bytes(), id.to_uppercase().as_bytes(), bytes.as_slice()] {
            assert_eq!(traces.in_bytes(&[b"..", bytes, b".."].concat()).len(), 1);
        }
        let as_58 = base58(&bytes);
        assert_eq!(traces.in_bytes(&as_58).len(), 1, "{}", String::from_utf8_lossy(&as_58));
    }

    #[test]
    fn bytes_are_spelled_in_base58_as_everywhere() {
        // draft-msporny-base58-03, section 5, and a zero at the beginning.
        assert_eq!(base58(b"Hello World!"), b"2NEpo7TZRRrLZSi2U");
        assert_eq!(base58(&[0, 0, 0x28, 0x7f, 0xb4, 0xcd]), b"11233QC4");
    }

    #[test]
    fn what_lasts_is_noticed_and_what_everybody_says_is_not() {
        let random = |seed| crate::Dice::seeded(seed).bytes(20_000);
        let greeting = b"/a/greeting/of/everybody/1 ".as_slice();
        let said =
            |seed, own: &[u8]| [&random(seed)[..], greeting, own, greeting, &random(seed + 100)].concat();
        let others = said(3, b"");
        let nothing: Vec<Vec<u8>> = Vec::new();
        assert_eq!(lasting(&said(1, b""), &said(2, b""), &others), nothing);
        assert_eq!(lasting(&said(1, b"7 bytes"), &said(2, b"7 bytes"), &others), nothing);
        assert_eq!(lasting(&said(1, b"some one"), &said(2, b"some two"), &others), nothing);
        let found = lasting(&said(1, b"that one"), &said(2, b"that one"), &others);
        assert_eq!(found, [[greeting, b"that one", greeting].concat()]);
        // In the midst of what changes, too.
        let hidden = |seed| [random(seed), b"that one".to_vec(), random(seed + 10)].concat();
        assert_eq!(lasting(&hidden(1), &hidden(2), &others), [b"that one"]);
    }

    #[test]
    fn pieces_that_are_nowhere_together_do_not_last() {
        // Numbers of two bytes that are drawn anew, between what everybody says: either byte was drawn before, too.
        let packets = |numbers: [[u8; 2]; 5]| {
            numbers.map(|number| [&number[..], b"/a/greeting/of/everybody/1"].concat()).concat()
        };
        let other = packets([[1, 9], [8, 2], [1, 7], [6, 2], [1, 5]]);
        let everybody = packets([[3, 4]; 5]);
        assert_eq!(lasting(&packets([[1, 2]; 5]), &other, &everybody), Vec::<Vec<u8>>::new());
        assert_eq!(lasting(&packets([[1, 2]; 5]), &packets([[1, 2]; 5]), &everybody).len(), 1);
    }

    #[test]
    fn a_home_is_searched_with_its_file_names() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("deep")).unwrap();
        fs::write(home.path().join("deep/er"), b"...the blue heron...").unwrap();
        fs::write(home.path().join(TEXT), b"nothing").unwrap();
        let traces = Traces::default().of_text(TEXT);
        assert_eq!(traces.in_directory(home.path()).len(), 2);
    }

    #[test]
    fn what_repeats_is_noticed() {
        let (one, other) = (crate::Dice::seeded(1).bytes(5_000), crate::Dice::seeded(2).bytes(5_000));
        assert!(in_common(&one, &other).is_empty());
        let mixed = [&other[..100], &one[1_000..1_016], &other[100..]].concat();
        assert_eq!(in_common(&one, &mixed), [1_000]);
    }
}
