//! Secret keys in files: 64 hexadecimal characters. The key of the person_ids is one of them.

use super::{KEY_UNUSABLE, LEDGER_UNWRITABLE};
use crate::disk;
use crate::failure::{Failure, Result};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The 32 bytes in `path`.
pub(crate) fn read(path: &Path) -> Result<[u8; 32]> {
    let text = disk::read_to_string(path).map_err(|error| match error.kind() {
        // Not text: the file is there but is no key.
        ErrorKind::InvalidData => no_key(path),
        _ => Failure::from_io(&error, path, &KEY_UNUSABLE),
    })?;
    parse(text.trim()).ok_or_else(|| no_key(path))
}

fn no_key(path: &Path) -> Failure {
    Failure::new(&KEY_UNUSABLE, format!("{}: not 64 hexadecimal characters", path.display()))
}

/// Exactly `N` bytes, two hexadecimal characters each.
pub(crate) fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0u8; N];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Two lower-case hexadecimal characters a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 32 bytes from the operating system's random source.
pub(crate) fn random() -> Result<[u8; 32]> {
    let mut key = [0u8; 32];
    let source = Path::new("/dev/urandom");
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut key))
        .map_err(|error| Failure::from_io(&error, source, &KEY_UNUSABLE))?;
    Ok(key)
}

/// A new key from the operating system's random source, written to `path` (0600): whole or not at all.
pub(crate) fn make(path: &Path) -> Result<[u8; 32]> {
    let key = random()?;
    let text = hex(&key) + "\n";
    let temporary = path.with_extension("key.partial");
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = disk::create_folder(folder)
        .and_then(|()| disk::remove_file(&temporary))
        .and_then(|()| disk::write_file(&temporary, text.as_bytes()))
        .and_then(|()| disk::rename(&temporary, path))
        .and_then(|()| disk::sync_folder(folder));
    written.map_err(|error| Failure::from_io(&error, path, &LEDGER_UNWRITABLE))?;
    Ok(key)
}
