//! Scales: from counts to coordinates and shades.

/// Steps of the shades in the style sheet, `h1` to `h7`.
const SHADES: f64 = 7.0;

/// A linear scale from 0.
pub(super) struct Linear {
    top: f64,
    length: f64,
}

impl Linear {
    /// From 0 to a round figure at or above `largest`, over `length` units of the drawing.
    pub fn new(largest: u64, length: f64) -> Linear {
        let step = step(largest);
        Linear { top: ((largest.max(1)).div_ceil(step) * step) as f64, length }
    }

    /// From 0 to `largest` exactly: for bars that carry their figure and need no axis.
    pub fn filled(largest: u64, length: f64) -> Linear {
        Linear { top: largest.max(1) as f64, length }
    }

    pub fn at(&self, count: u64) -> f64 {
        count as f64 / self.top * self.length
    }

    /// Round figures along the scale, without 0, at most five.
    pub fn ticks(&self) -> Vec<u64> {
        let step = step(self.top as u64);
        (1..).map(|index| index * step).take_while(|&tick| tick as f64 <= self.top).collect()
    }
}

/// 1, 2 or 5 times a power of ten that divides `largest` into at most five steps.
fn step(largest: u64) -> u64 {
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            if largest <= 5 * factor * power {
                return factor * power;
            }
        }
        power *= 10;
    }
}

/// The shade class of a share of the largest, 0..=1. Zero has its own. By the square root, so that one large place does not leave
/// all others pale.
pub(in crate::summary) fn shade(share: f64) -> String {
    if share <= 0.0 {
        return "h0".into();
    }
    format!("h{}", (share.sqrt() * SHADES).ceil().clamp(1.0, SHADES) as u8)
}

/// "12,500": with thousands separators.
pub(in crate::summary) fn separated(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        _ => format!("{},{:03}", separated(count / 1_000), count % 1_000),
    }
}

/// "12,500" as "12.5k": labels along an axis.
pub(crate) fn short(count: u64) -> String {
    let with = |value: f64, unit: &str| format!("{}{unit}", (value * 10.0).round() / 10.0);
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => with(count as f64 / 1e3, "k"),
        _ => with(count as f64 / 1e6, "m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_largest() {
        for largest in [0, 1, 8, 99, 100, 101, 12_345, 2_700_000] {
            let scale = Linear::new(largest, 100.0);
            let ticks = scale.ticks();
            assert!((1..=5).contains(&ticks.len()), "{largest}: {ticks:?}");
            assert!(*ticks.last().unwrap() >= largest);
            assert!(scale.at(largest) <= 100.0);
        }
        assert_eq!(Linear::new(850, 1.0).ticks(), [200, 400, 600, 800, 1000]);
    }

    #[test]
    fn labels_and_shades() {
        assert_eq!([separated(950), separated(12_500), separated(2_700_000)], ["950", "12,500", "2,700,000"]);
        assert_eq!([short(950), short(12_500), short(2_700_000)], ["950", "12.5k", "2.7m"]);
        assert_eq!([shade(0.0), shade(0.02), shade(1.0)], ["h0", "h1", "h7"]);
    }
}
