//! To whom chains of pairs go on from each identity that one of them has come to, known to all threads: in a large population chains come to most
//! identities two or three times, and to look at one's neighbours anew takes 10 µs, to look here a fiftieth of it.

use rustc_hash::FxHashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Parts of what threads know together.
const PARTS: usize = 256;
/// Of one identity.
type Others = Box<[(u32, i64)]>;

/// By identity, others and the weights of their pairs with it, in 1/1024 bit. In parts, so that threads seldom wait for each other.
#[derive(Debug)]
pub(super) struct Near {
    parts: Vec<Mutex<FxHashMap<u32, Others>>>,
}

impl Default for Near {
    fn default() -> Near {
        Near { parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }
}

impl Near {
    /// Where an identity is known.
    fn part(&self, identity: u32) -> MutexGuard<'_, FxHashMap<u32, Others>> {
        self.parts[identity as usize % PARTS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies what is known of one identity; `false` where nothing is.
    pub fn take(&self, identity: u32, to: &mut Vec<(u32, i64)>) -> bool {
        let part = self.part(identity);
        let Some(known) = part.get(&identity) else { return false };
        to.clear();
        to.extend_from_slice(known);
        true
    }

    /// Makes it known.
    pub fn put(&self, identity: u32, near: &[(u32, i64)]) {
        self.part(identity).insert(identity, near.into());
    }
}
