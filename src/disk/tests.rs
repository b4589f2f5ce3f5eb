//! Laws of encrypted files: what is read is what was written, wherever and however it is read, and nothing else passes for it.

use super::{Growing, create_file, is_encrypted, is_key_of, open, read, unlock};
use age::x25519::Identity;
use proptest::prelude::*;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Bytes of a piece of an encrypted file.
const PIECE: usize = 64 << 10;

/// A folder that is encrypted as an output is.
fn output() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    unlock(folder.path(), Identity::generate());
    let state = folder.path().join("state");
    fs::create_dir(&state).expect("there is room");
    (folder, state)
}

/// Bytes of which no piece is like another.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 + at / PIECE) as u8).collect()
}

fn written(path: &Path, bytes: &[u8]) {
    let mut file = create_file(path).expect("there is room");
    // In uneven parts, as writers do.
    bytes.chunks(10_007).for_each(|part| file.write_all(part).expect("there is room"));
    file.sync_all().expect("there is room");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_part_of_a_file_can_be_read(
        pieces in 0..3usize,
        more in prop_oneof![Just(0), Just(1), 1..PIECE],
        steps in prop::collection::vec((0..4 * PIECE as u64, 0..2 * PIECE), 1..12),
    ) {
        let (_folder, state) = output();
        let (path, whole) = (state.join("file"), bytes(pieces * PIECE + more));
        written(&path, &whole);
        prop_assert!(fs::read(&path).unwrap().starts_with(b"age-encryption.org/v1"));
        prop_assert_eq!(&read(&path).unwrap(), &whole);
        let mut reader = open(&path).unwrap();
        prop_assert_eq!(reader.length().unwrap(), whole.len() as u64);
        for (at, length) in steps {
            let expected = whole.get(at as usize..).unwrap_or_default();
            let expected = &expected[..length.min(expected.len())];
            reader.seek(SeekFrom::Start(at)).unwrap();
            let mut read = Vec::new();
            (&mut reader).take(length as u64).read_to_end(&mut read).unwrap();
            prop_assert!(read == expected, "{} bytes at {}", length, at);
            let mut exact = vec![0; expected.len()];
            reader.read_exact_at(&mut exact, at).unwrap();
            prop_assert!(exact == expected);
            prop_assert!(reader.read_exact_at(&mut [0], whole.len() as u64).is_err());
        }
    }

    #[test]
    fn a_growing_file_holds_what_was_added_and_not_taken_away(
        steps in prop::collection::vec((any::<bool>(), 0..400usize), 1..12),
        left in 0..60usize,
    ) {
        let (_folder, state) = output();
        let path = state.join("lines");
        let mut expected: Vec<u8> = Vec::new();
        for (adds, number) in steps {
            let mut file = Growing::open(&path).unwrap();
            file.lock().unwrap();
            prop_assert_eq!(file.length().unwrap(), expected.len() as u64);
            if adds {
                let more = bytes(number + expected.len()).split_off(expected.len());
                file.append(&more).unwrap();
                expected.extend(more);
            } else {
                let length = number.min(expected.len());
                file.cut(length as u64).unwrap();
                expected.truncate(length);
            }
            let from = number.min(expected.len());
            prop_assert_eq!(&file.read_from(from as u64).unwrap()[..], &expected[from..]);
            prop_assert_eq!(&read(&path).unwrap(), &expected);
        }
        // A kill leaves the beginning of a frame: it does not count, and the next one takes its place.
        let stands = fs::read(&path).unwrap();
        let mut file = Growing::open(&path).unwrap();
        file.lock().unwrap();
        file.append(b"more").unwrap();
        drop(file);
        let more = fs::read(&path).unwrap();
        fs::write(&path, &more[..(stands.len() + left).min(more.len() - 1)]).unwrap();
        let mut file = Growing::open(&path).unwrap();
        file.lock().unwrap();
        prop_assert_eq!(file.length().unwrap(), expected.len() as u64);
        file.append(b"again").unwrap();
        prop_assert_eq!(read(&path).unwrap(), [&expected[..], b"again"].concat());
    }
}

#[test]
fn a_byte_that_was_changed_is_noticed_wherever_it_stands() {
    let (_folder, state) = output();
    let (path, whole) = (state.join("file"), bytes(PIECE + 100));
    written(&path, &whole);
    let lines = state.join("lines");
    let mut growing = Growing::open(&lines).expect("there is room");
    growing.lock().expect("nobody holds it");
    [&b"one\n"[..], b"two\n", b"three\n"].iter().for_each(|line| growing.append(line).expect("there is room"));
    for (path, step) in [(&path, 1013), (&lines, 1)] {
        let stands = fs::read(path).expect("it stands");
        for at in (0..stands.len()).step_by(step) {
            let mut changed = stands.clone();
            changed[at] ^= 1;
            fs::write(path, &changed).expect("there is room");
            // One whose very beginning is another does not say that it is encrypted: then it is no file of ours.
            assert!(read(path).map_or(true, |read| read == changed), "byte {at} of {}", path.display());
        }
        for length in (0..stands.len()).step_by(step) {
            fs::write(path, &stands[..length]).expect("there is room");
            let read = read(path).unwrap_or_default();
            let is_beginning = step == 1 && b"one\ntwo\nthree\n".starts_with(&read);
            assert!(is_beginning || read == stands[..length] || read.is_empty(), "the first {length} bytes");
        }
        fs::write(path, &stands).expect("there is room");
    }
    // Frames in another order are noticed too.
    let frames = super::frames::all(&fs::File::open(&lines).expect("it stands")).expect("they are whole");
    let stands = fs::read(&lines).expect("it stands");
    let part = |nth: usize| &stands[frames[nth].at as usize..frames[nth].end().0 as usize];
    for order in [[1, 0, 2], [0, 0, 1], [0, 2, 1]] {
        let moved = [&stands[..frames[0].at as usize], part(order[0]), part(order[1]), part(order[2])].concat();
        fs::write(&lines, moved).expect("there is room");
        assert!(read(&lines).is_err(), "{order:?}");
    }
}

#[test]
fn another_key_opens_nothing_and_what_stands_open_stays_so_until_lines_are_added() {
    let (folder, state) = output();
    written(&state.join("file"), b"of somebody");
    assert!(is_encrypted(folder.path()) && !is_key_of(folder.path(), &Identity::generate()).expect("it can be read"));
    fs::write(state.join("decisions.csv"), "by hand\n").expect("there is room");
    assert_eq!(read(&state.join("decisions.csv")).expect("it is open"), b"by hand\n");
    let (all, open) = super::survey(folder.path()).expect("they can be read");
    assert_eq!((all, open), (2, vec![state.join("decisions.csv")]));
    let mut lines = Growing::open(&state.join("decisions.csv")).expect("it is encrypted first");
    lines.lock().expect("nobody holds it");
    lines.append(b"more\n").expect("there is room");
    assert_eq!(lines.read_from(3).expect("it is whole"), b"hand\nmore\n");
    assert_eq!(super::survey(folder.path()).expect("they can be read"), (2, Vec::new()));
    unlock(folder.path(), Identity::generate());
    assert!(read(&state.join("file")).is_err() && read(&state.join("decisions.csv")).is_err());
}
