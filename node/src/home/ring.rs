//! The ring's file: two slots in their places, each written whole and where it lies.
//!
//! A slot is overwritten and not replaced by another file, because what was in it is to be gone. When that is cut
//! short the slot does not open, and the other one is whole: they lie 4,096 bytes apart. What is read is durable: a
//! process that wrote a slot may have died before it was. Source: `docs/wire-format.md`.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use causerie_protocol::vault::ring::{SLOT_BYTES, Slot, Slots};

use super::{HomeError, files};

pub(super) const NAME: &str = "ring";

/// Both slots; none where there is no file, or one that is too short.
pub(super) fn read(home: &Path) -> Result<Slots, HomeError> {
    let path = home.join(NAME);
    let failed = |error| HomeError::of_io(error, path.clone(), "read");
    let Some(file) = files::open(&path)? else { return Ok(Slots::default()) };
    match file.sync_data() {
        // Nothing waits to be written there.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
        outcome => outcome.map_err(failed)?,
    }
    let mut slots = Slots::default();
    for slot in Slot::BOTH {
        let mut bytes = vec![0; SLOT_BYTES];
        match file.read_exact_at(&mut bytes, slot.offset()) {
            Ok(()) => *slot.of_mut(&mut slots) = Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(slots)
}

/// Writes a slot, durably; makes the file where there is none.
pub(super) fn write(home: &Path, slot: Slot, bytes: &[u8]) -> Result<(), HomeError> {
    let path = home.join(NAME);
    let is_new = !path.exists();
    files::open_with(OpenOptions::new().write(true).create(true).truncate(false).mode(0o600), &path)
        .and_then(|file| {
            file.write_all_at(bytes, slot.offset())?;
            file.sync_data()
        })
        .map_err(|error| HomeError::of_io(error, path, "write"))?;
    if is_new { files::sync_directory(home) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn slots(home: &Path) -> [Option<u8>; 2] {
        read(home).unwrap().map(|slot| slot.map(|bytes| bytes[SLOT_BYTES - 1]))
    }

    #[test]
    fn each_slot_is_written_in_its_place_and_the_other_stays() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        assert_eq!(slots(home), [None, None]);
        write(home, Slot::First, &[1; SLOT_BYTES]).unwrap();
        assert_eq!(slots(home), [Some(1), None]);
        write(home, Slot::Second, &[2; SLOT_BYTES]).unwrap();
        assert_eq!(slots(home), [Some(1), Some(2)]);
        write(home, Slot::First, &[3; SLOT_BYTES]).unwrap();
        assert_eq!(slots(home), [Some(3), Some(2)]);
        let bytes = fs::read(home.join(NAME)).unwrap();
        assert!(!bytes.contains(&1), "what was there is overwritten");
        assert_eq!(fs::metadata(home.join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_slot_that_was_cut_short_does_no_harm_to_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        write(home, Slot::Second, &[2; SLOT_BYTES]).unwrap();
        for length in 0..SLOT_BYTES {
            write(home, Slot::First, &vec![9; length]).unwrap();
            let [first, second] = read(home).unwrap();
            assert!(first.is_some_and(|first| first != [9; SLOT_BYTES]));
            assert_eq!(second, Some(vec![2; SLOT_BYTES]));
        }
        let file = OpenOptions::new().write(true).open(home.join(NAME)).unwrap();
        file.set_len(Slot::Second.offset() + 5).unwrap();
        assert!(read(home).unwrap()[1].is_none());
        file.set_len(5).unwrap();
        assert_eq!(slots(home), [None, None]);
    }
}
