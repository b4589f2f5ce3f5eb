//! The comparison kernels, ours and those of imported models, each beside a bare library call on the same values.
//!
//! `cargo bench --bench kernels`. Names, dates and places are those of candidate pairs of a made-up town: what a night compares.

mod town;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use onefolk::comparison::kernels::{jaro_winkler, within_one_edit, within_two_edits};
use onefolk::comparison::{Batch, Of};
use onefolk::job::Field;
use onefolk::model::splink::Similarity;
use rapidfuzz::distance::{damerau_levenshtein, jaro, jaro_winkler as rapid_jaro_winkler, levenshtein, osa};
use rustc_hash::FxHashSet;
use town::town;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Values of one field of candidate pairs, where both have one and they differ: equal ones never reach a kernel.
fn values(field: Field) -> Vec<(&'static str, &'static str)> {
    let town = town();
    let value = |identity: u32| town.records.value(field, town.identities.example(identity));
    let pairs = town.pairs.iter().filter_map(|&(left, right)| Some((value(left)?, value(right)?)));
    pairs.filter(|(left, right)| left != right).take(10_000).collect()
}

/// Times `of` over all values, and gives figures a pair.
fn over<T>(bencher: Bencher, field: Field, of: impl Fn(&str, &str) -> T + Sync) {
    let values = values(field);
    bencher.counter(ItemsCount::new(values.len())).bench(|| {
        values.iter().for_each(|(left, right)| {
            black_box(of(black_box(left), black_box(right)));
        });
    });
}

/// The similarity of two family names.
#[divan::bench_group]
mod jaro_winkler_of_names {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::FamilyName, jaro_winkler);
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::FamilyName, strsim::jaro_winkler);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        over(bencher, Field::FamilyName, |left, right| rapid_jaro_winkler::similarity(left.chars(), right.chars()));
    }
}

/// Whether a typing error separates two family names.
#[divan::bench_group]
mod one_edit_of_names {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::FamilyName, within_one_edit);
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::FamilyName, |left, right| strsim::osa_distance(left, right) <= 1);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        let args = osa::Args::default().score_cutoff(1);
        over(bencher, Field::FamilyName, |left, right| {
            osa::distance_with_args(left.chars(), right.chars(), &args).is_some()
        });
    }
}

/// Whether two typing errors separate two addresses.
#[divan::bench_group]
mod two_edits_of_addresses {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::Address, within_two_edits);
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::Address, |left, right| strsim::osa_distance(left, right) <= 2);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        let args = osa::Args::default().score_cutoff(2);
        over(bencher, Field::Address, |left, right| {
            osa::distance_with_args(left.chars(), right.chars(), &args).is_some()
        });
    }
}

/// What an imported model asks of two dates of birth; the answer is DuckDB's, as that of every function below.
#[divan::bench_group]
mod imported_levenshtein_of_dates {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::DateOfBirth, |left, right| Similarity::Levenshtein.of(left, right));
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::DateOfBirth, strsim::levenshtein);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        over(bencher, Field::DateOfBirth, |left, right| levenshtein::distance(left.chars(), right.chars()));
    }
}

/// The same where neighbours may be swapped.
#[divan::bench_group]
mod imported_damerau_levenshtein_of_dates {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::DateOfBirth, |left, right| Similarity::DamerauLevenshtein.of(left, right));
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::DateOfBirth, strsim::damerau_levenshtein);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        over(bencher, Field::DateOfBirth, |left, right| damerau_levenshtein::distance(left.chars(), right.chars()));
    }
}

/// What an imported model asks of two family names.
#[divan::bench_group]
mod imported_jaro_of_names {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::FamilyName, |left, right| Similarity::Jaro.of(left, right));
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::FamilyName, strsim::jaro);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        over(bencher, Field::FamilyName, |left, right| jaro::similarity(left.chars(), right.chars()));
    }
}

/// The same, raised where they begin alike.
#[divan::bench_group]
mod imported_jaro_winkler_of_names {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::FamilyName, |left, right| Similarity::JaroWinkler.of(left, right));
    }

    #[divan::bench]
    fn strsim(bencher: Bencher) {
        over(bencher, Field::FamilyName, strsim::jaro_winkler);
    }

    #[divan::bench]
    fn rapidfuzz(bencher: Bencher) {
        over(bencher, Field::FamilyName, |left, right| rapid_jaro_winkler::similarity(left.chars(), right.chars()));
    }
}

/// The share of characters that two addresses have in common. Neither library has it: beside it are sets of the standard kind.
#[divan::bench_group]
mod imported_jaccard_of_addresses {
    use super::*;

    #[divan::bench]
    fn onefolk(bencher: Bencher) {
        over(bencher, Field::Address, |left, right| Similarity::Jaccard.of(left, right));
    }

    #[divan::bench]
    fn fx_hash_set(bencher: Bencher) {
        over(bencher, Field::Address, |left, right| {
            let (left, right): (FxHashSet<char>, FxHashSet<char>) = (left.chars().collect(), right.chars().collect());
            let both = left.intersection(&right).count();
            both as f64 / (left.len() + right.len() - both) as f64
        });
    }
}

/// One whole comparison, from the codes of two identities to a level, on every candidate pair.
#[divan::bench_group]
mod comparison {
    use super::*;

    #[divan::bench]
    fn names(bencher: Bencher) {
        let Of::Name(names) = &town().comparison("name").of else { panic!("the name comparison compares names") };
        over_codes(bencher, &town().columns("name")[0], |left, right| {
            names.agreement(left, right).map(|found| found.level())
        });
    }

    #[divan::bench]
    fn tokens(bencher: Bencher) {
        let Of::Name(names) = &town().comparison("name").of else { panic!("the name comparison compares names") };
        over_codes(bencher, &town().columns("name")[1], |left, right| names.tokens.agreement(left, right));
    }

    #[divan::bench]
    fn dates(bencher: Bencher) {
        let Of::Date(dates) = &town().comparison("date_of_birth").of else { panic!("dates of birth are dates") };
        over_codes(bencher, &town().columns("date_of_birth")[0], |left, right| dates.level(left, right));
    }

    #[divan::bench]
    fn places(bencher: Bencher) {
        let Of::Place(places) = &town().comparison("place").of else { panic!("the place comparison compares places") };
        let columns = town().columns("place");
        let row = |at: u32| [0, 1, 2].map(|column: usize| code(&columns[column], at));
        let rows: Vec<_> = town().pairs.iter().map(|&(left, right)| (row(left), row(right))).collect();
        bencher.counter(ItemsCount::new(rows.len())).bench(|| {
            rows.iter().for_each(|(left, right)| {
                black_box(places.level(left, right));
            });
        });
    }

    /// A library has no rare names, no tokens in another order and no codes: it compares two whole strings.
    #[divan::bench]
    fn whole_names_by_strsim(bencher: Bencher) {
        let town = town();
        let name = |identity: u32| {
            let record = town.identities.example(identity);
            let part = |field| town.records.value(field, record).unwrap_or_default();
            format!("{} {}", part(Field::GivenName), part(Field::FamilyName))
        };
        let names: Vec<_> = town.pairs.iter().map(|&(left, right)| (name(left), name(right))).collect();
        bencher.counter(ItemsCount::new(names.len())).bench(|| {
            names.iter().for_each(|(left, right)| {
                black_box(strsim::jaro_winkler(left, right));
            });
        });
    }
}

/// The code of an identity; a comparison may hold an empty column.
fn code(column: &[u32], identity: u32) -> u32 {
    column.get(identity as usize).copied().unwrap_or(onefolk::records::MISSING)
}

fn over_codes<T>(bencher: Bencher, column: &[u32], of: impl Fn(u32, u32) -> T + Sync) {
    let codes: Vec<_> = town().pairs.iter().map(|&(left, right)| (code(column, left), code(column, right))).collect();
    let known = |&&(left, right): &&(u32, u32)| left != onefolk::records::MISSING && right != onefolk::records::MISSING;
    let codes: Vec<_> = codes.iter().filter(known).copied().collect();
    bencher.counter(ItemsCount::new(codes.len())).bench(|| {
        codes.iter().for_each(|&(left, right)| {
            black_box(of(left, right));
        });
    });
}

/// All comparisons of a job at once: the pattern of each candidate pair.
#[divan::bench]
fn patterns(bencher: Bencher) {
    let town = town();
    let lefts: Vec<(u32, Vec<u32>)> = town
        .pairs
        .chunk_by(|a, b| a.0 == b.0)
        .map(|pairs| (pairs[0].0, pairs.iter().map(|&(_, right)| right).collect()))
        .collect();
    bencher.counter(ItemsCount::new(town.pairs.len())).bench(|| {
        let mut batch = Batch::default();
        lefts.iter().for_each(|(left, rights)| {
            black_box(town.comparisons.patterns(*left, rights, &mut batch));
        });
    });
}
