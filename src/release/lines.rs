//! The lines of a release about people.

use super::Source;
use super::groups;
use super::key::Keys;
use crate::best_record::{AGE_BANDS, FactValues, Lists, NO_DATE, People, PersonFact, age_band, date_of};
use crate::clustering::Partition;
use crate::identity::PersonId;
use crate::job::{Field, Identifiers, Release};
use crate::policy;
use crate::records::{Dictionary, MISSING};
use crate::summary::postcode_district;

/// Whose lines a release holds.
pub(super) struct Chosen {
    /// Dense numbers of people, line by line.
    pub people: Vec<u32>,
    /// People left out for a national opt-out.
    pub national: u64,
    /// People shown without their general practice rows.
    pub type_1: u64,
}

impl Chosen {
    /// Everybody once, in the order of the lines.
    pub fn distinct(&self) -> Vec<u32> {
        let mut people = self.people.clone();
        // Lines of one person stand together.
        people.dedup();
        people
    }
}

/// A column of a release and what it holds, line by line.
pub(super) struct Column<'a> {
    pub name: String,
    pub cells: Cells<'a>,
}

/// The values of a column; `None` where nothing is known, or may be said.
#[derive(Debug, Clone)]
pub(super) enum Cells<'a> {
    Text(Vec<Option<&'a str>>),
    Made(Vec<Option<String>>),
    /// Days since 1970.
    Date(Vec<Option<i32>>),
    Whole(Vec<Option<i32>>),
    Number(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
    List(Vec<Option<Vec<&'a str>>>),
}

/// Chooses whose lines they are, and puts them into the release's own order.
///
/// `partition` and `people` are what its purpose may see; `among` marks the people who come into question at all.
pub(super) fn choose(
    source: &Source,
    (partition, people): (&Partition, &People),
    release: &Release,
    keys: &Keys,
    among: Option<&[bool]>,
) -> Chosen {
    let (national, type_1) = (policy::acts_national(release), policy::acts_type_1(release));
    let mut chosen = Chosen { people: Vec::new(), national: 0, type_1: 0 };
    let known = known_to(source, partition, release);
    let marked = |marks: Option<&[bool]>, person: usize| marks.is_none_or(|marks| marks[person]);
    let in_question = |person: &usize| marked(known.as_deref(), *person) && marked(among, *person);
    for person in (0..people.len()).filter(in_question) {
        if national && source.opted_out.national[person] {
            chosen.national += 1;
            continue;
        }
        chosen.type_1 += u64::from(type_1 && source.opted_out.type_1[person]);
        // Nothing is left of whoever was known to general practices only.
        if people.records[person] > 0 {
            chosen.people.push(person as u32);
        }
    }
    chosen.people.sort_by_cached_key(|&person| keys.order(&source.person_ids[person as usize]));
    chosen
}

/// Who is known to one of the providers that the release is limited to, by the rows that its purpose may see. To be listed there tells a place,
/// so that nobody who is marked sensitive is.
pub(super) fn known_to(source: &Source, partition: &Partition, release: &Release) -> Option<Vec<bool>> {
    if release.patients_of.is_empty() {
        return None;
    }
    let theirs: Vec<bool> =
        source.job.providers.iter().map(|provider| release.patients_of.contains(&provider.id)).collect();
    let mut known = vec![false; source.people.len()];
    for (&person, &provider) in partition.person.iter().zip(&source.records.provider) {
        if person != MISSING && theirs[usize::from(provider)] {
            known[person as usize] = true;
        }
    }
    known.iter_mut().zip(&source.people.sensitive).for_each(|(known, sensitive)| *known &= !sensitive);
    Some(known)
}

/// The columns of the release, and no other.
pub(super) fn table<'a>(
    source: &Source<'a>,
    people: &'a People,
    release: &Release,
    chosen: &Chosen,
    keys: &Keys,
) -> Vec<Column<'a>> {
    let coarse = release.identifiers != Identifiers::NhsNumber;
    let maker = Maker { people, chosen: &chosen.people, coarse };
    let mut columns: Vec<Column> = identifier(source, people, release, chosen, keys).into_iter().collect();
    columns.extend(release.columns.iter().map(|name| Column { name: name.clone(), cells: maker.cells(name) }));
    if let Some(least) = release.effective_minimum(&source.job.policy) {
        groups::coarsen(&mut columns, &places(source), least as usize);
    }
    columns
}

/// The column by which lines can be told apart; none where the release has none.
pub(super) fn identifier<'a>(
    source: &Source<'a>,
    people: &'a People,
    release: &Release,
    chosen: &Chosen,
    keys: &Keys,
) -> Option<Column<'a>> {
    match release.identifiers {
        Identifiers::None => None,
        Identifiers::Pseudonym => {
            Some(pseudonyms("pseudonym", source, &chosen.people, |person| keys.pseudonym(person)))
        }
        Identifiers::NhsNumber => {
            let best = people.field(Field::NhsNumber);
            let numbers = chosen.people.iter().map(|&person| best.text(person as usize));
            Some(Column { name: "nhs_number".into(), cells: Cells::Text(numbers.collect()) })
        }
    }
}

/// From the pseudonyms that the recipient has had before to today's, for the recipient alone.
pub(super) fn overlap<'a>(source: &Source<'a>, people: &[u32], keys: &Keys) -> Vec<Column<'a>> {
    vec![
        pseudonyms("pseudonym_before", source, people, |person| keys.pseudonym_before(person)),
        pseudonyms("pseudonym", source, people, |person| keys.pseudonym(person)),
    ]
}

fn pseudonyms<'a>(name: &str, source: &Source, people: &[u32], make: impl Fn(&PersonId) -> String) -> Column<'a> {
    let made = people.iter().map(|&person| Some(make(&source.person_ids[person as usize])));
    Column { name: name.into(), cells: Cells::Made(made.collect()) }
}

/// Names of carried facts that tell a place.
fn places(source: &Source) -> Vec<String> {
    let facts = source.job.providers.iter().flat_map(|provider| &provider.carry);
    facts.filter(|fact| fact.place).map(|fact| fact.name.clone()).collect()
}

struct Maker<'a, 'c> {
    people: &'a People,
    chosen: &'c [u32],
    /// Dates of facts are given as months, and probabilities to two digits: what is as exact as these are tells one person from all others, and
    /// joins two releases that both have it.
    coarse: bool,
}

impl<'a> Maker<'a, '_> {
    fn each<T>(&self, value: impl Fn(usize) -> T) -> Vec<T> {
        self.chosen.iter().map(|&person| value(person as usize)).collect()
    }

    /// # Panics
    /// Where there is no such column: the policy has refused the release then.
    fn cells(&self, name: &str) -> Cells<'a> {
        let people = self.people;
        let (born, died) = (people.field(Field::DateOfBirth), people.field(Field::DateOfDeath));
        let year = |days: Option<i32>| days.map(|days| i32::from(date_of(days).year()));
        match name {
            "status" => Cells::Text(self.each(|person| Some(people.status[person].word()))),
            "year_of_birth" => Cells::Whole(self.each(|person| year(born.date(person)))),
            "year_of_death" => Cells::Whole(self.each(|person| year(died.date(person)))),
            "age_band" => {
                Cells::Text(self.each(|person| people.derived.age[person].map(|age| AGE_BANDS[age_band(age)])))
            }
            "date_of_birth" => Cells::Date(self.each(|person| born.date(person))),
            "date_of_death" => Cells::Date(self.each(|person| died.date(person))),
            "postcode_district" => {
                let postcode = people.field(Field::Postcode);
                Cells::Text(self.each(|person| postcode.text(person).and_then(postcode_district)))
            }
            "providers" => list(self, &people.providers),
            "weakest_probability" => {
                let told = |probability: f64| if self.coarse { two_digits(probability) } else { probability };
                Cells::Number(self.each(|person| people.weakest_probability[person].map(told)))
            }
            "in_review" => Cells::Flag(self.each(|person| Some(people.in_review[person]))),
            "bare" => Cells::Flag(self.each(|person| Some(people.bare[person]))),
            _ => match (Field::BUILT_IN.iter().find(|field| field.word() == Some(name)), people.fact(name)) {
                (_, Some(fact)) => self.fact(fact),
                (Some(&field), None) => self.text(field),
                (None, None) => panic!("the policy lets no unknown column through"),
            },
        }
    }

    fn text(&self, field: Field) -> Cells<'a> {
        let best = self.people.field(field);
        Cells::Text(self.each(|person| best.text(person)))
    }

    fn fact(&self, fact: &'a PersonFact) -> Cells<'a> {
        match &fact.values {
            FactValues::Flag(flags) => Cells::Flag(self.each(|person| flags[person])),
            FactValues::Number(numbers) => Cells::Number(self.each(|person| numbers[person])),
            FactValues::Count(counts) => {
                Cells::Whole(self.each(|person| Some(i32::try_from(counts[person]).unwrap_or(i32::MAX))))
            }
            FactValues::Category { codes, values } => Cells::Text(self.each(|person| category(codes, values, person))),
            FactValues::List(lists) => list(self, lists),
            FactValues::Date(days) => {
                let day = |person: usize| (days[person] != NO_DATE).then_some(days[person]);
                match self.coarse {
                    true => Cells::Made(
                        self.each(|person| day(person).map(|days| date_of(days).strftime("%Y-%m").to_string())),
                    ),
                    false => Cells::Date(self.each(day)),
                }
            }
        }
    }
}

fn two_digits(probability: f64) -> f64 {
    (probability * 100.0).round() / 100.0
}

fn category<'a>(codes: &[u32], values: &'a Dictionary, person: usize) -> Option<&'a str> {
    (codes[person] != MISSING).then(|| values.get(codes[person]))
}

fn list<'a>(maker: &Maker<'a, '_>, lists: &'a Lists) -> Cells<'a> {
    Cells::List(maker.each(|person| (!lists.hidden[person]).then(|| lists.of(person).collect())))
}
