//! What can be said of two texts by the bytes that they hold, wherever these stand: enough to dismiss nearly all pairs of telephone numbers and
//! many of e-mail addresses without reading them. [`super::shape::Shape`] does the same for words; to it all digits are one.

/// Classes that bytes are counted in: digits have one each, letters share them evenly.
const CLASSES: u32 = 14;
/// What a class counts at most; of a text that has more of one nothing is said.
const COUNT_MAX: u64 = 15;
/// The counts: four bits a class.
const COUNTS: u64 = (1 << (4 * CLASSES)) - 1;
/// Every other count.
const EVEN: u64 = 0x0f0f_0f0f_0f0f_0f0f;

/// How many bytes of each class a text has, and a mark of what stands before its `@`: 8 bytes. Zero where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bag(u64);

impl Bag {
    pub fn of(text: &str) -> Bag {
        if !text.is_ascii() || text.len() > 64 {
            return Bag::default();
        }
        let mut counts = 0;
        for byte in text.bytes() {
            let place = 4 * (u32::from(byte) % CLASSES);
            if counts >> place & COUNT_MAX == COUNT_MAX {
                return Bag::default();
            }
            counts += 1 << place;
        }
        let mark = text.split_once('@').map_or(0, |(local, _)| mark_of(local));
        Bag(counts | mark << (4 * CLASSES))
    }

    /// Whether neither of two texts that differ can be within two edits of the other, nor have its first part (what stands before an `@`), nor a
    /// Jaro–Winkler similarity of `least`.
    ///
    /// An edit takes one byte at most from what the longer text has in common with the other; with m bytes in common, Jaro is (m/a + m/b + 1)/3 at
    /// most, and equal beginnings take four tenths at most of what is missing.
    pub fn are_unlike(self, other: Bag, least: f64) -> bool {
        let (marks, of_both) =
            ((self.0 >> (4 * CLASSES), other.0 >> (4 * CLASSES)), (self.0 & COUNTS, other.0 & COUNTS));
        if of_both.0 == 0 || of_both.1 == 0 || (marks.0 != 0 && marks.0 == marks.1) {
            return false;
        }
        let (a, b) = (sum(of_both.0), sum(of_both.1));
        let common = sum(least_of(of_both.0, of_both.1));
        let (a, b, common, longer) = (f64::from(a), f64::from(b), f64::from(common), a.max(b));
        let jaro = (common / a + common / b + 1.0) / 3.0;
        f64::from(longer) - common > 2.0 && jaro + 0.4 * (1.0 - jaro) < least - 1e-9
    }
}

/// Eight bits of a hash, never zero.
fn mark_of(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    (hash >> 8) % 255 + 1
}

/// The sum of all counts.
fn sum(counts: u64) -> u32 {
    let pairs = (counts & EVEN) + (counts >> 4 & EVEN);
    (pairs.wrapping_mul(0x0101_0101_0101_0101) >> 56) as u32
}

/// The lesser of two counts, class by class.
fn least_of(a: u64, b: u64) -> u64 {
    let of_bytes = |a: u64, b: u64| {
        // The highest bit of a byte stays where `a` has as many; counts of four bits borrow from no neighbour.
        let as_many = ((a | 0x8080_8080_8080_8080) - b) & 0x8080_8080_8080_8080;
        let mask = (as_many >> 7) * 0xff;
        (b & mask) | (a & !mask)
    };
    of_bytes(a & EVEN, b & EVEN) | of_bytes(a >> 4 & EVEN, b >> 4 & EVEN) << 4
}

#[cfg(test)]
mod tests {
    use super::super::kernels::{jaro_winkler, within_two_edits};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_alike_is_dismissed(
            a in "[0-4]{0,11}", b in "[0-4]{0,11}", c in "[a-d]{1,4}@[a-c.]{1,5}", d in "[a-d]{1,4}@[a-c.]{1,5}", e in "\\PC{0,9}", f in "a{0,30}",
        ) {
            for (x, y) in [(&a, &b), (&c, &d), (&a, &c), (&e, &a), (&e, &d), (&f, &a), (&f, &c)] {
                let first = |text: &str| text.split_once('@').map(|(local, _)| local.to_string());
                let alike = within_two_edits(x, y) || jaro_winkler(x, y) >= 0.88 || (first(x).is_some() && first(x) == first(y));
                prop_assert!(!alike || !Bag::of(x).are_unlike(Bag::of(y), 0.88));
            }
        }

        #[test]
        fn counts_are_held_against_each_other_class_by_class(a in prop::collection::vec(0u64..16, 14), b in prop::collection::vec(0u64..16, 14)) {
            let packed = |counts: &[u64]| counts.iter().rev().fold(0, |packed, count| packed << 4 | count);
            let least: Vec<u64> = a.iter().zip(&b).map(|(a, b)| *a.min(b)).collect();
            prop_assert_eq!(least_of(packed(&a), packed(&b)), packed(&least));
            prop_assert_eq!(u64::from(sum(packed(&a))), a.iter().sum::<u64>());
        }
    }

    #[test]
    fn telephone_numbers_of_other_digits_are_dismissed() {
        let unlike = |a: &str, b: &str| Bag::of(a).are_unlike(Bag::of(b), 0.88);
        assert!(unlike("07911123456", "02087998877"));
        assert!(!unlike("07911123456", "07911123465"));
        assert!(!unlike("ann@aaa.org", "ann@bbbbbb.uk"), "the same first part");
    }
}
