//! What both programs share: the records of the prepared file, and what they write.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The fields, in the order of the file; `record_id` stands before them.
pub const FIELDS: [&str; 7] =
    ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "postcode", "address"];

/// The blocking rules of ../settings.json: records meet where all fields of one rule are equal.
pub const RULES: [&[&str]; 6] = [
    &["nhs_number"],
    &["family_name", "date_of_birth"],
    &["given_name", "date_of_birth"],
    &["date_of_birth", "postcode"],
    &["family_name", "postcode"],
    &["given_name", "postcode"],
];

/// `PROGRAM records.csv crosswalk.csv CUT`: what is read, what is written, and the probability from which two records are one person.
pub struct Arguments {
    pub records: PathBuf,
    pub crosswalk: PathBuf,
    pub cut: f64,
}

impl Arguments {
    pub fn of_command_line() -> Result<Self, Box<dyn Error>> {
        let given: Vec<String> = std::env::args().skip(1).collect();
        let [records, crosswalk, cut] = given.as_slice() else {
            return Err("three arguments: the records, the crosswalk to write, and the cut".into());
        };
        Ok(Arguments { records: records.into(), crosswalk: crosswalk.into(), cut: cut.parse()? })
    }
}

/// One record: its id, and its fields where they are known.
pub struct Row {
    pub id: String,
    pub fields: [Option<String>; 7],
}

/// Reads the prepared file.
pub fn read(path: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let expected: Vec<&str> = std::iter::once("record_id").chain(FIELDS).collect();
    if reader.headers()?.iter().ne(expected.iter().copied()) {
        return Err("the columns are not those of a prepared file".into());
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let field = |at: usize| Some(record[at + 1].to_string()).filter(|value| !value.is_empty());
        rows.push(Row { id: record[0].to_string(), fields: std::array::from_fn(field) });
    }
    Ok(rows)
}

/// Writes who is who, and prints how many pairs were scored.
pub fn write<'a>(
    path: &Path,
    people: impl Iterator<Item = (&'a str, String)>,
    pairs: usize,
) -> Result<(), Box<dyn Error>> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["record_id", "person"])?;
    for (id, person) in people {
        writer.write_record([id, &person])?;
    }
    writer.flush()?;
    println!("{{\"pairs\": {pairs}}}");
    Ok(())
}
