//! Telling the objections of one day from those of another without holding any of them.

use super::Authority;

impl Authority {
    /// A keyed hash of the local objections; the same on two days where they name the same people in the same way. A bare hash of one NHS
    /// number would be as good as the number.
    pub(crate) fn fingerprint(&self, key: &[u8; 32]) -> [u8; 32] {
        fingerprint(key, self.objections().collect())
    }
}

/// The same of objections that are told by pairs of texts, in any order and as often as may be.
pub(crate) fn fingerprint(key: &[u8; 32], mut objections: Vec<(&str, &str)>) -> [u8; 32] {
    objections.sort_unstable();
    objections.dedup();
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in objections.into_iter().flat_map(|(one, other)| [one, other]) {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().into()
}
