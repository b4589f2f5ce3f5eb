//! The tables that leave, read by somebody who means to find out: every published file of one issue, and of two in a row, as one system of
//! equations and bounds, from which the least and the most that each hidden count can be are computed (linear programming).
//!
//! The attacker has the files, knows the rules and how the files hang together, and is even told which marks stand for truly small counts.
//! With two issues they know besides that people have only joined in between. The simplex method here and the reading of the files share no
//! code with what protects them.

mod shown;
mod simplex;
mod sums;
mod system;

use super::disclosure::{Control, Preset};
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
            let key: Vec<&str> = keys.iter().map(|key| row[*key].as_str()).collect();
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

impl System {
    /// What two issues say of each other: shifts and margins are a cell's own, and people have only joined.
    fn only_joined(&mut self, printed: [&Published; 2], truth: [&Published; 2], preset: Preset) {
        // How many have joined is printed nowhere; of no group more than of all.
        let joined = self.variable("joined", 0.0, 300.0);
        let rows = |name: &str| name.contains("quarantine") || name.contains("withheld") || name.contains("|accounts|");
        let names = printed[0].keys().filter(|name| printed[1].contains_key(*name));
        for name in names.filter(|name| !rows(name) && *name != FEW && !name.ends_with("All other combinations")) {
            let of = |issue: usize| format!("{}|{name}", issue + 1);
            let cells = [0, 1].map(|issue| self.names[&of(issue)]);
            let nothing = printed.iter().all(|issue| issue[name] == Some(0));
            if nothing {
                continue;
            }
            let (new, elsewhere) = (self.unseen(300.0), self.unseen(300.0));
            self.adds_up(cells[1], &[cells[0], new]);
            match name == EVERYBODY {
                true => self.adds_up(joined, &[new]),
                false => self.adds_up(joined, &[new, elsewhere]),
            }
            if !preset.rounds() {
                continue;
            }
            // Shifts are -2 to 2, here 0 to 4.
            let (shift, margin) = (self.unseen(4.0), self.unseen(4.0));
            for issue in [0, 1] {
                let small = preset.hides(truth_of(name, printed[issue], truth[issue]));
                match printed[issue][name] {
                    Some(0) => {}
                    Some(count) => {
                        let clamped = count < preset.high + 1 + preset.rounded_to;
                        let low = if clamped { 0.0 } else { count as f64 };
                        let shifted = self.variable(&format!("shifted {}", of(issue)), low, count as f64 + 4.0);
                        self.adds_up(shifted, &[cells[issue], shift]);
                        let above = self.variable(&format!("above {}", of(issue)), preset.high as f64 + 1.0, 1e6);
                        self.adds_up(cells[issue], &[margin, above]);
                    }
                    None if small => {
                        let reach = self.variable(&format!("reach {}", of(issue)), 0.0, preset.high as f64 + 4.0);
                        let most =
                            self.variable(&format!("most {}", preset.high), preset.high as f64, preset.high as f64);
                        self.adds_up(reach, &[margin, most]);
                        let below = self.unseen(preset.high as f64 + 4.0);
                        self.adds_up(reach, &[cells[issue], below]);
                    }
                    None => {}
                }
            }
        }
    }
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
    let nothing_hidden = Preset { low: 1, high: 0, rounded_to: 1 };
    let under = |preset: Preset| published(&with_facts_under(&Control::new(preset, &[key; 32]), people, rows, build));
    (under(preset), under(nothing_hidden))
}

/// Every hidden small count of an issue can still be another number, and 3 or more.
fn nothing_is_recovered(
    system: &System,
    issue: &str,
    printed: &Published,
    truth: &Published,
    preset: Preset,
) -> Result<(), TestCaseError> {
    let mut tableau = Tableau::of(system);
    // Of a population that is itself hidden nobody could be 3.
    let large = printed[EVERYBODY].is_some();
    for name in printed.iter().filter(|(_, count)| count.is_none()).map(|(name, _)| name) {
        let exact = truth_of(name, printed, truth);
        if !preset.hides(exact) || exact == 0 {
            continue;
        }
        let cell = system.names[&format!("{issue}{name}")];
        prop_assert!(system.may_be_another(&mut tableau, cell, exact, large), "{name} is known to be {exact}");
    }
    Ok(())
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
        nothing_is_recovered(&system, "1|", &printed, &truth, preset)
    };
    TestRunner::new(config).run(&any, attacked).unwrap_or_else(|failed| panic!("{failed}"));
}

/// The same with two issues in a row, of presets that may be issued twice.
fn attack_two_issues(cases: u32, seed: RngSeed) {
    let config = ProptestConfig { cases, max_shrink_iters: 10, rng_seed: seed, ..ProptestConfig::default() };
    let rounding = Disclosure::ALL.into_iter().filter(|disclosure| Preset::of(*disclosure).rounds());
    let any = (any_town(), some_rows(), prop::sample::select(rounding.collect::<Vec<_>>()), any::<u8>());
    let attacked = |((providers, people, joiners), rows, disclosure, key): (Town, Vec<Rows>, Disclosure, u8)| {
        let (preset, rows) = (Preset::of(disclosure), &rows[..usize::from(providers)]);
        let later: Vec<Person> = people.iter().chain(&joiners).cloned().collect();
        let (first, second) = (issue(&people, rows, preset, key), issue(&later, rows, preset, key));
        let mut system = System::default();
        system.read("1|", &first.0, &first.1, preset);
        system.read("2|", &second.0, &second.1, preset);
        system.only_joined([&first.0, &second.0], [&first.1, &second.1], preset);
        nothing_is_recovered(&system, "1|", &first.0, &first.1, preset)?;
        nothing_is_recovered(&system, "2|", &second.0, &second.1, preset)
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

/// Each solves some hundred linear programmes of a thousand unknowns.
#[test]
fn nor_from_those_of_two_issues_in_a_row() {
    let (cases, seed) = asked(6, 50);
    attack_two_issues(cases, seed);
}
