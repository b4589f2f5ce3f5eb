//! One line of the audit: an entry, its hash and its signature.

use super::{Event, Note};
use crate::keys::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a signature of a line is for.
const PURPOSE: &str = "audit entry";
/// Between the entry and what proves it.
const HASH: &str = ",\"hash\":\"";
const SIGNATURE: &str = "\",\"signature\":\"";
const END: &str = "\"}";
const HASH_CHARACTERS: usize = 64;

/// An entry of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Counted from 1, without a gap.
    pub entry: u64,
    /// Clock time, UTC, as 2026-11-22T01:02:03Z.
    pub at: String,
    /// The account of the operating system.
    pub by: String,
    pub event: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub person_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub what: Map<String, Value>,
    /// Hash of the entry before; empty for the first.
    pub before: String,
}

impl Entry {
    /// The next entry after one with this number and hash.
    pub(super) fn after(number: u64, hash: &str, by: &str, note: &Note) -> Entry {
        Entry {
            entry: number + 1,
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            by: by.to_string(),
            event: note.event,
            run_id: note.run_id.clone(),
            person_ids: note.person_ids.clone(),
            what: note.what.clone(),
            before: hash.to_string(),
        }
    }

    /// The line with its end, and the entry's hash.
    pub(super) fn written(&self, key: &PrivateKey) -> (String, String) {
        let text = serde_json::to_string(self).expect("an entry is plain data");
        let body = text.strip_suffix('}').expect("an object ends with a brace");
        let hash = blake3::hash(body.as_bytes()).to_hex().to_string();
        let signature = key.sign(PURPOSE, &hash);
        (format!("{body}{HASH}{hash}{SIGNATURE}{signature}{END}\n"), hash)
    }
}

/// A line that reads as one, whatever it proves.
pub(super) struct Line {
    pub entry: Entry,
    pub hash: String,
    hash_is_right: bool,
    signature: String,
}

impl Line {
    /// Reads a line without its end; `None` where it is not of the form that [`Entry::written`] gives.
    pub fn read(line: &[u8]) -> Option<Line> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix(END)?;
        let (body, rest) = line.rsplit_once(HASH)?;
        let (hash, signature) = rest.split_once(SIGNATURE)?;
        let entry = serde_json::from_str(&format!("{body}}}")).ok()?;
        let hash_is_right = hash.len() == HASH_CHARACTERS && blake3::hash(body.as_bytes()).to_hex().as_str() == hash;
        Some(Line { entry, hash: hash.to_string(), hash_is_right, signature: signature.to_string() })
    }

    /// Was it written by whoever holds the key, as it stands?
    pub fn is_right(&self, key: &PublicKey) -> bool {
        self.hash_is_right && key.verifies(PURPOSE, &self.hash, &self.signature)
    }
}
