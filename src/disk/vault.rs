//! Keys of outputs that are encrypted: which one a path is under, and what says on the disk that an output is.
//!
//! A process knows a key by the folder of the output, since rooms hand around paths and nothing else; `job` makes it known before it looks at
//! anything below the output. Only `runs/` and `state/` are encrypted: what else stands there is the user's own.

use super::{OpenFile, create_folder, remove_file, rename, sealed, sync_folder};
use age::x25519::{Identity, Recipient};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

/// Says that what stands in `runs/` and `state/` is encrypted, and to which key: it can be opened with that one only.
const MARK: &str = "state/encryption.age";
/// What it holds.
const MARK_TEXT: &[u8] = b"onefolk: what stands in runs/ and state/ is encrypted\n";

/// The folders of an output that are encrypted.
pub(super) const FOLDERS: [&str; 2] = ["runs", "state"];

/// The key of one output.
pub(crate) struct Vault {
    output: PathBuf,
    pub(super) identity: Identity,
    pub(super) recipient: Recipient,
    /// Whether the mark is known to stand.
    marked: Mutex<bool>,
}

static VAULTS: RwLock<Vec<Arc<Vault>>> = RwLock::new(Vec::new());

/// From here on everything that is written to `runs/` and `state/` of `output` is encrypted with this key, and read with it.
pub(crate) fn unlock(output: &Path, identity: Identity) {
    let recipient = identity.to_public();
    let vault = Vault { output: output.to_path_buf(), identity, recipient, marked: Mutex::new(false) };
    let mut vaults = VAULTS.write().unwrap_or_else(PoisonError::into_inner);
    vaults.retain(|known| known.output != output);
    vaults.push(Arc::new(vault));
}

/// From here on `output` is written to and read as it stands.
pub(crate) fn forget(output: &Path) {
    VAULTS.write().unwrap_or_else(PoisonError::into_inner).retain(|known| known.output != output);
}

/// Does the mark stand?
pub(crate) fn is_encrypted(output: &Path) -> bool {
    output.join(MARK).symlink_metadata().is_ok()
}

/// Is it the key that `output` is encrypted with?
///
/// # Errors
/// Where the mark cannot be read.
pub(crate) fn is_key_of(output: &Path, identity: &Identity) -> io::Result<bool> {
    let Some(mut reader) = sealed::opened(identity, fs::File::open(output.join(MARK))?)? else { return Ok(false) };
    let mut text = Vec::new();
    reader.read_to_end(&mut text).map_err(|_| sealed::damaged())?;
    if text == MARK_TEXT { Ok(true) } else { Err(sealed::damaged()) }
}

/// Removes the mark: nothing below `output` is encrypted any more.
pub(super) fn unmark(output: &Path) -> io::Result<()> {
    remove_file(&output.join(MARK))?;
    sync_folder(&output.join("state"))
}

/// The key that a file at `path` is to be written with; `None` where it is to stand open.
pub(super) fn of(path: &Path) -> Option<Arc<Vault>> {
    known().iter().find(|vault| holds(&vault.output, path)).cloned()
}

/// The key of the output that `path` is in, by whatever name it is reached.
pub(super) fn to_read(path: &Path) -> Option<Arc<Vault>> {
    if known().is_empty() {
        return None;
    }
    of(path).or_else(|| {
        let path = fs::canonicalize(path).ok()?;
        let of = |vault: &&Arc<Vault>| fs::canonicalize(&vault.output).is_ok_and(|output| holds(&output, &path));
        known().iter().find(of).cloned()
    })
}

fn known() -> RwLockReadGuard<'static, Vec<Arc<Vault>>> {
    VAULTS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Is a file at `path` encrypted where `output` is?
pub(super) fn holds(output: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(output).ok();
    below.is_some_and(|below| FOLDERS.iter().any(|folder| below.starts_with(folder)) && !stays_open(below))
}

/// Files that hold nothing of anybody, and those that are encrypted to somebody already: locks, metrics (counts), public keys, age files.
/// What providers have named is none of them, whatever its name.
fn stays_open(below: &Path) -> bool {
    // What is about to take its place is what it is.
    let aside = below.extension().is_some_and(|kind| kind == "partial");
    let name = if aside { below.file_stem() } else { below.file_name() };
    let name = Path::new(name.unwrap_or_default());
    let kind = name.extension().unwrap_or(name.as_os_str());
    !below.starts_with("state/inputs") && ["lock", "prom", "pub", "age"].iter().any(|open| kind == *open)
}

impl Vault {
    /// Sees to it that the mark stands before anything that is encrypted does.
    pub(super) fn mark(&self) -> io::Result<()> {
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.output.join(MARK);
        if *marked || place.symlink_metadata().is_ok() {
            *marked = true;
            return Ok(());
        }
        let folder = self.output.join("state");
        create_folder(&folder)?;
        let aside = folder.join("encryption.age.partial");
        remove_file(&aside)?;
        let mut writer = sealed::writer(self, OpenFile::create(&aside)?)?;
        writer.write_all(MARK_TEXT)?;
        writer.finish()?.sync_all()?;
        rename(&aside, &place)?;
        sync_folder(&folder)?;
        *marked = true;
        Ok(())
    }
}
