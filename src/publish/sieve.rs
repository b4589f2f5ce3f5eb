//! A table of an earlier run, written anew without the rows and values that may not be published today.
//!
//! A row group of which everything stays is copied as it stands. One that loses anything is encoded anew from what is left, so that neither
//! its dictionaries nor its statistics tell of what is gone; only of large columns without dictionaries pages that lose nothing stay (`splice`).
//! A group is written while the next one is encoded, and what is looked at of those after it is decoded meanwhile.

use super::ahead;
use super::groups::{GroupRows, Groups};
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
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterPropertiesBuilder, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
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
        let properties = sieve.properties();
        let written = Written::new(self.create_file(sieve.name)?);
        let mut writer = SerializedFileWriter::new(written, groups.root(), properties.clone()).map_err(failed)?;
        let factory = ArrowRowGroupWriterFactory::new(&writer, groups.schema().clone());
        let sifting = Sifting { groups: &groups, sieve, factory: &factory, properties: &properties, path: &path };
        let mut waiting = None;
        groups.each_group(sieve.looks_at, |group, looked_at| {
            let before = waiting.take();
            let (appended, sifted) =
                ahead::beside(|| append(&mut writer, &groups, before), || sifting.sifted(group, looked_at, &mut fate));
            appended.map_err(failed)?;
            waiting = sifted?;
            Ok(())
        })?;
        append(&mut writer, &groups, waiting).map_err(failed)?;
        let written = writer.into_inner().map_err(failed)?;
        let written = written.finish(sieve.name).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE));
        written.inspect(|_| self.written_whole(path.clone()))
    }
}

impl Sieve<'_> {
    fn properties(&self) -> WriterPropertiesPtr {
        let distinct = self.distinct.iter().map(|column| ColumnPath::from(*column));
        let set = |properties: WriterPropertiesBuilder, column| properties.set_column_dictionary_enabled(column, false);
        Arc::new(distinct.fold(base_properties(), set).build())
    }
}

/// What is left of a group.
enum Sifted {
    /// All of it: the group of this number.
    Same(usize),
    Anew(Vec<Column>),
}

/// Writes what is left of a group, where that is anything.
fn append(
    writer: &mut SerializedFileWriter<Written>,
    groups: &Groups,
    sifted: Option<Sifted>,
) -> std::result::Result<(), ParquetError> {
    let Some(sifted) = sifted else { return Ok(()) };
    let mut into = writer.next_row_group()?;
    match sifted {
        Sifted::Same(group) => groups.copy(group, &mut into)?,
        Sifted::Anew(columns) => columns.into_iter().try_for_each(|column| match column {
            Column::Whole(chunk) => chunk.append_to_row_group(&mut into),
            Column::Spliced(column) => column.append_to(&mut into),
        })?,
    }
    into.close().map(|_| ())
}

/// A table that is being copied.
struct Sifting<'a> {
    groups: &'a Groups,
    sieve: &'a Sieve<'a>,
    factory: &'a ArrowRowGroupWriterFactory,
    properties: &'a WriterPropertiesPtr,
    /// Where the copy is written.
    path: &'a Path,
}

impl Sifting<'_> {
    /// What is left of a group, given the columns of it that are looked at; `None` where nothing is.
    fn sifted(
        &self,
        group: usize,
        looked_at: GroupRows,
        fate: &mut impl FnMut(&Rows) -> Result<Fate>,
    ) -> Result<Option<Sifted>> {
        let Sifting { groups, sieve, factory, properties, path } = *self;
        let fate = GroupFate::of(looked_at, sieve, fate)?;
        if fate.changes_nothing() {
            return Ok(Some(Sifted::Same(group)));
        }
        if fate.keep.true_count() == 0 {
            return Ok(None);
        }
        let writers = factory.create_column_writers(group).map_err(|error| table::failure(error, path))?;
        let anew = Anew { groups, group, sieve, fate: &fate, properties };
        Ok(Some(Sifted::Anew(anew.columns(writers)?)))
    }
}

impl GroupFate {
    /// Asks `fate` of every row of a group.
    fn of(looked_at: GroupRows, sieve: &Sieve, fate: &mut impl FnMut(&Rows) -> Result<Fate>) -> Result<GroupFate> {
        let (mut whole, mut flags_change, mut numbers_change) = (Fate::default(), false, false);
        looked_at.each(|rows| {
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
