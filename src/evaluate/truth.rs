//! Reading a truth file.

use super::codes::{TRUTH_HEADER_WRONG, TRUTH_LINE_WRONG, TRUTH_UNREADABLE};
use crate::disk;
use crate::failure::{Failure, Result};
use std::path::Path;

const COLUMNS: [&str; 3] = ["provider", "record_id", "person"];

/// One line of a truth file, without outer space.
pub(super) struct Line<'a> {
    pub provider: &'a str,
    pub record_id: &'a str,
    pub person: &'a str,
    /// The other columns, in the order of the names that `read` gave.
    pub rest: Vec<&'a str>,
}

/// Hands `take` each line. Returns the names of the columns beyond the three that every truth file has.
pub(super) fn read(path: &Path, mut take: impl FnMut(&Line)) -> Result<Vec<String>> {
    let file = disk::open(path).map_err(|error| Failure::from_io(&error, path, &TRUTH_UNREADABLE))?;
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 20).from_reader(file);
    let header = reader.byte_headers().map_err(|error| failure(error, path))?;
    let places = places(header, path)?;
    let rest: Vec<usize> = (0..header.len()).filter(|at| !places.contains(at)).collect();
    let names = rest.iter().map(|&at| String::from_utf8_lossy(header.get(at).unwrap_or_default()).trim().to_string());
    let names: Vec<String> = names.collect();
    let mut line = csv::ByteRecord::new();
    while reader.read_byte_record(&mut line).map_err(|error| failure(error, path))? {
        let wrong = |what: &str| {
            let number = line.position().map_or(0, csv::Position::line);
            Failure::new(&TRUTH_LINE_WRONG, format!("{} line {number}: {what}", path.display()))
        };
        let mut fields = [""; 3];
        for (field, (place, column)) in fields.iter_mut().zip(places.iter().zip(COLUMNS)) {
            // The reader has seen to it that every line is as long as the header.
            let bytes = line.get(*place).unwrap_or_default();
            *field = std::str::from_utf8(bytes).map_err(|_| wrong(&format!("{column} is not UTF-8")))?.trim();
            if field.is_empty() {
                return Err(wrong(&format!("{column} is empty")));
            }
        }
        let mut others = Vec::with_capacity(rest.len());
        for (&place, name) in rest.iter().zip(&names) {
            let value = std::str::from_utf8(line.get(place).unwrap_or_default());
            others.push(value.map_err(|_| wrong(&format!("{name} is not UTF-8")))?.trim());
        }
        take(&Line { provider: fields[0], record_id: fields[1], person: fields[2], rest: others });
    }
    Ok(names)
}

/// Where the three columns stand.
fn places(header: &csv::ByteRecord, path: &Path) -> Result<[usize; 3]> {
    // A byte order mark before the first name is no part of it.
    let clean = |name: &[u8]| name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii().to_vec();
    let names: Vec<Vec<u8>> = header.iter().map(clean).collect();
    let mut places = [0; 3];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found: Vec<usize> = (0..names.len()).filter(|&at| names[at] == column.as_bytes()).collect();
        *place = match found[..] {
            [at] => at,
            [] => {
                return Err(Failure::new(
                    &TRUTH_HEADER_WRONG,
                    format!("{}: there is no column {column}", path.display()),
                ));
            }
            _ => {
                let what = format!("{}: the column {column} is there {} times", path.display(), found.len());
                return Err(Failure::new(&TRUTH_HEADER_WRONG, what));
            }
        };
    }
    Ok(places)
}

fn failure(error: csv::Error, path: &Path) -> Failure {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from_io(&error, path, &TRUTH_UNREADABLE),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let what = format!("{} line {line}: {len} fields instead of {expected_len}", path.display());
            Failure::new(&TRUTH_LINE_WRONG, what)
        }
        // Its other messages may quote the line.
        _ => Failure::new(&TRUTH_LINE_WRONG, format!("{} line {line}: it is no CSV", path.display())),
    }
}
