//! Pairs that were compared: which blocks they stood in, and the patterns of those that had a chance.
//!
//! What the night before compared is never in memory as a whole: it is gone through once, in the order in which it was written.

use super::bytes::{self, Opened, Sealed, Unusable};
use super::{Look, Looks};
use crate::comparison::Pattern;
use crate::records::MISSING;
use rayon::prelude::*;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const KIND: &[u8; 8] = b"ofcomp\0\x02";
/// Blocks are looked up by this many leading bits of their sums first.
const LEADING_BITS: u32 = 16;
/// Pairs that one thread looks at in one go.
const PAIRS_PER_CHUNK: usize = 1 << 14;

/// What a night compared, while it is written for the next: 28 bytes an identity, 12 a pair and 16 a block. Blocks are written as soon as they are known, so
/// that nobody has to hold them until people are made.
#[derive(Debug)]
pub struct Comparing<W>(Sealed<W>);

impl<W: Write> Comparing<W> {
    /// Begins the file. `blocks` has for each block the sum of its members' looks, ascending and each once: of such a block every pair is compared.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(out: W, blocks: &[Look]) -> io::Result<Comparing<W>> {
        let mut file = Sealed::new(out, KIND);
        file.list(blocks.iter().map(|sum| sum.to_le_bytes()))?;
        Ok(Comparing(file))
    }

    /// Ends it with the identities, by the content hashes, ascending, and the bins of their looks, and with the pairs that had a chance, ascending,
    /// left < right.
    ///
    /// # Errors
    /// Where it cannot be written.
    ///
    /// # Panics
    /// Where there are more pairs than [`can_be_left`].
    pub fn finish(
        self,
        (hashes, bins): (&[[u8; 16]], &[u64]),
        pairs: impl ExactSizeIterator<Item = (u32, u32, Pattern)> + Clone,
        settings: &[u8; 32],
    ) -> io::Result<W> {
        assert!(can_be_left(pairs.len()), "pairs are numbered");
        let Comparing(mut file) = self;
        file.list(hashes.iter().zip(bins).map(|(hash, bins)| identity_bytes(hash, *bins)))?;
        file.list(starts(hashes.len(), pairs.clone()).map(u32::to_le_bytes))?;
        file.list(pairs.map(|(_, right, pattern)| pair_bytes(right, pattern)))?;
        file.finish(settings)
    }
}

/// Whether there are few enough pairs to be numbered.
pub fn can_be_left(pairs: usize) -> bool {
    u32::try_from(pairs).is_ok()
}

/// Where the pairs of each identity begin, and where the last one's end.
fn starts(identities: usize, pairs: impl Iterator<Item = (u32, u32, Pattern)>) -> impl ExactSizeIterator<Item = u32> {
    let (mut pairs, mut start) = (pairs.peekable(), 0);
    (0..identities + 1).map(move |identity| {
        while pairs.next_if(|(left, ..)| (*left as usize) < identity).is_some() {
            start += 1;
        }
        start
    })
}

fn identity_bytes(hash: &[u8; 16], bins: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(hash);
    bytes[16..].copy_from_slice(&bins.to_le_bytes());
    bytes
}

fn pair_bytes(right: u32, pattern: Pattern) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&right.to_le_bytes());
    bytes[4..].copy_from_slice(&pattern.to_le_bytes());
    bytes
}

fn pair_of(bytes: &[u8; 12]) -> (u32, Pattern) {
    let (right, pattern) = bytes.split_at(4);
    (
        u32::from_le_bytes(right.try_into().expect("four bytes")),
        u64::from_le_bytes(pattern.try_into().expect("eight bytes")),
    )
}

/// What the night before compared: a file that is whole, or none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared(Option<PathBuf>);

impl Compared {
    /// # Errors
    /// Where the file is damaged or of other settings, or cannot be read.
    pub fn at(path: &Path, settings: &[u8; 32]) -> Result<Compared, Unusable> {
        bytes::check(path, KIND, settings)?;
        Ok(Compared(Some(path.to_path_buf())))
    }

    /// Whether nothing was left.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// What of it holds for tonight's identities and for blocks with these sums of looks, ascending and each once; `None` where nothing was left.
    ///
    /// # Errors
    /// Where it cannot be read any more.
    pub fn tonight(&self, looks: &Looks, blocks: &[Look]) -> io::Result<Option<KnownPairs>> {
        let Some(path) = &self.0 else { return Ok(None) };
        let mut file = Opened::at(path)?;
        let blocks = KnownBlocks::of(&mut file, blocks)?;
        let (now, identities) = tonights_numbers(&mut file, looks)?;
        let starts = file.list(u32::from_le_bytes)?;
        Ok(Some(KnownPairs { blocks, identities, now, starts, pairs: file }))
    }
}

/// Tonight's number of each identity of then, [`MISSING`] where it is no more, and how many of tonight's were there.
fn tonights_numbers(file: &mut Opened, looks: &Looks) -> io::Result<(Vec<u32>, u64)> {
    let (mut now, mut tonight, mut known) = (Vec::new(), 0, 0);
    file.each_some(|length, some: &[[u8; 24]]| {
        now.reserve_exact(length - now.len());
        for bytes in some {
            let (hash, bins) = bytes.split_at(16);
            while looks.hashes.get(tonight).is_some_and(|of_tonight| of_tonight.as_slice() < hash) {
                tonight += 1;
            }
            // An identity whose values were rarer or more common then is another one: its patterns may be others.
            let is_same = looks.hashes.get(tonight).is_some_and(|of_tonight| of_tonight == hash)
                && looks.bins[tonight].to_le_bytes() == bins;
            now.push(if is_same { tonight as u32 } else { MISSING });
            known += u64::from(is_same);
        }
    })?;
    Ok((now, known))
}

/// Which of tonight's blocks were there.
#[derive(Debug)]
struct KnownBlocks {
    /// By place in tonight's sums, ascending and each once.
    is_known: Vec<bool>,
    /// Where the sums that begin with each sequence of bits begin.
    leading: Vec<usize>,
}

impl KnownBlocks {
    fn of(file: &mut Opened, blocks: &[Look]) -> io::Result<KnownBlocks> {
        let (mut is_known, mut place) = (vec![false; blocks.len()], 0);
        file.each_some(|_, some: &[[u8; 16]]| {
            for sum in some.iter().map(|sum| Look::from_le_bytes(*sum)) {
                while blocks.get(place).is_some_and(|of_tonight| *of_tonight < sum) {
                    place += 1;
                }
                if blocks.get(place) == Some(&sum) {
                    is_known[place] = true;
                }
            }
        })?;
        let leading = |bits: usize| blocks.partition_point(|sum| ((*sum >> (128 - LEADING_BITS)) as usize) < bits);
        Ok(KnownBlocks { is_known, leading: (0..=1usize << LEADING_BITS).map(leading).collect() })
    }

    fn has(&self, blocks: &[Look], sum: Look) -> bool {
        let leading = (sum >> (128 - LEADING_BITS)) as usize;
        let from = self.leading[leading];
        let alike = &blocks[from..self.leading[leading + 1]];
        alike.binary_search(&sum).is_ok_and(|place| self.is_known[from + place])
    }
}

/// Sums of looks, ascending and each once: several rules make a third of all blocks of the very same members.
pub fn distinct(mut sums: Vec<Look>) -> Vec<Look> {
    sums.par_sort_unstable();
    sums.dedup();
    sums.shrink_to_fit();
    sums
}

/// What the night before compared, as far as tonight asks for it: 4 bytes an identity of then, twice, and a byte a block.
pub struct KnownPairs {
    blocks: KnownBlocks,
    /// Tonight's number of each identity of then; [`MISSING`] where there is none.
    now: Vec<u32>,
    identities: u64,
    /// Pairs of identity `i` of then with greater ones: places `starts[i]..starts[i + 1]`.
    starts: Vec<u32>,
    /// The file where they stand.
    pairs: Opened,
}

impl KnownPairs {
    /// By block whether all its pairs were compared: `sums` are those of its members' looks, `blocks` the same, ascending and each once, that
    /// [`Compared::tonight`] was asked with. Two different blocks have one sum by a chance of 2^-128.
    pub fn of_blocks(&self, sums: &[Look], blocks: &[Look]) -> Vec<bool> {
        sums.par_iter().map(|sum| self.blocks.has(blocks, *sum)).collect()
    }

    /// How many of tonight's identities are known.
    pub fn identities(&self) -> u64 {
        self.identities
    }

    /// What `of_pair` makes of each pair that had a chance and of which both are still there, left < right, with its pattern; on many threads, `memory` is
    /// each one's own.
    ///
    /// # Errors
    /// Where they cannot be read any more.
    pub fn gather<T: Send, M>(
        self,
        memory: impl Fn() -> M + Sync,
        of_pair: impl Fn(&mut M, (u32, u32), Pattern) -> Option<T> + Sync,
    ) -> io::Result<Vec<Vec<T>>> {
        let KnownPairs { now, starts, mut pairs, .. } = self;
        let of_chunk = |memory: &mut M, (first, chunk): (usize, &[[u8; 12]])| {
            let mut left = starts.partition_point(|start| *start as usize <= first) - 1;
            let mut kept = Vec::new();
            for (place, bytes) in (first..).zip(chunk) {
                while starts[left + 1] as usize <= place {
                    left += 1;
                }
                let (right, pattern) = pair_of(bytes);
                let pair = (now[left], now[right as usize]);
                if pair.0 != MISSING && pair.1 != MISSING {
                    kept.extend(of_pair(memory, pair, pattern));
                }
            }
            kept.shrink_to_fit();
            kept
        };
        let (mut all, mut place) = (Vec::new(), 0);
        pairs.each_some(|_, some: &[[u8; 12]]| {
            let chunks = some.par_chunks(PAIRS_PER_CHUNK).enumerate();
            let chunks = chunks.map(|(nth, chunk)| (place + nth * PAIRS_PER_CHUNK, chunk)).with_max_len(1);
            all.par_extend(chunks.map_init(&memory, of_chunk));
            place += some.len();
        })?;
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn hash(n: u8) -> [u8; 16] {
        let mut hash = [n; 16];
        hash[15] = n.wrapping_mul(77);
        hash
    }

    const BLOCKS: [Look; 3] = [30, 40, u128::MAX];

    fn written(hashes: &[[u8; 16]]) -> Vec<u8> {
        let pairs = [(0, 1, 11), (0, 3, 13), (1, 2, 17)].into_iter();
        assert!(can_be_left(pairs.len()));
        let file = Comparing::begin(Vec::new(), &BLOCKS).expect("there is room");
        file.finish((hashes, &[0, 0, 9, 0]), pairs, &[7; 32]).expect("there is room")
    }

    /// The pairs that are known of identities with these hashes and bins, and how many of these are.
    fn known(path: &Path, hashes: &[[u8; 16]], bins: Vec<u64>) -> (Vec<(u32, u32, Pattern)>, u64) {
        let compared = Compared::at(path, &[7; 32]).expect("it is whole");
        let looks = Looks { hashes, bins };
        let known = compared.tonight(&looks, &[]).expect("it can be read").expect("there is something");
        let identities = known.identities();
        let pairs = known.gather(|| (), |(), (left, right), pattern| Some((left, right, pattern)));
        (pairs.expect("it can be read").concat(), identities)
    }

    #[test]
    fn pairs_are_found_under_tonights_numbers_where_both_look_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compared");
        fs::write(&path, written(&[hash(1), hash(3), hash(5), hash(7)])).expect("a file");
        // 1 has gone, 2 and 9 are new, and 5 is as before but that its address is shared by more.
        let hashes = [hash(2), hash(3), hash(5), hash(7), hash(9)];
        assert_eq!(known(&path, &hashes, vec![0, 0, 9, 0, 0]), (vec![(1, 2, 17)], 3));
        assert_eq!(known(&path, &hashes, vec![0, 0, 8, 0, 0]), (vec![], 2));
        let same = [hash(1), hash(3), hash(5), hash(7)];
        assert_eq!(known(&path, &same, vec![0, 0, 9, 0]), (vec![(0, 1, 11), (0, 3, 13), (1, 2, 17)], 4));
    }

    #[test]
    fn blocks_are_known_by_their_sums() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compared");
        fs::write(&path, written(&[hash(1), hash(3), hash(5), hash(7)])).expect("a file");
        let compared = Compared::at(&path, &[7; 32]).expect("it is whole");
        let sums = [30, 40, u128::MAX, 0, 31, u128::MAX - 1, 40];
        let blocks = distinct(sums.to_vec());
        let looks = Looks { hashes: &[], bins: vec![] };
        let known = compared.tonight(&looks, &blocks).expect("it can be read").expect("there is something");
        assert_eq!(known.of_blocks(&sums, &blocks), [true, true, true, false, false, false, true]);
        assert!(Compared::default().tonight(&looks, &blocks).expect("nothing is read").is_none());
    }

    #[test]
    fn a_file_is_used_whole_and_under_its_own_settings_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compared");
        let bytes = written(&[hash(1), hash(3), hash(5), hash(7)]);
        fs::write(&path, &bytes).expect("a file");
        assert_eq!(Compared::at(&path, &[7; 32]), Ok(Compared(Some(path.clone()))));
        assert_eq!(Compared::at(&path, &[8; 32]), Err(Unusable::OfOtherSettings));
        let earlier = Sealed::new(Vec::new(), b"ofcomp\0\x01").finish(&[7; 32]).expect("there is room");
        fs::write(&path, earlier).expect("a file");
        assert_eq!(Compared::at(&path, &[7; 32]), Err(Unusable::OfOtherSettings), "another version");
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            fs::write(&path, &other).expect("a file");
            assert_eq!(Compared::at(&path, &[7; 32]), Err(Unusable::Damaged), "byte {at}");
            fs::write(&path, &bytes[..at]).expect("a file");
            assert_eq!(Compared::at(&path, &[7; 32]), Err(Unusable::Damaged), "cut at {at}");
        }
        fs::remove_file(&path).expect("it is there");
        assert_eq!(Compared::at(&path, &[7; 32]), Err(Unusable::Unreadable(io::ErrorKind::NotFound)));
    }
}
