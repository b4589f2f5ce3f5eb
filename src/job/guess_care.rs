//! Which columns hold packages of care and wishes for the end of life, by their names: for `init`.

use super::guess::{FactGuess, folded};
use super::{CarryKind, Combine, PackagePart};
use std::collections::BTreeMap;

/// Names in extracts of adult social care (DOMAIN.md section 4: CLD), community teams and charities, folded.
const PARTS: [(PackagePart, &[&str]); 6] = [
    (
        PackagePart::Service,
        &[
            "servicetype",
            "service",
            "servicename",
            "careteam",
            "caretype",
            "packagetype",
            "packageofcare",
            "careservice",
        ],
    ),
    (
        PackagePart::Need,
        &["primarysupportreason", "supportreason", "servicereason", "carereason", "reason", "need", "primaryneed"],
    ),
    (
        PackagePart::Start,
        &[
            "eventstartdate",
            "servicestartdate",
            "servicestart",
            "carestartdate",
            "packagestartdate",
            "startdate",
            "start",
        ],
    ),
    (
        PackagePart::End,
        &["eventenddate", "serviceenddate", "serviceend", "careenddate", "packageenddate", "enddate", "end"],
    ),
    (PackagePart::PlannedUntil, &["plannedenddate", "plannedend", "planneduntil"]),
    (PackagePart::EndedBecause, &["exitreason", "endreason", "endedbecause", "reasonended", "closurereason"]),
];

/// Words before or behind a name that tell the second and third group of columns from the first.
const GROUPS: [(&str, &str); 3] = [("first", "1"), ("second", "2"), ("third", "3")];

/// Columns of the groups that could be packages: by group, which column says what. Only groups that have what a package needs.
pub fn packages(columns: &[String]) -> Vec<BTreeMap<PackagePart, usize>> {
    let mut groups: BTreeMap<usize, BTreeMap<PackagePart, usize>> = BTreeMap::new();
    for (at, column) in columns.iter().enumerate() {
        if let Some((group, part)) = part(&folded(column)) {
            groups.entry(group).or_default().entry(part).or_insert(at);
        }
    }
    let whole = |group: &BTreeMap<PackagePart, usize>| {
        [PackagePart::Service, PackagePart::Start].iter().all(|part| group.contains_key(part))
    };
    groups.into_values().filter(whole).collect()
}

/// Group and part of a folded name: "servicetype2" and "secondservice" are the second's.
fn part(name: &str) -> Option<(usize, PackagePart)> {
    let known = |name: &str| PARTS.iter().find(|(_, names)| names.contains(&name)).map(|(part, _)| *part);
    if let Some(part) = known(name) {
        return Some((1, part));
    }
    let rest = |(word, digit): &(&str, &str)| known(name.strip_prefix(word).or_else(|| name.strip_suffix(digit))?);
    (1..).zip(&GROUPS).find_map(|(group, words)| Some((group, rest(words)?)))
}

/// What a column says of the end of life: the name of the fact, after what it is in `[end_of_life]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WishGuess {
    /// The key of `[end_of_life]`.
    pub key: &'static str,
    /// What the fact is to be called: one name for all providers.
    pub fact: &'static str,
    pub guess: FactGuess,
}

/// Key, name of the fact, whether it is a flag, a place or a date, and the folded names of columns (ISB 1580 and its data sets).
const WISHES: [(&str, &str, CarryKind, &[&str]); 5] = [
    (
        "on_register",
        "end_of_life_register",
        CarryKind::Flag,
        &["palliativeregister", "palliativecareregister", "endofliferegister", "onregister", "epaccs"],
    ),
    (
        "preferred_place_of_death",
        "preferred_place_of_death",
        CarryKind::Category,
        &["preferredplaceofdeath", "preferreddeathlocation", "ppd"],
    ),
    (
        "preferred_place_of_care",
        "preferred_place_of_care",
        CarryKind::Category,
        &["preferredplaceofcare", "preferredcarelocation", "ppc"],
    ),
    (
        "place_of_death",
        "place_of_death",
        CarryKind::Category,
        &["placeofdeath", "actualplaceofdeath", "deathlocation", "actualdeathlocation"],
    ),
    (
        "decided_on",
        "wishes_decided_on",
        CarryKind::Date,
        &["careplandate", "wishesof", "wishesdate", "wishesdecidedon", "advancecareplandate"],
    ),
];

/// What a column of this name says of the end of life, if the name says so.
pub fn wish(column: &str) -> Option<WishGuess> {
    let name = folded(column);
    let (key, fact, kind, _) = *WISHES.iter().find(|(.., names)| names.contains(&name.as_str()))?;
    let combine = if kind == CarryKind::Flag { Combine::Any } else { Combine::Latest };
    Some(WishGuess { key, fact, guess: FactGuess { kind, combine } })
}

/// The keys of `[end_of_life]` and the facts that they name, in the order of the table.
pub fn wish_keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    WISHES.iter().map(|(key, fact, ..)| (*key, *fact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn groups_of_columns_are_packages() {
        use PackagePart::{End, EndedBecause, Need, PlannedUntil, Service, Start};
        let found = packages(&columns(&[
            "LA_Person_Unique_Identifier",
            "Service_Type",
            "Primary_Support_Reason",
            "Event_Start_Date",
            "Event_End_Date",
            "Planned_End_Date",
            "Exit_Reason",
            "Service_Type_2",
            "Event_Start_Date_2",
        ]));
        assert_eq!(
            found,
            [
                BTreeMap::from([(Service, 1), (Need, 2), (Start, 3), (End, 4), (PlannedUntil, 5), (EndedBecause, 6)]),
                BTreeMap::from([(Service, 7), (Start, 8)]),
            ]
        );
        let second =
            packages(&columns(&["SERVICE", "SERVICE START DATE", "SECOND SERVICE", "SECOND SERVICE START DATE"]));
        assert_eq!(second.len(), 2);
        // A service without a beginning is no package, and neither is a date alone.
        assert!(packages(&columns(&["Service", "End Date", "Start 2"])).is_empty());
    }

    #[test]
    fn wishes_by_their_names() {
        for (column, fact) in [
            ("Preferred Place of Death", "preferred_place_of_death"),
            ("PREFERRED_DEATH_LOCATION", "preferred_place_of_death"),
            ("Palliative Register", "end_of_life_register"),
            ("Care Plan Date", "wishes_decided_on"),
        ] {
            assert_eq!(wish(column).map(|wish| wish.fact), Some(fact), "{column}");
        }
        assert_eq!(wish("Preferred language"), None);
    }

    /// A name that stood twice would be decided by the order of the tables.
    #[test]
    fn no_name_means_two_things() {
        let mut seen = std::collections::BTreeSet::new();
        let parts = PARTS.iter().flat_map(|(_, names)| names.iter());
        for name in parts.chain(WISHES.iter().flat_map(|(.., names)| names.iter())) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(folded(name), *name, "{name} can be met");
        }
    }
}
