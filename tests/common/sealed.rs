//! Outputs that are encrypted, and what can be read of them.

use super::canaries::{command, found, silent};
use super::{Night, files_below};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How every file begins that is encrypted: age's own, and that of files which lines are added to.
pub const SEALED: [&[u8]; 2] = [b"age-encryption.org/v1\n", b"onefolk frames 1"];

/// Files that stand open: locks and counts, public keys, what says that all else is encrypted.
pub fn may_stand_open(name: &Path) -> bool {
    let kind = name.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    name.ends_with("lock") || ["lock", "prom", "pub", "age"].contains(&kind)
}

/// A new key to encrypt with.
pub fn key(night: &Night, name: &str) {
    silent(command(night, &["keys", "new", "--encryption", name], "")).done();
}

/// Names the key in the job, and keys of ids and pseudonyms that do not hang on chance.
pub fn with_keys(night: &Night, encrypted: bool) {
    for (name, digit) in [("id.key", "0"), ("release.key", "1")] {
        night.write(name, digit.repeat(64));
    }
    let key = if encrypted { "encryption_key_file = \"output.key\"\n" } else { "" };
    super::edit(&night.path("job.toml"), "[job]\n", &format!("[job]\nid_key_file = \"id.key\"\n{key}"));
}

/// Sees that nothing below the output can be read; gives how many files are encrypted.
#[track_caller]
pub fn nothing_is_readable(night: &Night) -> usize {
    let mut sealed = 0;
    for (name, bytes) in files_below(&night.output()) {
        let is_sealed = SEALED.iter().any(|magic| bytes.starts_with(magic));
        assert!(is_sealed || bytes.is_empty() || may_stand_open(&name), "{} stands open", name.display());
        assert_eq!(found(&name.to_string_lossy()), [] as [&str; 0]);
        assert_eq!(found(&String::from_utf8_lossy(&bytes)), [] as [&str; 0], "{}", name.display());
        let begins_open = [&b"PAR1"[..], b"<!doctype", b"PK\x03\x04", b"{", b"\x28\xb5\x2f\xfd"];
        assert!(!begins_open.iter().any(|magic| bytes.starts_with(magic)), "{}", name.display());
        sealed += usize::from(is_sealed);
    }
    sealed
}

/// Every file of the run that stands, decrypted.
#[track_caller]
pub fn decrypted(night: &Night) -> BTreeMap<PathBuf, Vec<u8>> {
    let to = night.path("opened");
    let _ = std::fs::remove_dir_all(&to);
    silent(command(night, &["decrypt", "job.toml", "out/current", "--output", "opened"], "")).done();
    files_below(&to)
}
