//! The secret behind pseudonyms, and the keys that are derived from it.

use super::{PSEUDONYMS_BEFORE_LOST, RELEASE_KEY_UNUSABLE};
use crate::audit::{self, Event};
use crate::failure::{Failure, Result};
use crate::identity::{PersonId, key};
use crate::job::{GENERATIONS_MAX, Job, Release};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a pseudonym and of a place in the order: 128 bits, so that no two people share one.
const BYTES: usize = 16;
/// Bytes of the mark of some pseudonyms: enough to tell a few thousand keys apart.
const MARK_BYTES: usize = 16;

/// The keys of one release.
pub(super) struct Keys {
    pseudonym: Key,
    /// Of the pseudonyms that the recipient has had before; where the release has a table from these.
    pseudonym_before: Option<Key>,
    order: Key,
}

type Key = [u8; 32];

impl Keys {
    /// Derives them from the job's secret: one key for each recipient, purpose and release, so that nobody who has two releases can join
    /// them by pseudonym or by order.
    ///
    /// # Errors
    /// OF0730 for the secret; OF0732 where the release has an overlap and what it is to lead from cannot be made.
    pub fn of(job: &Job, release: &Release) -> Result<Keys> {
        let secret = secret(job)?;
        let generation = release.pseudonym_generation;
        let pseudonym = derived(&secret, release, "pseudonym", generation);
        let before = release.overlap.then(|| before(job, release, &secret, &pseudonym)).transpose()?;
        Ok(Keys { pseudonym, pseudonym_before: before, order: derived(&secret, release, "order", generation) })
    }

    /// 32 hexadecimal characters: HMAC-SHA-256 of the person_id, its first 128 bits.
    pub fn pseudonym(&self, person: &PersonId) -> String {
        pseudonym(&self.pseudonym, person)
    }

    /// The pseudonym that the recipient has had before.
    ///
    /// # Panics
    /// Where the release has no overlap.
    pub fn pseudonym_before(&self, person: &PersonId) -> String {
        pseudonym(self.pseudonym_before.as_ref().expect("the release has an overlap"), person)
    }

    /// By what the audit tells these pseudonyms from others; nobody can make them from it.
    pub fn mark(&self) -> String {
        mark(&self.pseudonym)
    }

    /// Where a person's line stands among the others.
    pub fn order(&self, person: &PersonId) -> [u8; BYTES] {
        mac(&self.order, person.as_str())[..BYTES].try_into().expect("as many bytes as were taken")
    }
}

fn derived(secret: &Key, release: &Release, what: &str, generation: u32) -> Key {
    let parts = [what, &release.recipient, release.purpose.word(), &release.id, &generation.to_string()];
    // Lengths before the parts: "ab","c" and "a","bc" are two keys.
    let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    mac(secret, &format!("onefolk release key 1{text}"))
}

fn pseudonym(key: &Key, person: &PersonId) -> String {
    key::hex(&mac(key, person.as_str())[..BYTES])
}

fn mark(key: &Key) -> String {
    // No person_id is such a text.
    key::hex(&mac(key, "onefolk mark of these pseudonyms")[..MARK_BYTES])
}

/// The key of the pseudonyms that the recipient has had before these, of whichever generation and secret they were. The audit knows them by
/// their mark, so that the table never leads from pseudonyms that nobody has.
fn before(job: &Job, release: &Release, secret: &Key, now: &Key) -> Result<Key> {
    let (handed_out, now) = (audit::pseudonyms(job, &release.id)?, mark(now));
    let last = handed_out.iter().rev().find(|mark| mark.as_deref() != Some(now.as_str()));
    let (secret_before, generation) = (secret_before(job, secret)?, release.pseudonym_generation);
    let of = |secret: &Key, generation: u32| derived(secret, release, "pseudonym", generation);
    match (last, secret_before) {
        (Some(Some(known)), secret_before) => {
            let secrets = [Some(*secret), secret_before].into_iter().flatten();
            let mut all =
                secrets.flat_map(|secret| (1..=GENERATIONS_MAX).map(move |generation| of(&secret, generation)));
            all.find(|key| mark(key) == *known).ok_or_else(|| before_missing(job, release))
        }
        // An earlier version has noted no mark, or nobody has had any: the generation before, or else the secret before.
        (None, _) | (_, None) if generation > 1 => Ok(of(secret, generation - 1)),
        (_, Some(secret_before)) if generation == 1 => Ok(of(&secret_before, generation)),
        _ => Err(before_missing(job, release)),
    }
}

fn before_missing(job: &Job, release: &Release) -> Failure {
    let place = job.policy.release_key_before(&job.output);
    let what = format!("those of release {} were made with a secret that is not in {}", release.id, place.display());
    Failure::new(&PSEUDONYMS_BEFORE_LOST, what)
}

/// The secret before this one; `None` where none is kept, or where a killed `onefolk keys rotate` has left the one that still holds.
fn secret_before(job: &Job, secret: &Key) -> Result<Option<Key>> {
    let path = job.policy.release_key_before(&job.output);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    Ok(Some(key::read(&path).map_err(unusable)?).filter(|before| before != secret))
}

fn mac(key: &Key, text: &str) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn secret(job: &Job) -> Result<Key> {
    let path = job.policy.release_key(&job.output);
    if job.policy.release_key_file.is_some() || path.symlink_metadata().is_ok() {
        return key::read(&path).map_err(unusable);
    }
    if !audit::about(job, None, Some(Event::Release))?.entries.is_empty() {
        return Err(Failure::new(&RELEASE_KEY_UNUSABLE, format!("{} is gone", path.display())));
    }
    key::make(&path).map_err(unusable)
}

pub(super) fn unusable(failure: Failure) -> Failure {
    Failure::new(&RELEASE_KEY_UNUSABLE, failure.what)
}
