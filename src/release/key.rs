//! The secret behind pseudonyms, and the keys that are derived from it.

use super::RELEASE_KEY_UNUSABLE;
use crate::audit::{self, Event};
use crate::failure::{Failure, Result};
use crate::identity::{PersonId, key};
use crate::job::{Job, Release};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a pseudonym and of a place in the order: 128 bits, so that no two people share one.
const BYTES: usize = 16;

/// The keys of one release.
pub(super) struct Keys {
    pseudonym: [u8; 32],
    /// Of the generation before.
    pseudonym_before: [u8; 32],
    order: [u8; 32],
}

impl Keys {
    /// Derives them from the job's secret: one key for each recipient, purpose and release, so that nobody who has two releases can join
    /// them by pseudonym or by order.
    pub fn of(job: &Job, release: &Release) -> Result<Keys> {
        let secret = secret(job)?;
        let derive = |what: &str, generation: u32| {
            let parts = [what, &release.recipient, release.purpose.word(), &release.id, &generation.to_string()];
            // Lengths before the parts: "ab","c" and "a","bc" are two keys.
            let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
            mac(&secret, &format!("onefolk release key 1{text}"))
        };
        Ok(Keys {
            pseudonym: derive("pseudonym", release.pseudonym_generation),
            pseudonym_before: derive("pseudonym", release.pseudonym_generation.saturating_sub(1)),
            order: derive("order", release.pseudonym_generation),
        })
    }

    /// 32 hexadecimal characters: HMAC-SHA-256 of the person_id, its first 128 bits.
    pub fn pseudonym(&self, person: &PersonId) -> String {
        key::hex(&mac(&self.pseudonym, person.as_str())[..BYTES])
    }

    /// The pseudonym of the generation before.
    pub fn pseudonym_before(&self, person: &PersonId) -> String {
        key::hex(&mac(&self.pseudonym_before, person.as_str())[..BYTES])
    }

    /// Where a person's line stands among the others.
    pub fn order(&self, person: &PersonId) -> [u8; BYTES] {
        mac(&self.order, person.as_str())[..BYTES].try_into().expect("as many bytes as were taken")
    }
}

fn mac(key: &[u8; 32], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn secret(job: &Job) -> Result<[u8; 32]> {
    let path = job.policy.release_key_file.clone().unwrap_or_else(|| job.output.join("state/release.key"));
    let unusable = |failure: Failure| Failure::new(&RELEASE_KEY_UNUSABLE, failure.what);
    if job.policy.release_key_file.is_some() || path.symlink_metadata().is_ok() {
        return key::read(&path).map_err(unusable);
    }
    if !audit::about(job, None, Some(Event::Release))?.entries.is_empty() {
        return Err(Failure::new(&RELEASE_KEY_UNUSABLE, format!("{} is gone", path.display())));
    }
    key::make(&path).map_err(unusable)
}
