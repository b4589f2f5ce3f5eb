//! A scale for shares that are nearly 1: it begins as high as the figures allow.

/// Where a scale may begin, and the step of its ticks.
const BEGINNINGS: [(f64, f64); 10] = [
    (0.0, 0.2),
    (0.5, 0.1),
    (0.8, 0.05),
    (0.9, 0.02),
    (0.95, 0.01),
    (0.98, 0.005),
    (0.99, 0.002),
    (0.995, 0.001),
    (0.998, 0.0005),
    (0.999, 0.0002),
];

/// From a round share to 1, over `length` units of the drawing.
pub(super) struct Shares {
    pub low: f64,
    step: f64,
    length: f64,
}

impl Shares {
    pub fn down_to(lowest: f64, length: f64) -> Shares {
        let fits = |(low, _): &&(f64, f64)| *low <= lowest;
        let (low, step) = BEGINNINGS.iter().rev().find(fits).copied().unwrap_or(BEGINNINGS[0]);
        Shares { low, step, length }
    }

    pub fn at(&self, share: f64) -> f64 {
        (share.clamp(self.low, 1.0) - self.low) / (1.0 - self.low) * self.length
    }

    pub fn ticks(&self) -> Vec<f64> {
        let steps = ((1.0 - self.low) / self.step).round() as usize;
        (0..=steps).map(|at| self.low + at as f64 * self.step).collect()
    }
}

/// "99.5 %", with as many digits as the share needs.
pub(super) fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0).round() / 100.0;
    format!("{hundredths}\u{a0}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_begin_below_the_lowest_and_end_at_one() {
        for lowest in [0.0, 0.3, 0.51, 0.97, 0.9991, 1.0] {
            let scale = Shares::down_to(lowest, 100.0);
            let ticks = scale.ticks();
            assert!(scale.low <= lowest && (4..=6).contains(&ticks.len()), "{lowest}: {ticks:?}");
            assert!((ticks.last().unwrap() - 1.0).abs() < 1e-9 && (scale.at(1.0) - 100.0).abs() < 1e-9);
        }
        assert_eq!([percent(0.9995), percent(1.0), percent(0.8)], ["99.95\u{a0}%", "100\u{a0}%", "80\u{a0}%"]);
    }
}
