//! The key that an output is encrypted with.
//!
//! It is made known before anything below the output is looked at, since what is kept of extracts is encrypted as well.

use super::codes::{ENCRYPTION_KEY_UNNAMED, ENCRYPTION_KEY_UNUSABLE, ENCRYPTION_KEY_WRONG, OUTPUT_STANDS_OPEN};
use super::reading::Section;
use crate::disk;
use crate::failure::{Failure, Result};
use age::x25519::Identity;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Where the key of an encrypted output comes from; never the job file itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptionKey {
    /// `[job] encryption_key_file`.
    File(PathBuf),
    /// `[job] encryption_key_env`: the name of a variable of the environment.
    Environment(String),
}

/// What may stand in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Encrypted where the job names a key, open where it names none.
    AsTheJobSays,
    /// Open as well: it is about to be encrypted.
    ToBeEncrypted,
}

/// Makes the key of a job's output known, or forgets it where the job names none.
///
/// # Errors
/// OF0104 where the key cannot be used, OF0105 where the output is encrypted and the job names no key, OF0106 where it is encrypted with
/// another key, OF0107 where it stands open though the job names one.
pub(super) fn unlock(text: &str, folder: &Path, standing: Standing) -> Result<()> {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = Section { table: root.get_ref(), span: 0..0 };
    let settings = root.section("job");
    let output = output(settings.as_ref(), folder);
    let key = settings.and_then(|settings| EncryptionKey::named(&settings, folder));
    let encrypted = disk::is_encrypted(&output);
    let Some(key) = key else {
        disk::forget(&output);
        let shut = || Failure::new(&ENCRYPTION_KEY_UNNAMED, output.display().to_string());
        return if encrypted { Err(shut()) } else { Ok(()) };
    };
    let identity = key.read()?;
    let unreadable = |error: std::io::Error| Failure::from_io(&error, &output, &ENCRYPTION_KEY_WRONG);
    if encrypted && !disk::is_key_of(&output, &identity).map_err(unreadable)? {
        let what = format!("{} is encrypted with another key than {key}", output.display());
        return Err(Failure::new(&ENCRYPTION_KEY_WRONG, what));
    }
    if !encrypted && standing == Standing::AsTheJobSays {
        let (_, open) = disk::survey(&output).map_err(unreadable)?;
        if let Some(first) = open.first() {
            return Err(Failure::new(&OUTPUT_STANDS_OPEN, format!("{} is not encrypted", first.display())));
        }
    }
    disk::unlock(&output, identity);
    Ok(())
}

/// Where a job's output is.
pub(super) fn output(settings: Option<&Section>, folder: &Path) -> PathBuf {
    let output = settings.and_then(|settings| settings.text("output"));
    folder.join(output.map_or_else(|| "out".into(), |output| output.text))
}

impl EncryptionKey {
    /// The key that `[job]` names; of two the file.
    pub(super) fn named(settings: &Section, folder: &Path) -> Option<EncryptionKey> {
        let file = settings.text("encryption_key_file").map(|file| EncryptionKey::File(folder.join(file.text)));
        file.or_else(|| settings.text("encryption_key_env").map(|name| EncryptionKey::Environment(name.text)))
    }

    /// The key itself.
    fn read(&self) -> Result<Identity> {
        let unusable = |why: &str| Failure::new(&ENCRYPTION_KEY_UNUSABLE, format!("{self}: {why}"));
        let text = match self {
            EncryptionKey::Environment(name) => std::env::var(name).map_err(|_| unusable("it is not set"))?,
            EncryptionKey::File(path) => {
                let failed = |error: std::io::Error| Failure::from_io(&error, path, &ENCRYPTION_KEY_UNUSABLE);
                let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(unusable("others may read it; chmod go= closes it"));
                }
                std::fs::read_to_string(path).map_err(failed)?
            }
        };
        // As age-keygen writes it: lines of remarks, and one of the key.
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (first, second) = (lines.next(), lines.next());
        let key = first.filter(|_| second.is_none()).and_then(|line| line.parse().ok());
        key.ok_or_else(|| unusable("it does not hold one key as `onefolk keys new --encryption` makes it"))
    }
}

impl std::fmt::Display for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EncryptionKey::File(path) => write!(f, "{}", path.display()),
            EncryptionKey::Environment(name) => write!(f, "the environment's {name}"),
        }
    }
}
