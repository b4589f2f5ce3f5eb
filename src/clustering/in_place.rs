//! Long lists that are put in order, and filled, where they stand.
//!
//! A night after another takes most of its pairs over in their order, and what comes to them is put behind: such a list is two that are to be merged.

use rayon::prelude::*;

/// Where no more than one in so many is out of order, these are taken out and merged in again. That needs room for as many as are taken out: 3 bytes a pair
/// of 24 at the most, while nothing is there yet of the 28 that `run::ceiling` foretells for making people of it; and 2 bytes of a pair of nodes.
const LATE: usize = 8;

/// Sorts a list: where it nearly ascends, without sorting all of it. It is the list that sorting gives: whoever ties is equal in everything.
///
/// Back of an envelope, 1.8 M pairs of which 120,000 are late: three walks, which compare each pair once, two of them moving it as well, and a sort of the
/// late ones, 17 comparisons each. That makes 8 M comparisons, where sorting all takes 1.8 M × 21 = 38 M. A list in no order at all is given up after
/// little more than an eighth of it.
pub(super) fn put_in_order<T: Ord + Copy + Send>(all: &mut Vec<T>) {
    let most = all.len() / LATE;
    let mut is_late = lateness();
    let late = all.iter().filter(|one| is_late(**one)).take(most + 1).count();
    if late > most {
        return all.par_sort_unstable();
    }
    if late == 0 {
        return;
    }
    let (mut is_late, mut taken) = (lateness(), Vec::with_capacity(late));
    all.retain(|one| {
        let late = is_late(*one);
        if late {
            taken.push(*one);
        }
        !late
    });
    merge_in(all, taken);
}

/// Says of one after another whether it is less than any before it.
fn lateness<T: Ord + Copy>() -> impl FnMut(T) -> bool {
    let mut greatest: Option<T> = None;
    move |one| {
        let is_late = greatest.is_some_and(|greatest| one < greatest);
        if !is_late {
            greatest = Some(one);
        }
        is_late
    }
}

/// Adds `more`, in any order, to a list that ascends, which it does again then. Nothing is held twice but `more`.
pub(super) fn merge_in<T: Ord + Copy + Send>(all: &mut Vec<T>, mut more: Vec<T>) {
    debug_assert!(all.is_sorted(), "only what ascends can be merged");
    more.par_sort_unstable();
    let (mut kept, mut to) = (all.len(), all.len() + more.len());
    all.reserve_exact(more.len());
    all.extend_from_slice(&more);
    // From behind: as many places are free before `to` as are still to come of `more`. Each of `all` is compared once and moved once; whoever comes
    // before the least of `more` stays untouched.
    for one in more.into_iter().rev() {
        while kept > 0 && all[kept - 1] > one {
            kept -= 1;
            to -= 1;
            all[to] = all[kept];
        }
        to -= 1;
        all[to] = one;
    }
}

/// Adds to a list what `one` makes of each of `some`, in their order; and of those of which it makes nothing all that `several` makes of them, behind.
/// `nothing` is what `one` never makes.
///
/// Nearly everybody makes one thing: each thread writes it where it belongs, and nobody holds lists of lists, to be copied, beside the list.
pub(super) fn add_each<S: Sync, T: Copy + PartialEq + Send + Sync, I: Iterator<Item = T>>(
    list: &mut Vec<T>,
    some: &[S],
    nothing: T,
    one: impl Fn(&S) -> Option<T> + Sync,
    several: impl Fn(&S) -> I + Sync,
) {
    let from = list.len();
    list.par_extend(some.par_iter().map(|given| one(given).unwrap_or(nothing)));
    let others = some.par_iter().zip(&list[from..]).filter(|(_, made)| **made == nothing);
    let besides: Vec<T> = others.flat_map_iter(|(given, _)| several(given)).collect();
    // No branch: a nanosecond for each of `some`.
    let mut to = from;
    for at in from..list.len() {
        let made = list[at];
        list[to] = made;
        to += usize::from(made != nothing);
    }
    list.truncate(to);
    list.extend(besides);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
        all.sort();
        all
    }

    /// One thing of somebody; none of every seventh.
    fn thing(at: usize, nth: usize) -> Option<(usize, usize)> {
        (!at.is_multiple_of(7)).then_some((at, nth))
    }

    proptest! {
        #[test]
        fn what_nearly_ascends_is_put_in_the_order_of_a_sort(
            ascending in prop::collection::vec((0u32..40, 0u32..3), 0..300),
            late in prop::collection::vec((any::<prop::sample::Index>(), (0u32..40, 0u32..3)), 0..30),
            is_behind in any::<bool>(),
        ) {
            let mut all = sorted(ascending);
            for (at, one) in late {
                let at = if is_behind { all.len() } else { at.index(all.len() + 1) };
                all.insert(at, one);
            }
            let expected = sorted(all.clone());
            let room = all.capacity();
            put_in_order(&mut all);
            prop_assert_eq!(&all, &expected);
            prop_assert_eq!(all.capacity(), room, "it stays where it stands");
        }

        #[test]
        fn what_is_merged_stands_as_if_all_were_sorted(
            all in prop::collection::vec((0u32..40, 0u32..3), 0..90),
            more in prop::collection::vec((0u32..40, 0u32..3), 0..90),
        ) {
            let expected = sorted([all.as_slice(), more.as_slice()].concat());
            let mut all = sorted(all);
            merge_in(&mut all, more);
            prop_assert_eq!(all, expected);
        }

        #[test]
        fn a_list_that_is_filled_in_place_holds_what_each_makes(
            given in prop::collection::vec(prop_oneof![8 => Just(1usize), 1 => 0usize..5], 0..200),
            at_once in 1usize..90,
        ) {
            let given: Vec<(usize, usize)> = given.into_iter().enumerate().collect();
            let makes = |&(at, things): &(usize, usize)| (0..things).filter_map(move |nth| thing(at, nth));
            let one = |given: &(usize, usize)| if given.1 == 1 { thing(given.0, 0) } else { None };
            let mut list = Vec::new();
            given.chunks(at_once).for_each(|some| add_each(&mut list, some, (usize::MAX, 0), one, makes));
            let expected: Vec<(usize, usize)> = given.iter().flat_map(makes).collect();
            prop_assert_eq!(sorted(list), expected);
        }
    }
}
