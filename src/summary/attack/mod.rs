//! The tables that leave, read by somebody who means to find out: every published file of one issue, and of several in a row, as one system of
//! equations and bounds, from which the least and the most that each hidden count can be are computed (linear programming).
//!
//! The attacker has the files, knows the rules and how the files hang together, and is even told which marks stand for truly small counts
//! (what they know of several issues: `in_a_row`). The simplex method here and the reading of the files share no
//! code with what protects them. What they know of one issue: of all people (`people`), of who is known to which providers (`providers`),
//! of rows (`rows`), of cohorts, packages of care and the end of life (`outcomes`). That they find what can be found: `able`.

mod able;
mod in_a_row;
mod outcomes;
mod people;
mod providers;
mod read;
mod rows;
mod shown;
mod simplex;
mod system;

use super::disclosure::{Control, Issued, Preset};
use super::tests::{Person, Rows, any_person, csv_rows, with_facts_under};
use super::{Summary, build};
use crate::job::{Disclosure, Setting};
use people::{AREA, EVERYBODY, FEW, SETTINGS};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
pub(in crate::summary) use simplex::Tableau;
use std::collections::BTreeMap;
pub(in crate::summary) use system::System;

/// A published count: a number, or a mark.
type Published = BTreeMap<String, Option<u64>>;

/// Of every table that leaves, the columns that say what a row is of, and those of counts.
const READ: [(&str, &[&str], &[&str]); 12] = [
    ("people_by_age_sex.csv", &["age_band", "sex"], &["people"]),
    ("people_by_area.csv", &["area"], &["people"]),
    ("people_by_group.csv", &["measure", "group"], &["count"]),
    ("segments.csv", &["segment_set", "segment", "age_band"], &["people"]),
    ("cohorts.csv", &["cohort"], &["people", "entered", "left"]),
    ("packages.csv", &["measure", "need", "rule"], &["people"]),
    ("end_of_life.csv", &["measure", "group"], &["people"]),
    ("providers.csv", &["provider", "setting"], &["records", "people", "quarantined", "withheld"]),
    ("provider_overlap.csv", &["provider", "other_provider"], &["people"]),
    ("quarantine.csv", &["provider", "code"], &["rows"]),
    ("data_quality.csv", &["provider", "field"], &["records", "filled", "usable"]),
    ("linkage_quality.csv", &["by", "group"], &["people"]),
];

/// The one figure of tonight that stands in over_time.csv alone, which is in no release: whoever has the report has it.
const DUPLICATES: &str = "over_time.csv|count|Duplicates removed";
/// How rows of what is too small to be listed end, where the others are listed.
const OTHER_COMBINATIONS: &str = "All other combinations";
const FEW_PLACES: &str = "places with too few people each";

/// Every count of the files, by a name that is the same at every issue.
fn published(summary: &Summary) -> Published {
    let mut all = Published::new();
    for (file, keys, counts) in READ {
        for row in csv_rows(summary, file) {
            // Which setting of a combination comes first is decided by how many people are shown for each, and is no other count.
            let key: Vec<String> = keys.iter().map(|key| sorted(&row[*key])).collect();
            // Where the run before had no such cohort, nothing is said of who entered.
            for count in counts.iter().filter(|count| !row[**count].is_empty()) {
                all.insert(format!("{file}|{count}|{}", key.join("|")), row[*count].parse().ok());
            }
        }
    }
    let over_time = csv_rows(summary, "over_time.csv");
    let duplicates = over_time.iter().find(|row| row["group"] == "Duplicates removed").expect("every run tells it");
    all.insert(DUPLICATES.to_string(), duplicates["count"].parse().ok());
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
        _ if name.ends_with(OTHER_COMBINATIONS) => rest(SETTINGS),
        _ if name.ends_with(FEW_PLACES) => rest(name.trim_end_matches(FEW_PLACES)),
        // Rows of nobody are left out where that may be told.
        None => 0,
        Some(exact) => exact.expect("the truth hides nothing"),
    }
}

/// The kinds of care of the providers.
#[derive(Clone, Copy)]
enum Kinds {
    /// Two practices, a hospital and a hospice.
    TwoAlike,
    /// Each provider is the only one of its kind.
    EachItsOwn,
}

/// What is published of these people, and the truth.
fn issue(people: &[Person], rows: &[Rows], preset: Preset, key: u8) -> (Published, Published) {
    issue_of_kinds(Kinds::TwoAlike, people, rows, preset, key)
}

/// The same of providers of these kinds.
fn issue_of_kinds(kinds: Kinds, people: &[Person], rows: &[Rows], preset: Preset, key: u8) -> (Published, Published) {
    let control = |preset: Preset| Control::new(preset, &[key; 32]);
    let summary = |preset: Preset| summary_of(&control(preset), kinds, people, rows);
    (published(&summary(preset)), published(&summary(NOTHING_HIDDEN)))
}

/// What is published after issues before, the truth, and what later issues are held against.
fn issue_after(
    before: Vec<Issued>,
    people: &[Person],
    rows: &[Rows],
    preset: Preset,
    key: u8,
) -> (Published, Published, Issued) {
    let control = |preset: Preset| Control::new(preset, &[key; 32]);
    let summary = summary_of(&control(preset).after(before), Kinds::TwoAlike, people, rows);
    let truth = summary_of(&control(NOTHING_HIDDEN), Kinds::TwoAlike, people, rows);
    (published(&summary), published(&truth), summary.issued)
}

const NOTHING_HIDDEN: Preset = Preset { low: 1, high: 0, rounded_to: 1 };

fn summary_of(control: &Control, kinds: Kinds, people: &[Person], rows: &[Rows]) -> Summary {
    with_facts_under(control, people, rows, |facts| {
        let mut facts = facts.clone();
        if let Kinds::EachItsOwn = kinds {
            let own = [Setting::GeneralPractice, Setting::Community, Setting::Acute, Setting::Hospice];
            facts.providers.iter_mut().zip(own).for_each(|(provider, setting)| provider.setting = setting);
        }
        build(&facts)
    })
}

/// Every hidden small count of an issue, of those that are asked for, can still be another number, and 3 or more, and so can everybody who
/// is left of a whole where a part of it is taken away, if these are few. Gives how many counts those are.
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
    let hidden = printed.iter().filter(|(_, count)| count.is_none());
    let hidden = hidden
        .map(|(name, _)| (name.as_str(), truth_of(name, printed, truth), system.names[&format!("{issue}{name}")]));
    let rests = system.rests.iter().filter_map(|(name, cell)| Some((name.strip_prefix(issue)?, cell)));
    let rests = rests.map(|(name, cell)| (name, system.exact[cell], *cell));
    for (name, exact, cell) in hidden.chain(rests) {
        if !preset.hides(exact) || exact == 0 || !asked(name) {
            continue;
        }
        attacked += 1;
        prop_assert!(system.may_be_another(&mut tableau, cell, exact, large), "{name} is known to be {exact}");
    }
    Ok(attacked)
}

/// A town: how many providers, its people, and those who join before the next issue.
type Town = (u16, Vec<Person>, Vec<Person>);

/// A town with so many providers at most.
fn any_town(providers_max: u16) -> impl Strategy<Value = Town> {
    let size = prop_oneof![1 => 1usize..40, 1 => 40usize..300, 2 => 300usize..800];
    (2..=providers_max, size).prop_flat_map(|(providers, people)| {
        let of = |size: std::ops::Range<usize>| prop::collection::vec(any_person(providers), size);
        (Just(providers), of(people..people + 1), of(1..4))
    })
}

fn some_rows() -> impl Strategy<Value = Vec<Rows>> {
    prop::collection::vec((0u64..12, 0u64..12, 0u64..30), 4)
}

/// Attacks the issues of `cases` random towns with providers of these kinds.
fn attack_one_issue(kinds: Kinds, cases: u32, seed: RngSeed) {
    let config = ProptestConfig { cases, max_shrink_iters: 40, rng_seed: seed, ..ProptestConfig::default() };
    // Of four kinds there are more combinations than are listed one by one.
    let providers_max = if let Kinds::EachItsOwn = kinds { 3 } else { 4 };
    let any = (any_town(providers_max), some_rows(), prop::sample::select(Disclosure::ALL.to_vec()), any::<u8>());
    let attacked = |((providers, people, _), rows, disclosure, key): (Town, Vec<Rows>, Disclosure, u8)| {
        let preset = Preset::of(disclosure);
        let (printed, truth) = issue_of_kinds(kinds, &people, &rows[..usize::from(providers)], preset, key);
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
    attack_one_issue(Kinds::TwoAlike, cases, seed);
}

/// The same person then stands in a combination of settings and in a number of providers that say one another.
#[test]
fn nor_where_every_provider_is_the_only_one_of_its_kind() {
    let (cases, seed) = asked(16, 2);
    attack_one_issue(Kinds::EachItsOwn, cases, seed);
}
