//! The files of a release: Parquet and CSV, encrypted where it names recipients.

use super::lines::{Cells, Column};
use super::{Manifest, RELEASE_UNWRITABLE, ReleasedFile, cover};
use crate::best_record;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Release;
use crate::publish;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Characters that make a spreadsheet take a text for a formula (OWASP, "CSV injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The folder of a release.
pub(super) struct Place {
    folder: PathBuf,
    recipients: Vec<age::x25519::Recipient>,
}

impl Place {
    /// Makes `releases/<id>/` below `folder`.
    pub fn new(folder: &Path, release: &Release) -> Result<Place> {
        let folder = folder.join("releases").join(&release.id);
        disk::create_folder(&folder).map_err(|error| failed(&error, &folder))?;
        let recipients = release.encrypt_to.iter().filter_map(|key| key.parse().ok()).collect();
        Ok(Place { folder, recipients })
    }

    /// One table as Parquet and as CSV.
    pub fn table(&self, name: &str, columns: &[Column]) -> Result<Vec<ReleasedFile>> {
        let lines = columns.first().map_or(0, |column| column.cells.len());
        let parquet: Vec<publish::Column> = columns.iter().map(parquet_column).collect();
        let parquet_name = format!("{name}.parquet");
        publish::write_table(&self.folder, &parquet_name, lines, &parquet)?;
        let csv_name = format!("{name}.csv");
        let path = self.folder.join(&csv_name);
        let file = disk::create_file(&path).map_err(|error| failed(&error, &path))?;
        let mut file = BufWriter::new(file);
        let written = write_csv(&mut file, columns, lines).and_then(|()| file.get_mut().finish());
        written.map_err(|error| failed(&error, &path))?;
        [parquet_name, csv_name].iter().map(|name| self.sealed(name)).collect()
    }

    /// One file as it is.
    fn bytes(&self, name: &str, bytes: &[u8]) -> Result<ReleasedFile> {
        self.put(name, bytes, disk::create_file)
    }

    /// A table of the summary as it is, and as Parquet: all columns are texts there, since a count that is hidden is no number.
    pub fn issued(&self, name: &str, bytes: &[u8]) -> Result<Vec<ReleasedFile>> {
        let as_it_is = self.bytes(name, bytes)?;
        let Some(base) = name.strip_suffix(".csv") else { return Ok(vec![as_it_is]) };
        let unreadable = |error: csv::Error| failed(&io::Error::other(error), &self.folder.join(name));
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().map_err(unreadable)?.clone();
        let rows: Vec<csv::StringRecord> = reader.records().collect::<csv::Result<_>>().map_err(unreadable)?;
        let cells = &rows;
        let columns = header.iter().enumerate().map(|(at, column)| {
            publish::Column::text(column, move |row| cells[row].get(at).filter(|cell| !cell.is_empty()))
        });
        let parquet = format!("{base}.parquet");
        publish::write_table(&self.folder, &parquet, rows.len(), &columns.collect::<Vec<_>>())?;
        Ok(vec![as_it_is, described(&self.folder.join(parquet))?])
    }

    fn put(&self, name: &str, bytes: &[u8], create: fn(&Path) -> io::Result<disk::File>) -> Result<ReleasedFile> {
        let path = self.folder.join(name);
        let written = create(&path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.finish()));
        written.map_err(|error| failed(&error, &path))?;
        described(&path)
    }

    /// Manifest and cover sheet, which hold nothing of anybody. They are open beside what is encrypted to recipients, so that the folder can be
    /// handed over as it stands.
    pub fn papers(&self, manifest: &Manifest) -> Result<Vec<ReleasedFile>> {
        let json = serde_json::to_string_pretty(manifest).expect("a manifest is plain data") + "\n";
        let create = if self.recipients.is_empty() { disk::create_file } else { disk::create_open_file };
        Ok(vec![
            self.put("manifest.json", json.as_bytes(), create)?,
            self.put("cover.html", cover::html(manifest).as_bytes(), create)?,
            self.put("cover.md", cover::markdown(manifest).as_bytes(), create)?,
        ])
    }

    /// Encrypts a file to the release's recipients; the open one goes. Without recipients it stays as it is.
    fn sealed(&self, name: &str) -> Result<ReleasedFile> {
        let open = self.folder.join(name);
        if self.recipients.is_empty() {
            return described(&open);
        }
        let sealed = self.folder.join(format!("{name}.age"));
        self.seal(&open, &sealed).map_err(|error| failed(&error, &sealed))?;
        disk::remove_file(&open).map_err(|error| failed(&error, &open))?;
        described(&sealed)
    }

    fn seal(&self, open: &Path, sealed: &Path) -> std::io::Result<()> {
        let recipients = self.recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(std::io::Error::other)?;
        let mut writer = encryptor.wrap_output(BufWriter::new(disk::create_file(sealed)?))?;
        std::io::copy(&mut disk::open(open)?, &mut writer)?;
        writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
    }
}

fn failed(error: &std::io::Error, path: &Path) -> Failure {
    Failure::from_io(error, path, &RELEASE_UNWRITABLE)
}

fn described(path: &Path) -> Result<ReleasedFile> {
    let hash = || -> std::io::Result<(u64, String)> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(disk::open(path)?)?;
        Ok((hasher.count(), hasher.finalize().to_hex().to_string()))
    };
    let (bytes, blake3) = hash().map_err(|error| failed(&error, path))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ReleasedFile { file, bytes, blake3 })
}

fn parquet_column<'a>(column: &'a Column) -> publish::Column<'a> {
    let name = column.name.as_str();
    match &column.cells {
        Cells::Text(cells) => publish::Column::text(name, |line| cells[line]),
        Cells::Made(cells) => publish::Column::text(name, |line| cells[line].as_deref()),
        Cells::Date(cells) => publish::Column::date(name, |line| cells[line]),
        Cells::Whole(cells) => publish::Column::int32(name, |line| cells[line]),
        Cells::Number(cells) => publish::Column::optional_float(name, |line| cells[line]),
        Cells::Flag(cells) => publish::Column::optional_flag(name, |line| cells[line]),
        Cells::List(cells) => publish::Column::list(name, |line, append| {
            cells[line].iter().flatten().for_each(|entry| append(entry));
            cells[line].is_some()
        }),
    }
}

fn write_csv(out: impl Write, columns: &[Column], lines: usize) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns.iter().map(|column| &column.name))?;
    for line in 0..lines {
        writer.write_record(columns.iter().map(|column| cell(&column.cells, line)))?;
    }
    writer.flush()
}

/// A cell as text; empty where nothing is known.
fn cell(cells: &Cells, line: usize) -> String {
    match cells {
        Cells::Text(cells) => cells[line].map(harmless).unwrap_or_default(),
        Cells::Made(cells) => cells[line].as_deref().map(harmless).unwrap_or_default(),
        Cells::Date(cells) => cells[line].map(iso).unwrap_or_default(),
        Cells::Whole(cells) => cells[line].map(|value| value.to_string()).unwrap_or_default(),
        Cells::Number(cells) => cells[line].map(|value| value.to_string()).unwrap_or_default(),
        Cells::Flag(cells) => cells[line].map(|value| value.to_string()).unwrap_or_default(),
        Cells::List(cells) => cells[line].as_ref().map(|list| harmless(&list.join("; "))).unwrap_or_default(),
    }
}

fn iso(days: i32) -> String {
    best_record::date_of(days).to_string()
}

/// A text that no spreadsheet runs: an apostrophe stands before what it would take for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let texts = ["=1+1", "+44", "-2", "@SUM(A1)", "\tx", "\rx", "Ann", ""];
        let column = Column { name: "text".into(), cells: Cells::Text(texts.iter().map(|text| Some(*text)).collect()) };
        let list =
            Column { name: "list".into(), cells: Cells::List(texts.iter().map(|text| Some(vec![*text])).collect()) };
        let mut written = Vec::new();
        write_csv(&mut written, &[column, list], texts.len()).expect("memory can be written");
        let read: Vec<csv::StringRecord> =
            csv::Reader::from_reader(&written[..]).records().map(|row| row.expect("it is CSV")).collect();
        for (row, text) in read.iter().zip(texts) {
            for cell in row {
                assert!(!cell.starts_with(FORMULA), "{cell:?}");
                assert_eq!(cell.trim_start_matches('\''), text);
            }
        }
    }
}
