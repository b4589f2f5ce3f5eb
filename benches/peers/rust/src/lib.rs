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

/// `PROGRAM records.csv crosswalk.csv CUT`, the measured run; or `PROGRAM records.csv crosswalk pick CUT,CUT,…`, which is not timed: after one
/// training it writes crosswalk.0.csv, crosswalk.1.csv and so on, one a cut, for whoever picks among them.
pub struct Arguments {
    pub records: PathBuf,
    /// What is written, and the probability from which two records are one person in it.
    pub crosswalks: Vec<(PathBuf, f64)>,
    /// Several cuts are to be picked among.
    pub pick: bool,
}

impl Arguments {
    pub fn of_command_line() -> Result<Self, Box<dyn Error>> {
        let given: Vec<String> = std::env::args().skip(1).collect();
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let (records, crosswalks, pick) = match given.as_slice() {
            [records, crosswalk, "pick", cuts] => {
                let numbered =
                    |(number, cut): (usize, &str)| Ok((format!("{crosswalk}.{number}.csv").into(), cut.parse()?));
                (records, cuts.split(',').enumerate().map(numbered).collect::<Result<_, Box<dyn Error>>>()?, true)
            }
            [records, crosswalk, cut] => (records, vec![(PathBuf::from(crosswalk), cut.parse()?)], false),
            _ => return Err("the records, the crosswalk to write, and the cut; or `pick` and several cuts".into()),
        };
        Ok(Arguments { records: records.into(), crosswalks, pick })
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

/// The ids alone. The fields are let go: a tool that has a copy of its own is not measured with two.
pub fn ids(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().map(|row| row.id).collect()
}

/// Writes who is who: of every record its person's number, or that it is alone.
pub fn write(path: &Path, ids: &[String], people: &[Option<u64>]) -> Result<(), Box<dyn Error>> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["record_id", "person"])?;
    for (at, (id, person)) in ids.iter().zip(people).enumerate() {
        let person = person.map_or_else(|| format!("alone-{at}"), |person| person.to_string());
        writer.write_record([id, &person])?;
    }
    Ok(writer.flush()?)
}

/// Tells compare.py how many pairs were scored.
pub fn print_pairs(pairs: usize) {
    println!("{{\"pairs\": {pairs}}}");
}
