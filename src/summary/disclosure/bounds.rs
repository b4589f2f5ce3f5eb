//! What a reader can work out: each printed cell is an interval, each sum an equation, and bounds are passed along until nothing moves.

use super::table::Sum;

/// What a reader knows of a count: both ends are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub low: u64,
    pub high: u64,
}

/// Narrows the bounds of all cells by all sums. Exact for sums that form a tree; of others, what single sums say in turn.
pub(super) fn narrowed(mut bounds: Vec<Bounds>, sums: &[Sum]) -> Vec<Bounds> {
    // Each round carries knowledge one sum further; a tree settles within its depth.
    for _ in 0..=2 * sums.len() {
        let moved = sums.iter().fold(false, |moved, sum| narrow(sum, &mut bounds) | moved);
        if !moved {
            break;
        }
    }
    bounds
}

/// Narrows whole and parts of one sum by each other; true where something moved.
fn narrow(sum: &Sum, bounds: &mut [Bounds]) -> bool {
    let low: u64 = sum.parts.iter().map(|part| part.times * bounds[part.cell].low).sum();
    let high: u64 = sum.parts.iter().map(|part| part.times * bounds[part.cell].high).sum();
    let whole = bounds[sum.whole];
    let tighter = Bounds { low: whole.low.max(low), high: whole.high.min(high) };
    let mut moved = tighter != whole;
    bounds[sum.whole] = tighter;
    for part in &sum.parts {
        let (own, times) = (bounds[part.cell], part.times);
        let least = tighter.low.saturating_sub(high - times * own.high).div_ceil(times);
        let most = tighter.high.saturating_sub(low - times * own.low) / times;
        let next = Bounds { low: own.low.max(least), high: own.high.min(most) };
        moved |= next != own;
        bounds[part.cell] = next;
    }
    moved
}
