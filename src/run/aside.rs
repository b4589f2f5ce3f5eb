//! Columns that wait on disk while a night links: it compares codes of its own by then, and needs what the records hold only afterwards.
//!
//! In: records. Out: the same records, later, without rows that have left meanwhile. Always: what waits lies in `state/spill` below the output, for
//! the owner only, each piece with its checksum; it goes when it is all read again or a signal stops the night, and what a killed night has left goes
//! when the next one begins, or a training, a report or a rollback ([`clear`]).
//!
//! A night links twice where somebody objects: around them first, then the rest. What is asked for in between, NHS numbers and places of records, stands
//! first in the file, so that the rest of it is written and read once.

use super::checkpoint::columns::{get_column, get_columns, put_column};
use super::checkpoint::pieces::{Damaged, Reader, Writer};
use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::intake::TextColumn;
use crate::job::Field;
use crate::records::{Column, Records, Stays};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub(super) static ASIDE_FAILED: Code = Code {
    id: "OF0441",
    exit: Exit::Resource,
    title: "columns or pairs could not wait on disk",
    next_step: "See to the disk of [job] output or raise [job] memory_limit, then `onefolk run --resume`; nothing was published",
    explanation: "A night lets the columns of its records wait in state/spill below the output while it links, where they are large or [job] \
                  memory_limit leaves no room for them, and scored pairs while people are made of them. They could not be written there, or were \
                  not what had been written when they were read again. What was published before still stands, and `--resume` goes on from the last stage that was finished.",
};

/// Of the columns this is brought back between two passes.
const FIRST: Field = Field::NhsNumber;

type Got<T> = std::result::Result<T, Damaged>;

/// This never waits, a byte a row: links are written before columns come back, and who is marked says what stands in them.
const STAYS_HERE: Field = Field::Sensitivity;

/// Columns on disk.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
}

pub(super) fn folder(output: &Path) -> PathBuf {
    output.join("state/spill")
}

/// Has a night left there what it let wait? Whoever holds the lock may still need it.
pub fn left_waiting(output: &Path) -> bool {
    folder(output).is_dir()
}

/// Removes what waits below `output`; nothing there is no error.
pub(super) fn clear(output: &Path) -> Result<()> {
    let folder = folder(output);
    disk::remove_folder(&folder).map_err(|error| Failure::from_io(&error, &folder, &ASIDE_FAILED))
}

impl Aside {
    /// Writes all columns away and leaves the records without them; with `places` also where records stand, and their record_ids.
    ///
    /// # Errors
    /// OF0441, or the code of a full disk; then columns are lost, and the night with them.
    pub fn put(output: &Path, records: &mut Records, places: bool) -> Result<Aside> {
        let folder = folder(output);
        let path = folder.join("columns");
        disk::create_folder(&folder)
            .and_then(|()| disk::remove_file(&path))
            .and_then(|()| Writer::create(&path))
            .and_then(|writer| write(writer, records, places))
            .map_err(|error| Failure::from_io(&error, &path, &ASIDE_FAILED))?;
        Ok(Aside { path })
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.path.metadata().map_or(0, |file| file.len())
    }

    /// Gives the records their NHS numbers and places again, and nothing else: the file stays.
    ///
    /// # Errors
    /// OF0441 where they are not what was written.
    pub fn bring_back_first(&self, records: &mut Records) -> Result<()> {
        let mut reader = Reader::open(&self.path).map_err(|error| self.failed(&error))?;
        read_first(&mut reader, records, None).map_err(|Damaged| self.damaged())
    }

    /// Leaves the records again without what was brought back.
    pub fn let_go_again(&self, records: &mut Records, places: bool) {
        records.clean.remove(&FIRST);
        if places {
            (records.extract, records.source_row) = (Vec::new(), Vec::new());
            records.record_id = TextColumn::default();
        }
    }

    /// Gives the records their columns again, of the rows that stay where some have left since.
    ///
    /// # Errors
    /// OF0441 where they are not what was written.
    pub fn bring_back(self, records: &mut Records, stays: Option<&Stays>) -> Result<()> {
        let reader = Reader::open(&self.path).map_err(|error| self.failed(&error))?;
        read(reader, records, stays).map_err(|Damaged| self.damaged())?;
        disk::remove_file(&self.path).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::from_io(error, &self.path, &ASIDE_FAILED)
    }

    fn damaged(&self) -> Failure {
        self.failed(&io::Error::new(io::ErrorKind::InvalidData, "it is not what was written"))
    }
}

/// Each column goes as soon as it is written.
fn write(mut writer: Writer, records: &mut Records, places: bool) -> io::Result<()> {
    let first = records.clean.remove(&FIRST);
    writer.put(&first.is_some())?;
    first.map_or(Ok(()), |column| put_column(&mut writer, &column))?;
    writer.put(&places)?;
    if places {
        writer.put_list(&std::mem::take(&mut records.extract))?;
        writer.put_list(&std::mem::take(&mut records.source_row))?;
        let ids = std::mem::take(&mut records.record_id);
        writer.put_texts(ids.len(), ids.iter())?;
    }
    let here = records.clean.remove(&STAYS_HERE);
    for columns in [&mut records.raw, &mut records.clean] {
        writer.put(&(columns.len() as u64))?;
        while let Some((field, column)) = columns.pop_first() {
            writer.put(&field)?;
            put_column(&mut writer, &column)?;
        }
    }
    records.clean.extend(here.map(|column| (STAYS_HERE, column)));
    for column in records.carried_mut() {
        put_column(&mut writer, &std::mem::take(column))?;
    }
    writer.finish()
}

/// What stands first in the file: the NHS numbers, and the places of records.
fn read_first(reader: &mut Reader, records: &mut Records, stays: Option<&Stays>) -> Got<()> {
    if reader.get()? {
        records.clean.insert(FIRST, column(reader, stays)?);
    }
    if reader.get()? {
        (records.extract, records.source_row) = (list(reader, stays)?, list(reader, stays)?);
        let mut ids = TextColumn::default();
        reader.get_texts(|id| ids.push(id))?;
        records.record_id = stays.map(|stays| stays.texts(&ids)).unwrap_or(ids);
    }
    Ok(())
}

fn read(mut reader: Reader, records: &mut Records, stays: Option<&Stays>) -> Got<()> {
    read_first(&mut reader, records, stays)?;
    let mut columns = || -> Got<BTreeMap<Field, Column>> {
        let count: u64 = reader.get()?;
        Ok(get_columns(&mut reader, count as usize, Reader::get)?.into_iter().collect())
    };
    let (raw, clean) = (columns()?, columns()?);
    records.raw = raw;
    records.clean.extend(clean);
    let carried = get_columns(&mut reader, records.carried_mut().count(), |_| Ok(()))?;
    records.carried_mut().zip(carried).for_each(|(slot, (_, column))| *slot = column);
    if let Some(stays) = stays {
        // The NHS numbers, and what never waited, have lost these rows already.
        let waited = |field: &Field| *field != FIRST && *field != STAYS_HERE;
        let clean = records.clean.iter_mut().filter(|(field, _)| waited(field)).map(|(_, column)| column);
        let mut all: Vec<&mut Column> = records.raw.values_mut().chain(clean).collect();
        all.par_iter_mut().for_each(|column| column.codes.retain(stays));
        let mut carried: Vec<&mut Column> = records.carried_mut().collect();
        carried.par_iter_mut().for_each(|column| column.codes.retain(stays));
    }
    reader.at_end()
}

fn column(reader: &mut Reader, stays: Option<&Stays>) -> Got<Column> {
    let mut column = get_column(reader)?;
    if let Some(stays) = stays {
        column.codes.retain(stays);
    }
    Ok(column)
}

fn list(reader: &mut Reader, stays: Option<&Stays>) -> Got<Vec<u32>> {
    let mut list = reader.get_list()?;
    if let Some(stays) = stays {
        stays.keep(&mut list);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Codes, MISSING};

    fn column(values: &[&str]) -> Column {
        let mut column = Column::default();
        for value in values {
            let code = if value.is_empty() { MISSING } else { column.values.intern(value) };
            column.codes.push(code);
        }
        column
    }

    fn records() -> Records {
        let mut records = Records::default();
        records.raw.insert(Field::GivenName, column(&["Ann", "", "ANN"]));
        records.clean.insert(Field::GivenName, column(&["ann", "", "ann"]));
        records.clean.insert(Field::Sex, column(&["", "", ""]));
        (records.extract, records.source_row) = (vec![0, 0, 1], vec![1, 3, 1]);
        ["a", "", "b"].into_iter().for_each(|id| records.record_id.push(id));
        records
    }

    fn values(columns: &BTreeMap<Field, Column>) -> Vec<(Field, Codes, Vec<String>)> {
        let owned = |column: &Column| column.values.iter().map(str::to_string).collect();
        columns.iter().map(|(field, column)| (*field, column.codes.clone(), owned(column))).collect()
    }

    /// With NHS numbers, and all that rows have beside columns.
    fn numbered() -> Records {
        let mut records = records();
        records.clean.insert(Field::NhsNumber, column(&["9990000018", "", "9990000026"]));
        (records.provider, records.key, records.number_verified) = (vec![0, 0, 1], vec![0, 1, 2], vec![false; 3]);
        records
    }

    fn places(records: &Records) -> (Vec<u32>, Vec<u32>, Vec<String>) {
        let ids: Vec<String> = records.record_id.iter().map(String::from).collect();
        (records.extract.clone(), records.source_row.clone(), ids)
    }

    #[test]
    fn what_waited_is_what_it_was_and_leaves_nothing() {
        for with_places in [false, true] {
            let output = tempfile::tempdir().expect("a folder");
            let (mut aside, whole) = (records(), records());
            let waits = Aside::put(output.path(), &mut aside, with_places).expect("there is room");
            assert!(aside.raw.is_empty() && aside.clean.is_empty() && waits.bytes() > 0);
            assert_eq!((aside.extract.is_empty(), aside.record_id.is_empty()), (with_places, with_places));
            waits.bring_back(&mut aside, None).expect("it is whole");
            assert_eq!((values(&aside.raw), values(&aside.clean)), (values(&whole.raw), values(&whole.clean)));
            assert_eq!(places(&aside), places(&whole));
            assert_eq!(std::fs::read_dir(folder(output.path())).expect("the folder stands").count(), 0);
        }
    }

    #[test]
    fn rows_that_leave_meanwhile_do_not_come_back() {
        let stays = [true, false, true];
        for with_places in [false, true] {
            let output = tempfile::tempdir().expect("a folder");
            let (mut aside, mut whole) = (numbered(), numbered());
            let waits = Aside::put(output.path(), &mut aside, with_places).expect("there is room");
            waits.bring_back_first(&mut aside).expect("it is whole");
            let number = |records: &Records| records.value(Field::NhsNumber, records.len() - 1).map(str::to_string);
            assert_eq!((aside.clean.len(), number(&aside)), (1, number(&whole)));
            assert_eq!((places(&aside), aside.raw.is_empty()), (places(&whole), true));
            aside.retain(&stays);
            whole.retain(&stays);
            assert_eq!((number(&aside), places(&aside)), (number(&whole), places(&whole)));
            waits.let_go_again(&mut aside, with_places);
            assert_eq!((aside.clean.is_empty(), aside.extract.is_empty()), (true, with_places));
            waits.bring_back(&mut aside, Some(&Stays::of(&stays))).expect("it is whole");
            assert_eq!((values(&aside.raw), values(&aside.clean)), (values(&whole.raw), values(&whole.clean)));
            assert_eq!(places(&aside), places(&whole));
        }
    }

    #[test]
    fn what_was_changed_meanwhile_is_not_taken() {
        let output = tempfile::tempdir().expect("a folder");
        let mut records = records();
        let waits = Aside::put(output.path(), &mut records, true).expect("there is room");
        let mut bytes = std::fs::read(&waits.path).expect("it stands");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&waits.path, bytes).expect("it can be changed");
        assert_eq!(waits.bring_back(&mut records, None).expect_err("it is damaged").code.id, "OF0441");
        clear(output.path()).expect("it can be removed");
        assert!(!folder(output.path()).exists());
    }
}
