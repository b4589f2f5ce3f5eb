//! All records of one block of people, written as every provider writes them.

use super::care::Care;
use super::chance::{Chance, spread};
use super::damage::Damage;
use super::households::{Block, World};
use super::layouts::What;
use super::people::{AS_OF, Person};
use super::providers::Provider;
use super::record::{Look, Record};
use super::rows::{Rows, Source};
use super::single_file;
use super::visits::{Visit, Visits};
use std::collections::BTreeMap;

/// Rows that cannot be used, by provider and code: what intake should find in the extracts.
pub(super) type Unusable = BTreeMap<(String, &'static str), u64>;

/// What one block gives.
#[derive(Default)]
pub(super) struct BlockOutput {
    /// By provider. Empty for a single file.
    pub rows: Vec<Rows>,
    /// By provider: the order in which to write `rows`.
    pub order: Vec<Vec<u32>>,
    /// Lines of the single file.
    pub lines: String,
    /// Lines of truth.csv.
    pub truth: String,
    pub records: u64,
    pub row_count: u64,
    pub unusable: Unusable,
    pub lists: Lists,
}

/// Lines for the lists that a job names beside its extracts.
#[derive(Default)]
pub(super) struct Lists {
    /// old,new
    pub replaced: String,
    /// Two NHS numbers that are never one person: some twins.
    pub never_link: String,
    /// nhs_number of objectors.
    pub objecting_numbers: String,
    /// provider,record_id,from,until of objectors.
    pub objecting_records: String,
    /// nhs_number of people with a type 1 opt-out.
    pub type_1_numbers: String,
    /// nhs_number of people with a national opt-out.
    pub national_numbers: String,
}

/// Writes blocks; the same for every thread.
pub(super) struct Writer<'a> {
    pub world: &'a World,
    pub visits: &'a Visits<'a>,
    pub providers: &'a [Provider],
    pub damage: &'a Damage,
    /// The columns of a single file, or `None` for one extract a provider.
    pub single: Option<&'a [&'a str]>,
    /// Record numbers kept for each block, so that none repeats.
    pub record_numbers_per_block: u64,
    /// Record numbers are scrambled below this power of two.
    pub record_number_mask: u64,
}

impl Writer<'_> {
    pub fn block(&self, number: u64) -> BlockOutput {
        let block = self.world.block(number);
        let mut chance = Chance::new(self.world.seed, number * 2 + 1);
        let mut output = BlockOutput::default();
        if self.single.is_none() {
            output.rows = self.providers.iter().map(|provider| Rows::new(provider.kind.columns.len())).collect();
        }
        let mut state =
            State { next: number * self.record_numbers_per_block, record: Record::default(), line_ends: vec![0] };
        let mut visits = Vec::new();
        for person in &block.people {
            self.visits.of(&block, person, &mut visits, &mut chance);
            let practice = self.practice_of(&visits);
            let care = Care::of(person, self.world.seed);
            for visit in &visits {
                self.visit(&block, (person, &care), visit, practice, &mut state, &mut output, &mut chance);
            }
            self.lists(&block, person, &mut output.lists);
        }
        self.mix(&mut output, &state, &mut chance);
        output
    }

    /// Code of the practice where the person is registered now.
    fn practice_of(&self, visits: &[Visit]) -> &str {
        let registered = visits.iter().find(|visit| {
            let setting = self.providers[visit.provider].setting();
            setting == crate::job::Setting::GeneralPractice && visit.registered_until.is_none()
        });
        registered.map_or("V81999", |visit| &self.providers[visit.provider].practice_code)
    }

    #[allow(clippy::too_many_arguments)]
    fn visit(
        &self,
        block: &Block,
        (person, care): (&Person, &Care),
        visit: &Visit,
        practice: &str,
        state: &mut State,
        output: &mut BlockOutput,
        chance: &mut Chance,
    ) {
        let provider = &self.providers[visit.provider];
        let look = Look {
            world: self.world,
            block,
            person,
            setting: provider.setting(),
            seen: visit.seen[0],
            nameless: provider.kind.nameless,
        };
        look.write(self.damage, &mut state.record, chance);
        let record_id = self.record_id(visit.provider, &mut state.next);
        // The job that fits a single file has one provider.
        let known_as = if self.single.is_some() { single_file::PROVIDER } else { &provider.id };
        let home = &block.addresses[person.address_on(AS_OF) as usize];
        single_file::truth(known_as, &record_id, person, self.world, home, &mut output.truth);
        output.records += 1;
        if spread(person.index ^ 0x0B9).is_multiple_of(900)
            && visit.provider.is_multiple_of(3)
            && output.lists.objecting_records.len() < 200
        {
            output.lists.objecting_records.push_str(&format!("{known_as},{record_id},2024-01-01,\n"));
        }
        if let Some(columns) = self.single {
            single_file::line(&state.record, &record_id, &provider.id, columns, &mut output.lines);
            state.line_ends.push(output.lines.len());
            output.row_count += 1;
            return;
        }
        let mut source = Source {
            record: &state.record,
            person,
            home,
            practice,
            provider,
            local: self.visits.is_local(block, person, visit.provider),
            care,
            record_id: &record_id,
            seen: visit.seen[0],
            registered_until: visit.registered_until,
        };
        for seen in &visit.seen {
            source.seen = *seen;
            write_row(&source, &mut output.rows[visit.provider], |_| None);
            output.row_count += 1;
        }
        self.unusable_rows(source, visit.provider, &mut state.next, output, chance);
    }

    /// Now and then a row that nobody can use follows, made from this one.
    fn unusable_rows(
        &self,
        source: Source,
        provider: usize,
        next: &mut u64,
        output: &mut BlockOutput,
        chance: &mut Chance,
    ) {
        let columns = self.providers[provider].kind.columns;
        let has = |wanted: What| columns.iter().any(|column| column.what == wanted);
        let code = match chance.below(1_500) {
            0 => "no_record_id",
            1 => "no_identifying_value",
            2 if has(What::Given) => "filler_person",
            3..8 if has(What::WithheldReason) => "withheld_identity",
            _ => return,
        };
        let record_id = self.record_id(provider, next);
        let source = Source { record_id: &record_id, ..source };
        let filler =
            *chance.pick(&[("Mickey", "Mouse"), ("Test", "Test"), ("ZZZTEST", "DO NOT USE"), ("Test", "Patient")]);
        write_row(&source, &mut output.rows[provider], |what| replaced(code, what, filler));
        output.row_count += 1;
        *output.unusable.entry((self.providers[provider].id.clone(), code)).or_default() += 1;
    }

    /// A number without meaning, under the provider's own prefix.
    fn record_id(&self, provider: usize, next: &mut u64) -> String {
        let scrambled = next.wrapping_mul(0x9E37_79B1) & self.record_number_mask;
        *next += 1;
        match self.single {
            Some(_) => format!("r{scrambled}"),
            None => format!("{}{scrambled:07}", ["", "A", "RX", "H", "C-", "P"][provider % 6]),
        }
    }

    fn lists(&self, block: &Block, person: &Person, lists: &mut Lists) {
        use std::fmt::Write;
        let done = "a String takes what is written";
        if let Some(old) = person.old_number {
            writeln!(lists.replaced, "{old},{}", person.number).expect(done);
        }
        if spread(person.index ^ 0x0B9) % 900 == 1 {
            writeln!(lists.objecting_numbers, "{}", person.number).expect(done);
        }
        // About as many as in England: one in forty, and one in twenty.
        if spread(person.index ^ 0x7E1).is_multiple_of(40) {
            writeln!(lists.type_1_numbers, "{}", person.number).expect(done);
        }
        if spread(person.index ^ 0x9A7).is_multiple_of(20) {
            writeln!(lists.national_numbers, "{}", person.number).expect(done);
        }
        let household = person.household.clone();
        if person.birth_order == 2 && lists.never_link.len() < 50 {
            let twin = block.people[household.start as usize..household.end as usize]
                .iter()
                .find(|other| other.birth_order == 1 && other.mother == person.mother && (other.born == person.born));
            if let Some(twin) = twin {
                writeln!(lists.never_link, "{},{}", twin.number, person.number).expect(done);
            }
        }
    }

    /// Rows leave in an order that says nothing about who they belong to.
    fn mix(&self, output: &mut BlockOutput, state: &State, chance: &mut Chance) {
        if self.single.is_some() {
            let mut order: Vec<usize> = (1..state.line_ends.len()).collect();
            chance.shuffle(&mut order);
            let mut mixed = String::with_capacity(output.lines.len());
            order
                .iter()
                .for_each(|&line| mixed.push_str(&output.lines[state.line_ends[line - 1]..state.line_ends[line]]));
            output.lines = mixed;
            return;
        }
        for rows in &output.rows {
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            chance.shuffle(&mut order);
            output.order.push(order);
        }
    }
}

struct State {
    /// The next record number.
    next: u64,
    record: Record,
    /// Ends of the single file's lines.
    line_ends: Vec<usize>,
}

/// Writes a row; `replace` may put something else into a cell.
fn write_row(source: &Source, rows: &mut Rows, replace: impl Fn(What) -> Option<&'static str>) {
    for column in source.provider.kind.columns {
        rows.cell(|out| match replace(column.what) {
            Some(other) => out.push_str(other),
            None => source.write(column.what, out),
        });
    }
}

/// What stands in the cell of an unusable row instead.
fn replaced(code: &str, what: What, filler: (&'static str, &'static str)) -> Option<&'static str> {
    use What::*;
    match (code, what) {
        ("no_record_id", RecordId) => Some(""),
        ("no_identifying_value", Unused(_) | RecordId) => None,
        ("no_identifying_value", _) => Some(""),
        ("filler_person", Given) => Some(filler.0),
        ("filler_person", Family) => Some(filler.1),
        ("filler_person", NhsNumber | Middle | Phone | Email) => Some(""),
        ("withheld_identity", WithheldReason) => Some("03"),
        ("withheld_identity", NhsNumber | Given | Family | Birth | Address | Postcode | Practice | NumberStatus) => {
            Some("")
        }
        _ => None,
    }
}
