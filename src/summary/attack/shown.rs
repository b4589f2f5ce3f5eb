//! Hiding everything would protect too: what the preset shows of itself must mostly stay.

use super::super::tests::any_person;
use super::{issue, truth_of};
use crate::job::Disclosure;
use crate::summary::disclosure::Preset;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// The share of the counts that neither the preset nor any margin hides which are shown, of a town of so many people.
fn share_shown(people: usize, disclosure: Disclosure, key: u8) -> f64 {
    let (preset, mut runner) = (Preset::of(disclosure), TestRunner::deterministic());
    let town = prop::collection::vec(any_person(4), people).new_tree(&mut runner).expect("a town").current();
    let (printed, truth) = issue(&town, &[(9, 3, 20), (0, 5, 0), (1, 0, 12), (30, 2, 2)], preset, key);
    // So few have died that hardly any part of them can be told.
    let plain = |name: &&String| {
        let exact = truth_of(name, &printed, &truth);
        !preset.hides(exact) && (exact == 0 || exact > preset.high + 4) && !name.starts_with("end_of_life.csv")
    };
    let all = printed.keys().filter(plain).count();
    let shown = printed.keys().filter(plain).filter(|name| printed[*name].is_some()).count();
    shown as f64 / all as f64
}

#[test]
fn nearly_all_that_is_not_small_is_shown_under_every_key() {
    for key in 0..20 {
        let share = share_shown(300, Disclosure::Hes, key);
        assert!(share > 0.97, "{share} under key {key}");
    }
    for disclosure in [Disclosure::Hes, Disclosure::Mhsds, Disclosure::Cld] {
        let share = share_shown(40, disclosure, 0);
        assert!(share > 0.9, "{share} of a village under {disclosure:?}");
    }
}

/// Without rounding every sum is exact, so that each hidden count needs another one that is hidden with it.
#[test]
fn most_is_shown_where_nothing_is_rounded() {
    for disclosure in [Disclosure::HesLegacy, Disclosure::Tre10, Disclosure::Ons5] {
        let share = share_shown(300, disclosure, 0);
        assert!(share > 0.85, "{share} under {disclosure:?}");
    }
}
