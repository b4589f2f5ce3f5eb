//! One column of the records, as pieces.

use super::pieces::{Damaged, Reader, Writer};
use crate::records::{Column, MISSING};
use std::io;

pub(in crate::run) fn put_column(writer: &mut Writer, column: &Column) -> io::Result<()> {
    writer.put_list(&column.codes)?;
    writer.put_texts(column.values.len(), column.values.iter())
}

pub(in crate::run) fn get_column(reader: &mut Reader) -> Result<Column, Damaged> {
    let mut column = Column { codes: reader.get_list()?, ..Column::default() };
    // Values are distinct, so that each gets the code it had; their checksum says that they are those.
    let values = reader.get_texts(|value| column.values.push_new(value))?;
    column.values.shrink_to_fit();
    let is_whole = column.codes.iter().all(|&code| code == MISSING || u64::from(code) < values);
    if is_whole { Ok(column) } else { Err(Damaged) }
}
