//! The laws of disclosure control.

use super::standing::Standing;
use super::table::{Cell, Kind};
use super::*;
use crate::job::Disclosure;
use crate::summary::attack::{System, Tableau};
use proptest::prelude::*;
use std::collections::BTreeSet;

const EVERY: [Disclosure; 6] = Disclosure::ALL;

fn hes() -> Control {
    Control::new(Preset::of(Disclosure::Hes), &[7; 32])
}

/// Groups that together are everybody, as they may be shown, and all people.
fn everybody(control: &Control, groups: &[u64]) -> (Vec<Shown>, Shown) {
    let mut table = Table::new(control);
    let places: Vec<Place> = groups.iter().enumerate().map(|(at, &count)| table.part(&at.to_string(), count)).collect();
    let whole = table.whole_population(groups.iter().sum());
    table.sum(whole, places.iter().copied());
    let shown = table.protect();
    (shown.all(&places), shown.at(whole))
}

#[test]
fn small_counts_are_hidden_and_others_are_near_the_truth() {
    for disclosure in EVERY {
        let (preset, control) = (Preset::of(disclosure), Control::new(Preset::of(disclosure), &[3; 32]));
        for exact in 0..400 {
            let name = format!("cell {}", exact % 7);
            match control.single(&name, exact).count() {
                None if preset.rounds() => assert!(exact <= preset.high + MARGIN_MAX),
                None => assert!(preset.hides(exact)),
                Some(0) => assert!(exact == 0 && preset.low == 1),
                Some(shown) if preset.rounds() => {
                    assert!(!preset.hides(exact) && shown.is_multiple_of(preset.rounded_to), "{exact} as {shown}");
                    assert!(shown.abs_diff(exact) <= 4 || exact <= preset.high + 3, "{exact} as {shown}");
                }
                Some(shown) => assert_eq!(shown, exact),
            }
            assert_eq!(control.single(&name, exact).is_hidden(), control.is_small(&name, exact));
        }
        let all = control.whole_population(12_346).count().expect("it is not small");
        assert!(if preset.rounds() { all.is_multiple_of(5) && all.abs_diff(12_346) <= 4 } else { all == 12_346 });
        assert!(control.whole_population(preset.high).is_hidden());
    }
}

/// Only the preset that DOMAIN describes hides what it describes.
#[test]
fn what_is_published_every_night_is_rounded_under_every_preset() {
    for disclosure in EVERY {
        let preset = Preset::of(disclosure);
        let control = Control::new(preset, &[3; 32]).rounding();
        for exact in 0..400 {
            let shown = control.single("cell", exact).count();
            let told = |shown: u64| shown.is_multiple_of(5) && !preset.hides(exact);
            assert!(shown.is_none_or(told), "{exact} as {shown:?}");
        }
        assert!(preset.rounding().hides(7) || preset.rounds());
        assert!(!preset.rounds() || preset.rounding() == preset);
    }
    assert_eq!(Preset::of(Disclosure::Ons5).rounding(), Preset::of(Disclosure::Hes));
}

#[test]
fn presets_are_those_of_the_sources() {
    let hides = |disclosure| {
        let preset = Preset::of(disclosure);
        (0..=20).filter(|&count| preset.hides(count)).collect::<Vec<_>>()
    };
    assert_eq!(hides(Disclosure::Hes), (1..=7).collect::<Vec<_>>());
    assert_eq!(hides(Disclosure::HesLegacy), (1..=5).collect::<Vec<_>>());
    assert_eq!(hides(Disclosure::Tre10), (0..=9).collect::<Vec<_>>());
    assert_eq!(hides(Disclosure::Mhsds), (0..=4).collect::<Vec<_>>());
    assert_eq!(hides(Disclosure::Cld), (1..=4).collect::<Vec<_>>());
    assert_eq!(hides(Disclosure::Ons5), (1..=4).collect::<Vec<_>>());
}

/// A cell is blurred alike whatever it holds and whenever it is asked for; other cells and other keys otherwise.
#[test]
fn the_blur_hangs_on_the_cell_and_the_key_alone() {
    let (one, other) = (hes(), Control::new(Preset::of(Disclosure::Hes), &[8; 32]));
    let blurs = |control: &Control| (0..500).map(|at| control.blur(&at.to_string())).collect::<Vec<_>>();
    assert_eq!(blurs(&one), blurs(&hes()));
    let same = blurs(&one).iter().zip(blurs(&other)).filter(|(left, right)| **left == *right).count();
    assert!(same < 60, "{same} of 500 are alike, 20 are expected by chance");
    let mean = blurs(&one).iter().map(|blur| blur.shift).sum::<i64>() as f64 / 500.0;
    assert!(mean.abs() < 0.3, "a mean of {mean} would bend every figure");
    let margins: BTreeSet<u64> = blurs(&one).iter().map(|blur| blur.margin).collect();
    assert_eq!(margins, (0..=MARGIN_MAX).collect());
}

#[test]
fn percentages_come_from_printed_counts() {
    let shown = |count| Shown(Seen::Count(count));
    assert_eq!(shown(995).percent_of(shown(1_000)), Some(99.5));
    assert_eq!(Shown::HIDDEN.percent_of(shown(1_000)), None);
    assert_eq!(Shown::NONE.percent_of(Shown::NONE), None);
}

#[test]
fn a_cell_that_the_total_gives_back_takes_the_next_smallest_with_it() {
    // 3,005 - 1,002 - 2,000: without a second mark it would be plain.
    let exact = Control::new(Preset::of(Disclosure::Ons5), &[7; 32]);
    let (shown, all) = everybody(&exact, &[3, 1_002, 2_000]);
    assert_eq!(shown.iter().map(|cell| cell.plain()).collect::<Vec<_>>(), ["*", "*", "2000"]);
    assert_eq!(all.plain(), "3005");
}

#[test]
fn rounded_cells_protect_a_hidden_one_by_themselves() {
    let hidden = |groups: &[u64]| everybody(&hes(), groups).0.iter().filter(|cell| cell.is_hidden()).count();
    assert_eq!(hidden(&[100, 100, 100, 100, 4]), 1);
    assert_eq!(hidden(&[0, 100, 0, 0, 200, 4]), 1);
}

#[test]
fn a_loose_total_is_rounded_further_instead() {
    let control = Control::new(Preset::of(Disclosure::Ons5), &[7; 32]);
    let mut table = Table::new(&control);
    let (rows, used, refused) = (table.loose("read", 30_002), table.part("used", 30_000), table.part("refused", 2));
    table.sum(rows, [used, refused]);
    let shown = table.protect();
    assert_eq!(shown.at(used).count(), Some(30_000));
    assert!(shown.at(refused).is_hidden());
    assert_eq!(shown.at(rows).count(), Some(30_000));
}

/// What nobody prints is protected all the same: 1,000 of 1,002 leave 2.
#[test]
fn who_is_left_cannot_be_worked_out() {
    let control = Control::new(Preset::of(Disclosure::Ons5), &[7; 32]);
    let mut table = Table::new(&control);
    let (all, part, rest) = (table.whole_population(1_002), table.part("part", 1_000), table.rest("rest", 2));
    table.sum(all, [part, rest]);
    assert!(table.protect().at(part).is_hidden());
}

/// What a reader of all printed cells of a table knows, as a linear programme.
fn read(table: &Table, standing: &Standing) -> System {
    let (preset, mut system) = (table.preset(), System::default());
    let most = table.cells.iter().map(|cell| cell.value).max().unwrap_or(0) as f64 + 300.0;
    for (index, cell) in table.cells.iter().enumerate() {
        let margin = if preset.rounds() { MARGIN_MAX } else { 0 };
        let (low, high) = match (cell.kind, cell.value) {
            (Kind::Unseen | Kind::Rest, _) => (0.0, most),
            _ if standing.blank[index] => (0.0, most),
            (_, value) if standing.hidden[index] && value <= preset.high => {
                (preset.low as f64, (preset.high + margin) as f64)
            }
            _ if standing.hidden[index] => (preset.low as f64, most),
            (_, 0) => (0.0, 0.0),
            (_, value) => {
                let printed = preset.printed(value, cell.blur.shift, standing.base[index]);
                let (low, high) = preset.behind(printed, standing.base[index]);
                (low as f64, high as f64)
            }
        };
        system.variable(&index.to_string(), low, high);
    }
    for sum in &table.sums {
        system.equation(sum.parts.iter().map(|part| (part.times as f64, part.cell)).chain([(-1.0, sum.whole)]));
    }
    system
}

/// Every small count of the table could be another number, and, unless nothing at all is shown, 3 or more.
fn nothing_is_given_away(table: &Table) -> Result<(), TestCaseError> {
    let (standing, _) = protect::protected(table);
    let system = read(table, &standing);
    let mut tableau = Tableau::of(&system);
    let printed = |(cell, hidden): (&Cell, &bool)| !matches!(cell.kind, Kind::Unseen | Kind::Rest) && !hidden;
    let nothing_shown = !table.cells.iter().zip(&standing.hidden).any(printed);
    for (index, cell) in table.cells.iter().enumerate() {
        let small = table.preset().hides(cell.value) && (standing.hidden[index] || cell.kind == Kind::Rest);
        if small && cell.kind != Kind::Unseen && !standing.blank[index] {
            let another = system.may_be_another(&mut tableau, index, cell.value, !nothing_shown);
            prop_assert!(another, "cell {index} is known to be {}", cell.value);
        }
    }
    Ok(())
}

proptest! {
    /// Groups of everybody: no linear programme narrows a small one down.
    #[test]
    fn no_small_group_of_everybody_is_worked_out(
        groups in prop::collection::vec(prop_oneof![0u64..=12, 0u64..=40], 1..=6),
        disclosure in prop::sample::select(EVERY.to_vec()),
    ) {
        let control = Control::new(Preset::of(disclosure), &[5; 32]);
        let mut table = Table::new(&control);
        let whole = table.whole_population(groups.iter().sum());
        let parts: Vec<Place> = groups.iter().enumerate().map(|(at, &count)| table.part(&at.to_string(), count)).collect();
        table.sum(whole, parts);
        nothing_is_given_away(&table)?;
    }

    /// Rows and columns with their totals.
    #[test]
    fn no_small_cell_of_rows_and_columns_is_worked_out(
        counts in prop::collection::vec(prop_oneof![3 => 0u64..=12, 2 => 0u64..=300], 12),
        key in any::<u8>(),
        disclosure in prop::sample::select(EVERY.to_vec()),
    ) {
        let control = Control::new(Preset::of(disclosure), &[key; 32]);
        let (rows, columns) = (3, 4);
        let mut table = Table::new(&control);
        let cells: Vec<Place> = counts.iter().enumerate().map(|(at, &n)| table.part(&at.to_string(), n)).collect();
        let row_sum = |row: usize| counts[row * columns..(row + 1) * columns].iter().sum::<u64>();
        let column_sum = |column: usize| (0..rows).map(|row| counts[row * columns + column]).sum::<u64>();
        let row_totals: Vec<Place> = (0..rows).map(|row| table.part(&format!("row {row}"), row_sum(row))).collect();
        let column_totals: Vec<Place> =
            (0..columns).map(|column| table.part(&format!("column {column}"), column_sum(column))).collect();
        let total = table.whole_population(counts.iter().sum());
        table.sum(total, row_totals.iter().copied());
        table.sum(total, column_totals.iter().copied());
        for row in 0..rows {
            table.sum(row_totals[row], cells[row * columns..(row + 1) * columns].iter().copied());
        }
        for column in 0..columns {
            table.sum(column_totals[column], (0..rows).map(|row| cells[row * columns + column]));
        }
        nothing_is_given_away(&table)?;
    }

    /// Rows, their parts, and what is left of them, under a total that may be coarsened.
    #[test]
    fn a_tree_of_sums_gives_nothing_away(
        parts in prop::collection::vec(prop::collection::vec(0u64..40, 1..4), 1..5),
        disclosure in prop::sample::select(EVERY.to_vec()),
    ) {
        let control = Control::new(Preset::of(disclosure), &[7; 32]);
        let mut table = Table::new(&control);
        let mut wholes = Vec::new();
        for (at, codes) in parts.iter().enumerate() {
            let cells: Vec<Place> = codes.iter().enumerate().map(|(code, &n)| table.part(&format!("{at} {code}"), n)).collect();
            let rest = table.rest(&format!("rest {at}"), at as u64);
            let whole = table.part(&at.to_string(), codes.iter().sum::<u64>() + at as u64);
            table.sum(whole, cells.into_iter().chain([rest]));
            wholes.push(whole);
        }
        let total = (0..).zip(&parts).map(|(at, codes)| at + codes.iter().sum::<u64>()).sum();
        let total = table.loose("total", total);
        table.sum(total, wholes);
        nothing_is_given_away(&table)?;
    }
}
