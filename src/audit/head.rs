//! state/audit.head: how far the audit goes, signed.

use super::AUDIT_UNUSABLE;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::keys::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use std::path::Path;

const PURPOSE: &str = "audit head";

/// Where the audit ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub entries: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Of the last entry; empty where there is none.
    pub hash: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    entries: u64,
    bytes: u64,
    hash: String,
    signature: String,
}

impl Head {
    fn signed_text(&self) -> String {
        format!("{}\n{}\n{}", self.entries, self.bytes, self.hash)
    }

    fn written(&self, signature: &str) -> String {
        let Head { entries, bytes, hash } = self.clone();
        let signed = Signed { entries, bytes, hash, signature: signature.to_string() };
        serde_json::to_string(&signed).expect("a head is plain data") + "\n"
    }

    /// Replaces the head in one rename.
    pub(super) fn keep(&self, path: &Path, key: &PrivateKey) -> Result<()> {
        let text = self.written(&key.sign(PURPOSE, &self.signed_text()));
        let folder = path.parent().unwrap_or(Path::new("."));
        let kept = disk::replace(path, text.as_bytes()).and_then(|()| disk::sync_folder(folder));
        kept.map_err(|error| Failure::from_io(&error, path, &AUDIT_UNUSABLE))
    }

    /// The head in `path`; `None` where there is none.
    ///
    /// # Errors
    /// In words, where it is not one that the key's holder has written, to the byte.
    pub(super) fn read(path: &Path, key: &PublicKey) -> Result<std::result::Result<Option<Head>, &'static str>> {
        let bytes = match disk::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(None)),
            bytes => bytes.map_err(|error| Failure::from_io(&error, path, &AUDIT_UNUSABLE))?,
        };
        let Ok(signed) = serde_json::from_slice::<Signed>(&bytes) else {
            return Ok(Err("the head is not one that onefolk has written"));
        };
        let head = Head { entries: signed.entries, bytes: signed.bytes, hash: signed.hash };
        let right = head.written(&signed.signature).as_bytes() == bytes
            && key.verifies(PURPOSE, &head.signed_text(), &signed.signature);
        Ok(if right { Ok(Some(head)) } else { Err("the head's signature is wrong") })
    }
}
