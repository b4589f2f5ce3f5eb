//! Shares with their intervals.

use serde::Serialize;

/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A share and its 95 % interval; all absent where there is nothing to take a share of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// `hits` of `all`, with the score interval of Wilson (1927), <https://doi.org/10.1080/01621459.1927.10502953>.
pub fn wilson(hits: u64, all: u64) -> Estimate {
    if all == 0 {
        return Estimate { value: None, low: None, high: None };
    }
    let (n, p) = (all as f64, hits as f64 / all as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At both ends the formula meets 0 and 1 up to rounding.
    Estimate { value: Some(p), low: Some((centre - half).clamp(0.0, p)), high: Some((centre + half).clamp(p, 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe (1998), table I: 81 of 263 has the score interval .2553 to .3662, and 0 of 20 has 0 to .1611.
    #[test]
    fn agrees_with_published_intervals() {
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.unwrap() - expected).abs() < 5e-5, "{found:?} {expected}")
        };
        let many = wilson(81, 263);
        near(many.low, 0.2553);
        near(many.high, 0.3662);
        let none = wilson(0, 20);
        near(none.low, 0.0);
        near(none.high, 0.1611);
        assert_eq!(wilson(0, 0).value, None);
        assert_eq!(wilson(7, 7).high, Some(1.0));
    }
}
