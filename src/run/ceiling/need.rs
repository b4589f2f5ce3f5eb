//! How much memory a night will hold, by what it holds where linking begins and by how many identities and pairs there are.

use crate::blocking;
use crate::clustering::{CHOICE_IDENTITIES, SAMPLE_IDENTITIES};

// Fitted to runs of 1,200 to 2.6 million rows on one to eight threads (docs/measurements.md).
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
/// Bytes of learning, a pair that is clustered meanwhile: what is known of it, and what the form of a model that is decided on clusters.
const LEARNING_PAIR_BYTES: f64 = 60.0;
/// On top, for each form that is clustered at once: its edges and its clusters.
const LEARNING_FORM_PAIR_BYTES: f64 = 20.0;
/// Bytes of learning however few pairs there are: parts of the program that nothing has asked for before.
const LEARNING_BYTES: f64 = (8 << 20) as f64;
/// Pairs that an identity of a small population meets, at the most.
const PAIRS_MOST: u64 = 40;
/// Bytes of best records and tables, an identity, on top of what stood before blocks.
const PUBLISHED_IDENTITY_BYTES: f64 = 120.0;
/// Bytes that tables and report take however few identities there are.
const PUBLISHING_BYTES: u64 = 20 << 20;
/// The same where linking is taken over: what it leaves behind is not there.
const PUBLISHING_ALONE_BYTES: u64 = 16 << 20;

/// Columns of so many bytes wait on disk whatever the job allows: those of some ten million rows.
pub(super) const COLUMNS_LARGE: u64 = 1 << 30;

/// What is about to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linking {
    pub identities: u64,
    /// Distinct pairs that are compared and joined.
    pub pairs: u64,
    /// How many forms of a model are clustered at once while it is learnt ([`clustering::forms_at_once`](crate::clustering::forms_at_once)); 0 where
    /// none is learnt.
    pub forms: u64,
}

impl Linking {
    /// What so many identities take that nobody has blocked yet, about: as many pairs as a training lets them have.
    pub(super) fn usual(identities: u64, forms: u64) -> Linking {
        let pairs = blocking::budget_of(identities as usize).min(identities * PAIRS_MOST);
        Linking { identities, pairs, forms }
    }

    /// Bytes that linking adds to what is held once blocks are made; `aside`: within a limit, while its scored pairs wait on disk.
    fn bytes(self, aside: bool) -> f64 {
        let pair = if aside { SCORED_PAIR_BYTES.max(PEOPLE_PAIR_BYTES) } else { SCORED_PAIR_BYTES + PEOPLE_PAIR_BYTES };
        let linking = self.identities as f64 * LINKED_IDENTITY_BYTES + self.pairs as f64 * pair;
        linking.max(self.learning(aside))
    }

    /// The same of learning: a form is chosen on part of a large population, and decided on a larger part of it.
    fn learning(self, aside: bool) -> f64 {
        // Within a limit forms are clustered one after another.
        let forms = if aside { self.forms.min(1) } else { self.forms };
        let among = |most: usize| self.pairs as f64 * (most as f64 / self.identities.max(1) as f64).min(1.0);
        let choosing = LEARNING_PAIR_BYTES + forms as f64 * LEARNING_FORM_PAIR_BYTES;
        match forms {
            0 => 0.0,
            _ => {
                let pairs = (among(CHOICE_IDENTITIES) * choosing).max(among(SAMPLE_IDENTITIES) * LEARNING_PAIR_BYTES);
                LEARNING_BYTES + pairs
            }
        }
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

impl Held {
    /// The same without what the allocator has not given back since blocks of so many identities were made, which is the more the more threads there are:
    /// what comes is put there first. What blocks leave is taken to be no more than twice what they take while they are made.
    pub fn given_back(self, identities: u64) -> Held {
        let most = self.before + (identities as f64 * BLOCK_IDENTITY_BYTES * 2.0) as u64;
        Held { blocked: self.blocked.min(most), ..self }
    }
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
        let published = (held.before + PUBLISHING_BYTES) as f64 + identities * PUBLISHED_IDENTITY_BYTES;
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
        let bytes = held + (identities as f64 * PUBLISHED_IDENTITY_BYTES) as u64 + PUBLISHING_ALONE_BYTES;
        Need { whole: bytes, least: bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foretold_grows_with_each_of_its_causes() {
        let linking = |identities, pairs, forms| Linking { identities, pairs, forms }.bytes(false);
        let base = linking(800_000, 5_000_000, 0);
        assert!(linking(1_600_000, 5_000_000, 0) > base && linking(800_000, 10_000_000, 0) > base);
        assert!(linking(20_000, 1_000_000, 1) > linking(20_000, 1_000_000, 0));
    }

    /// Bytes that nights took while they learnt, on top of what a plan holds with its blocks, in MiB.
    #[test]
    fn learning_takes_more_on_more_threads_and_for_a_part_of_a_large_population() {
        let of = |identities, pairs, forms| Linking { identities, pairs, forms }.bytes(false) / f64::from(1 << 20);
        for (forms, taken) in [(1, 80.0), (2, 96.0), (4, 139.0)] {
            let told = of(31_914, 1_051_929, forms) / taken;
            assert!((0.95..1.25).contains(&told), "{forms} forms: {told}");
        }
        // Of more than 50,000 identities forms are chosen on a part.
        assert!(of(71_949, 1_129_113, 4) < of(50_000, 1_129_113, 4) * 0.75);
        assert!(of(71_949, 1_129_113, 1) < of(50_000, 1_129_113, 1) * 0.85);
        let within = Linking { identities: 31_914, pairs: 1_051_929, forms: 4 };
        assert!(within.bytes(true) == Linking { forms: 1, ..within }.bytes(true), "one after another within a limit");
    }

    #[test]
    fn so_many_identities_usually_meet_as_many_as_a_training_lets_them() {
        let of = |identities| Linking::usual(identities, 1).pairs;
        assert_eq!([0, 1_000, 32_000, 72_000, 2_000_000].map(of), [0, 40_000, 1_280_000, 1_500_000, 24_000_000]);
    }

    #[test]
    fn what_the_allocator_has_not_given_back_is_put_to_use_first() {
        let held = |blocked| Held { before: 100 << 20, blocked, can_wait: CanWait::default() };
        assert_eq!(held(101 << 20).given_back(70_000), held(101 << 20));
        assert_eq!(held(200 << 20).given_back(70_000), held((100 << 20) + 18_200_000));
    }

    #[test]
    fn what_waits_on_disk_makes_room_but_for_what_is_held_before_and_after() {
        let linking = Linking { identities: 1_000, pairs: 10_000_000, forms: 0 };
        let all = |columns, places| CanWait { columns, places };
        let held = |columns, places| Held { before: 500_000_000, blocked: 600_000_000, can_wait: all(columns, places) };
        let (whole, aside) = (600_000_000 + linking.bytes(false) as u64, linking.bytes(true) as u64);
        assert!(whole > 600_000_000 + aside, "scored pairs wait as well");
        assert_eq!(Need::of(held(100_000, 0), linking), Need { whole, least: 599_900_000 + aside });
        assert_eq!(Need::of(held(70_000, 30_000), linking), Need { whole, least: 599_900_000 + aside });
        let published = 500_120_000 + PUBLISHING_BYTES;
        assert_eq!(Need::of(held(400_000_000, 0), linking), Need { whole, least: published });
        let large = |places| Held { before: 5 << 30, blocked: 7 << 30, can_wait: all(COLUMNS_LARGE, places) };
        let rest = (6 << 30) + linking.bytes(false) as u64;
        assert_eq!(Need::of(large(0), linking).whole, rest, "large columns wait anyway");
        assert_eq!(Need::of(large(1 << 29), linking).whole, rest - (1 << 29), "and where records stand with them");
        let published = Need::of_publishing(5_000_000, 1_000);
        let need = 5_120_000 + PUBLISHING_ALONE_BYTES;
        assert_eq!(published, Need { whole: need, least: need }, "linking is taken over");
    }
}
