//! What carries the pairs: interner, key sort, pair stream, histogram, scorer and union-find, and pair stream and scorer of an imported model, each
//! beside what the standard library or a common crate does with the same input.
//!
//! `cargo bench --bench linking`. On a made-up town of 140,000 records.

mod town;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use onefolk::bench::SINGLE_FILE_COLUMNS;
use onefolk::blocking::{self, Features, ReadyKeys};
use onefolk::clustering::UnionFind;
use onefolk::comparison::Pattern;
use onefolk::job::Field;
use onefolk::model::Counter;
use onefolk::model::splink::{self, Prepared, Table};
use onefolk::records::{Column, Dictionary, MISSING, interned_and_united};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::HashMap;
use std::sync::OnceLock;
use town::town;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Every address of the town in the order of the records.
fn addresses() -> Vec<&'static str> {
    let records = &town().records;
    (0..records.len()).filter_map(|record| records.value(Field::Address, record)).collect()
}

/// The patterns of the candidate pairs.
fn patterns() -> &'static [Pattern] {
    static PATTERNS: OnceLock<Vec<Pattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| town().pairs.iter().map(|&(left, right)| town().comparisons.pattern(left, right)).collect())
}

/// What is many threads' work by itself, on one.
fn alone() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread")
}

/// Values to codes.
#[divan::bench_group]
mod interner {
    use super::*;

    /// Values of a batch that intake interns by itself, about.
    const BATCH: usize = 1 << 14;

    /// As intake does it: batch by batch, and then the union of all batches.
    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let (values, alone) = (addresses(), alone());
        let batches: Vec<&[&str]> = values.chunks(BATCH).collect();
        bencher.counter(ItemsCount::new(values.len())).bench(|| alone.install(|| interned_and_united(&batches)));
    }

    #[divan::bench]
    fn onefolk_on_all_threads(bencher: Bencher) {
        let values = addresses();
        let batches: Vec<&[&str]> = values.chunks(BATCH).collect();
        bencher.counter(ItemsCount::new(values.len())).bench(|| interned_and_united(&batches));
    }

    /// What stages after intake use, where there are few values to add.
    #[divan::bench]
    fn onefolk_dictionary(bencher: Bencher) {
        let values = addresses();
        bencher.counter(ItemsCount::new(values.len())).bench(|| {
            let mut dictionary = Dictionary::default();
            values.iter().map(|value| u64::from(dictionary.intern(value))).sum::<u64>()
        });
    }

    #[divan::bench]
    fn hash_map(bencher: Bencher) {
        let values = addresses();
        bencher.counter(ItemsCount::new(values.len())).bench(|| {
            let mut codes: HashMap<String, u32> = HashMap::new();
            values.iter().map(|value| interned(&mut codes, value)).sum::<u64>()
        });
    }

    #[divan::bench]
    fn fx_hash_map(bencher: Bencher) {
        let values = addresses();
        bencher.counter(ItemsCount::new(values.len())).bench(|| {
            let mut codes: FxHashMap<String, u32> = FxHashMap::default();
            values.iter().map(|value| interned(&mut codes, value)).sum::<u64>()
        });
    }

    fn interned<S: std::hash::BuildHasher>(codes: &mut HashMap<String, u32, S>, value: &str) -> u64 {
        if let Some(&code) = codes.get(value) {
            return u64::from(code);
        }
        let code = codes.len() as u32;
        codes.insert(value.to_string(), code);
        u64::from(code)
    }
}

/// The keys that all rules begin with, on all threads: features gathered, keys made and sorted; and keys that are ready sorted in their parts. Beside
/// the sort of as many by the standard library and by rayon.
#[divan::bench_group(sample_count = 20)]
mod key_sort {
    use super::*;

    fn keys() -> usize {
        static KEYS: OnceLock<usize> = OnceLock::new();
        *KEYS.get_or_init(|| {
            blocking::sorted_keys(&Features::gather(&town().comparisons, &town().records), &town().identities)
        })
    }

    /// As many keys as the town has, without any order.
    fn unsorted() -> Vec<(u64, u32)> {
        (0..keys() as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15), at as u32)).collect()
    }

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        bencher.counter(ItemsCount::new(keys())).bench(|| {
            blocking::sorted_keys(&Features::gather(&town().comparisons, &town().records), &town().identities)
        });
    }

    #[divan::bench]
    fn onefolk_ready_keys(bencher: Bencher) {
        let ready = ReadyKeys::of(&Features::gather(&town().comparisons, &town().records), &town().identities);
        bencher.counter(ItemsCount::new(keys())).bench(|| ready.sorted());
    }

    #[divan::bench]
    fn sort_unstable(bencher: Bencher) {
        bencher.counter(ItemsCount::new(keys())).with_inputs(unsorted).bench_values(|mut keys| {
            keys.sort_unstable();
            keys
        });
    }

    #[divan::bench]
    fn par_sort_unstable(bencher: Bencher) {
        bencher.counter(ItemsCount::new(keys())).with_inputs(unsorted).bench_values(|mut keys| {
            keys.par_sort_unstable();
            keys
        });
    }
}

/// All of blocking: from identities to numbered blocks.
#[divan::bench(sample_count = 10)]
fn blocks(bencher: Bencher) {
    let town = town();
    bencher
        .counter(ItemsCount::new(town.identities.len()))
        .bench(|| blocking::block(Features::gather(&town.comparisons, &town.records), &town.identities));
}

/// Every candidate pair once, on one thread; figures are of pairs that blocks yield, repeated ones included.
#[divan::bench_group(sample_count = 20)]
mod pair_stream {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let blocks = &town().blocks;
        bencher.counter(ItemsCount::new(blocks.pairs_at_most())).bench(|| {
            let mut pairs = 0;
            for run in blocks.runs() {
                blocks.each_left(
                    run,
                    |_| true,
                    |left, rights| {
                        pairs += rights.len();
                        black_box((left, rights));
                    },
                );
            }
            pairs
        });
    }

    #[divan::bench(sample_count = 3)]
    fn hash_set(bencher: Bencher) {
        let blocks = &town().blocks;
        bencher.counter(ItemsCount::new(blocks.pairs_at_most())).bench(|| {
            let mut seen: FxHashSet<u64> = FxHashSet::default();
            for block in blocks.iter() {
                for (at, &left) in block.iter().enumerate() {
                    seen.extend(block[at + 1..].iter().map(|&right| u64::from(left) << 32 | u64::from(right)));
                }
            }
            seen.len()
        });
    }
}

/// How many pairs have each pattern.
#[divan::bench_group]
mod histogram {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let patterns = patterns();
        bencher.counter(ItemsCount::new(patterns.len())).bench(|| {
            let mut counter = Counter::default();
            patterns.iter().for_each(|&pattern| counter.add(pattern, 1));
            counter.finish(1.0)
        });
    }

    #[divan::bench]
    fn hash_map(bencher: Bencher) {
        let patterns = patterns();
        bencher.counter(ItemsCount::new(patterns.len())).bench(|| {
            let mut counts: HashMap<Pattern, u64> = HashMap::new();
            patterns.iter().for_each(|&pattern| *counts.entry(pattern).or_default() += 1);
            counts
        });
    }

    #[divan::bench]
    fn sort_and_count(bencher: Bencher) {
        bencher.counter(ItemsCount::new(patterns().len())).with_inputs(|| patterns().to_vec()).bench_values(
            |mut patterns| {
                patterns.sort_unstable();
                patterns.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect::<Vec<_>>()
            },
        );
    }
}

/// Patterns to weights.
#[divan::bench_group]
mod scorer {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let (patterns, scorer) = (patterns(), town().model.scorer(&town().comparisons));
        bencher
            .counter(ItemsCount::new(patterns.len()))
            .bench_local(|| patterns.iter().map(|&pattern| scorer.weight(pattern)).sum::<i64>());
    }

    #[divan::bench]
    fn without_memory(bencher: Bencher) {
        let (patterns, scorer) = (patterns(), town().model.scorer(&town().comparisons));
        bencher
            .counter(ItemsCount::new(patterns.len()))
            .bench_local(|| patterns.iter().map(|&pattern| scorer.weight_afresh(pattern)).sum::<i64>());
    }

    #[divan::bench]
    fn hash_map(bencher: Bencher) {
        let (patterns, scorer) = (patterns(), town().model.scorer(&town().comparisons));
        let weights: HashMap<Pattern, i64> = patterns.iter().map(|&at| (at, scorer.weight_afresh(at))).collect();
        bencher
            .counter(ItemsCount::new(patterns.len()))
            .bench_local(|| patterns.iter().map(|pattern| weights[pattern]).sum::<i64>());
    }
}

/// Components of the candidate pairs.
#[divan::bench_group]
mod union_find {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let (pairs, identities) = (&town().pairs, town().identities.len());
        bencher.counter(ItemsCount::new(pairs.len())).bench(|| {
            let union = UnionFind::new(identities);
            pairs.iter().for_each(|&(left, right)| union.join(left, right));
            union
        });
    }

    #[divan::bench]
    fn onefolk_on_all_threads(bencher: Bencher) {
        let (pairs, identities) = (&town().pairs, town().identities.len());
        bencher.counter(ItemsCount::new(pairs.len())).bench(|| {
            let union = UnionFind::new(identities);
            pairs.par_iter().for_each(|&(left, right)| union.join(left, right));
            union
        });
    }

    #[divan::bench]
    fn petgraph(bencher: Bencher) {
        let (pairs, identities) = (&town().pairs, town().identities.len());
        bencher.counter(ItemsCount::new(pairs.len())).bench(|| {
            let mut union = petgraph::unionfind::UnionFind::<u32>::new(identities);
            pairs.iter().for_each(|&(left, right)| {
                union.union(left, right);
            });
            union
        });
    }
}

/// The town as the settings see it that Splink links the peers' file with.
struct Imported {
    prepared: &'static Prepared<'static>,
    blocks: splink::Blocks<'static>,
    /// How many its rules yield, each once.
    pairs: u64,
}

/// The fields of [`SINGLE_FILE_COLUMNS`].
const FIELDS: [Field; 7] = [
    Field::NhsNumber,
    Field::GivenName,
    Field::FamilyName,
    Field::DateOfBirth,
    Field::Sex,
    Field::Postcode,
    Field::Address,
];

fn imported() -> &'static Imported {
    static IMPORTED: OnceLock<Imported> = OnceLock::new();
    IMPORTED.get_or_init(|| {
        let (records, names) = (&town().records, SINGLE_FILE_COLUMNS.map(String::from));
        let settings = include_str!("peers/settings.json");
        let (model, _) = splink::read_text(settings, &names).expect("settings as Splink writes them");
        let table = Table {
            columns: FIELDS.iter().map(|field| &records.raw[field]).collect(),
            records: (0..records.len() as u32).collect(),
            ids: (0..records.len()).map(|record| records.record_id.get(record)).collect(),
            source: records.provider.clone(),
            sources: vec!["town"],
        };
        let prepared: &Prepared = Box::leak(Box::new(Prepared::new(Box::leak(Box::new(model)), &table)));
        let blocks = splink::Blocks::of(prepared);
        let pairs = splink::count_pairs(prepared, &blocks);
        Imported { prepared, blocks, pairs }
    })
}

/// Every pair that the rules of an imported model yield, once, from codes, on one thread.
#[divan::bench_group(sample_count = 10)]
mod imported_pair_stream {
    use super::*;

    /// What must be equal, rule by rule.
    const RULES: [&[Field]; 6] = [
        &[Field::NhsNumber],
        &[Field::FamilyName, Field::DateOfBirth],
        &[Field::GivenName, Field::DateOfBirth],
        &[Field::DateOfBirth, Field::Postcode],
        &[Field::FamilyName, Field::Postcode],
        &[Field::GivenName, Field::Postcode],
    ];

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let (imported, alone) = (imported(), alone());
        bencher
            .counter(ItemsCount::new(imported.pairs))
            .bench(|| alone.install(|| splink::count_pairs(imported.prepared, &splink::Blocks::of(imported.prepared))));
    }

    #[divan::bench(sample_count = 3)]
    fn hash_set(bencher: Bencher) {
        let records = &town().records;
        bencher.counter(ItemsCount::new(imported().pairs)).bench(|| {
            let mut seen: FxHashSet<u64> = FxHashSet::default();
            for rule in RULES {
                let columns: Vec<&Column> = rule.iter().map(|field| &records.raw[field]).collect();
                let mut blocks: FxHashMap<Vec<u32>, Vec<u32>> = FxHashMap::default();
                for record in 0..records.len() {
                    let key: Vec<u32> = columns.iter().map(|column| column.code(record)).collect();
                    if !key.contains(&MISSING) {
                        blocks.entry(key).or_default().push(record as u32);
                    }
                }
                for block in blocks.values() {
                    for (at, &left) in block.iter().enumerate() {
                        seen.extend(block[at + 1..].iter().map(|&right| u64::from(left) << 32 | u64::from(right)));
                    }
                }
            }
            seen.len()
        });
    }
}

/// Pairs of records to weights by an imported model, on one thread, the pair stream included; beside the similarities alone that it asks for, of two
/// texts each.
#[divan::bench_group(sample_count = 10)]
mod imported_scorer {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        let Imported { prepared, blocks, pairs } = imported();
        let (scorer, tasks) = (splink::Scorer::new(prepared), blocks.tasks());
        bencher.counter(ItemsCount::new(*pairs)).bench(|| splink::links_of(&scorer, blocks, &tasks, f64::INFINITY));
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        let Imported { prepared, blocks, .. } = imported();
        let scorer = splink::Scorer::new(prepared);
        let (pairs, _) = splink::links_of(&scorer, blocks, &blocks.tasks(), f64::NEG_INFINITY);
        let record = |place: u32| prepared.order[place as usize] as usize;
        let pairs: Vec<_> = pairs.iter().take(100_000).map(|pair| (record(pair.left), record(pair.right))).collect();
        let columns = FIELDS.map(|field| (field, &town().records.raw[&field]));
        bencher.counter(ItemsCount::new(pairs.len())).bench(|| {
            let of_pair = |&(left, right): &(usize, usize)| -> f64 {
                columns.iter().filter_map(|of| similarity(*of, left, right)).sum()
            };
            pairs.iter().map(of_pair).sum::<f64>()
        });
    }

    /// Of one field of two records that both have it.
    fn similarity((field, column): (Field, &Column), left: usize, right: usize) -> Option<f64> {
        let (left, right) = (column.get(left)?, column.get(right)?);
        Some(match field {
            _ if left == right => 1.0,
            Field::GivenName | Field::FamilyName | Field::Address => strsim::jaro_winkler(left, right),
            Field::DateOfBirth => strsim::levenshtein(left, right) as f64,
            _ => 0.0,
        })
    }
}
