//! Many things in slices, so that no more than a slice of them has to be laid out at a time.

use rayon::prelude::*;

/// Things whose slices are found, and read again, as one piece of work.
const AT_ONCE: usize = 1 << 16;

/// Which slice each of many things is in. A byte a thing: finding it anew for each slice would be two waits for memory a thing and slice, 2 × 100 M × 12
/// in the largest populations.
pub(super) struct Sliced {
    pub slices: usize,
    slice_of: Vec<u8>,
    /// How many of each slice are in each [`AT_ONCE`] things.
    counts: Vec<Vec<u32>>,
}

impl Sliced {
    /// `slice_of` gives the slice of each of so many things. There are one to 255 slices, whatever is asked.
    pub fn of(things: usize, slices: usize, slice_of: impl Fn(usize, usize) -> usize + Sync) -> Sliced {
        let slices = slices.clamp(1, usize::from(u8::MAX));
        let mut all = vec![0u8; things];
        let part = |(part, own): (usize, &mut [u8])| {
            let mut counts = vec![0u32; slices];
            for (slot, at) in own.iter_mut().zip(part * AT_ONCE..) {
                let slice = slice_of(at, slices);
                *slot = slice as u8;
                counts[slice] += 1;
            }
            counts
        };
        let counts = all.par_chunks_mut(AT_ONCE).enumerate().map(part).collect();
        Sliced { slices, slice_of: all, counts }
    }

    /// What `what` gives of each thing of a slice, in their order.
    pub fn each<T: Copy + Default + Send>(&self, slice: usize, what: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let mut found = vec![T::default(); self.counts.iter().map(|counts| counts[slice] as usize).sum()];
        let (mut parts, mut rest) = (Vec::new(), found.as_mut_slice());
        for (part, counts) in self.counts.iter().enumerate() {
            let (own, after) = rest.split_at_mut(counts[slice] as usize);
            parts.push((part * AT_ONCE, own));
            rest = after;
        }
        parts.into_par_iter().for_each(|(from, own)| {
            let of_slice = self.slice_of[from..].iter().enumerate().filter(|(_, of)| usize::from(**of) == slice);
            own.iter_mut().zip(of_slice).for_each(|(slot, (at, _))| *slot = what(from + at));
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_is_in_its_slice_once_and_in_order() {
        let things = 3 * AT_ONCE + 17;
        for asked in [0, 1, 5, 12, 300] {
            let slice_of = |at: usize, slices: usize| at.wrapping_mul(2_654_435_761) % 1_000_003 % slices;
            let sliced = Sliced::of(things, asked, slice_of);
            assert_eq!(sliced.slices, asked.clamp(1, 255));
            for slice in 0..sliced.slices {
                let own: Vec<usize> = (0..things).filter(|&at| slice_of(at, sliced.slices) == slice).collect();
                assert_eq!(sliced.each(slice, |at| at), own);
            }
        }
        assert!(Sliced::of(0, 3, |_, _| 0).each(2, |at| at).is_empty());
    }
}
