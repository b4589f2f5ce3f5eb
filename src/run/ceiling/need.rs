//! How much memory a night will hold, by what it holds where linking begins and by how many identities and pairs there are.

// Fitted to runs of 60,000 to 2.6 million rows (docs/measurements.md).
/// Bytes of blocks while they are made, an identity, and pairs that it usually meets.
pub(super) const BLOCK_IDENTITY_BYTES: f64 = 130.0;
pub(super) const PAIRS_USUAL: u64 = 10;
/// Bytes of what is kept of blocks for the night, an identity, while they are made for the pass before it.
pub(super) const KEPT_IDENTITY_BYTES: f64 = 60.0;
/// Bytes that scoring and making people take on top of blocks, an identity: its nodes, its part of the joins.
pub(super) const LINKED_IDENTITY_BYTES: f64 = 80.0;
/// The same, a candidate pair of which nearly one in two has a chance: 24 bytes that it is scored in, and what people are made of beside it.
const SCORED_PAIR_BYTES: f64 = 11.5;
const PEOPLE_PAIR_BYTES: f64 = 14.5;
/// The last of these, a pair that has a chance.
pub(super) const KEPT_PAIR_BYTES: f64 = 28.0;
/// Bytes of learning, a pair looked at: edges of several candidate models, and the clusters of each.
const LEARNING_PAIR_BYTES: f64 = 70.0;
/// Of more pairs than this a sample is clustered while learning.
const LEARNING_PAIRS: u64 = 2_500_000;
/// Bytes of best records and tables, an identity, on top of what stood before blocks.
const PUBLISHED_IDENTITY_BYTES: f64 = 120.0;
/// Bytes that tables and report take however few identities there are; where people are linked that takes more.
const PUBLISHING_BYTES: u64 = 16 << 20;

/// Columns of so many bytes wait on disk whatever the job allows: those of some ten million rows.
pub(super) const COLUMNS_LARGE: u64 = 1 << 30;

/// What is about to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linking {
    pub identities: u64,
    /// Distinct pairs that are compared and joined.
    pub pairs: u64,
    /// Whether a model is learnt on the way.
    pub learns: bool,
}

impl Linking {
    /// Bytes that linking adds to what is held once blocks are made; `aside`: while its scored pairs wait on disk.
    fn bytes(self, aside: bool) -> f64 {
        let pair = if aside { SCORED_PAIR_BYTES.max(PEOPLE_PAIR_BYTES) } else { SCORED_PAIR_BYTES + PEOPLE_PAIR_BYTES };
        let linking = self.identities as f64 * LINKED_IDENTITY_BYTES + self.pairs as f64 * pair;
        let learning = if self.learns { self.pairs.min(LEARNING_PAIRS) as f64 * LEARNING_PAIR_BYTES } else { 0.0 };
        linking.max(learning)
    }
}

/// Bytes of what can wait on disk while records are linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::run) struct CanWait {
    /// Of the records' columns.
    pub columns: u64,
    /// Of where records stand and of their record_ids, where these wait as well.
    pub places: u64,
}

impl CanWait {
    pub fn all(self) -> u64 {
        self.columns + self.places
    }
}

/// What a night holds on its way to linking, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Held {
    /// Before there are blocks, and with them; what can wait in both.
    pub before: u64,
    pub blocked: u64,
    pub can_wait: CanWait,
}

/// What a night needs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Need {
    /// With everything in memory but columns that wait on disk whatever the job allows.
    pub whole: u64,
    /// With the columns of the records on disk while they are linked, and the scored pairs while people are made. The columns are there before
    /// and after.
    pub least: u64,
}

impl Need {
    pub fn of(held: Held, linking: Linking) -> Need {
        let identities = linking.identities as f64;
        let published = held.before as f64 + identities * PUBLISHED_IDENTITY_BYTES;
        let most = |waiting: u64, aside: bool| {
            let blocking = held.before.saturating_sub(waiting) as f64 + identities * BLOCK_IDENTITY_BYTES;
            let linking = held.blocked.saturating_sub(waiting) as f64 + linking.bytes(aside);
            blocking.max(linking).max(published) as u64
        };
        let all = held.can_wait.all();
        let waiting = if held.can_wait.columns >= COLUMNS_LARGE { all } else { 0 };
        Need { whole: most(waiting, false), least: most(all, true) }
    }

    /// Of a night that takes over how the night before has linked so many identities, and holds so many bytes with that: best records and tables are all
    /// that comes, and nothing waits on disk.
    pub fn of_publishing(held: u64, identities: u64) -> Need {
        let bytes = held + (identities as f64 * PUBLISHED_IDENTITY_BYTES) as u64 + PUBLISHING_BYTES;
        Need { whole: bytes, least: bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foretold_grows_with_each_of_its_causes() {
        let linking = |identities, pairs, learns| Linking { identities, pairs, learns }.bytes(false);
        let base = linking(800_000, 5_000_000, false);
        assert!(linking(1_600_000, 5_000_000, false) > base && linking(800_000, 10_000_000, false) > base);
        assert!(linking(20_000, 1_000_000, true) > linking(20_000, 1_000_000, false));
    }

    #[test]
    fn what_waits_on_disk_makes_room_but_for_what_is_held_before_and_after() {
        let linking = Linking { identities: 1_000, pairs: 100_000, learns: false };
        let all = |columns, places| CanWait { columns, places };
        let held = |columns, places| Held { before: 5_000_000, blocked: 6_000_000, can_wait: all(columns, places) };
        let (whole, aside) = (6_000_000 + linking.bytes(false) as u64, linking.bytes(true) as u64);
        assert!(whole > 6_000_000 + aside, "scored pairs wait as well");
        assert_eq!(Need::of(held(100_000, 0), linking), Need { whole, least: 5_900_000 + aside });
        assert_eq!(Need::of(held(70_000, 30_000), linking), Need { whole, least: 5_900_000 + aside });
        assert_eq!(Need::of(held(4_000_000, 0), linking), Need { whole, least: 5_120_000 });
        let large = |places| Held { before: 5 << 30, blocked: 7 << 30, can_wait: all(COLUMNS_LARGE, places) };
        let rest = (6 << 30) + linking.bytes(false) as u64;
        assert_eq!(Need::of(large(0), linking).whole, rest, "large columns wait anyway");
        assert_eq!(Need::of(large(1 << 29), linking).whole, rest - (1 << 29), "and where records stand with them");
        let published = Need::of_publishing(5_000_000, 1_000);
        let need = 5_120_000 + PUBLISHING_BYTES;
        assert_eq!(published, Need { whole: need, least: need }, "linking is taken over");
    }
}
