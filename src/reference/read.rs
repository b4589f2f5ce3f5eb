//! Reading the files of `[reference]`.

use super::{Codes, REFERENCE_UNUSABLE, Reference};
use crate::failure::{Failure, Result};
use crate::job::{DeprivationFile, Field, Job, PostcodeFile};
use crate::records::Records;
use flate2::read::MultiGzDecoder;
use rustc_hash::FxHashSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Bytes read at a time: a postcode directory has more than a gigabyte.
const BUFFER_BYTES: usize = 1 << 18;

/// What the files of the job say of the postcodes of `records`; `None` where the job names none.
///
/// # Errors
/// OF0380 where a file cannot be used.
pub fn read(job: &Job, records: &Records) -> Result<Option<Reference>> {
    let Some(file) = &job.reference.postcodes else { return Ok(None) };
    let clean = records.clean.get(&Field::Postcode);
    let wanted: FxHashSet<&str> = clean.into_iter().flat_map(|column| column.values.iter()).collect();
    let mut reference = places(job, file, &wanted)?;
    if let (Some(file), Some(lsoa)) = (&job.reference.deprivation, &reference.lsoa) {
        reference.decile = Some(deciles(job, file, lsoa)?);
    }
    Ok(Some(reference))
}

fn places(job: &Job, file: &PostcodeFile, wanted: &FxHashSet<&str>) -> Result<Reference> {
    let mut table = Table::open(job, &file.path)?;
    let postcode = table.column(&file.postcode)?;
    let columns = [&file.lsoa, &file.ward, &file.icb].map(Option::as_ref);
    let mut found = Vec::new();
    for name in columns {
        found.push(name.map(|name| table.column(name)).transpose()?.map(|at| (at, Codes::default())));
    }
    let mut reference = Reference::default();
    table.each(|row| {
        let Some(key) = row.get(postcode).and_then(normal).filter(|key| wanted.contains(key.as_str())) else {
            return Ok(());
        };
        // A directory lists a postcode once; the first stands.
        let next = reference.place.len() as u32;
        if let std::collections::hash_map::Entry::Vacant(entry) = reference.place.entry(key) {
            entry.insert(next);
            found.iter_mut().flatten().for_each(|(at, codes)| codes.push(row.get(*at)));
        }
        Ok(())
    })?;
    let mut found = found.into_iter().map(|column| column.map(|(_, codes)| codes));
    (reference.lsoa, reference.ward, reference.icb) =
        (found.next().flatten(), found.next().flatten(), found.next().flatten());
    Ok(reference)
}

fn deciles(job: &Job, file: &DeprivationFile, lsoa: &Codes) -> Result<Vec<u8>> {
    let mut table = Table::open(job, &file.path)?;
    let (area, decile) = (table.column(&file.lsoa)?, table.column(&file.decile)?);
    let mut deciles = vec![0; lsoa.values().len()];
    table.each(|row| {
        let Some(code) = row.get(area).and_then(|area| lsoa.values().find(area.trim())) else { return Ok(()) };
        let number = row.get(decile).and_then(|text| text.trim().parse::<u8>().ok());
        deciles[code as usize] =
            number.filter(|decile| (1..=10).contains(decile)).ok_or("a decile is a whole number from 1 to 10")?;
        Ok(())
    })?;
    Ok(deciles)
}

/// A postcode in its normal form: capitals, one space before the last three characters.
fn normal(written: &str) -> Option<String> {
    let letters: String =
        written.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_ascii_uppercase()).collect();
    (letters.is_ascii() && (5..=7).contains(&letters.len()))
        .then(|| format!("{} {}", &letters[..letters.len() - 3], &letters[letters.len() - 3..]))
}

/// A CSV file with a header.
struct Table<'a> {
    job: &'a Job,
    path: &'a Path,
    header: csv::StringRecord,
    reader: csv::Reader<Box<dyn Read>>,
}

impl<'a> Table<'a> {
    fn open(job: &'a Job, path: &'a Path) -> Result<Table<'a>> {
        let file = File::open(path).map_err(|error| Failure::from_io(&error, path, &REFERENCE_UNUSABLE))?;
        let file = BufReader::with_capacity(BUFFER_BYTES, file);
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let bytes: Box<dyn Read> = if packed {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        let reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let mut table = Table { job, path, header: csv::StringRecord::new(), reader };
        let header = table.reader.headers().cloned();
        table.header = header.map_err(|_| table.wrong("it is not readable as CSV in UTF-8"))?;
        Ok(table)
    }

    fn wrong(&self, what: &str) -> Failure {
        let shown = self.path.strip_prefix(&self.job.folder).unwrap_or(self.path);
        Failure::new(&REFERENCE_UNUSABLE, format!("{}: {what}", shown.display()))
    }

    fn column(&self, name: &str) -> Result<usize> {
        let header = || self.header.iter().map(|known| known.trim_start_matches('\u{feff}').trim());
        header().position(|known| known == name).ok_or_else(|| {
            let near = crate::suggest::nearest(name, header());
            let near = near.map_or_else(String::new, |near| format!("; it has \"{near}\""));
            self.wrong(&format!("there is no column \"{name}\"{near}"))
        })
    }

    fn each(
        &mut self,
        mut visit: impl FnMut(&csv::StringRecord) -> std::result::Result<(), &'static str>,
    ) -> Result<()> {
        let mut row = csv::StringRecord::new();
        loop {
            match self.reader.read_record(&mut row) {
                Ok(false) => return Ok(()),
                Ok(true) => {
                    let line = row.position().map_or(0, csv::Position::line);
                    visit(&row).map_err(|what| self.wrong(&format!("line {line}: {what}")))?;
                }
                Err(_) => return Err(self.wrong("it is not readable as CSV in UTF-8")),
            }
        }
    }
}
