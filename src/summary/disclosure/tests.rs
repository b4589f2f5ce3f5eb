//! The laws of disclosure control.

use super::*;
use crate::job::Disclosure;
use proptest::prelude::*;
use std::collections::BTreeSet;

const EVERY: [Disclosure; 6] = Disclosure::ALL;

fn hes() -> Control {
    Control::new(Preset::of(Disclosure::Hes), &[7; 32])
}

fn known_total(control: &Control, groups: &[u64]) -> Vec<Shown> {
    let named: Vec<(String, u64)> = groups.iter().enumerate().map(|(at, &count)| (at.to_string(), count)).collect();
    control.groups_of_a_known_total(&named)
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
        assert_eq!(control.whole_population(12_346).to_string(), "12,346");
        assert!(control.whole_population(preset.high).is_hidden());
    }
}

/// Only the preset that DOMAIN describes hides what it describes.
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
    let shown = known_total(&exact, &[3, 1_002, 2_000]);
    assert_eq!(shown.iter().map(|cell| cell.plain()).collect::<Vec<_>>(), ["*", "*", "2000"]);
}

#[test]
fn many_rounded_cells_protect_a_hidden_one_by_themselves() {
    let mut groups = vec![100; 20];
    groups.push(4);
    assert_eq!(known_total(&hes(), &groups).iter().filter(|cell| cell.is_hidden()).count(), 1);
}

#[test]
fn a_loose_total_is_rounded_further_instead() {
    let control = hes();
    let mut table = Table::new(&control);
    let (rows, used, refused) = (table.loose("read", 30_002), table.part("used", 30_000), table.part("refused", 2));
    table.sum(rows, [used, refused]);
    let shown = table.protect();
    assert!(shown.at(used).count().unwrap().abs_diff(30_000) <= 4);
    assert!(shown.at(refused).is_hidden());
    assert_eq!(shown.at(rows).count().unwrap() % 10, 0);
}

/// Every way to fill the printed cells that adds up, by brute force: the values that each hidden cell takes.
fn possible(preset: Preset, shown: &[Shown], total: u64, hidden_to: u64) -> Vec<BTreeSet<u64>> {
    let candidates = |cell: &Shown| -> Vec<u64> {
        match cell.count() {
            None => (preset.low..=hidden_to.min(total)).collect(),
            Some(0) => vec![0],
            Some(printed) => {
                let shifts = if preset.rounds() { -SHIFT_MAX..=SHIFT_MAX } else { 0..=0 };
                let fits = |n: u64| shifts.clone().any(|shift| preset.printed(n, shift, preset.rounded_to) == printed);
                (preset.high + 1..=total).filter(|&n| fits(n)).collect()
            }
        }
    };
    let candidates: Vec<Vec<u64>> = shown.iter().map(candidates).collect();
    // Totals that the cells before, and the cells behind, can have.
    let reach = |so_far: &BTreeSet<u64>, values: &Vec<u64>| -> BTreeSet<u64> {
        so_far.iter().flat_map(|sum| values.iter().map(move |value| sum + value)).filter(|sum| *sum <= total).collect()
    };
    let mut before = vec![BTreeSet::from([0])];
    candidates.iter().for_each(|values| before.push(reach(before.last().expect("it begins with one"), values)));
    let mut behind = vec![BTreeSet::from([0])];
    candidates.iter().rev().for_each(|values| behind.push(reach(behind.last().expect("it begins with one"), values)));
    behind.reverse();
    let adds_up = |at: usize, value: u64| {
        before[at].iter().any(|sum| total.checked_sub(sum + value).is_some_and(|rest| behind[at + 1].contains(&rest)))
    };
    (0..shown.len()).map(|at| candidates[at].iter().copied().filter(|&value| adds_up(at, value)).collect()).collect()
}

proptest! {
    /// No hidden cell can be narrowed below the whole small range by anything printed, the exact total included.
    #[test]
    fn a_hidden_cell_stays_anything_small(
        groups in prop::collection::vec(prop_oneof![0u64..=12, 0u64..=40], 1..=6),
        disclosure in prop::sample::select(EVERY.to_vec()),
    ) {
        let control = Control::new(Preset::of(disclosure), &[5; 32]);
        let preset = control.preset();
        let shown = known_total(&control, &groups);
        let total: u64 = groups.iter().sum();
        prop_assume!(!preset.hides(total));
        let hidden = |large: u64| groups.iter().zip(&shown).any(|(&n, cell)| n > large && cell.is_hidden());
        // The last resort: of a table so small, nothing but its total is shown.
        if groups.iter().zip(&shown).any(|(&n, cell)| n == 0 && preset.low > 0 && cell.is_hidden()) {
            prop_assert!(shown.iter().all(|cell| cell.is_hidden()));
        } else if shown.iter().any(|cell| !cell.is_hidden()) {
            let possible = possible(preset, &shown, total, if hidden(preset.high) { total } else { preset.high + MARGIN_MAX });
            for (cell, values) in shown.iter().zip(possible) {
                if cell.is_hidden() {
                    let all = (preset.low..=preset.high).all(|n| values.contains(&n));
                    prop_assert!(all, "{groups:?} shown as {shown:?} leaves {values:?}");
                }
            }
        }
    }

    /// Rows and columns with their totals: eliminating all sums at once determines no hidden cell.
    #[test]
    fn no_hidden_cell_of_rows_and_columns_is_determined(
        counts in prop::collection::vec(prop_oneof![3 => 0u64..=12, 2 => 0u64..=300], 12),
        disclosure in prop::sample::select(EVERY.to_vec()),
    ) {
        let control = Control::new(Preset::of(disclosure), &[6; 32]);
        let (rows, columns) = (3, 4);
        let mut table = Table::new(&control);
        let cells: Vec<Place> = counts.iter().enumerate().map(|(at, &n)| table.part(&at.to_string(), n)).collect();
        let row_sum = |row: usize| counts[row * columns..(row + 1) * columns].iter().sum::<u64>();
        let column_sum = |column: usize| (0..rows).map(|row| counts[row * columns + column]).sum::<u64>();
        let row_totals: Vec<Place> = (0..rows).map(|row| table.part(&format!("row {row}"), row_sum(row))).collect();
        let column_totals: Vec<Place> =
            (0..columns).map(|column| table.part(&format!("column {column}"), column_sum(column))).collect();
        let total = table.exact(counts.iter().sum());
        table.sum(total, row_totals.iter().copied());
        table.sum(total, column_totals.iter().copied());
        for row in 0..rows {
            table.sum(row_totals[row], cells[row * columns..(row + 1) * columns].iter().copied());
        }
        for column in 0..columns {
            table.sum(column_totals[column], (0..rows).map(|row| cells[row * columns + column]));
        }
        let shown = table.protect();
        let every: Vec<Place> = cells.iter().chain(&row_totals).chain(&column_totals).copied().collect();
        // Where not even the total has anything to hide in, everything goes.
        prop_assume!(every.iter().any(|&place| !shown.at(place).is_hidden()));
        let standing = table.protected();
        let known = |cell: usize| !standing.hidden[cell] && (table.cells[cell].value == 0 || !control.preset().rounds());
        let known = |cell: usize| known(cell) || cell == table.cells.len() - 1;
        let determined = solve::determined(&known, &table.sums);
        let given_away: Vec<usize> = determined.into_iter().filter(|&cell| standing.hidden[cell]).collect();
        prop_assert!(given_away.is_empty(), "{disclosure:?} {counts:?}: {given_away:?}");
    }

    /// Rows, their parts, and the parts of the parts: a tree of sums under totals that may be coarsened.
    #[test]
    fn a_tree_of_sums_gives_nothing_away(parts in prop::collection::vec(prop::collection::vec(0u64..40, 1..4), 1..5)) {
        let control = hes();
        let mut table = Table::new(&control);
        let mut wholes = Vec::new();
        for (at, codes) in parts.iter().enumerate() {
            let cells: Vec<Place> = codes.iter().enumerate().map(|(code, &n)| table.part(&format!("{at} {code}"), n)).collect();
            let whole = table.part(&at.to_string(), codes.iter().sum());
            table.sum(whole, cells);
            wholes.push(whole);
        }
        let total = table.loose("total", parts.iter().flatten().sum());
        table.sum(total, wholes);
        let standing = table.protected();
        let bounds = table.feasible(&standing);
        for (index, cell) in table.cells.iter().enumerate() {
            prop_assert!(bounds[index].low <= cell.value && cell.value <= bounds[index].high, "the truth stays possible");
        }
        for sum in &table.sums {
            // Where nothing of a sum but its total is shown, the total cannot point at any one part.
            let nothing_shown = sum.parts.iter().all(|part| standing.hidden[part.cell]);
            // What only its margin hides is no small count: that it is none may be told.
            let is_small = |&part: &usize| standing.hidden[part] && (1..=7).contains(&table.cells[part].value);
            for part in sum.parts.iter().map(|part| part.cell).filter(is_small) {
                let has_parts = table.sums.iter().any(|below| below.whole == part);
                let wide = (has_parts || bounds[part].low <= 1) && bounds[part].high >= 7;
                prop_assert!(wide || nothing_shown, "{parts:?}: cell {part} is in {:?}", bounds[part]);
            }
        }
    }
}
