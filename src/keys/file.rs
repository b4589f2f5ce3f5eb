//! Key files.

use super::{KEYS_DIFFER, PrivateKey, PublicKey, SIGNING_KEY_OPEN, SIGNING_KEY_UNUSABLE};
use crate::disk;
use crate::failure::{FILE_EXISTS, Failure, OUTPUT_FAILED, Result};
use crate::identity::key;
use age::secrecy::ExposeSecret;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const PRIVATE: &str = "onefolk-private-key ";
const PUBLIC: &str = "onefolk-public-key ";

/// Where the public key of the private key in `path` stands.
pub fn public_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".pub");
    path.with_file_name(name)
}

/// Makes a new key: the private one in `path` (0600), the public one beside it with `.pub` added. Neither may exist.
///
/// # Errors
/// OF0603 where a file exists, OF0403 where one cannot be written.
pub fn new(path: &Path) -> Result<PublicKey> {
    write_pair(path, &key::random()?)
}

/// Makes a new key that encrypts an output, an age identity (X25519), in `path` (0600), which may not exist.
///
/// # Errors
/// OF0603 where a file exists, OF0403 where it cannot be written.
pub fn new_encryption(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(&FILE_EXISTS, path.display().to_string()));
    }
    let key = age::x25519::Identity::generate();
    write(path, &format!("# onefolk keys new --encryption\n{}\n", key.to_string().expose_secret()))
}

/// The same with a secret that is there already.
pub(crate) fn write_pair(path: &Path, secret: &[u8; 32]) -> Result<PublicKey> {
    let public_path = public_beside(path);
    for path in [path, &public_path] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::new(&FILE_EXISTS, path.display().to_string()));
        }
    }
    let public = PrivateKey::from_bytes(secret).public();
    write(path, &format!("{PRIVATE}{}\n", key::hex(secret)))?;
    write(&public_path, &public_line(public))?;
    // What has just been written is what will be read: a key that cannot be found again is worse than none.
    check(path, &public_path)
}

/// The public key of two files, which must belong together.
///
/// # Errors
/// OF0702 where they do not; OF0700 and OF0701 where one cannot be used.
pub fn check(private: &Path, public: &Path) -> Result<PublicKey> {
    let known = read_public(public)?;
    match read_private(private)?.public() == known {
        true => Ok(known),
        false => Err(Failure::new(&KEYS_DIFFER, format!("{} and {}", private.display(), public.display()))),
    }
}

/// The line of a public key's file.
pub fn public_line(public: PublicKey) -> String {
    format!("{PUBLIC}{public}\n")
}

fn write(path: &Path, line: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Whole or not at all: half a key would stand in the way of a new one.
    let written = disk::create_folder(folder)
        .and_then(|()| disk::replace(path, line.as_bytes()))
        .and_then(|()| disk::sync_folder(folder));
    written.map_err(|error| Failure::from_io(&error, path, &OUTPUT_FAILED))
}

/// The private key in `path`.
///
/// # Errors
/// OF0700 where there is none, OF0701 where others may read or write the file.
pub fn read_private(path: &Path) -> Result<PrivateKey> {
    let mode = std::fs::metadata(path).map_err(|error| Failure::from_io(&error, path, &SIGNING_KEY_UNUSABLE))?;
    if mode.permissions().mode() & 0o077 != 0 {
        return Err(Failure::new(&SIGNING_KEY_OPEN, path.display().to_string()));
    }
    let key = line(path, PRIVATE)?.as_deref().and_then(key::parse);
    key.map(|bytes| PrivateKey::from_bytes(&bytes)).ok_or_else(|| unusable(path, "a private key"))
}

/// The public key in `path`.
///
/// # Errors
/// OF0700 where there is none.
pub fn read_public(path: &Path) -> Result<PublicKey> {
    line(path, PUBLIC)?.as_deref().and_then(PublicKey::from_hex).ok_or_else(|| unusable(path, "a public key"))
}

/// What stands behind `kind` in the file's only line.
fn line(path: &Path, kind: &str) -> Result<Option<String>> {
    let text = match disk::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Ok(None),
        text => text.map_err(|error| Failure::from_io(&error, path, &SIGNING_KEY_UNUSABLE))?,
    };
    Ok(text.trim_end().strip_prefix(kind).map(str::to_string))
}

fn unusable(path: &Path, what: &str) -> Failure {
    Failure::new(&SIGNING_KEY_UNUSABLE, format!("{} does not hold {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_its_owners_and_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("keys/lead.key");
        let public = new(&path).expect("there is room");
        let mode = |path: &Path| std::fs::metadata(path).expect("it stands").permissions().mode() & 0o777;
        assert_eq!((mode(&path), read_public(&public_beside(&path)).expect("it is right")), (0o600, public));
        assert_eq!(new(&path).expect_err("it exists").code.id, "OF0603");
        let signature = read_private(&path).expect("it is right").sign("test", "text");
        assert!(public.verifies("test", "text", &signature));
    }

    #[test]
    fn only_a_closed_file_of_the_right_kind_is_a_key() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("lead.key");
        new(&path).expect("there is room");
        let code = |failure: Failure| failure.code.id;
        assert_eq!(read_private(&public_beside(&path)).map(|_| ()).map_err(code), Err("OF0700"));
        assert_eq!(read_public(&path).map_err(code), Err("OF0700"));
        assert_eq!(read_public(&folder.path().join("none")).map_err(code), Err("OF0700"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("it is ours");
        assert_eq!(read_private(&path).map(|_| ()).map_err(code), Err("OF0701"));
    }
}
