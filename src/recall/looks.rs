//! What an identity looks like to every comparison.

use crate::comparison::Comparisons;
use crate::records::Identities;
use rayon::prelude::*;

/// 128 bits that are the same on two nights where, as far as one identity goes, every comparison says the same.
pub type Look = u128;

/// The looks of tonight's identities: their values, by their content hash, and the bins that tonight's holders put these into. Everything
/// else that a pattern is made of is frozen in the model.
#[derive(Debug)]
pub struct Looks<'a> {
    pub(super) hashes: &'a [[u8; 16]],
    pub(super) bins: Vec<u64>,
}

impl<'a> Looks<'a> {
    pub fn of_all(comparisons: &Comparisons, identities: &'a Identities) -> Looks<'a> {
        Looks { hashes: &identities.hash, bins: comparisons.shared_bins() }
    }

    /// The look of one identity. Sums of looks are as evenly spread as looks.
    pub fn of(&self, identity: u32) -> Look {
        let hash = u128::from_le_bytes(self.hashes[identity as usize]);
        let bins = u128::from(self.bins[identity as usize]);
        // An odd number that spreads the few bits of the bins over all 128.
        hash ^ bins.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }

    /// All looks, by identity: for whoever asks for each many times over, and in no order. 16 bytes each.
    pub fn all(&self) -> Vec<Look> {
        (0..self.hashes.len() as u32).into_par_iter().map(|identity| self.of(identity)).collect()
    }

    /// What is kept of the looks beside the content hashes.
    pub fn into_bins(self) -> Vec<u64> {
        self.bins
    }
}
