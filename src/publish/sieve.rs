//! A table of an earlier run, written anew without the rows and values that may not be published today.
//!
//! A row group of which everything stays is copied as it stands. One that loses anything is encoded anew from what is left, so that neither
//! its dictionaries nor its statistics tell of what is gone; only of large columns without dictionaries pages that lose nothing stay (`splice`).

use super::groups::Groups;
use super::published::{PublishedRun, Rows, damaged};
use super::splice::Spliced;
use super::table::{self, Written, base_properties};
use super::{Draft, WrittenFile};
use crate::failure::{Failure, Result};
use crate::publish::OUTPUT_UNWRITABLE;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray};
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::Field;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What becomes of some rows of a table, one entry a row.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub keep: Vec<bool>,
    /// Rows whose columns of `Sieve::hidden` become null, or empty where there is no null; empty for none.
    pub hide: Vec<bool>,
    /// The values of a column of flags; empty where nobody has looked at them, for all rows of a table or for none.
    pub flags: Vec<bool>,
    /// The values of columns of numbers, which are among those looked at, by their names; for all rows of a table or for none.
    pub numbers: BTreeMap<&'static str, Vec<f64>>,
}

/// How a table is copied.
pub(crate) struct Sieve<'a> {
    /// The file, such as `people.parquet`.
    pub name: &'a str,
    /// The columns that the fate of a row is read from; no others are decoded where everything stays.
    pub looks_at: &'a [&'a str],
    /// Columns in which nearly every value occurs once.
    pub distinct: &'a [&'a str],
    pub hidden: &'a [String],
    /// The column that `Fate::flags` replaces, which is one of those looked at; empty for none.
    pub flag: &'a str,
}

/// What becomes of a row group.
struct GroupFate {
    keep: BooleanArray,
    /// `None` where nothing is hidden.
    hide: Option<BooleanArray>,
    /// `None` where all flags stay as they are.
    flags: Option<ArrayRef>,
    /// Empty where all numbers stay as they are.
    numbers: BTreeMap<&'static str, ArrayRef>,
}

impl Draft<'_> {
    /// Copies a table of `from` into this draft; `fate` is asked some rows at a time and in order.
    pub(crate) fn copy_table(
        &self,
        from: &PublishedRun,
        sieve: &Sieve,
        mut fate: impl FnMut(&Rows) -> Result<Fate>,
    ) -> Result<WrittenFile> {
        let path = self.path(sieve.name);
        let failed = |error| table::failure(error, &path);
        let groups = from.groups(sieve.name)?;
        let mut properties = base_properties();
        for column in sieve.distinct {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
        }
        let properties = Arc::new(properties.build());
        let written = Written::new(self.create_file(sieve.name)?);
        let mut writer = SerializedFileWriter::new(written, groups.root(), properties.clone()).map_err(failed)?;
        let factory = ArrowRowGroupWriterFactory::new(&writer, groups.schema().clone());
        for group in 0..groups.len() {
            let fate = GroupFate::of(&groups, group, sieve, &mut fate)?;
            if fate.changes_nothing() {
                let mut copied = writer.next_row_group().map_err(failed)?;
                groups.copy(group, &mut copied).and_then(|()| copied.close()).map_err(failed)?;
            } else if fate.keep.true_count() > 0 {
                let writers = factory.create_column_writers(group).map_err(failed)?;
                let anew = Anew { groups: &groups, group, sieve, fate: &fate, properties: &properties };
                let columns = anew.columns(writers)?;
                let mut into = writer.next_row_group().map_err(failed)?;
                let append = |column| match column {
                    Column::Whole(chunk) => chunk.append_to_row_group(&mut into),
                    Column::Spliced(column) => column.append_to(&mut into),
                };
                columns.into_iter().try_for_each(append).and_then(|()| into.close()).map_err(failed)?;
            }
        }
        let written = writer.into_inner().map_err(failed)?;
        written.finish(sieve.name).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
    }
}

impl GroupFate {
    /// Asks `fate` of every row of a group.
    fn of(
        groups: &Groups,
        group: usize,
        sieve: &Sieve,
        fate: &mut impl FnMut(&Rows) -> Result<Fate>,
    ) -> Result<GroupFate> {
        let (mut whole, mut flags_change, mut numbers_change) = (Fate::default(), false, false);
        groups.each(group, sieve.looks_at, |rows| {
            let Fate { keep, hide, flags, numbers } = fate(rows)?;
            flags_change |= !flags.is_empty() && flags != rows.flags(sieve.flag)?;
            for (name, anew) in numbers {
                numbers_change |= anew != rows.numbers(name)?;
                whole.numbers.entry(name).or_default().extend(anew);
            }
            whole.keep.extend(keep);
            whole.hide.extend(hide);
            whole.flags.extend(flags);
            Ok(())
        })?;
        let hide = whole.hide.contains(&true).then(|| BooleanArray::from(whole.hide));
        let flags = flags_change.then(|| Arc::new(BooleanArray::from(whole.flags)) as ArrayRef);
        let numbers = if numbers_change { whole.numbers } else { BTreeMap::new() };
        let array = |(name, numbers): (_, Vec<f64>)| (name, Arc::new(Float64Array::from(numbers)) as ArrayRef);
        let numbers = numbers.into_iter().map(array).collect();
        Ok(GroupFate { keep: BooleanArray::from(whole.keep), hide, flags, numbers })
    }

    fn changes_nothing(&self) -> bool {
        self.keep.false_count() == 0 && self.hide.is_none() && self.flags.is_none() && self.numbers.is_empty()
    }

    /// What is left of a column; `None` where it is not what a run writes.
    fn sifted(&self, column: &ArrayRef, field: &Field, sieve: &Sieve) -> Option<ArrayRef> {
        let hide = self.hide.as_ref().filter(|_| sieve.hidden.contains(field.name()));
        let column = match (hide, &self.flags) {
            (Some(hide), _) if field.is_nullable() => &arrow::compute::nullif(column, hide).ok()?,
            (Some(hide), _) => &zip(hide, &StringArray::new_scalar(""), column).ok()?,
            (None, Some(flags)) if field.name() == sieve.flag => flags,
            (None, _) => self.numbers.get(field.name().as_str()).unwrap_or(column),
        };
        arrow::compute::filter(column, &self.keep).ok()
    }
}

/// A column of a group without what goes.
enum Column {
    Whole(ArrowColumnChunk),
    Spliced(Spliced),
}

/// A group that loses something.
struct Anew<'a> {
    groups: &'a Groups,
    group: usize,
    sieve: &'a Sieve<'a>,
    fate: &'a GroupFate,
    properties: &'a WriterPropertiesPtr,
}

impl Anew<'_> {
    /// What is left of every column.
    fn columns(&self, writers: Vec<ArrowColumnWriter>) -> Result<Vec<Column>> {
        let fields = self.groups.schema().fields();
        let one = |((at, field), writer): ((usize, &Arc<Field>), ArrowColumnWriter)| self.column(at, field, writer);
        fields.par_iter().enumerate().zip(writers).with_max_len(1).map(one).collect()
    }

    fn column(&self, at: usize, field: &Field, writer: ArrowColumnWriter) -> Result<Column> {
        let Anew { groups, group, sieve, fate, properties } = *self;
        if !sieve.hidden.contains(field.name())
            && field.name() != sieve.flag
            && !fate.numbers.contains_key(field.name().as_str())
            && let Some(spliced) = Spliced::of((groups, group, at), field, &fate.keep, properties)?
        {
            return Ok(Column::Spliced(spliced));
        }
        let wrong = || damaged(groups.path());
        let left = fate.sifted(&groups.column(group, at)?, field, sieve).ok_or_else(wrong)?;
        table::encode_array(field, &left, writer).map(Column::Whole).map_err(|_| wrong())
    }
}
