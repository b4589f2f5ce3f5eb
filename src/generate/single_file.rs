//! `--single-file`: every record in one CSV with canonical columns and clean formats, for benchmarks and for other tools.

use super::households::World;
use super::people::{AS_OF, Person};
use super::places::Address;
use super::record::{Record, Written};
use crate::evaluate::age_band;
use std::fmt::Write;

/// The columns, in order; `record_id` and `provider` always stand first.
pub const COLUMNS: [&str; 9] =
    ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "postcode", "address", "phone", "email"];

/// Appends one line.
pub(super) fn line(record: &Record, record_id: &str, provider: &str, columns: &[&str], out: &mut String) {
    out.push_str(record_id);
    out.push(',');
    out.push_str(provider);
    for column in columns {
        out.push(',');
        match *column {
            "nhs_number" => out.push_str(&record.nhs_number),
            "given_name" => quoted(&record.given, out),
            "family_name" => quoted(&record.family, out),
            "date_of_birth" => birth(record.born, out),
            "sex" => out.push_str(record.female.map_or("", |female| if female { "female" } else { "male" })),
            "postcode" => out.push_str(&record.postcode),
            "address" if !record.line.is_empty() => {
                out.push('"');
                out.push_str(&record.line);
                out.push_str(", ");
                out.push_str(&record.town);
                out.push('"');
            }
            "phone" => out.push_str(&record.phone),
            "email" => out.push_str(&record.email),
            _ => {}
        }
    }
    out.push('\n');
}

/// The provider of all records in the job that fits.
pub(super) const PROVIDER: &str = "all";

/// The first line of truth.csv: what evaluations need, and the groups that they give results for.
pub(super) const TRUTH_HEADER: &str = "provider,record_id,person,ethnicity,age_band,sex,deprivation\n";

/// One line of truth.csv, with what the person is truly like.
pub(super) fn truth(provider: &str, record_id: &str, person: &Person, world: &World, home: &Address, out: &mut String) {
    let ethnicity = world.tables.groups[person.group].name;
    let band = age_band(i32::from(person.age_on(AS_OF)));
    let (sex, decile) = (if person.female { "female" } else { "male" }, home.decile);
    writeln!(out, "{provider},{record_id},p{:08},{ethnicity},{band},{sex},{decile}", person.index)
        .expect("a String takes what is written");
}

fn birth(born: Written, out: &mut String) {
    if born.year != 0 {
        write!(out, "{:04}-{:02}-{:02}", born.year, born.month, born.day).expect("a String takes what is written");
    }
}

fn quoted(value: &str, out: &mut String) {
    if value.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&value.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(value);
    }
}
