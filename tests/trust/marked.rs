//! A town of which some are marked sensitive, and a look at what is told of them.

use crate::common::{self, Night, Outcome, Table, onefolk, outcome, town};
use serde_json::Value;
use std::collections::BTreeSet;

/// Every how manieth is marked, by the practice only.
const MARKED: usize = 6;
/// The providers' names, which no view of a pair or of a join repeats.
pub const NAMES: [&str; 3] = ["Whitewater Surgery", "Blackrock Hospital", "Greenfield Hospice"];
/// Their extracts, the practice's first.
pub const FILES: [&str; 3] = ["in/gp.csv", "in/acute.csv", "in/hospice.csv"];
/// So careful a job that pairs wait for a human.
pub const CAREFUL: &str = "[cluster]\nthreshold = 0.9999999999\nreview_from = 0.001\n";

/// A practice, a hospital and a hospice, with a column of flags; `settings` stand before the job's own.
pub fn written(marks: bool, settings: &str) -> Night {
    let (people, night) = (town(200, 83), Night::new());
    let mut random = common::Random::new(11);
    for (at, file) in FILES.iter().enumerate() {
        night.write(file, common::csv(&people, &mut random, at as u64));
    }
    let ids = ["gp", "acute", "hospice"];
    night.write("job.toml", common::job(&[0, 1, 2].map(|at| (ids[at], FILES[at], "")), ""));
    let job = night.path("job.toml");
    common::edit(&job, "[job]\n", &format!("{settings}[job]\n"));
    common::edit(&job, "phone = \"phone\"\n", "phone = \"phone\"\nsensitivity = \"flag\"\n");
    for (id, name) in ids.iter().zip(NAMES) {
        common::edit(&job, &format!("name = \"{id}\""), &format!("name = \"{name}\""));
    }
    write_flags(&night, marks);
    night
}

/// Writes the column of flags, or writes it anew.
pub fn write_flags(night: &Night, marks: bool) {
    for file in FILES {
        let text = std::fs::read_to_string(night.path(file)).expect("it is text");
        let flag = |at: usize| match at {
            0 => "flag",
            _ if marks && file == FILES[0] && at.is_multiple_of(MARKED) => "S",
            _ => "",
        };
        let has_flags = text.lines().next().is_some_and(|header| header.ends_with(",flag"));
        let own = |line: &str| match line.rsplit_once(',') {
            Some((own, _)) if has_flags => own.to_string(),
            _ => line.to_string(),
        };
        let lines = text.lines().enumerate().map(|(at, line)| format!("{},{}\n", own(line), flag(at)));
        night.write(file, lines.collect::<String>());
    }
}

/// `onefolk COMMAND job.toml ARGUMENTS`.
pub fn command(night: &Night, command: &str, arguments: &[&str]) -> Outcome {
    let mut started = onefolk();
    started.arg(command).arg(night.path("job.toml")).args(arguments);
    outcome(started)
}

/// `onefolk ARGUMENTS --job job.toml`.
pub fn ask(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = onefolk();
    command.args(arguments).arg("--job").arg(night.path("job.toml"));
    outcome(command)
}

/// The same, read as JSON.
pub fn asked(night: &Night, arguments: &[&str]) -> Value {
    serde_json::from_str(&ask(night, arguments).done().stdout).expect("it is JSON")
}

/// Rolls back to the first run of a night of which nobody was marked, now that some are.
pub fn rolled_back(plain: &Night) -> Night {
    let night = plain.copy();
    write_flags(&night, true);
    command(&night, "rollback", &["2026-11-22-01"]).done();
    night
}

/// The records that the practice has marked; their ids stand first.
pub fn marked_records(night: &Night) -> BTreeSet<String> {
    let text = std::fs::read_to_string(night.path(FILES[0])).expect("it is text");
    let marked = text.lines().filter(|line| line.ends_with(",S"));
    marked.filter_map(|line| line.split(',').next()).map(str::to_string).collect()
}

/// The identities of everybody who is marked.
pub fn marked_identities(night: &Night) -> BTreeSet<String> {
    let (records, crosswalk) = (marked_records(night), night.table("crosswalk.parquet"));
    let [provider, record, person, identity] =
        ["provider", "record_id", "person_id", "identity_id"].map(|name| crosswalk.column(name));
    let is_marked = |row: &&Vec<String>| row[provider] == "gp" && records.contains(&row[record]);
    let people: BTreeSet<&String> = crosswalk.rows.iter().filter(is_marked).map(|row| &row[person]).collect();
    crosswalk.rows.iter().filter(|row| people.contains(&row[person])).map(|row| row[identity].clone()).collect()
}

pub fn sides(table: &Table) -> [usize; 2] {
    ["identity_id_left", "identity_id_right"].map(|name| table.column(name))
}

/// Whether a row of a table of pairs is of one of these identities.
pub fn is_of(table: &Table, row: &[String], identities: &BTreeSet<String>) -> bool {
    sides(table).into_iter().any(|side| identities.contains(&row[side]))
}

/// The columns of levels.
pub fn levels(table: &Table) -> Vec<usize> {
    (0..table.columns.len()).filter(|&at| table.columns[at].0.starts_with("level_")).collect()
}
