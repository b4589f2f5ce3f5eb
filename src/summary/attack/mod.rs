//! The tables that leave, read by somebody who means to find out: every published file of one issue, and of several in a row, as one system of
//! equations and bounds, from which the least and the most that each hidden count can be are computed (linear programming).
//!
//! The attacker has the files, knows the rules and how the files hang together, and is even told which marks stand for truly small counts
//! (what they know of several issues: `in_a_row`). The simplex method here and the reading of the files share no
//! code with what protects them.

mod in_a_row;
mod shown;
mod simplex;
mod sums;
mod system;

use super::disclosure::{Control, Issued, Preset};
use super::tests::{Person, Rows, any_person, csv_rows, with_facts_under};
use super::{Summary, build};
use crate::job::Disclosure;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
pub(in crate::summary) use simplex::Tableau;
use std::collections::BTreeMap;
use sums::{AREA, EVERYBODY, FEW, SETTINGS};
pub(in crate::summary) use system::System;

/// A published count: a number, or a mark.
type Published = BTreeMap<String, Option<u64>>;

/// Every count of the files, by a name that is the same at every issue; rows whose rounding is not told are left out.
fn published(summary: &Summary) -> Published {
    let mut all = Published::new();
    let mut take = |file: &str, keys: &[&str], count: &str| {
        for row in csv_rows(summary, file) {
            // Which setting of a combination comes first is decided by how many people are shown for each, and is no other count.
            let key: Vec<String> = keys.iter().map(|key| sorted(&row[*key])).collect();
            let name = format!("{count}|{}", key.join("|"));
            // A provider that is asked for itself stands in the list of providers.
            all.insert(format!("{file}|{name}"), row[count].parse().ok());
        }
    };
    take("people_by_age_sex.csv", &["age_band", "sex"], "people");
    take("people_by_area.csv", &["area"], "people");
    take("people_by_group.csv", &["measure", "group"], "count");
    take("providers.csv", &["provider"], "people");
    take("providers.csv", &["provider"], "quarantined");
    take("providers.csv", &["provider"], "withheld");
    take("provider_overlap.csv", &["provider", "other_provider"], "people");
    take("quarantine.csv", &["provider", "code"], "rows");
    take("segments.csv", &["segment_set", "segment", "age_band"], "people");
    take("linkage_quality.csv", &["by", "group"], "people");
    all.retain(|name, _| !name.contains("|accounts|Rows read") && !name.contains("|accounts|Rows linked"));
    all
}

/// The settings of a combination in the order of their names; any other key as it is.
fn sorted(key: &str) -> String {
    let mut settings: Vec<&str> = key.split(" + ").collect();
    settings.sort_unstable();
    settings.join(" + ")
}

/// What a row stands for: rows of what is too small to be listed hold all that the truth lists and the publication does not.
fn truth_of(name: &str, printed: &Published, truth: &Published) -> u64 {
    let rest = |table: &str| {
        let unlisted = truth.iter().filter(|(known, _)| known.starts_with(table) && !printed.contains_key(*known));
        unlisted.filter_map(|(_, count)| *count).sum()
    };
    match truth.get(name) {
        _ if name == FEW => rest(AREA),
        _ if name.ends_with("All other combinations") => rest(SETTINGS),
        // Rows of nobody are left out where that may be told.
        None => 0,
        Some(exact) => exact.expect("the truth hides nothing"),
    }
}

/// What is published of these people, and the truth.
fn issue(people: &[Person], rows: &[Rows], preset: Preset, key: u8) -> (Published, Published) {
    let (printed, truth, _) = issue_after(Vec::new(), people, rows, preset, key);
    (printed, truth)
}

/// The same after issues before; and what later ones are held against.
fn issue_after(
    before: Vec<Issued>,
    people: &[Person],
    rows: &[Rows],
    preset: Preset,
    key: u8,
) -> (Published, Published, Issued) {
    let nothing_hidden = Preset { low: 1, high: 0, rounded_to: 1 };
    let under = |preset: Preset, before: Vec<Issued>| {
        with_facts_under(&Control::new(preset, &[key; 32]).after(before), people, rows, build)
    };
    let summary = under(preset, before);
    (published(&summary), published(&under(nothing_hidden, Vec::new())), summary.issued)
}

/// Every hidden small count of an issue, of those that are asked for, can still be another number, and 3 or more. Gives how many those are.
fn nothing_is_recovered(
    system: &System,
    issue: &str,
    (printed, truth): (&Published, &Published),
    preset: Preset,
    asked: impl Fn(&str) -> bool,
) -> Result<usize, TestCaseError> {
    let mut attacked = 0;
    let mut tableau = Tableau::of(system);
    // Of a population that is itself hidden nobody could be 3.
    let large = printed[EVERYBODY].is_some();
    for name in printed.iter().filter(|(_, count)| count.is_none()).map(|(name, _)| name) {
        let exact = truth_of(name, printed, truth);
        if !preset.hides(exact) || exact == 0 || !asked(name) {
            continue;
        }
        attacked += 1;
        let cell = system.names[&format!("{issue}{name}")];
        prop_assert!(system.may_be_another(&mut tableau, cell, exact, large), "{name} is known to be {exact}");
    }
    Ok(attacked)
}

/// A town: how many providers, its people, and those who join before the next issue.
type Town = (u16, Vec<Person>, Vec<Person>);

fn any_town() -> impl Strategy<Value = Town> {
    let size = prop_oneof![1 => 1usize..40, 1 => 40usize..300, 2 => 300usize..800];
    (2..=4u16, size).prop_flat_map(|(providers, people)| {
        let of = |size: std::ops::Range<usize>| prop::collection::vec(any_person(providers), size);
        (Just(providers), of(people..people + 1), of(1..4))
    })
}

fn some_rows() -> impl Strategy<Value = Vec<Rows>> {
    prop::collection::vec((0u64..12, 0u64..12, 0u64..30), 4)
}

/// Attacks the issues of `cases` random towns.
fn attack_one_issue(cases: u32, seed: RngSeed) {
    let config = ProptestConfig { cases, max_shrink_iters: 40, rng_seed: seed, ..ProptestConfig::default() };
    let any = (any_town(), some_rows(), prop::sample::select(Disclosure::ALL.to_vec()), any::<u8>());
    let attacked = |((providers, people, _), rows, disclosure, key): (Town, Vec<Rows>, Disclosure, u8)| {
        let preset = Preset::of(disclosure);
        let (printed, truth) = issue(&people, &rows[..usize::from(providers)], preset, key);
        let mut system = System::default();
        system.read("1|", &printed, &truth, preset);
        nothing_is_recovered(&system, "1|", (&printed, &truth), preset, |_| true).map(drop)
    };
    TestRunner::new(config).run(&any, attacked).unwrap_or_else(|failed| panic!("{failed}"));
}

/// How many random towns are attacked, and which: the same `usual` ones each time, or as many new ones as somebody asks for who changes the
/// protection (`ONEFOLK_ATTACKS=3000 cargo test --release --lib attack`; many minutes), of which one in `times` is attacked.
fn asked(usual: u32, times: u32) -> (u32, RngSeed) {
    let wanted: Option<u32> = std::env::var("ONEFOLK_ATTACKS").ok().and_then(|number| number.parse().ok());
    wanted.map_or((usual, RngSeed::Fixed(3)), |wanted| (wanted.div_ceil(times), RngSeed::Random))
}

#[test]
fn no_small_count_is_recovered_from_the_tables_of_one_issue() {
    let (cases, seed) = asked(24, 1);
    attack_one_issue(cases, seed);
}
