//! Rows of one unit of work on their way into batches; numbered from the start of the unit until its place in the file is known.

use super::batch::{Batch, BatchColumn, QuarantineCode, Quarantined};

/// A batch holds at most so many rows, quarantined ones included.
pub(super) const BATCH_ROWS_MAX: usize = 1 << 16;

/// Where a wanted column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Index of the extract's column.
    Column(usize),
    /// The extract has no such column, and the row's number stands for it.
    RowNumber,
    /// The extract has no such column, and its values are missing.
    Absent,
}

/// Up to [`BATCH_ROWS_MAX`] consecutive rows.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// One a slot; only those of [`Slot::Column`] are filled before the rows' numbers are known.
    columns: Vec<BatchColumn>,
    /// Rows of `columns`, counted from 0 at the start of the unit.
    rows: Vec<u32>,
    quarantined: Vec<Bad>,
}

#[derive(Debug)]
struct Bad {
    row: u32,
    raw: String,
    code: QuarantineCode,
    reason: String,
}

/// Takes rows in order and hands on pieces.
pub(super) struct RowSink<'a> {
    slots: &'a [Slot],
    emit: &'a mut dyn FnMut(Piece),
    piece: Piece,
    /// Rows taken so far.
    count: u32,
    room: Room,
}

/// How much one piece will hold, so that its columns do not grow step by step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    pub rows: usize,
    /// Of one column.
    pub bytes: usize,
}

impl Room {
    /// For a block of text, from the length of its first line.
    pub fn for_block(bytes: &[u8], line_end: u8, columns: usize) -> Self {
        let line = memchr::memchr(line_end, bytes).unwrap_or(bytes.len()).max(8) + 1;
        let rows = (bytes.len() / line * 5 / 4).min(BATCH_ROWS_MAX);
        Room { rows, bytes: rows * line / columns.max(1) }
    }

    fn columns(self, slots: &[Slot]) -> Vec<BatchColumn> {
        slots.iter().map(|_| BatchColumn::with_capacity(self.rows, self.bytes)).collect()
    }
}

impl<'a> RowSink<'a> {
    pub fn new(slots: &'a [Slot], room: Room, emit: &'a mut dyn FnMut(Piece)) -> Self {
        let piece = Piece { columns: room.columns(slots), ..Piece::default() };
        RowSink { slots, emit, piece, count: 0, room }
    }

    /// The row's value for each slot, in order: `value` is asked for the extract's column.
    #[inline]
    pub fn deliver(&mut self, mut value: impl FnMut(usize, &mut BatchColumn)) {
        for (slot, column) in self.slots.iter().zip(&mut self.piece.columns) {
            if let Slot::Column(index) = *slot {
                value(index, column);
            }
        }
        self.piece.rows.push(self.count);
        self.took_one();
    }

    /// `raw` is kept lossily, for quarantine.parquet alone.
    pub fn quarantine(&mut self, raw: &[u8], code: QuarantineCode, reason: impl Into<String>) {
        let raw = String::from_utf8_lossy(raw).into_owned();
        self.piece.quarantined.push(Bad { row: self.count, raw, code, reason: reason.into() });
        self.took_one();
    }

    fn took_one(&mut self) {
        self.count += 1;
        if self.piece.len() == BATCH_ROWS_MAX {
            let next = Piece { columns: self.room.columns(self.slots), ..Piece::default() };
            (self.emit)(std::mem::replace(&mut self.piece, next));
        }
    }

    /// Hands on what is left; the number of rows taken in all.
    pub fn finish(self) -> u32 {
        if self.piece.len() > 0 {
            (self.emit)(self.piece);
        }
        self.count
    }
}

impl Piece {
    /// Rows, quarantined ones included.
    pub fn len(&self) -> usize {
        self.rows.len() + self.quarantined.len()
    }

    pub fn quarantined(&self) -> usize {
        self.quarantined.len()
    }

    /// The batch, once `rows_before` data records are known to stand in the file before the unit.
    pub fn into_batch(mut self, extract: u32, provider: u16, slots: &[Slot], rows_before: u32) -> Batch {
        let number = |row: u32| rows_before + row + 1;
        for row in &mut self.rows {
            *row = number(*row);
        }
        for (slot, column) in slots.iter().zip(&mut self.columns) {
            let rows = self.rows.iter();
            match slot {
                Slot::Column(_) => {}
                Slot::RowNumber => {
                    *column = BatchColumn::with_capacity(self.rows.len(), self.rows.len() * 6);
                    rows.for_each(|row| column.push(&row.to_string()));
                }
                Slot::Absent => rows.for_each(|_| column.push("")),
            }
        }
        let quarantined = self.quarantined.into_iter().map(|bad| Quarantined {
            extract,
            provider,
            source_row: number(bad.row),
            raw: bad.raw,
            code: bad.code,
            reason: bad.reason,
        });
        Batch { extract, provider, columns: self.columns, source_rows: self.rows, quarantined: quarantined.collect() }
    }
}
