//! One column of the records, as pieces.

use super::pieces::{Damaged, Reader, Writer};
use crate::records::{Codes, Column, MISSING};
use rayon::prelude::*;
use std::io;

pub(in crate::run) fn put_column(writer: &mut Writer, column: &Column) -> io::Result<()> {
    match &column.codes {
        Codes::Byte(codes) => writer.put(&1u8).and_then(|()| writer.put_list(codes)),
        Codes::Two(codes) => writer.put(&2u8).and_then(|()| writer.put_list(codes)),
        Codes::Four(codes) => writer.put(&4u8).and_then(|()| writer.put_list(codes)),
    }?;
    writer.put_texts(column.values.len(), column.values.iter())
}

pub(in crate::run) fn get_column(reader: &mut Reader) -> Result<Column, Damaged> {
    let codes = match reader.get::<u8>()? {
        1 => Codes::Byte(reader.get_list()?),
        2 => Codes::Two(reader.get_list()?),
        4 => Codes::Four(reader.get_list()?),
        _ => return Err(Damaged),
    };
    let mut column = Column { codes, ..Column::default() };
    // Values are distinct, so that each gets the code it had; their checksum says that they are those.
    let values = reader.get_texts(|value| column.values.push_new(value))?;
    column.values.shrink_to_fit();
    let is_whole = column.codes.par_iter().all(|code| code == MISSING || u64::from(code) < values);
    if is_whole { Ok(column) } else { Err(Damaged) }
}
