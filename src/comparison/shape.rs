//! What can be said of two words without comparing them letter by letter: enough to dismiss nearly all pairs of unlike words.

/// Letters, length and beginning of a word, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Two bits a letter of a–z: whether it occurs once at least, and twice at least.
    letters: u64,
    /// Bytes that `letters` does not count: third occurrences, and whatever is no letter of a–z.
    more: u8,
    /// In bytes, at most 255.
    pub length: u8,
    /// The first bytes; zero beyond the end.
    start: [u8; 4],
    /// Whether the word has other forms (bill, william).
    pub variants: bool,
    /// ASCII and of at most 64 bytes; of other words nothing is said.
    plain: bool,
}

impl Shape {
    pub fn of(word: &str, variants: bool) -> Shape {
        let (mut letters, mut more, mut start) = (0u64, 0usize, [0; 4]);
        for byte in word.bytes() {
            let once = 1u64 << (2 * u32::from(byte.wrapping_sub(b'a')).min(31));
            match byte {
                b'a'..=b'z' if letters & once == 0 => letters |= once,
                b'a'..=b'z' if letters & once << 1 == 0 => letters |= once << 1,
                _ => more += 1,
            }
        }
        start.iter_mut().zip(word.bytes()).for_each(|(slot, byte)| *slot = byte);
        Shape {
            letters,
            more: more.min(255) as u8,
            length: word.len().min(255) as u8,
            start,
            variants,
            plain: word.is_ascii() && word.len() <= 64,
        }
    }

    /// Bytes that two words have in common at most, wherever they stand.
    fn common(self, other: Shape) -> u32 {
        (self.letters & other.letters).count_ones() + u32::from(self.more.min(other.more))
    }

    /// Whether the first bytes leave it possible that the longer word begins with `self`.
    pub fn may_begin(self, longer: Shape) -> bool {
        let length = usize::from(self.length).min(4);
        self.start[..length] == longer.start[..length]
    }

    /// Whether one edit may separate the two words: all letters but one of the longer are in the shorter.
    pub fn may_be_one_edit(self, longer: Shape) -> bool {
        let told = self.plain && longer.plain;
        longer.length - self.length <= 1 && (!told || self.common(longer) + 1 >= u32::from(longer.length))
    }

    /// Whether the words' Jaro–Winkler similarity may reach `least`: with m bytes in common, Jaro is (m/a + m/b + 1)/3 at most, and equal
    /// beginnings of up to four letters take a tenth each of what is missing.
    pub fn may_be_similar(self, longer: Shape, least: f64) -> bool {
        if !self.plain || !longer.plain {
            return true;
        }
        let common = f64::from(self.common(longer));
        let best = (common / f64::from(self.length) + common / f64::from(longer.length) + 1.0) / 3.0;
        let same_start = (u32::from_le_bytes(self.start) ^ u32::from_le_bytes(longer.start)).trailing_zeros() / 8;
        best + f64::from(same_start) * 0.1 * (1.0 - best) >= least - 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::{jaro_winkler, within_one_edit};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_alike_is_dismissed(a in "[a-d]{1,9}", b in "[a-d]{1,9}", c in "\\PC{1,9}", d in "[a-c'é]{1,9}") {
            for (x, y) in [(&a, &b), (&a, &c), (&c, &d), (&a, &d)] {
                let (x, y) = if x.len() <= y.len() { (x, y) } else { (y, x) };
                let (short, long) = (Shape::of(x, false), Shape::of(y, false));
                prop_assert!(y.len() - x.len() > 1 || !within_one_edit(x, y) || short.may_be_one_edit(long));
                prop_assert!(jaro_winkler(x, y) < 0.85 || short.may_be_similar(long, 0.85));
                prop_assert!(!y.starts_with(x.as_str()) || short.may_begin(long));
            }
        }
    }
}
