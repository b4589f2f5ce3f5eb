//! Pairs that were compared: which blocks they stood in, and the patterns of those that had a chance.

use super::bytes::{Opened, Sealed, Unusable};
use super::{Look, Looks};
use crate::comparison::Pattern;
use crate::records::MISSING;
use std::io::{self, Write};

const KIND: &[u8; 8] = b"ofcomp\0\x01";
/// Blocks are looked up by this many leading bits of their sums first.
const LEADING_BITS: u32 = 16;

/// What a night compared, as it leaves it for the next: written from where it stands, so that no copy of it is made.
#[derive(Debug)]
pub struct Comparing<'a, P> {
    /// Content hashes of the identities, ascending.
    pub hashes: &'a [[u8; 16]],
    /// The bins of their looks.
    pub bins: &'a [u64],
    /// Pairs that had a chance, ascending, left < right.
    pub pairs: P,
    /// For each block the sum of its members' looks, ascending and each once: of such a block every pair was compared.
    pub blocks: &'a [Look],
}

impl<P: ExactSizeIterator<Item = (u32, u32, Pattern)> + Clone> Comparing<'_, P> {
    /// Whether there are few enough pairs to be numbered.
    pub fn can_be_left(&self) -> bool {
        u32::try_from(self.pairs.len()).is_ok()
    }

    /// Writes the file: 28 bytes an identity, 12 a pair and 16 a block.
    ///
    /// # Errors
    /// Where it cannot be written.
    ///
    /// # Panics
    /// Where there are more pairs than [`can_be_left`](Self::can_be_left).
    pub fn write<W: Write>(&self, out: W, settings: &[u8; 32]) -> io::Result<W> {
        let mut file = Sealed::new(out, KIND, settings);
        file.list(self.hashes.iter().copied())?;
        file.list(self.bins.iter().map(|bins| bins.to_le_bytes()))?;
        file.list(self.starts().map(u32::to_le_bytes))?;
        file.list(self.pairs.clone().map(|(_, right, _)| right.to_le_bytes()))?;
        file.list(self.pairs.clone().map(|(_, _, pattern)| pattern.to_le_bytes()))?;
        file.list(self.blocks.iter().map(|sum| sum.to_le_bytes()))?;
        file.finish()
    }

    /// Where the pairs of each identity begin, and where the last one's end.
    fn starts(&self) -> impl ExactSizeIterator<Item = u32> {
        let (mut pairs, mut start) = (self.pairs.clone().peekable(), 0);
        (0..self.hashes.len() + 1).map(move |identity| {
            while pairs.next_if(|(left, ..)| (*left as usize) < identity).is_some() {
                start += 1;
            }
            start
        })
    }
}

/// What the night before compared. About 45 bytes an identity and 12 a pair that had a chance.
#[derive(Debug, Default, PartialEq)]
pub struct Compared {
    /// Content hashes of the identities, ascending.
    hashes: Vec<[u8; 16]>,
    /// The bins of their looks.
    bins: Vec<u64>,
    /// Pairs of identity `i` with greater ones: places `starts[i]..starts[i + 1]`.
    starts: Vec<u32>,
    rights: Vec<u32>,
    patterns: Vec<Pattern>,
    /// For each block the sum of its members' looks, ascending: of such a block every pair was compared.
    blocks: Vec<Look>,
}

impl Compared {
    /// # Errors
    /// Where the file is damaged or of other settings.
    pub fn from_bytes(bytes: &[u8], settings: &[u8; 32]) -> Result<Compared, Unusable> {
        let mut file = Opened::new(bytes, KIND, settings)?;
        let compared = Compared {
            hashes: file.list(|hash| hash)?,
            bins: file.list(u64::from_le_bytes)?,
            starts: file.list(u32::from_le_bytes)?,
            rights: file.list(u32::from_le_bytes)?,
            patterns: file.list(u64::from_le_bytes)?,
            blocks: file.list(u128::from_le_bytes)?,
        };
        file.end()?;
        Ok(compared)
    }

    /// The same in tonight's numbers.
    pub fn tonight(&self, looks: &Looks) -> KnownPairs<'_> {
        let mut known = KnownPairs {
            compared: self,
            now: vec![MISSING; self.hashes.len()],
            before: vec![MISSING; looks.hashes.len()],
            leading: Vec::with_capacity((1 << LEADING_BITS) + 1),
            identities: 0,
        };
        let mut at = 0;
        for (identity, hash) in looks.hashes.iter().enumerate() {
            while self.hashes.get(at).is_some_and(|before| before < hash) {
                at += 1;
            }
            // An identity whose values were rarer or more common then is another one: its patterns may be others.
            if self.hashes.get(at) == Some(hash) && self.bins[at] == looks.bins[identity] {
                known.now[at] = identity as u32;
                known.before[identity] = at as u32;
                known.identities += 1;
            }
        }
        let leading = |bits: usize| self.blocks.partition_point(|sum| ((*sum >> (128 - LEADING_BITS)) as usize) < bits);
        known.leading.extend((0..=1usize << LEADING_BITS).map(leading));
        known
    }
}

/// Sums of looks, ascending and each once: several rules make a third of all blocks of the very same members.
pub fn distinct(mut sums: Vec<Look>) -> Vec<Look> {
    rayon::slice::ParallelSliceMut::par_sort_unstable(sums.as_mut_slice());
    sums.dedup();
    sums.shrink_to_fit();
    sums
}

/// The pairs of the night before, in tonight's numbers.
#[derive(Debug)]
pub struct KnownPairs<'c> {
    compared: &'c Compared,
    /// Tonight's number of each identity of then, and the other way round; [`MISSING`] where there is none.
    now: Vec<u32>,
    before: Vec<u32>,
    /// Where the blocks whose sums begin with each sequence of bits begin.
    leading: Vec<usize>,
    identities: u64,
}

impl KnownPairs<'_> {
    /// Whether all pairs of a block with this sum of looks were compared. Two different blocks have one sum by a chance of 2^-128.
    pub fn has_block(&self, sum: Look) -> bool {
        let leading = (sum >> (128 - LEADING_BITS)) as usize;
        let alike = &self.compared.blocks[self.leading[leading]..self.leading[leading + 1]];
        alike.binary_search(&sum).is_ok()
    }

    /// The identities of which `left` is the smaller one in a pair that had a chance, with the pattern; ascending.
    pub fn of(&self, left: u32) -> impl Iterator<Item = (u32, Pattern)> + '_ {
        let pairs = match self.before[left as usize] {
            MISSING => 0..0,
            at => self.compared.starts[at as usize] as usize..self.compared.starts[at as usize + 1] as usize,
        };
        let now = |at: usize| (self.now[self.compared.rights[at] as usize], self.compared.patterns[at]);
        pairs.map(now).filter(|(right, _)| *right != MISSING)
    }

    /// How many of tonight's identities are known.
    pub fn identities(&self) -> u64 {
        self.identities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> [u8; 16] {
        let mut hash = [n; 16];
        hash[15] = n.wrapping_mul(77);
        hash
    }

    fn compared() -> Compared {
        let hashes = [hash(1), hash(3), hash(5), hash(7)];
        Compared::from_bytes(&written(&hashes), &[7; 32]).expect("it is whole")
    }

    fn written(hashes: &[[u8; 16]]) -> Vec<u8> {
        let pairs = [(0, 1, 11), (0, 3, 13), (1, 2, 17)].into_iter();
        let left = Comparing { hashes, bins: &[0, 0, 9, 0], pairs, blocks: &[30, 40, u128::MAX] };
        assert!(left.can_be_left());
        left.write(Vec::new(), &[7; 32]).expect("there is room")
    }

    #[test]
    fn pairs_are_found_under_tonights_numbers_where_both_look_the_same() {
        let compared = compared();
        // 1 has gone, 2 and 9 are new, and 5 is as before but that its address is shared by more.
        let hashes = [hash(2), hash(3), hash(5), hash(7), hash(9)];
        let looks = Looks { hashes: &hashes, bins: vec![0, 0, 9, 0, 0] };
        let known = compared.tonight(&looks);
        assert_eq!(known.of(1).collect::<Vec<_>>(), [(2, 17)]);
        assert_eq!((known.of(0).count(), known.of(3).count(), known.identities()), (0, 0, 3));
        let others = Looks { hashes: &hashes, bins: vec![0, 0, 8, 0, 0] };
        assert_eq!(compared.tonight(&others).of(1).count(), 0);
        let same = [hash(1), hash(3), hash(5), hash(7)];
        let known = compared.tonight(&Looks { hashes: &same, bins: vec![0, 0, 9, 0] });
        assert_eq!(known.of(0).collect::<Vec<_>>(), [(1, 11), (3, 13)]);
        let sums = [30, 40, u128::MAX, 0, 31, u128::MAX - 1].map(|sum| known.has_block(sum));
        assert_eq!(sums, [true, true, true, false, false, false]);
    }

    #[test]
    fn a_file_is_used_whole_and_under_its_own_settings_or_not_at_all() {
        let bytes = written(&[hash(1), hash(3), hash(5), hash(7)]);
        assert_eq!(Compared::from_bytes(&bytes, &[7; 32]), Ok(compared()));
        assert_eq!(Compared::from_bytes(&bytes, &[8; 32]), Err(Unusable::OfOtherSettings));
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(Compared::from_bytes(&other, &[7; 32]), Err(Unusable::Damaged), "byte {at}");
            assert_eq!(Compared::from_bytes(&bytes[..at], &[7; 32]), Err(Unusable::Damaged), "cut at {at}");
        }
    }
}
