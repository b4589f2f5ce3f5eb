//! NHS numbers of the test range, one a person, no two alike.
//!
//! 999 and six free digits give 909,091 valid numbers; larger populations go on with 998, 997 … 900, all of which are never issued
//! (DOMAIN.md section 1), which is enough for ninety million people.

use super::chance::spread;

const WEIGHTS: [u32; 9] = [10, 9, 8, 7, 6, 5, 4, 3, 2];

/// The check digit of nine digits, `None` where no valid number begins with them.
pub(super) fn check_digit(nine: u32) -> Option<u32> {
    let mut rest = nine;
    let sum: u32 = WEIGHTS
        .iter()
        .rev()
        .map(|weight| {
            let digit = rest % 10;
            rest /= 10;
            digit * weight
        })
        .sum();
    match 11 - sum % 11 {
        11 => Some(0),
        10 => None,
        digit => Some(digit),
    }
}

/// Hands out the numbers of a population of known size.
pub(super) struct Numbers {
    /// By prefix from 999 downwards: the middle six digits that give a valid number.
    valid: Vec<Vec<u32>>,
    seed: u64,
}

impl Numbers {
    /// Room for `count` numbers; `None` where the test range is too small.
    pub fn new(count: u64, seed: u64) -> Option<Self> {
        let (mut valid, mut room) = (Vec::new(), 0u64);
        while room < count {
            let prefix = 999u32.checked_sub(valid.len() as u32).filter(|&prefix| prefix >= 900)?;
            let usable =
                |&middle: &u32| check_digit(prefix * 1_000_000 + middle).is_some() && !is_filler(prefix, middle);
            let middles: Vec<u32> = (0..1_000_000).filter(usable).collect();
            room += middles.len() as u64;
            valid.push(middles);
        }
        Some(Numbers { valid, seed })
    }

    /// The number of the person with this index: ten digits.
    pub fn number(&self, index: u64) -> u64 {
        let mut index = index;
        for (place, middles) in self.valid.iter().enumerate() {
            let size = middles.len() as u64;
            if index < size {
                // A step without a common factor visits every number once, in an order without meaning.
                let step = step_without_common_factor(size, spread(self.seed));
                let middle = middles[((index as u128 * step as u128 + spread(self.seed ^ 7) as u128 % size as u128)
                    % size as u128) as usize];
                let nine = (999 - place as u32) * 1_000_000 + middle;
                return u64::from(nine) * 10 + u64::from(check_digit(nine).unwrap_or(0));
            }
            index -= size;
        }
        unreachable!("Numbers::new made room for every index")
    }
}

/// Ten equal digits and the n00000000n pattern are fillers (DOMAIN.md section 1).
fn is_filler(prefix: u32, middle: u32) -> bool {
    (prefix == 999 && middle == 999_999) || (prefix == 900 && middle == 0)
}

fn step_without_common_factor(size: u64, wanted: u64) -> u64 {
    let common = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let mut step = wanted % size;
    while common(step, size) != 1 {
        step += 1;
    }
    step
}
