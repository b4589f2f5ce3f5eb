//! Laws of linking, on a made-up town: who is around some records is who stands there among all; partitions make up the whole, with a model of ours
//! and with an imported one; what was compared before is weighed as what is compared now; pairs that wait elsewhere make the same people; no population
//! has too many pairs.

use onefolk::bench::SINGLE_FILE_COLUMNS;
use onefolk::blocking::{self, Blocks, Features, Kept, Limits, PairPatterns};
use onefolk::clustering::{
    Edge, Evidence, Guards, ScoredPairs, Settled, Waiting, Weighed, WeighedPairs, cluster_scored, links_of, score_pairs,
};
use onefolk::comparison::{Alias, Comparisons, Of};
use onefolk::generate::{Request, generate};
use onefolk::job::Job;
use onefolk::model::splink::{self, Names, Prepared};
use onefolk::model::{Counter, Linkage, Measured, Model, Pooling, Scorer, histogram_of};
use onefolk::records::{self, Column, Dictionary, Formats, Identities, MISSING, Records};
use onefolk::run::Show;
use onefolk::run::link::{Linked, Taught, around, link};
use onefolk::run::progress::Progress;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::LazyLock;

/// Some 1,500 records, and a model learnt from them as a first night leaves it.
struct Town {
    job: Job,
    records: Records,
    model: Model,
    _folder: tempfile::TempDir,
}

static TOWN: LazyLock<Town> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (job, records) = standardised(folder.path(), 250, 6.0);
    let learnt = linked(&job, &records, Taught::Now(&[]));
    let mut model = learnt.model.expect("there is something to learn from");
    model.measured = Some(Measured::new(learnt.limits, Formats::default(), learnt.comparisons.freeze([7; 32])));
    Town { job, records, model, _folder: folder }
});

/// The records of a generated population of so many people, in one file of seven fields.
fn standardised(folder: &Path, people: u64, rows_per_person: f64) -> (Job, Records) {
    let request = Request {
        people,
        providers: 30,
        rows_per_person,
        seed: 5,
        output: folder.join("town"),
        single_file: Some(SINGLE_FILE_COLUMNS.map(String::from).to_vec()),
    };
    generate(&request, |_| {}).expect("room in the temporary folder");
    let job = Job::read(&request.output.join("job.toml")).expect("a job that was generated");
    let intake = onefolk::intake::read_all(&job, |batch| records::intern(&job, batch), |_| {}).expect("clean files");
    let (mut records, _) = records::merge(&job, intake.batches);
    records::clean(&job, &mut records, None);
    (job, records)
}

fn linked(job: &Job, records: &Records, taught: Taught) -> Linked {
    link(job, records, &Settled::default(), taught, None, None, &Progress::new(Show::Nothing)).expect("the model fits")
}

/// Calls `what` with everything that scores the pairs of the town.
fn with_pairs<T>(what: impl FnOnce(&Comparisons, &Identities, &Scorer, &Blocks) -> T) -> T {
    let Town { job, records, model, .. } = &*TOWN;
    let identities = Identities::of(records, &[], |_| true);
    let comparisons = Comparisons::choose(job, records, &identities, model.frequencies());
    let limits = model.limits().expect("it was measured");
    let blocks = blocking::block_within(Features::gather(&comparisons, records), &identities, limits);
    what(&comparisons, &identities, &model.scorer(&comparisons), &blocks)
}

/// Calls `what` with the town as a model of Splink sees it that was made for these seven fields, and with everything that scores its pairs.
fn with_imported<T>(what: impl FnOnce(&Prepared, &splink::Scorer, &splink::Blocks) -> T) -> T {
    let Town { job, records, .. } = &*TOWN;
    let names = Names::of(job);
    let settings = include_str!("../../benches/peers/settings.json");
    let (model, _) = splink::read_text(settings, &names.names).expect("settings as Splink writes them");
    let empty = Column::new(vec![MISSING; records.len()], Dictionary::default());
    let table = names.table(job, records, &empty, |_| true);
    let prepared = Prepared::new(&model, &table);
    what(&prepared, &splink::Scorer::new(&prepared), &splink::Blocks::of(&prepared))
}

/// The records of the town for which `stays` holds.
fn rest_of_town(stays: &[bool]) -> Records {
    let mut records = Records { key: TOWN.records.key.clone(), ..Records::default() };
    let Records { provider, extract, source_row, number_verified, clean, .. } = &TOWN.records;
    (records.provider, records.extract, records.source_row) = (provider.clone(), extract.clone(), source_row.clone());
    records.number_verified = number_verified.clone();
    TOWN.records.record_id.iter().for_each(|id| records.record_id.push(id));
    let copied = |column: &Column| {
        let mut copy = Column { codes: column.codes.clone(), ..Column::default() };
        column.values.iter().for_each(|value| {
            copy.values.intern(value);
        });
        copy
    };
    records.clean = clean.iter().map(|(field, column)| (*field, copied(column))).collect();
    records.retain(stays);
    records
}

/// The members of each block, in an order that no block has a part in.
fn in_any_order(blocks: &Blocks) -> Vec<&[u32]> {
    let mut all: Vec<&[u32]> = blocks.iter().collect();
    all.sort_unstable();
    all
}

/// By identity, the greater ones that it meets.
fn pairs_of(blocks: &Blocks) -> BTreeMap<u32, BTreeSet<u32>> {
    let mut pairs = BTreeMap::new();
    for run in blocks.runs() {
        blocks.each_left(
            run,
            |_| true,
            |left, rights| {
                assert!(rights.iter().all(|&right| blocks.share_one(left, right)));
                assert!(pairs.insert(left, rights.iter().copied().collect()).is_none());
            },
        );
    }
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn blocks_that_lose_identities_are_those_of_the_rest(
        cap in 2usize..40,
        cap_last in 2usize..60,
        weak_rules in any::<bool>(),
        among in prop_oneof![Just(300u64), Just(40), Just(8), Just(2)],
        seed in any::<u64>(),
    ) {
        let Town { job, records, model, .. } = &*TOWN;
        let limits = Limits { cap, cap_last, weak_rules };
        let hashed = |row: u64| (seed ^ row).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33;
        let stays: Vec<bool> = (0..records.len() as u64).map(|row| hashed(row) % among > 0).collect();
        let identities = Identities::of(records, &[], |_| true);
        let marks: Vec<bool> = (0..identities.len() as u32)
            .map(|identity| identities.members(identity).iter().any(|&row| stays[row as usize]))
            .collect();
        let comparisons = Comparisons::choose(job, records, &identities, model.frequencies());
        let features = Features::gather(&comparisons, records);
        let mut kept = Kept::within(limits);
        let met = blocking::memberships_within(&features, &identities, limits, Some(&mut kept));
        let retained = kept.retain(met, &features, &marks);

        let rest = rest_of_town(&stays);
        let of_rest = Identities::of(&rest, &[], |_| true);
        let comparisons = Comparisons::choose(job, &rest, &of_rest, model.frequencies());
        let anew = blocking::block_within(Features::gather(&comparisons, &rest), &of_rest, limits);
        prop_assert_eq!(&retained.counts, &anew.counts);
        prop_assert_eq!(retained.limits, anew.limits);
        prop_assert_eq!(in_any_order(&retained), in_any_order(&anew));
        prop_assert_eq!(pairs_of(&retained), pairs_of(&anew));
    }
}

#[test]
fn who_is_around_some_records_is_who_stands_there_among_all() {
    let Town { job, records, model, .. } = &*TOWN;
    assert!(model.decision.as_ref().is_some_and(|decision| decision.context.is_some()), "context is what is hard");
    let among_all = linked(job, records, Taught::Before(model)).clustering.partition.person;
    let mut found = 0;
    for nth in 0..8 {
        let named: Vec<bool> = (0..records.len()).map(|row| row * 7919 % 61 == nth).collect();
        let around = around(job, records, &Settled::default(), &named, Some(model)).expect("there is room").person;
        let beside = |person: &[u32], of: usize| -> BTreeSet<usize> {
            (0..records.len()).filter(|&row| person[row] == person[of]).collect()
        };
        for of in (0..records.len()).filter(|&row| named[row]) {
            assert_eq!(beside(&around, of), beside(&among_all, of), "row {of}");
            found += beside(&among_all, of).len() - 1;
        }
    }
    assert!(found > 300, "{found} other rows were there to be found");
}

#[test]
fn what_was_compared_before_is_weighed_as_what_is_compared_now() {
    with_pairs(|comparisons, _, scorer, blocks| {
        let (now, pairs) = score_pairs(comparisons, scorer, blocks, |_| ());
        let now = now.ascending();
        let mut compared = PairPatterns::all(comparisons, blocks, |_| ());
        assert_eq!(compared.pairs(), pairs);
        let weighed = |pairs: &PairPatterns| Weighed::new(pairs, std::slice::from_ref(scorer)).gather(|_| true);
        assert_eq!(weighed(&compared), now);
        // What was learnt of names is compared again, whatever stood there; all else stays as it was.
        let names = comparisons.list.iter().enumerate().filter(|(_, one)| matches!(one.of, Of::Name(_)));
        let found: Vec<(usize, Vec<Alias>)> = names.map(|(at, _)| (at, Vec::new())).collect();
        let forgotten =
            |pattern| found.iter().fold(pattern, |pattern, (at, _)| comparisons.list[*at].put(pattern, None));
        compared.compare_again(|_| Some(()), |(), _| true, |_, _, known| forgotten(known));
        assert_ne!(weighed(&compared), now);
        let again = |left, right, known| comparisons.compared_again(left, right, known, &found);
        compared.compare_again(|_| Some(()), |(), _| true, again);
        assert_eq!(weighed(&compared), now);
        assert!(now.len() > 1_000 && now.len() < pairs as usize, "{} of {pairs}", now.len());
    });
}

/// Pairs that are handed out a few at a time.
struct Elsewhere(Vec<Edge>);

impl Waiting for Elsewhere {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn each(&self, with: &mut dyn FnMut(&[Edge])) -> io::Result<()> {
        self.0.chunks(97).for_each(with);
        Ok(())
    }
}

#[test]
fn pairs_that_wait_elsewhere_make_the_same_people() {
    let Town { job, records, model, .. } = &*TOWN;
    with_pairs(|comparisons, identities, scorer, blocks| {
        let (pairs, compared) = score_pairs(comparisons, scorer, blocks, |_| ());
        let (edges, settled) = (pairs.ascending(), Settled::default());
        let evidence = Evidence {
            records,
            identities,
            comparisons,
            scorer,
            guards: &Guards::new(comparisons, records, identities, &settled, &job.providers),
            settings: &job.cluster,
            pooling: &Pooling::of(model, comparisons),
            joins: None,
            known: None,
        };
        let decision = model.decision.as_ref().expect("it was decided");
        let people = |pairs: ScoredPairs| {
            let clustered = cluster_scored(&evidence, pairs, decision, Linkage::Pooled, compared);
            let (found, calibration) = clustered.expect("all is in memory");
            (found.partition, found.links, found.review, found.weakest, found.counts, calibration)
        };
        let away = ScoredPairs::Away(Box::new(Elsewhere(edges.clone())), Vec::new());
        assert!(edges.len() > 1_000 && people(ScoredPairs::Here(edges)) == people(away));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// The seam for distribution.
    #[test]
    fn any_split_into_partitions_gives_the_same_links_and_the_same_histogram(
        cuts in prop::collection::vec(any::<usize>(), 0..7),
        one_in in 1u64..4,
    ) {
        with_pairs(|comparisons, identities, scorer, blocks| {
            let parts = blocks.partitions(&cuts);
            let (mut links, mut compared, mut counts) = (Vec::new(), 0, Counter::default());
            for part in &parts {
                let (found, pairs) = links_of(comparisons, scorer, blocks, *part);
                assert!(found.is_sorted());
                links.extend(found);
                compared += pairs;
                counts = counts.merge(histogram_of(comparisons, blocks, identities, *part, one_in).0);
            }
            links.sort_unstable();
            let (kept, pairs) = score_pairs(comparisons, scorer, blocks, |_| ());
            prop_assert_eq!((links, compared), (kept.ascending(), pairs));
            let whole = histogram_of(comparisons, blocks, identities, blocks.partitions(&[])[0], one_in);
            prop_assert_eq!(counts.finish(1.0), whole.0.finish(1.0));
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// The same seam with a model of another tool.
    #[test]
    fn any_split_of_an_imported_models_tasks_gives_the_same_links(
        most in prop_oneof![Just(1u64), 2u64..60, 60u64..20_000],
        cuts in prop::collection::vec(any::<usize>(), 0..7),
        floor in -30.0..20.0f64,
    ) {
        with_imported(|prepared, scorer, blocks| {
            let tasks = blocks.tasks_of(most);
            let cuts = cuts.iter().map(|cut| cut % (tasks.len() + 1));
            let mut places: Vec<usize> = cuts.chain([0, tasks.len()]).collect();
            places.sort_unstable();
            let (mut links, mut compared) = (Vec::new(), 0);
            // Whoever is given a part knows nothing of the others, nor of the order in which they are done.
            for part in places.windows(2).rev() {
                let (found, pairs) = splink::links_of(scorer, blocks, &tasks[part[0]..part[1]], floor);
                prop_assert!(found.is_sorted_by_key(|pair| (pair.left, pair.right)));
                links.extend(found);
                compared += pairs;
            }
            links.sort_unstable_by_key(|pair| (pair.left, pair.right));
            let (all, pairs) = splink::predict(prepared, blocks, floor, |_| ());
            prop_assert!(pairs > 1_000, "{} pairs", pairs);
            prop_assert_eq!((links, compared), (all, pairs));
            Ok(())
        })?;
    }
}

/// Keys of an identity, and pairs that it meets on average (DESIGN section 7).
const KEYS: usize = 24;
const PAIRS: u64 = 12;
/// Small populations may compare so many in all.
const PAIRS_FREE: u64 = 1_500_000;

#[test]
fn identities_meet_within_the_budget_of_pairs_whatever_their_number() {
    for (people, is_large) in [(3_000, false), (30_000, true)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (job, records) = standardised(folder.path(), people, 7.0);
        let identities = Identities::of(&records, &[], |_| true);
        let comparisons = Comparisons::choose(&job, &records, &identities, None);
        let blocks = blocking::block(Features::gather(&comparisons, &records), &identities);
        let (budget, pairs) = (PAIRS * identities.len() as u64, blocks.distinct_pairs());
        assert_eq!(budget > PAIRS_FREE, is_large, "{} identities", identities.len());
        assert!(pairs <= budget.max(PAIRS_FREE), "{pairs} pairs of {} identities", identities.len());
        assert!(pairs > 3 * identities.len() as u64, "{pairs} pairs are hardly any");
        let mut keys = vec![0; identities.len()];
        blocks.iter().flatten().for_each(|&identity| keys[identity as usize] += 1);
        assert!(keys.iter().all(|&keys| keys <= KEYS), "{:?} keys", keys.iter().max());
    }
}
