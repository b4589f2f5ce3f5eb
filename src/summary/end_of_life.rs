//! The end of life after disclosure control: the register, and what became of the wishes of those who died.

use super::disclosure::{Control, Place, Protected, Shown, Table};
use crate::end_of_life::{EndOfLifeCounts, GROUPS, PlaceCount};

/// Where the counts stand in the table of all counts.
pub(super) struct EndOfLifeCells {
    on_register: Place,
    recorded: Place,
    known_to_last: Place,
    died: Place,
    /// In the order of [`GROUPS`]: people, and those with an unplanned admission.
    groups: Vec<[Place; 2]>,
    /// Of those of whom both places are known: all, and those who died where they wished.
    followed: [Place; 2],
    /// The same by the place they wished for: places with people enough to be named, and the others together.
    places: Vec<(String, [Place; 2])>,
}

/// The same, as they may be shown.
pub(super) struct EndOfLifeFigures {
    pub on_register: Shown,
    pub recorded: Shown,
    pub known_to_last: Shown,
    pub died: Shown,
    pub groups: Vec<GroupFigures>,
    pub both_known: Shown,
    pub followed: Shown,
    pub places: Vec<PlaceFigures>,
}

/// People who died, by what was known of their wishes.
pub(super) struct GroupFigures {
    /// One of [`GROUPS`].
    pub group: &'static str,
    pub people: Shown,
    pub admitted: Shown,
}

/// People who wished to die in one place.
pub(super) struct PlaceFigures {
    /// Empty for all places with too few people each.
    pub place: String,
    pub people: Shown,
    pub there: Shown,
}

impl EndOfLifeCells {
    /// `here` are those who are registered or known here, `dead` all who have died; each with how many they are.
    pub fn lay_out(
        control: &Control,
        counts: &EndOfLifeCounts,
        table: &mut Table,
        here: (Place, u64),
        dead: (Place, u64),
    ) -> EndOfLifeCells {
        let mut layout = Layout { table };
        let on_register = layout.part_of(here, "register", counts.on_register);
        let recorded = layout.part_of((on_register, counts.on_register), "register|recorded", counts.recorded);
        let known_to_last = layout.part_of((recorded, counts.recorded), "register|known", counts.known_to_last);
        let died = layout.part_of(dead, "died", counts.all_died());
        let mut groups = Vec::new();
        for (group, count) in GROUPS.into_iter().zip(&counts.died) {
            let people = layout.table.part(&name_of(&format!("died|{group}")), count.people);
            let admitted = layout.part_of((people, count.people), &format!("died|{group}|admitted"), count.admitted);
            groups.push([people, admitted]);
        }
        layout.table.sum(died, groups.iter().map(|[people, _]| *people));
        let all = counts.places.values().fold(PlaceCount::default(), |all, place| PlaceCount {
            people: all.people + place.people,
            there: all.there + place.there,
        });
        let both = layout.part_of((died, counts.all_died()), "died|places", all.people);
        let there = layout.part_of((both, all.people), "died|places|there", all.there);
        let places = layout.places(control, counts, both, there);
        EndOfLifeCells { on_register, recorded, known_to_last, died, groups, followed: [both, there], places }
    }

    pub fn read(&self, shown: &Protected) -> EndOfLifeFigures {
        // Where nothing is said of the whole, nothing is of the part.
        let part = |whole: Shown, place: Place| if whole.is_hidden() { whole } else { shown.at(place) };
        let on_register = shown.at(self.on_register);
        let recorded = part(on_register, self.recorded);
        let both_known = shown.at(self.followed[0]);
        let group = |(group, [people, admitted]): (&'static str, &[Place; 2])| {
            let people = shown.at(*people);
            GroupFigures { group, people, admitted: part(people, *admitted) }
        };
        let place = |(place, [people, there]): &(String, [Place; 2])| {
            let people = shown.at(*people);
            PlaceFigures { place: place.clone(), people, there: part(people, *there) }
        };
        EndOfLifeFigures {
            on_register,
            recorded,
            known_to_last: part(recorded, self.known_to_last),
            died: shown.at(self.died),
            groups: GROUPS.into_iter().zip(&self.groups).map(group).collect(),
            both_known,
            followed: part(both_known, self.followed[1]),
            places: self.places.iter().map(place).collect(),
        }
    }
}

fn name_of(what: &str) -> String {
    format!("end_of_life|{what}")
}

struct Layout<'l, 'c> {
    table: &'l mut Table<'c>,
}

impl Layout<'_, '_> {
    /// The rest of a whole could be worked out where a part is printed.
    fn part_of(&mut self, (whole, people): (Place, u64), what: &str, count: u64) -> Place {
        let place = self.table.part(&name_of(what), count);
        let rest = self.table.rest(&name_of(&format!("{what}|rest")), people.saturating_sub(count));
        self.table.sum(whole, [place, rest]);
        place
    }

    /// Places that people wished for; those with too few people each together under an empty name.
    fn places(
        &mut self,
        control: &Control,
        counts: &EndOfLifeCounts,
        both: Place,
        there: Place,
    ) -> Vec<(String, [Place; 2])> {
        let (mut named, mut few): (Vec<(String, PlaceCount)>, Vec<PlaceCount>) = Default::default();
        for (place, count) in &counts.places {
            match control.is_small(&name_of(&format!("died|place|{place}")), count.people) {
                true => few.push(*count),
                false => named.push((place.clone(), *count)),
            }
        }
        if !few.is_empty() {
            let sum = |of: fn(&PlaceCount) -> u64| few.iter().map(of).sum();
            named.push((
                String::new(),
                PlaceCount { people: sum(|count| count.people), there: sum(|count| count.there) },
            ));
        }
        let listed = super::cells::listed(named.iter().map(|(place, _)| place.as_str()));
        // Those with too few people each are others where others are listed.
        let what = |place: &str| match place {
            "" => format!("died|place||{listed}"),
            _ => format!("died|place|{place}"),
        };
        let mut places = Vec::new();
        for (place, count) in named {
            let people = self.table.part(&name_of(&what(&place)), count.people);
            let own = self.part_of((people, count.people), &format!("{}|there", what(&place)), count.there);
            places.push((place, [people, own]));
        }
        if !places.is_empty() {
            self.table.sum(both, places.iter().map(|(_, [people, _])| *people));
            self.table.sum(there, places.iter().map(|(_, [_, own])| *own));
        }
        places
    }
}
