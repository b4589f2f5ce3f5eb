//! Overlaps and ends against a count of days, and what is made of what providers send.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Days that the naive count looks at; nothing of a span lies beyond them.
const DAYS: std::ops::Range<i32> = 0..80;

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let span = (0u32..3, 0u16..3, 0i32..60, proptest::option::weighted(0.8, 0i32..20), any::<bool>());
    proptest::collection::vec(span, 0..8).prop_map(|spans| {
        let span = |(need, provider, from, days, need_gone): (u32, u16, i32, Option<i32>, bool)| Span {
            need,
            provider,
            from,
            until: days.map(|days| from + days),
            need_gone,
        };
        spans.into_iter().map(span).collect()
    })
}

/// The providers who provide for a need on a day.
fn providing(spans: &[Span], need: u32, day: i32) -> BTreeSet<u16> {
    spans.iter().filter(|span| span.need == need && span.covers(day)).map(|span| span.provider).collect()
}

proptest! {
    /// On each day what the overlaps say is what counting the providers of that day says; and each run is as long as it can be.
    #[test]
    fn overlaps_are_the_days_with_two_providers(spans in spans()) {
        let found = overlaps(&spans);
        prop_assert!(found.is_sorted());
        for need in 0..3 {
            for day in DAYS {
                let covering = found.iter().filter(|overlap| overlap.need == need && overlap.covers(day)).count();
                let several = providing(&spans, need, day).len() > 1;
                prop_assert_eq!(covering, usize::from(several), "need {} day {}", need, day);
            }
        }
        for one in &found {
            prop_assert!(providing(&spans, one.need, one.from - 1).len() < 2);
            prop_assert!(one.until.is_none_or(|until| providing(&spans, one.need, until + 1).len() < 2));
            // What goes on does so beyond all that begins and ends.
            prop_assert!(one.until.is_some() || providing(&spans, one.need, 1_000).len() > 1);
        }
    }

    /// A need is told where its last day with a package lies as far back as asked for, and no package that ended then says that it went.
    #[test]
    fn ended_follows_from_the_last_day_with_a_package(
        spans in spans(),
        as_of in 20i32..80,
        successor_days in 0i32..20,
        window in 1i32..60,
    ) {
        let earliest = as_of - window;
        let expected: Vec<u32> = (0..3).filter(|&need| {
            let days: Vec<i32> = (DAYS.start..1_000).filter(|&day| !providing(&spans, need, day).is_empty()).collect();
            let Some(&last) = days.last() else { return false };
            let closing = spans.iter().any(|span| span.need == need && span.until == Some(last) && span.need_gone);
            last < as_of && last >= earliest && as_of - last > successor_days && !closing
        }).collect();
        prop_assert_eq!(ended(&spans, as_of, successor_days, earliest), expected);
    }
}

#[test]
fn where_a_package_stands_follows_from_its_dates_and_a_death() {
    use super::package::{Sent, judge};
    use Sent::{Day, Nothing, Unreadable};
    let as_of = 20_000;
    let judged = |start, end, died: Option<i32>| {
        let mut package = Package {
            person: 0,
            row: 0,
            provider: 0,
            service: 0,
            need: 0,
            because: crate::records::MISSING,
            start: None,
            end: None,
            planned_until: None,
            until: None,
            state: None,
            problem: None,
        };
        judge(&mut package, start, end, as_of, died);
        (package.state, package.problem, package.until)
    };
    use super::{Problem::*, State::*};
    for (start, end, died, state, problem, until) in [
        (Day(as_of), Nothing, None, Some(Current), None, None),
        (Day(as_of), Day(as_of), None, Some(Current), None, Some(as_of)),
        (Day(as_of - 9), Day(as_of - 1), None, Some(Ended), None, Some(as_of - 1)),
        (Day(as_of + 1), Nothing, None, Some(Planned), None, None),
        (Day(as_of - 9), Nothing, Some(as_of), Some(Ended), None, Some(as_of)),
        (Day(as_of - 9), Day(as_of - 2), Some(as_of - 5), Some(Ended), None, Some(as_of - 5)),
        (Day(as_of - 9), Day(as_of + 90_000), None, Some(Current), Some(EndFarAway), None),
        (Nothing, Day(as_of), None, None, Some(NoStart), Some(as_of)),
        (Unreadable, Nothing, None, None, Some(StartUnreadable), None),
        (Day(as_of), Unreadable, None, None, Some(EndUnreadable), None),
        (Day(as_of), Day(as_of - 1), None, None, Some(EndBeforeStart), Some(as_of - 1)),
        (Day(as_of + 800), Nothing, None, None, Some(StartImplausible), None),
        (Day(-30_000), Nothing, None, None, Some(StartImplausible), None),
        (Day(as_of - 2), Nothing, Some(as_of - 3), None, Some(StartAfterDeath), Some(as_of - 3)),
    ] {
        assert_eq!(judged(start, end, died), (state, problem, until), "{start:?} {end:?} {died:?}");
    }
    let words: BTreeSet<&str> = Problem::ALL.into_iter().map(Problem::word).collect();
    assert_eq!(words.len(), Problem::ALL.len());
}
