//! Whether the attack is able: that it reads all that leaves, and works out what is hidden badly.

use super::people::AGE;
use super::{
    DUPLICATES, Kinds, Published, READ, System, Tableau, any_person, issue, nothing_is_recovered, summary_of, truth_of,
};
use crate::job::Disclosure;
use crate::summary::disclosure::{Control, Preset};
use crate::summary::tests::{Person, Rows, csv_rows};
use crate::summary::{Summary, for_others};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// Nothing that this preset does not hide is rounded.
const DISCLOSURE: Disclosure = Disclosure::Ons5;
const ROWS: [Rows; 4] = [(9, 3, 20), (0, 5, 0), (1, 0, 12), (30, 2, 2)];

fn town() -> Vec<Person> {
    let mut runner = TestRunner::deterministic();
    prop::collection::vec(any_person(4), 300).new_tree(&mut runner).expect("a town").current()
}

fn tables(disclosure: Disclosure) -> Summary {
    summary_of(&Control::new(Preset::of(disclosure), &[1; 32]), Kinds::TwoAlike, &town(), &ROWS)
}

/// What is truly counted of the town, and what is printed of it.
fn truth_and_printed() -> (Published, Published) {
    let (printed, truth) = issue(&town(), &ROWS, Preset::of(DISCLOSURE), 1);
    (truth, printed)
}

fn read(printed: &Published, truth: &Published) -> System {
    let mut system = System::default();
    system.read("1|", printed, truth, Preset::of(DISCLOSURE));
    system
}

/// A table or a column that nobody attacks would be protected by nothing but the hope that somebody has thought of it.
#[test]
fn every_count_of_every_table_that_leaves_is_read() {
    let summary = tables(Disclosure::Hes);
    let leaves: BTreeSet<String> = for_others(&summary.csv).map(|(file, _)| file.to_string()).collect();
    let told = csv_rows(&summary, "dictionary.csv").into_iter().filter(|row| leaves.contains(&row["file"]));
    let counted = told.filter(|row| ["people", "rows", "people or rows"].contains(&row["unit"].as_str()));
    let counted: BTreeSet<(String, String)> = counted.map(|row| (row["file"].clone(), row["column"].clone())).collect();
    let read = READ.into_iter().flat_map(|(file, _, counts)| counts.iter().map(move |count| (file, *count)));
    let read: BTreeSet<(String, String)> = read.map(|(file, count)| (file.to_string(), count.to_string())).collect();
    assert_eq!(counted, read);
    assert_eq!(leaves.len(), READ.len() + 1, "all but the dictionary have counts");
}

/// Whoever has the report has its figures over time: of tonight these are the figures of the tables, but for one.
#[test]
fn what_is_told_of_tonight_over_time_is_what_the_tables_tell() {
    let summary = tables(Disclosure::Hes);
    let (groups, cohorts) = (csv_rows(&summary, "people_by_group.csv"), csv_rows(&summary, "cohorts.csv"));
    let mut alike = 0;
    for line in csv_rows(&summary, "over_time.csv") {
        let group = groups.iter().find(|row| row["measure"] == line["measure"] && row["group"] == line["group"]);
        let cohort = cohorts.iter().find(|row| line["measure"] == "cohort" && row["cohort"] == line["group"]);
        let told = group.map(|row| &row["count"]).or(cohort.map(|row| &row["people"]));
        match told {
            Some(told) => alike += u64::from(*told == line["count"]),
            None => assert!(DUPLICATES.ends_with(line["group"].as_str()), "{line:?}"),
        }
    }
    assert_eq!(alike, 1 + 4 + 4 + 2, "everybody, each status, four accounts and two cohorts");
}

/// Of every table a count is worked out that alone is hidden: what the attacker knows of it is not nothing.
#[test]
fn a_count_that_alone_is_hidden_is_worked_out() {
    let (truth, _) = truth_and_printed();
    let is_worked_out = |name: &str| {
        let mut printed = truth.clone();
        printed.insert(name.to_string(), None);
        let system = read(&printed, &truth);
        let (cell, exact) = (system.names[&format!("1|{name}")], truth_of(name, &printed, &truth));
        !system.may_be_another(&mut Tableau::of(&system), cell, exact, false)
    };
    for (file, _, _) in READ {
        // Of these only the rest of a whole is worked out.
        if ["cohorts.csv", "packages.csv"].contains(&file) {
            continue;
        }
        let counts = truth.iter().filter(|(name, count)| name.starts_with(file) && **count > Some(0));
        assert!(counts.map(|(name, _)| name).any(|name| is_worked_out(name)), "{file}");
    }
}

#[test]
fn who_is_left_of_a_whole_is_worked_out_where_nothing_is_hidden() {
    let (truth, _) = truth_and_printed();
    let system = read(&truth, &truth);
    let mut tableau = Tableau::of(&system);
    for (name, &rest) in &system.rests {
        assert!(!system.may_be_another(&mut tableau, rest, system.exact[&rest], false), "{name}");
    }
    for file in ["cohorts.csv", "packages.csv", "end_of_life.csv", "data_quality.csv", "linkage_quality.csv"] {
        assert!(system.rests.keys().any(|name| name.contains(file)), "{file}");
    }
}

/// The attack finds a small count where protection is off, or where only what the preset hides of itself is hidden, and not where it is on.
#[test]
fn what_protection_keeps_is_recovered_without_it() {
    let (truth, protected) = truth_and_printed();
    let preset = Preset::of(DISCLOSURE);
    let is_recovered = |printed: &Published, asked: &dyn Fn(&str) -> bool| {
        nothing_is_recovered(&read(printed, &truth), "1|", (printed, &truth), preset, asked).is_err()
    };
    let is_small = |name: &str| truth[name].is_some_and(|count| preset.hides(count));
    let small = truth.keys().find(|name| name.starts_with(AGE) && is_small(name)).expect("there are some");
    let mut one_hidden = truth.clone();
    one_hidden.insert(small.clone(), None);
    assert!(is_recovered(&one_hidden, &|name| name == small), "{small}");
    let only_small = truth.iter().map(|(name, count)| (name.clone(), count.filter(|count| !preset.hides(*count))));
    assert!(is_recovered(&only_small.collect(), &|_| true));
    assert!(!is_recovered(&protected, &|_| true));
}
