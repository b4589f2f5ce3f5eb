//! What may never be one person, whatever the evidence says (DESIGN sections 5 and 10, DOMAIN.md section 8).

use super::settled::{KeptApart, KeptBy, Settled};
use super::{Evidence, ReviewReason};
use crate::comparison::{Comparisons, Of, Pattern, date, name, place};
use crate::job::Provider;
use crate::records::{Identities, Records};

/// Years between two people of one name that make them parent and child.
const GENERATION_YEARS: u32 = 12;
/// Bits of names that must agree before a generation gap is looked for.
const SAME_NAME_BITS: f32 = 9.0;
/// Bits taken from the weight of probable relatives: about what sharing a home and a family name is worth.
const RELATIVES_BITS: i64 = 10;
/// Bits taken besides from probable twins for each provider, up to [`BOTH_KNOWN_MOST`], that knows them under both names. Of pairs with two real
/// given names and one birth one provider holds both in 8.5 % of cases where they are two people and in 0.7 % where they are one
/// (docs/measurements.md, "Twins").
const BOTH_KNOWN_BITS: i64 = 20;
/// Providers that are counted of those that know probable twins under both names: 70 bits in all are more than a home, a birth and a family name say.
const BOTH_KNOWN_MOST: usize = 3;

/// What a guard says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Clear,
    /// On a never-link list: never linked, never shown for review.
    NeverLink,
    /// A human has decided that they are two people: never linked, not shown again.
    TwoPeople,
    /// Two verified numbers: never linked, shown for review.
    TwoNumbers,
    /// Probably relatives: linked only with much evidence besides, of which this is taken (1/1024 bit).
    Relatives(ReviewReason, i64),
}

impl Verdict {
    /// Whether no evidence can join the pair.
    pub fn forbids(self) -> bool {
        matches!(self, Verdict::NeverLink | Verdict::TwoPeople | Verdict::TwoNumbers)
    }

    /// What is taken from the pair's weight, in 1/1024 bit.
    pub fn penalty(self) -> i64 {
        if let Verdict::Relatives(_, taken) = self { taken } else { 0 }
    }
}

/// The guards of one job, ready to be asked about pairs of identities.
#[derive(Debug, Default)]
pub struct Guards {
    /// Comparisons by place in the list; `None` where not compared.
    number: Option<usize>,
    name: Option<usize>,
    date: Option<usize>,
    place: Option<usize>,
    birth_order: Option<usize>,
    kept_apart: KeptApart,
    /// A bit for each identity that stands in it.
    apart: Vec<u64>,
    /// Pairs of record keys that humans have decided to be one person, in their order.
    one_person: Vec<(u32, u32)>,
    /// Providers with `one_record_per_person`; empty where no provider has it.
    strict: Vec<bool>,
    /// Whether there are providers to tell apart.
    several_providers: bool,
}

impl Guards {
    pub fn new(
        comparisons: &Comparisons,
        records: &Records,
        identities: &Identities,
        settled: &Settled,
        providers: &[Provider],
    ) -> Guards {
        let kept_apart = settled.kept_apart(records, identities);
        let find = |name: &str| comparisons.list.iter().position(|comparison| comparison.name == name);
        Guards {
            number: find("nhs_number"),
            name: find("name"),
            date: find("date_of_birth"),
            place: find("place"),
            birth_order: find("birth_order"),
            apart: marked(identities.len(), kept_apart.keys()),
            kept_apart,
            one_person: settled.one_person.clone(),
            strict: match providers.iter().any(|provider| provider.one_record_per_person) {
                true => providers.iter().map(|provider| provider.one_record_per_person).collect(),
                false => Vec::new(),
            },
            several_providers: providers.len() > 1,
        }
    }

    /// Pairs of record keys that humans have decided to be one person, in the order in which it was said.
    pub fn one_person(&self) -> &[(u32, u32)] {
        &self.one_person
    }

    /// Pairs of identities that are kept apart whether or not anybody scored them, smaller first.
    pub(super) fn kept_apart(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.kept_apart.keys().copied()
    }

    /// Who keeps two identities apart whatever else is known, if anybody.
    pub(super) fn kept_by(&self, left: u32, right: u32) -> Option<KeptBy> {
        let both = self.is_apart(left) && self.is_apart(right);
        if both { self.kept_apart.get(&(left.min(right), left.max(right))).copied() } else { None }
    }

    /// Whether an identity is kept apart from any other: a bit, where looking a pair up takes a hash of it.
    pub(super) fn is_apart(&self, identity: u32) -> bool {
        self.apart.get(identity as usize / 64).is_some_and(|bits| bits >> (identity % 64) & 1 == 1)
    }

    /// Whether any two identities are kept apart.
    pub(super) fn keep_anybody_apart(&self) -> bool {
        !self.kept_apart.is_empty()
    }

    /// The rows that an identity has of providers that send one record a person, as provider and record_id; ascending, each once.
    pub(super) fn strict_records<'e>(&self, evidence: &Evidence<'e>, identity: u32) -> Vec<(u16, &'e str)> {
        if self.strict.is_empty() {
            return Vec::new();
        }
        let records = evidence.records;
        let members = evidence.identities.members(identity).iter().map(|&record| record as usize);
        let strict = members.filter(|&record| self.strict[usize::from(records.provider[record])]);
        let mut listed: Vec<(u16, &str)> =
            strict.map(|record| (records.provider[record], records.record_id.get(record))).collect();
        listed.sort_unstable();
        listed.dedup();
        listed
    }

    /// The providers of an identity's records where it matters which they are, in the order of the records.
    pub(super) fn providers<'e>(
        &self,
        evidence: &Evidence<'e>,
        identity: u32,
    ) -> impl ExactSizeIterator<Item = u16> + 'e {
        let records = evidence.records;
        let members = if self.several_providers { evidence.identities.members(identity) } else { &[] };
        members.iter().map(|&record| records.provider[record as usize])
    }

    /// Whether two identities hold records of one provider that sends one record a person.
    pub(super) fn share_strict_provider(&self, evidence: &Evidence, left: u32, right: u32) -> bool {
        let strict = |provider: u16| self.strict[usize::from(provider)];
        !self.strict.is_empty() && shared_providers(evidence, left, right, strict).next().is_some()
    }

    /// The verified NHS number of an identity, as its code.
    pub(super) fn verified_number(&self, evidence: &Evidence, identity: u32) -> Option<u32> {
        let number = &evidence.comparisons.list[self.number?];
        match &number.of {
            Of::Values(values) => values.verified_code(evidence.comparisons.codes(number, identity)),
            _ => None,
        }
    }

    /// What is to be held against two identities.
    pub(super) fn judge(&self, evidence: &Evidence, left: u32, right: u32, pattern: Pattern) -> Verdict {
        match self.kept_by(left, right) {
            Some(KeptBy::Authority) => return Verdict::NeverLink,
            Some(KeptBy::Decision) => return Verdict::TwoPeople,
            None => {}
        }
        let list = &evidence.comparisons.list;
        let level = |at: Option<usize>| at.and_then(|index| list[index].level_in(pattern));
        let number = level(self.number);
        if number == Some(1) {
            return Verdict::TwoNumbers;
        }
        if number.is_some_and(|number| number >= 3) {
            let other_date = level(self.date).is_some_and(|date| date <= 1);
            let agrees = level(self.name).is_some_and(name::has_common_name)
                || level(self.place).is_some_and(place::is_same_postcode);
            // A baby's record may carry its mother's number, name and home.
            let contradicted = other_date && (!agrees || self.years_apart(evidence, left, right) >= GENERATION_YEARS);
            return if contradicted {
                Verdict::Relatives(ReviewReason::NumberWithoutDemographic, RELATIVES_BITS * 1024)
            } else {
                Verdict::Clear
            };
        }
        let (Some(name), Some(date)) = (level(self.name), level(self.date)) else { return Verdict::Clear };
        if date::is_exact(date)
            && (level(self.birth_order) == Some(0)
                || self.look_like_twins(evidence, name, level(self.place), left, right))
        {
            return Verdict::Relatives(ReviewReason::PossibleTwins, self.twins_take(evidence, left, right));
        }
        let far_dates = matches!(date, 0 | 1 | 3) && name::agrees_by(name, SAME_NAME_BITS);
        if far_dates && self.years_apart(evidence, left, right) >= GENERATION_YEARS {
            return Verdict::Relatives(ReviewReason::PossibleGenerations, RELATIVES_BITS * 1024);
        }
        Verdict::Clear
    }

    /// One family or one home, and two given names that are both real: typing errors make names that nobody else has.
    fn look_like_twins(&self, evidence: &Evidence, name: u8, place: Option<u8>, left: u32, right: u32) -> bool {
        let family = name::has_common_name(name) || place.is_some_and(place::is_same_home);
        family && name::given_names_differ(name) && self.both_given_names_real(evidence, left, right)
    }

    /// What is taken from probable twins, in 1/1024 bit.
    fn twins_take(&self, evidence: &Evidence, left: u32, right: u32) -> i64 {
        let both_known = if self.several_providers {
            shared_providers(evidence, left, right, |_| true).take(BOTH_KNOWN_MOST).count()
        } else {
            0
        };
        (RELATIVES_BITS + BOTH_KNOWN_BITS * both_known as i64) * 1024
    }

    fn both_given_names_real(&self, evidence: &Evidence, left: u32, right: u32) -> bool {
        let Some(comparison) = self.name.map(|at| &evidence.comparisons.list[at]) else { return false };
        let name = |identity| evidence.comparisons.codes(comparison, identity)[0];
        match &comparison.of {
            Of::Name(names) => names.has_real_given_name(name(left)) && names.has_real_given_name(name(right)),
            _ => false,
        }
    }

    fn years_apart(&self, evidence: &Evidence, left: u32, right: u32) -> u32 {
        let Some(comparison) = self.date.map(|at| &evidence.comparisons.list[at]) else { return 0 };
        let date = |identity| evidence.comparisons.codes(comparison, identity)[0];
        match &comparison.of {
            Of::Date(dates) => dates.years_apart(date(left), date(right)).unwrap_or(0),
            _ => 0,
        }
    }
}

/// A bit for each identity that is named, 64 to a word; none where nobody is.
fn marked<'k>(identities: usize, named: impl ExactSizeIterator<Item = &'k (u32, u32)>) -> Vec<u64> {
    let mut bits = vec![0; if named.len() == 0 { 0 } else { identities.div_ceil(64) }];
    for identity in named.flat_map(|&(a, b)| [a, b]) {
        bits[identity as usize / 64] |= 1 << (identity % 64);
    }
    bits
}

/// The providers that `counts` and hold records of two identities, one each; each of them once.
fn shared_providers<'e>(
    evidence: &Evidence<'e>,
    left: u32,
    right: u32,
    counts: impl Fn(u16) -> bool + 'e,
) -> impl Iterator<Item = u16> + 'e {
    let Evidence { records, identities, .. } = *evidence;
    let provider = move |record: &u32| records.provider[*record as usize];
    let (left, right) = (identities.members(left), identities.members(right));
    let other = move |a: u32| {
        let same = |b: &u32| provider(&a) == provider(b) && records.key[a as usize] != records.key[*b as usize];
        right.iter().any(same)
    };
    // An identity has few records: mostly one a provider.
    let first = move |at: usize| !left[..at].iter().any(|a| provider(a) == provider(&left[at]) && other(*a));
    (0..left.len())
        .filter(move |&at| counts(provider(&left[at])) && other(left[at]) && first(at))
        .map(move |at| provider(&left[at]))
}
