//! Who knew of wishes, and admissions in the last days, against a plain look at every day.

use super::*;
use proptest::prelude::*;

fn seen() -> impl Strategy<Value = Vec<Seen>> {
    let day = || proptest::option::weighted(0.7, 0i32..60);
    let row = (0u16..4, day(), any::<bool>(), day());
    proptest::collection::vec(row, 0..7).prop_map(|rows| {
        let row = |(provider, contact, has_wish, admitted)| Seen { provider, contact, has_wish, admitted };
        rows.into_iter().map(row).collect()
    })
}

proptest! {
    /// Day by day backwards from the last: the first day on which anybody saw the person decides who had to know.
    #[test]
    fn whoever_saw_the_person_last_had_to_know(rows in seen(), until in 0i32..60, last_days in 1i32..40) {
        let ending = judge(&rows, until, last_days);
        let wishing: Vec<u16> = rows.iter().filter(|row| row.has_wish).map(|row| row.provider).collect();
        prop_assert_eq!(ending.recorded, !wishing.is_empty());
        let last = (0..=until).rev().find(|day| rows.iter().any(|row| row.contact == Some(*day)));
        let had = last.map(|day| rows.iter().any(|row| row.contact == Some(day) && wishing.contains(&row.provider)));
        prop_assert_eq!(ending.known_to_last, had.filter(|_| ending.recorded));
        let mut admissions = 0;
        for day in (until - last_days + 1)..=until {
            for provider in 0..4 {
                admissions += u32::from(rows.iter().any(|row| row.admitted == Some(day) && row.provider == provider));
            }
        }
        prop_assert_eq!(ending.late_admissions, admissions);
    }

    /// Every part is of its whole, and the groups of those who died are all of them.
    #[test]
    fn counts_add_up(people in proptest::collection::vec((any::<[bool; 4]>(), proptest::option::of(any::<bool>()), 0i64..3, 0usize..3, 0usize..3), 0..40)) {
        const PLACES: [Option<&str>; 3] = [None, Some("home"), Some("hospice")];
        let mut counts = EndOfLifeCounts::default();
        for ([here, died_lately, on_register, recorded], known, late_admissions, wished, there) in &people {
            counts.add(&PersonEnding {
                here: *here,
                died_lately: *died_lately,
                on_register: *on_register,
                recorded: *recorded,
                known_to_last: known.filter(|_| *recorded),
                late_admissions: *late_admissions,
                preferred_place_of_death: PLACES[*wished],
                place_of_death: PLACES[*there],
            });
        }
        prop_assert!(counts.known_to_last <= counts.recorded && counts.recorded <= counts.on_register);
        let died = people.iter().filter(|(flags, ..)| flags[1]).count() as u64;
        prop_assert_eq!(counts.all_died(), died);
        prop_assert!(counts.died.iter().all(|group| group.admitted <= group.people));
        let followed = people.iter().filter(|(flags, _, _, wished, there)| flags[1] && *wished > 0 && wished == there);
        prop_assert_eq!(counts.places.values().map(|place| place.there).sum::<u64>(), followed.count() as u64);
    }
}
