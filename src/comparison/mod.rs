//! Comparing two identities: levels, field by field, packed into one pattern.
//!
//! In: [`Records`] and [`Identities`]. Out: [`Comparisons`], which give the [`Pattern`] of any two identities. Always: a pattern depends
//! on the values of the two identities and on how often values occur, never on row order; missing on either side is no level.

mod aliases;
mod bag;
mod batch;
mod column;
pub mod date;
mod frequencies;
pub mod kernels;
mod meeting;
mod memory;
pub mod name;
pub mod place;
mod shape;
pub mod tokens;
pub mod value;

pub use aliases::Alias;
pub use batch::Batch;
pub use column::CodeColumn;
pub use frequencies::Frequencies;
pub use meeting::Meeting;

use crate::job::{Field, FieldKind, Job};
use crate::records::{Identities, MISSING, Records};
use date::Dates;
use frequencies::{Hashes, Table};
use memory::Memory;
use name::Names;
use place::Places;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use value::{Manner, Values};

/// The levels of one pair, packed: each comparison has its own bits, zero for missing, else level + 1.
pub type Pattern = u64;

/// Fields that related strangers tend to agree on together; the kinds of strangers are learnt group by group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Name,
    Date,
    Number,
    /// What people who live together share: address, postcode, telephone.
    Home,
    Email,
    /// Any other comparison stands for itself.
    Other(u16),
}

/// A comparison's name, and where its level stands in a pattern: all that is left to know of it once pairs are scored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PackedLevel {
    /// As in `level_<name>` of links.parquet.
    pub name: String,
    /// The lowest of its bits.
    pub shift: u32,
    /// Its bits, moved down to the lowest.
    pub mask: u64,
}

impl PackedLevel {
    /// The level in `pattern`; `None` where it was missing.
    pub fn level_in(&self, pattern: Pattern) -> Option<u8> {
        let stored = (pattern >> self.shift) & self.mask;
        (stored > 0).then(|| (stored - 1) as u8)
    }
}

/// One comparison of a job.
#[derive(Debug)]
pub struct Comparison {
    /// As in `level_<name>` of links.parquet.
    pub name: String,
    pub group: Group,
    pub levels: u8,
    shift: u32,
    mask: u64,
    /// Where this comparison's codes begin in a row of [`Comparisons`].
    column: usize,
    pub of: Of,
}

/// What a comparison compares.
#[derive(Debug)]
pub enum Of {
    Name(Box<Names>),
    Date(Dates),
    Place(Box<Places>),
    Values(Box<Values>),
}

impl Comparison {
    /// Whether a level says that nothing agrees.
    pub fn is_disagreement(&self, level: u8) -> bool {
        match &self.of {
            Of::Date(_) => date::is_far(level),
            Of::Name(_) | Of::Place(_) | Of::Values(_) => level == 0,
        }
    }

    /// The level of this comparison in `pattern`; `None` where it was missing.
    pub fn level_in(&self, pattern: Pattern) -> Option<u8> {
        let stored = (pattern >> self.shift) & self.mask;
        (stored > 0).then(|| (stored - 1) as u8)
    }

    /// Where this comparison's bits stand in a pattern: shift and mask.
    pub fn place(&self) -> (u32, u64) {
        (self.shift, self.mask)
    }

    /// The same by itself.
    pub fn packed(&self) -> PackedLevel {
        PackedLevel { name: self.name.clone(), shift: self.shift, mask: self.mask }
    }

    /// `pattern` with this comparison's level put in.
    pub fn put(&self, pattern: Pattern, level: Option<u8>) -> Pattern {
        pattern & !(self.mask << self.shift) | level.map_or(0, |level| u64::from(level) + 1) << self.shift
    }

    /// The level of two rows of codes.
    #[inline]
    fn level(&self, left: &[u32], right: &[u32]) -> Option<u8> {
        let (left, right) = (&left[self.column..], &right[self.column..]);
        match &self.of {
            Of::Name(names) => names.agreement(left[0], right[0]).map(name::NameAgreement::level),
            Of::Date(dates) => dates.level(left[0], right[0]),
            Of::Place(places) => places.level(left, right),
            Of::Values(values) => values.level(left, right),
        }
    }

    /// What a level means, in words.
    pub fn words(&self, level: u8) -> String {
        match &self.of {
            Of::Name(_) => name::describe(level),
            Of::Date(_) => date::WORDS[usize::from(level)].to_string(),
            Of::Place(_) => place::WORDS[usize::from(level)].to_string(),
            Of::Values(values) => values.manner.words(level).to_string(),
        }
    }

    /// Whether a level means that two records differ in what a person keeps for life: the date of birth and the NHS number. Names change, and
    /// then in all later records at once (babies are named, people marry).
    pub fn contradicts(&self, level: u8) -> bool {
        match &self.of {
            Of::Date(_) => self.name == "date_of_birth" && !date::is_exact(level),
            Of::Values(values) => values.manner == Manner::Number && level <= value::NUMBER_DIFFERS,
            Of::Name(_) | Of::Place(_) => false,
        }
    }
}

/// A comparison and the codes of all identities that it reads, column by column in the order in which it reads them from a row.
struct Chosen {
    name: String,
    group: Group,
    levels: u8,
    of: Of,
    columns: Vec<Vec<u32>>,
}

impl Chosen {
    fn of(name: &str, group: Group, levels: u8, of: Of, columns: Vec<Vec<u32>>) -> Chosen {
        Chosen { name: name.to_string(), group, levels, of, columns }
    }
}

/// All comparisons of a job, in the order of the fields.
#[derive(Debug)]
pub struct Comparisons {
    pub list: Vec<Comparison>,
    /// Codes of all comparisons, identity by identity: a pair touches two or three cache lines instead of one a column and side.
    rows: Vec<u32>,
    width: usize,
    /// Patterns that were asked for lately.
    asked: OnceLock<Memory>,
}

impl Comparisons {
    /// Chooses the comparisons from the fields that were mapped. How rare values are comes from `frozen` where a model was learnt before,
    /// and is measured otherwise.
    ///
    /// # Panics
    /// Never: comparisons beyond the 64 bits of a pattern are left out, the last custom fields first.
    pub fn choose(job: &Job, records: &Records, identities: &Identities, frozen: Option<&Frequencies>) -> Comparisons {
        let tokens = |name: &str| frozen.and_then(|frozen| frozen.tokens(name));
        let bins = |name: &str| frozen.and_then(|frozen| frozen.bins(name));
        let names = |name: &str, group: Group, fields: &[Field]| {
            let (names, codes) = Names::gather(records, identities, fields, tokens(name))?;
            Some(Chosen::of(name, group, name::LEVELS, Of::Name(Box::new(names)), vec![codes]))
        };
        let dates = |name: &str, group: Group, field: Field, year: Option<Field>| {
            let (dates, codes) = Dates::gather(records, identities, field, year, bins(name))?;
            Some(Chosen::of(name, group, date::LEVELS, Of::Date(dates), vec![codes]))
        };
        let values = |name: &str, group: Group, field: Field, manner: Manner| {
            let (values, columns) = Values::gather(records, identities, field, manner, bins(name))?;
            Some(Chosen::of(name, group, manner.levels(), Of::Values(Box::new(values)), columns))
        };
        let places = || {
            let (places, columns) = Places::gather(records, identities)?;
            Some(Chosen::of("place", Group::Home, place::LEVELS, Of::Place(Box::new(places)), columns))
        };
        let name_fields = [Field::GivenName, Field::MiddleName, Field::FamilyName, Field::PreviousFamilyName];
        // Each waits for memory by itself, and some count on one thread.
        let of_fields: [&(dyn Fn() -> Option<Chosen> + Sync); _] = [
            &|| names("name", Group::Name, &name_fields),
            &|| dates("date_of_birth", Group::Date, Field::DateOfBirth, Some(Field::YearOfBirth)),
            &|| values("nhs_number", Group::Number, Field::NhsNumber, Manner::Number),
            &|| values("sex", Group::Other(0), Field::Sex, Manner::Sex),
            &places,
            &|| values("phone", Group::Home, Field::Phone, Manner::Text),
            &|| values("email", Group::Email, Field::Email, Manner::Text),
            &|| values("local_id", Group::Other(1), Field::LocalId, Manner::LocalIdentifier),
            &|| values("birth_order", Group::Other(2), Field::BirthOrder, Manner::Category),
            &|| dates("date_of_death", Group::Other(3), Field::DateOfDeath, None),
        ];
        let of_fields: Vec<Option<Chosen>> = of_fields.par_iter().with_max_len(1).map(|gather| gather()).collect();
        let of_custom = job.custom_fields.iter().enumerate().map(|(index, custom)| {
            let (field, group) = (Field::Custom(index as u16), Group::Other(4 + index as u16));
            match custom.kind {
                FieldKind::Name => names(&custom.name, group, &[field]),
                FieldKind::Date => dates(&custom.name, group, field, None),
                FieldKind::Category => values(&custom.name, group, field, Manner::Category),
                FieldKind::Identifier | FieldKind::Text | FieldKind::Number => {
                    values(&custom.name, group, field, Manner::Text)
                }
            }
        });
        let chosen = of_fields.into_iter().chain(of_custom).flatten().collect();
        Comparisons::pack(chosen, identities.len())
    }

    /// What a model keeps of how rare values are, under a key of 32 bytes. This very night is compared by what it keeps.
    pub fn freeze(&self, key: [u8; 32]) -> Frequencies {
        let hashes = Hashes::new(key);
        let table = |comparison: &Comparison| match &comparison.of {
            Of::Name(names) => Some(Table::Tokens(names.tokens.freeze(&hashes))),
            Of::Date(dates) => Some(Table::Bins(dates.freeze(&hashes))),
            Of::Values(values) => values.freeze(&hashes).map(Table::Bins),
            Of::Place(_) => None,
        };
        let tables = self.list.iter().filter_map(|one| Some((one.name.clone(), table(one)?)));
        Frequencies::new(key, tables.collect::<BTreeMap<_, _>>())
    }

    /// Whether everything that is measured of how rare values are comes from `frozen`, so that nothing but who holds a value hangs on tonight's records.
    pub fn are_frozen_by(&self, frozen: &Frequencies) -> bool {
        self.list.iter().all(|comparison| match &comparison.of {
            Of::Name(_) => frozen.tokens(&comparison.name).is_some(),
            Of::Values(values) if values.manner != Manner::Category => true,
            Of::Date(_) | Of::Values(_) => frozen.bins(&comparison.name).is_some(),
            Of::Place(_) => true,
        })
    }

    /// Lets go of the identities that are not marked in `stays`; the others are `rest`. Where how rare values are was frozen, it is the same as choosing
    /// anew for these: the rest hangs on values alone, but for how many hold a place or an address, which is counted again.
    pub fn retain(&mut self, stays: &[bool], rest: &Identities) {
        let mut to = 0;
        for at in (0..stays.len()).filter(|&at| stays[at]) {
            self.rows.copy_within(at * self.width..(at + 1) * self.width, to);
            to += self.width;
        }
        self.rows.truncate(to);
        self.asked = OnceLock::new();
        let (rows, width) = (&self.rows, self.width);
        self.list.par_iter_mut().with_max_len(1).for_each(|comparison| {
            let codes = |nth: usize| CodeColumn::new(rows, width, comparison.column + nth).iter();
            match &mut comparison.of {
                Of::Place(places) => places.count(std::array::from_fn(codes), rest),
                Of::Values(values) => values.count(codes(0), rest),
                Of::Name(_) | Of::Date(_) => {}
            }
        });
    }

    /// No comparison at all: where another model does the comparing.
    pub fn none() -> Comparisons {
        Comparisons { list: Vec::new(), rows: Vec::new(), width: 0, asked: OnceLock::new() }
    }

    fn pack(chosen: Vec<Chosen>, identities: usize) -> Comparisons {
        let (mut list, mut shift, mut all) = (Vec::new(), 0, Vec::new());
        for Chosen { name, group, levels, of, columns } in chosen {
            let bits = u64::BITS - u64::from(levels).leading_zeros();
            if shift + bits > u64::BITS {
                tracing::warn!(comparison = name, "left out: a pattern holds 64 bits");
                continue;
            }
            list.push(Comparison { name, group, levels, shift, mask: (1 << bits) - 1, column: all.len(), of });
            shift += bits;
            all.extend(columns);
        }
        Comparisons { list, rows: by_row(&all, identities), width: all.len(), asked: OnceLock::new() }
    }

    fn row(&self, identity: u32) -> &[u32] {
        &self.rows[identity as usize * self.width..(identity as usize + 1) * self.width]
    }

    /// The codes that `comparison` reads of one identity, in its order; those of the comparisons after it follow.
    pub fn codes(&self, comparison: &Comparison, identity: u32) -> &[u32] {
        &self.row(identity)[comparison.column..]
    }

    /// Of the columns that `comparison` reads the one at place `nth`.
    pub fn column(&self, comparison: &Comparison, nth: usize) -> CodeColumn<'_> {
        CodeColumn::new(&self.rows, self.width, comparison.column + nth)
    }

    /// Columns of codes whose equality `comparison` rewards: what pairs share by chance is sampled along them. Made for the moment, 4 bytes an
    /// identity each.
    pub fn equality_columns(&self, comparison: &Comparison) -> Vec<Vec<u32>> {
        let column = |nth: usize| self.column(comparison, nth).iter();
        match &comparison.of {
            Of::Name(names) => vec![column(0).collect(), column(0).map(|name| names.rarest(name)).collect()],
            Of::Place(_) => (0..place::COLUMNS).map(|nth| column(nth).collect()).collect(),
            Of::Date(_) | Of::Values(_) => vec![column(0).collect()],
        }
    }

    /// Whether any two records differ in a comparison: a value that is the same everywhere tells nobody apart.
    pub fn tells_apart(&self, comparison: &Comparison) -> bool {
        self.equality_columns(comparison).into_iter().any(|column| {
            let mut known = column.into_iter().filter(|code| *code != MISSING);
            known.next().is_some_and(|first| known.any(|code| code != first))
        })
    }

    /// Takes on what clusters have shown of names that are used for each other, by place in the list; how many pairs of values that is.
    /// Patterns of two identities that [`Comparisons::meeting`] names may be others from then on, so that none is remembered.
    pub fn learn(&mut self, found: &[(usize, Vec<Alias>)]) -> usize {
        self.asked = OnceLock::new();
        let learnt = found.iter().map(|(at, aliases)| match &mut self.list[*at].of {
            Of::Name(names) => names.learn(aliases),
            Of::Values(_) | Of::Date(_) | Of::Place(_) => 0,
        });
        learnt.sum()
    }

    /// The pattern of two identities after [`Comparisons::learn`] of `found`, where it was `known` before: only what has learnt compares again.
    pub fn compared_again(&self, left: u32, right: u32, known: Pattern, found: &[(usize, Vec<Alias>)]) -> Pattern {
        let (left, right) = (self.row(left), self.row(right));
        found.iter().fold(known, |pattern, (at, _)| {
            let comparison = &self.list[*at];
            comparison.put(pattern, comparison.level(left, right))
        })
    }

    /// Which pairs may hold two values that `found` says are aliases: no other pattern changes by [`Comparisons::learn`].
    pub fn meeting(&self, found: &[(usize, Vec<Alias>)]) -> Meeting {
        let mut meeting = Meeting::none(self.identities());
        for (at, aliases) in found {
            if let Of::Name(names) = &self.list[*at].of {
                let column = self.column(&self.list[*at], 0);
                meeting.add(aliases, |identity| names.tokens_of(column.at(identity)));
            }
        }
        meeting
    }

    /// By identity, the bins that tonight's holders put its values into, and what is compared tonight, as one number: beside its values,
    /// all of its patterns that may be other ones on another night with the same model.
    pub fn shared_bins(&self) -> Vec<u64> {
        let mut layout = blake3::Hasher::new();
        for comparison in &self.list {
            layout.update(comparison.name.as_bytes()).update(&comparison.shift.to_le_bytes());
        }
        let layout: [u8; 8] = layout.finalize().as_bytes()[..8].try_into().expect("a hash has 32 bytes");
        let bins = |identity: u32| {
            let row = self.row(identity);
            let mut digest = u64::from_le_bytes(layout);
            // Levels are below 31, so that twelve bins have a digest of their own.
            let mut add = |level: u8| digest = digest.wrapping_mul(31).wrapping_add(u64::from(level));
            for comparison in &self.list {
                match &comparison.of {
                    Of::Place(places) => places.shared(&row[comparison.column..]).into_iter().for_each(&mut add),
                    Of::Values(values) => add(values.shared(row[comparison.column])),
                    Of::Name(_) | Of::Date(_) => {}
                }
            }
            digest
        };
        (0..self.identities() as u32).into_par_iter().map(bins).collect()
    }

    fn identities(&self) -> usize {
        self.rows.len() / self.width.max(1)
    }

    /// The pattern of two identities, remembered.
    pub fn pattern(&self, left: u32, right: u32) -> Pattern {
        // Agreeing with oneself is soon said, and would make the others forgotten.
        if left == right {
            return self.pattern_afresh(left, right);
        }
        let asked = self.asked.get_or_init(|| Memory::new(self.identities()));
        asked.pattern(left, right, || self.pattern_afresh(left, right))
    }

    /// The same of many pairs, in their order: those that are not remembered are compared together.
    pub fn patterns_remembered<'a>(&self, pairs: &[(u32, u32)], batch: &'a mut Batch) -> &'a [Pattern] {
        let asked = self.asked.get_or_init(|| Memory::new(self.identities()));
        batch.remembered(self, pairs, asked)
    }

    /// The pattern of two identities that nobody will ask for again.
    pub fn pattern_afresh(&self, left: u32, right: u32) -> Pattern {
        let (left, right) = (self.row(left), self.row(right));
        let parts = self.list.iter().map(|c| c.level(left, right).map_or(0, |level| (u64::from(level) + 1) << c.shift));
        parts.fold(0, |pattern, part| pattern | part)
    }

    /// The comparison with this name.
    pub fn find(&self, name: &str) -> Option<&Comparison> {
        self.list.iter().find(|comparison| comparison.name == name)
    }
}

/// Turns columns into rows.
fn by_row(columns: &[Vec<u32>], identities: usize) -> Vec<u32> {
    let width = columns.len();
    let mut rows = vec![MISSING; width * identities];
    rows.par_chunks_mut(width.max(1)).enumerate().for_each(|(identity, row)| {
        row.iter_mut().zip(columns).for_each(|(slot, column)| *slot = column[identity]);
    });
    rows
}

/// How many records hold each value.
fn holders_of(codes: impl Iterator<Item = u32>, values: usize, identities: &Identities) -> Vec<u64> {
    let mut holders = vec![0; values];
    for (identity, code) in codes.enumerate().filter(|(_, code)| *code != MISSING) {
        holders[code as usize] += u64::from(identities.count(identity as u32));
    }
    holders
}
