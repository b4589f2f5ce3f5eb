//! Made-up towns full of small groups, as facts.

use crate::care::{CareCounts, PersonCare, RuleCount};
use crate::cohort::CohortCount;
use crate::end_of_life::{EndOfLifeCounts, PersonEnding};
use crate::intake::QuarantineCode;
use crate::job::{Disclosure, Setting};
use crate::summary::disclosure::{Control, Preset};
use crate::summary::{
    EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, Past, People, Provider, SegmentSet, Sex, Status,
};
use proptest::prelude::*;

/// One person, before they are laid out in columns.
#[derive(Debug, Clone)]
pub(in crate::summary) struct Person {
    pub age: Option<u8>,
    pub sex: Sex,
    pub ethnicity: EthnicGroup,
    pub status: Status,
    pub weakest: Option<f64>,
    pub area: u32,
    pub providers: Vec<u16>,
}

pub(super) const AREAS: u32 = 4;
const PROVIDER_IDS: [&str; 4] = ["gp-a", "gp-b", "acute-c", "hospice-d"];
const SETTINGS: [Setting; 4] = [Setting::GeneralPractice, Setting::GeneralPractice, Setting::Acute, Setting::Hospice];

pub(in crate::summary) fn any_person(providers: u16) -> impl Strategy<Value = Person> {
    let area = prop_oneof![8 => 0..2u32, 1 => 2..AREAS, 1 => Just(NO_AREA)];
    let known = prop::collection::btree_set(0..providers, 0..=providers as usize);
    let age = prop_oneof![9 => (20u8..24).prop_map(Some), 2 => (0u8..=120).prop_map(Some), 1 => Just(None)];
    let sex = prop_oneof![6 => Just(Sex::Female), 3 => Just(Sex::Male), 1 => Just(Sex::Other)];
    let status = prop_oneof![12 => Just(Status::Registered), 1 => prop::sample::select(Status::ALL.to_vec())];
    let ethnicity = prop_oneof![9 => Just(EthnicGroup::White), 2 => prop::sample::select(EthnicGroup::ALL.to_vec())];
    let weakest = prop::option::of(0.9f64..=1.0);
    let all = (age, sex, ethnicity, status, weakest, area, known);
    all.prop_map(|(age, sex, ethnicity, status, weakest, area, known)| Person {
        age,
        sex,
        ethnicity,
        status,
        weakest,
        area,
        providers: known.into_iter().collect(),
    })
}

/// Rows that are not people's records, per provider: (withheld, ragged, filler).
pub(in crate::summary) type Rows = (u64, u64, u64);

pub(super) fn with_facts<T>(people: &[Person], rows: &[Rows], then: impl FnOnce(&Facts) -> T) -> T {
    with_facts_under(&Control::new(Preset::of(Disclosure::Hes), &[1; 32]), people, rows, then)
}

pub(in crate::summary) fn with_facts_under<T>(
    control: &Control,
    people: &[Person],
    rows: &[Rows],
    then: impl FnOnce(&Facts) -> T,
) -> T {
    let area_names: Vec<String> = (0..AREAS).map(|area| format!("QQ{}", area + 1)).collect();
    let (mut ends, mut known) = (Vec::new(), Vec::new());
    for person in people {
        known.extend(&person.providers);
        ends.push(known.len() as u64);
    }
    let provider = |index: usize| {
        let records = known.iter().filter(|&&provider| provider as usize == index).count() as u64;
        let (withheld_rows, ragged, filler) = rows[index];
        Provider {
            id: PROVIDER_IDS[index],
            name: PROVIDER_IDS[index],
            setting: SETTINGS[index],
            days_old: None,
            records,
            withheld_rows,
            quarantined: vec![(QuarantineCode::Ragged, ragged), (QuarantineCode::FillerPerson, filler)],
            fields: fields(index, records),
        }
    };
    let column = |of: fn(&Person) -> Option<u8>| people.iter().map(of).collect::<Vec<_>>();
    let age = column(|person| person.age);
    let sex: Vec<Sex> = people.iter().map(|person| person.sex).collect();
    let ethnicity: Vec<EthnicGroup> = people.iter().map(|person| person.ethnicity).collect();
    let status: Vec<Status> = people.iter().map(|person| person.status).collect();
    let weakest: Vec<Option<f64>> = people.iter().map(|person| person.weakest).collect();
    let area: Vec<u32> = people.iter().map(|person| person.area).collect();
    let halves: Vec<u8> = people.iter().map(|person| person.age.map_or(2, |age| u8::from(age > 21))).collect();
    let cohorts = cohorts_of(people);
    then(&Facts {
        job: "test",
        as_of: jiff::civil::date(2026, 11, 22),
        run_id: "2026-11-22-01",
        control,
        providers: (0..rows.len()).map(provider).collect(),
        people: People {
            age: &age,
            sex: &sex,
            ethnicity: &ethnicity,
            status: &status,
            weakest: &weakest,
            area: &area,
            area_names: &area_names,
            provider_ends: &ends,
            providers: &known,
        },
        linkage: Linkage { pairs_compared: 3, links: 2, review: 1, estimate: None },
        changes: None,
        segment_sets: vec![SegmentSet {
            id: "halves",
            name: "Halves",
            source: None,
            absent: &[],
            segments: vec![("young", "Young"), ("old", "Old")],
            of_person: &halves,
        }],
        cohorts: &cohorts,
        past: Past::default(),
        care: Some(care_of(people)),
        end_of_life: Some(end_of_life_of(people)),
    })
}

/// A field that half of the rows have, of the first provider one that nearly all have, and the one that marks whoever is sensitive.
fn fields(provider: usize, records: u64) -> Vec<FieldQuality<'static>> {
    let field = |field, filled, valid| FieldQuality { field, filled, valid };
    let nearly_all =
        (provider == 0).then(|| field("date_of_birth", records.saturating_sub(2), records.saturating_sub(5)));
    let half = field("nhs_number", records / 2, records / 3);
    [half].into_iter().chain(nearly_all).chain([field("sensitivity", records / 4, records / 4)]).collect()
}

/// A cohort that some have entered and left, and one of nearly everybody that is new.
fn cohorts_of(people: &[Person]) -> Vec<CohortCount> {
    let how_many = |meets: &dyn Fn(&Person) -> bool| people.iter().filter(|person| meets(person)).count() as u64;
    let young = |person: &Person| person.age.is_some_and(|age| age <= 21);
    let cohort = |id: &str, people: u64| CohortCount {
        id: id.into(),
        name: id.into(),
        people,
        entered: None,
        left: None,
        definition: format!("definition of {id}"),
    };
    let entered = how_many(&|person| young(person) && person.weakest.is_some());
    let left = how_many(&|person| !young(person) && person.sex == Sex::Other);
    vec![
        CohortCount { entered: Some(entered), left: Some(left), ..cohort("young", how_many(&young)) },
        cohort("placed", how_many(&|person| person.area != NO_AREA)),
    ]
}

/// Packages that hang on what is known of each: a need that many have, one that few have, and overlaps, ends and gaps of the first.
fn care_of(people: &[Person]) -> CareCounts {
    let rule = RuleCount { id: "old".into(), name: "Old".into(), need: "common".into(), due: 0, gaps: 0 };
    let mut counts = CareCounts { rules: vec![rule], ..CareCounts::default() };
    for person in people.iter().filter(|person| matches!(person.status, Status::Registered | Status::KnownOnly)) {
        let has = |provider: u16| person.providers.contains(&provider);
        let old = person.age.is_some_and(|age| age > 21);
        let words = |holds: bool, word: &'static str| if holds { vec![word] } else { Vec::new() };
        counts.add(&PersonCare {
            current: has(0) || person.sex == Sex::Other,
            needs: words(has(0), "common").into_iter().chain(words(person.sex == Sex::Other, "rare")).collect(),
            overlaps: words(has(0) && has(1), "common"),
            ended: words(!has(0) && has(2), "common"),
            due: words(old, "old"),
            gaps: words(old && !has(0), "old"),
        });
    }
    counts
}

/// Wishes and deaths that hang on what is known of each.
fn end_of_life_of(people: &[Person]) -> EndOfLifeCounts {
    let mut counts = EndOfLifeCounts::default();
    for person in people {
        let has = |provider: u16| person.providers.contains(&provider);
        let place = |holds: bool| Some(if holds { "home" } else { "hospital" });
        counts.add(&PersonEnding {
            here: matches!(person.status, Status::Registered | Status::KnownOnly),
            died_lately: person.status == Status::Died,
            on_register: has(0),
            recorded: has(1),
            known_to_last: Some(has(2)),
            late_admissions: i64::from(person.sex == Sex::Female),
            preferred_place_of_death: place(has(1)).filter(|_| has(0)),
            place_of_death: place(has(2)),
        });
    }
    counts
}
