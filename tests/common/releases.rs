//! A practice and a hospital whose data is asked for by a council, a university and the hospital itself.

use super::{Night, Outcome, Person, Table, outcome};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// Two practices' worth of columns: a tag that tells whose line it is, a ward (a place) and a frailty.
pub const CARRY: &str = r#"[provider.carry]
tag = { column = "tag", kind = "category", combine = "latest" }
ward = { column = "ward", kind = "category", combine = "latest", place = true }
"#;
pub const GP_CARRY: &str = "frailty = { column = \"frailty\", kind = \"category\", combine = \"latest\" }\n";

pub const BASIS: &str = "legal_basis = { article_6 = \"6(1)(e)\", article_9 = \"9(2)(h)\", confidentiality = \"section_251\", agreement = \"DSA-1\" }\nvalid_until = 2027-03-31\n";

/// Planning for a council, research for a university, and care for the hospital: all approved by `approve`.
pub const RELEASES: &str = r#"
[[release]]
id = "planning"
recipient = "The council"
recipient_kind = "local_authority"
purpose = "planning"
content = "people"
identifiers = "pseudonym"
columns = ["tag", "postcode_district", "ward", "frailty", "age_band", "sex"]
minimum_count = 1
approvals = ["governance_lead", "lay_partner"]
BASIS
[[release]]
id = "research"
recipient = "The university"
recipient_kind = "university"
purpose = "research"
content = "people"
identifiers = "pseudonym"
columns = ["tag", "year_of_birth"]
minimum_count = 1
approvals = ["governance_lead"]
BASIS
[[release]]
id = "care"
recipient = "The hospital"
recipient_kind = "nhs"
purpose = "direct_care"
content = "people"
identifiers = "nhs_number"
columns = ["tag", "family_name", "date_of_birth", "frailty", "postcode"]
patients_of = ["acute"]
approvals = ["governance_lead"]
BASIS
"#;

/// Tables for everybody.
pub const TABLES: &str = r#"
[[release]]
id = "tables"
recipient = "Everybody"
recipient_kind = "public"
purpose = "planning"
content = "summary"
issued_on = ["2026-11-22"]
approvals = ["governance_lead"]
BASIS
"#;

/// Who stands in which extract: everybody in the hospital's but every fifth, everybody in the practice's but every seventh.
pub fn in_acute(at: usize) -> bool {
    !at.is_multiple_of(5)
}

pub fn in_gp(at: usize) -> bool {
    !at.is_multiple_of(7) || !in_acute(at)
}

/// A town whose practice writes postcodes of LS and its hospital, for the same people, of HX.
pub fn night(people: &[Person], releases: &str, rest: &str) -> Night {
    let night = Night::new();
    let rows = |gp: bool| {
        let there = |at: &usize| if gp { in_gp(*at) } else { in_acute(*at) };
        let row = |at: usize| {
            let mut person = people[at].clone();
            if !gp {
                person.postcode = person.postcode.replacen("LS", "HX", 1);
            }
            let (ward, frailty) = if gp { ("practice-ward", "frail") } else { ("hospital-ward", "") };
            let flag = if at == SENSITIVE { "S" } else { "" };
            format!("{},t{at},{ward},{frailty},{flag}\n", person.exact_row(&format!("r{at}")))
        };
        let lines: String = (0..people.len()).filter(there).map(row).collect();
        format!("{},tag,ward,frailty,flag\n{lines}", super::HEADER)
    };
    night.write("in/gp.csv", rows(true));
    night.write("in/acute.csv", rows(false));
    let provider = |id: &str, setting: &str, carry: &str| {
        format!(
            "[[provider]]\nid = \"{id}\"\nsetting = \"{setting}\"\nfiles = [\"in/{id}.csv\"]\n\n{}sensitivity = \"flag\"\n{carry}\n",
            super::COLUMNS
        )
    };
    let mut keys = super::onefolk();
    keys.current_dir(night.path("")).args(["keys", "new", "lead.key"]);
    outcome(keys).done();
    night.write("type_1.csv", "nhs_number\n");
    night.write("national.csv", "nhs_number\n");
    night.write(
        "job.toml",
        format!(
            "[job]\nas_of = 2026-11-22\n[policy]\ngovernance_lead_key = \"lead.key.pub\"\n\
             [[approver]]\nname = \"Ann\"\nrole = \"governance_lead\"\n[[approver]]\nname = \"Bo\"\nrole = \"lay_partner\"\n\
             [[opt_out]]\nkind = \"type_1\"\nfiles = [\"type_1.csv\"]\n\
             [[opt_out]]\nkind = \"national\"\nlist = \"refused\"\nfiles = [\"national.csv\"]\nchecked_on = 2026-11-20\n\
             {rest}\n{}{}{}",
            provider("gp", "general_practice", &format!("{CARRY}{GP_CARRY}")),
            provider("acute", "acute", CARRY),
            releases.replace("BASIS", BASIS)
        ),
    );
    night
}

/// With keys that are the same in every folder; counts are printed as they are, or not at all.
pub fn keyed_and_exact(night: &Night) {
    let job = night.path("job.toml");
    night.write("id.key", "7".repeat(64));
    night.write("release.key", "3".repeat(64));
    super::edit(&job, "[job]\n", "[job]\nid_key_file = \"id.key\"\n");
    super::edit(&job, "[policy]\n", "[policy]\nrelease_key_file = \"release.key\"\ndisclosure = \"ons_5\"\n");
}

/// Takes every row of these people out of the extracts of [`night`].
pub fn leave_out(night: &Night, people: &BTreeSet<usize>) {
    for provider in ["gp", "acute"] {
        let path = night.path(&format!("in/{provider}.csv"));
        let text = std::fs::read_to_string(&path).expect("it stands");
        let is_theirs = |line: &str| people.iter().any(|at| line.contains(&format!(",t{at},")));
        let kept: Vec<&str> = text.lines().filter(|line| !is_theirs(line)).collect();
        std::fs::write(&path, kept.join("\n") + "\n").expect("there is room");
    }
}

/// The one whom the practice has marked sensitive; in both extracts.
pub const SENSITIVE: usize = 11;

pub fn approve(night: &Night, release: &str, who: &str, role: &str) -> Outcome {
    let mut command = super::onefolk();
    command.arg("approve").arg(night.path("job.toml")).args([release, "--who", who, "--role", role, "--key"]);
    command.arg(night.path("lead.key"));
    outcome(command)
}

pub fn approve_all(night: &Night) {
    approve(night, "planning", "Bo", "lay_partner").done();
    for release in ["planning", "research", "care"] {
        approve(night, release, "Ann", "governance_lead").done();
    }
}

pub fn released(night: &Night, release: &str) -> Table {
    night.table(&format!("releases/{release}/people.parquet"))
}

/// What run.json says of each release.
pub fn fates(night: &Night) -> BTreeMap<String, Value> {
    let run: Value =
        serde_json::from_slice(&std::fs::read(night.current("run.json")).expect("it stands")).expect("it is JSON");
    let releases = run["releases"].as_array().expect("a list").iter();
    releases.map(|release| (release["id"].as_str().expect("an id").to_string(), release.clone())).collect()
}

/// The rules that refuse a release.
pub fn refusals(night: &Night, release: &str) -> Vec<String> {
    let fate = fates(night).remove(release).expect("the job has it");
    let refusals = fate["refusals"].as_array().cloned().unwrap_or_default();
    refusals.iter().map(|refusal| refusal["rule"].as_str().expect("a rule").to_string()).collect()
}

/// Line by tag, as a map from column to value.
pub fn lines(table: &Table) -> BTreeMap<usize, BTreeMap<String, String>> {
    let tag = table.column("tag");
    let line = |row: &Vec<String>| {
        let columns = table.columns.iter().map(|(name, _)| name.clone()).zip(row.iter().cloned()).collect();
        (row[tag].trim_start_matches('t').parse().expect("a tag"), columns)
    };
    let lines: BTreeMap<_, _> = table.rows.iter().map(line).collect();
    assert_eq!(lines.len(), table.rows.len(), "one line a person");
    lines
}

/// Columns of tables that hold counts.
const COUNTS: [&str; 8] = ["people", "records", "quarantined", "withheld", "rows", "filled", "usable", "count"];

/// Every count of the tables in a folder, by file, the words of its line, and column; `None` where it is hidden.
pub fn counts(folder: &Path) -> BTreeMap<String, Option<u64>> {
    let mut counts = BTreeMap::new();
    for (file, bytes) in super::files_below(folder) {
        let file = file.display().to_string();
        if !file.ends_with(".csv") || file == "dictionary.csv" {
            continue;
        }
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let header = reader.headers().expect("it has a header").clone();
        for row in reader.records() {
            let row = row.expect("it is CSV");
            let is_word = |cell: &&str| !cell.is_empty() && *cell != "*" && cell.parse::<f64>().is_err();
            let words: Vec<&str> = row.iter().filter(is_word).collect();
            for (column, cell) in header.iter().zip(row.iter()).filter(|(column, _)| COUNTS.contains(column)) {
                counts.insert(format!("{file}|{}|{column}", words.join("|")), cell.parse().ok());
            }
        }
    }
    counts
}

/// A table that is encrypted to `identity`, as its recipient reads it.
pub fn opened(night: &Night, name: &str, identity: &age::x25519::Identity) -> Table {
    let sealed = std::fs::read(night.current(&format!("{name}.age"))).expect("it stands");
    let reader = age::Decryptor::new(&sealed[..]).expect("it is age");
    let keys = std::iter::once(identity as &dyn age::Identity);
    let mut bytes = Vec::new();
    reader.decrypt(keys).expect("it is for us").read_to_end(&mut bytes).expect("it can be read");
    night.write("opened.parquet", bytes);
    super::table(&night.path("opened.parquet"))
}
