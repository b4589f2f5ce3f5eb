//! One column of the records, as pieces.

use super::pieces::{Damaged, RawList, Reader, Writer};
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
    RawColumn::get(reader)?.column()
}

/// A column that was read and not looked at.
pub(in crate::run) struct RawColumn {
    width: u8,
    codes: RawList,
    values: RawList,
}

impl RawColumn {
    pub fn get(reader: &mut Reader) -> Result<RawColumn, Damaged> {
        Ok(RawColumn { width: reader.get()?, codes: reader.get_raw()?, values: reader.get_raw()? })
    }

    pub fn column(self) -> Result<Column, Damaged> {
        let codes = match self.width {
            1 => Codes::Byte(self.codes.entries()?),
            2 => Codes::Two(self.codes.entries()?),
            4 => Codes::Four(self.codes.entries()?),
            _ => return Err(Damaged),
        };
        let mut column = Column { codes, ..Column::default() };
        // Values are distinct, so that each gets the code it had; their checksum says that they are those.
        let values = self.values.texts(|value| column.values.push_new(value))?;
        column.values.shrink_to_fit();
        let is_whole = column.codes.par_iter().all(|code| code == MISSING || u64::from(code) < values);
        if is_whole { Ok(column) } else { Err(Damaged) }
    }
}

/// Reads so many columns, each with what `before` reads first; those that were read become columns on all threads while the next are read.
pub(in crate::run) fn get_columns<K: Send>(
    reader: &mut Reader,
    count: usize,
    mut before: impl FnMut(&mut Reader) -> Result<K, Damaged> + Send,
) -> Result<Vec<(K, Column)>, Damaged> {
    let (mut left, mut columns) = (count, Vec::new());
    let mut some = |reader: &mut Reader| -> Result<Vec<(K, RawColumn)>, Damaged> {
        let now = left.min(rayon::current_num_threads().max(1));
        left -= now;
        (0..now).map(|_| Ok((before(reader)?, RawColumn::get(reader)?))).collect()
    };
    let mut raw = some(reader)?;
    while !raw.is_empty() {
        let these = std::mem::take(&mut raw);
        let made = || -> Result<Vec<(K, Column)>, Damaged> {
            these.into_par_iter().with_max_len(1).map(|(key, raw)| Ok((key, raw.column()?))).collect()
        };
        let (next, made) = rayon::join(|| some(reader), made);
        raw = next?;
        columns.extend(made?);
    }
    Ok(columns)
}
