//! Rows of an extract as lines of CSV, of which some can be left out: what the job reads of each, and the number that it had as sent.

use crate::intake::{Batch, wanted_columns};
use crate::job::{Provider, SOURCE_ROW};
use std::io::{self, Write};

/// What is kept is written every night and read only where a provider sends nothing: zstd's fastest usual level.
const LEVEL: i32 = 1;
/// What waits is read again the same night: a level three times as fast, for twice the room.
const LEVEL_OF_WAITING: i32 = -5;

/// Rows of one batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// The `source_row` of each, ascending.
    pub numbers: Vec<u32>,
    /// Where the line of each ends in the text.
    ends: Vec<u32>,
    text: Vec<u8>,
}

impl Lines {
    pub fn of(batch: &Batch) -> io::Result<Lines> {
        let mut ends = Vec::with_capacity(batch.source_rows.len());
        let text = in_csv(|csv| {
            let mut digits = Vec::new();
            for (row, number) in batch.source_rows.iter().enumerate() {
                for column in &batch.columns {
                    csv.write_field(column.get(row))?;
                }
                digits.clear();
                write!(digits, "{number}")?;
                csv.write_field(&digits)?;
                csv.write_record(None::<&[u8]>)?;
                csv.flush()?;
                ends.push(csv.get_ref().len() as u32);
            }
            Ok(())
        })?;
        Ok(Lines { numbers: batch.source_rows.clone(), ends, text })
    }

    /// Those that are not to be left out, as one frame of zstd: frames one after another are one file.
    pub fn packed(&self, is_left_out: impl Fn(u32) -> bool) -> io::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(self.text.len());
        // Few go: the others are copied many at once.
        let mut from = 0;
        for (number, lines) in self.numbers.iter().zip(self.ranges()) {
            if is_left_out(*number) {
                text.extend_from_slice(&self.text[from..lines.start]);
                from = lines.end;
            }
        }
        text.extend_from_slice(&self.text[from..]);
        zstd::bulk::compress(&text, LEVEL)
    }

    fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| start as usize..*end as usize)
    }

    /// As they wait: how many there are, their numbers, where they end, and their text, packed.
    pub fn to_wait(&self) -> io::Result<Vec<u8>> {
        let words = std::iter::once(self.numbers.len() as u32).chain(self.numbers.iter().chain(&self.ends).copied());
        let mut bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        bytes.extend_from_slice(&self.text);
        let mut packer = zstd::bulk::Compressor::new(LEVEL_OF_WAITING)?;
        packer.include_checksum(true)?;
        packer.include_contentsize(true)?;
        packer.compress(&bytes)
    }

    /// What has waited.
    ///
    /// # Errors
    /// Where it is not what was written.
    pub fn waited(packed: &[u8]) -> io::Result<Lines> {
        let bytes = zstd::stream::decode_all(packed)?;
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let words = |from: usize, count: usize| -> io::Result<Vec<u32>> {
            let bytes = bytes.get(from * 4..(from + count) * 4).ok_or_else(cut)?;
            Ok(bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
        };
        let count = words(0, 1)?[0] as usize;
        let (numbers, ends) = (words(1, count)?, words(1 + count, count)?);
        let text = bytes[(1 + 2 * count) * 4..].to_vec();
        match ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == text.len() {
            true => Ok(Lines { numbers, ends, text }),
            false => Err(cut()),
        }
    }
}

/// The line above all others of a provider, as a frame.
pub(super) fn header(provider: &Provider) -> io::Result<Vec<u8>> {
    let mut columns = wanted_columns(provider);
    columns.push(SOURCE_ROW.to_string());
    zstd::bulk::compress(&in_csv(|csv| csv.write_record(&columns))?, LEVEL)
}

fn in_csv(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer).map_err(io::Error::from)?;
    writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::BatchColumn;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_left_is_what_was_sent_without_some_rows(
            rows in prop::collection::vec((1u32..5, "[a-c,\"\r\n é]{0,6}", "[a-c]{0,3}", any::<bool>()), 0..40),
        ) {
            let mut columns = [BatchColumn::default(), BatchColumn::default()];
            let (mut source_rows, mut expected, mut out, mut number) = (Vec::new(), Vec::new(), Vec::new(), 0);
            for (step, one, other, is_out) in &rows {
                number += step;
                source_rows.push(number);
                columns[0].push(one);
                columns[1].push(other);
                if *is_out {
                    out.push(number);
                } else {
                    expected.push(vec![one.clone(), other.clone(), number.to_string()]);
                }
            }
            let batch = Batch { extract: 0, provider: 0, columns: columns.into(), source_rows, quarantined: Vec::new() };
            let lines = Lines::of(&batch).unwrap();
            let waiting = lines.to_wait().unwrap();
            prop_assert_eq!(&Lines::waited(&waiting).unwrap(), &lines);
            for cut in 0..waiting.len() {
                prop_assert!(Lines::waited(&waiting[..cut]).is_err());
                let mut changed = waiting.clone();
                changed[cut] ^= 1;
                prop_assert!(Lines::waited(&changed).map_or(true, |read| read == lines));
            }
            let packed = lines.packed(|number| out.contains(&number)).unwrap();
            let text = zstd::stream::decode_all(packed.as_slice()).unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
            let read: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(str::to_string).collect()).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
