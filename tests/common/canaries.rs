//! A night with values that stand nowhere else, planted in every field of every format, and the search for them.

use super::{Night, Outcome, Person, job, nhs_number, outcome};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

/// A value that stands nowhere else begins with this and the name of its field.
pub const CANARY: &str = "zqxcanary";
/// A date of birth that nobody else has.
pub const BORN: &str = "1911-02-03";
pub const COLUMNS: [&str; 31] = [
    "id",
    "nhs",
    "given",
    "family",
    "born",
    "sex",
    "address",
    "postcode",
    "phone",
    "note",
    "middle",
    "previous",
    "died",
    "ethnicity",
    "uprn",
    "email",
    "practice",
    "local",
    "full",
    "sensitive",
    "withheld",
    "year",
    "since",
    "until",
    "moved",
    "updated",
    "seen",
    "order",
    "status",
    "ward",
    "school",
];
/// Those that only canaries have a value in.
const MORE_COLUMNS: &str = r#"middle_name = "middle"
previous_family_name = "previous"
date_of_death = "died"
ethnicity = "ethnicity"
uprn = "uprn"
email = "email"
gp_practice = "practice"
local_id = "local"
full_name = "full"
sensitivity = "sensitive"
withheld_identity_reason = "withheld"
year_of_birth = "year"
registered_from = "since"
registered_until = "until"
address_from = "moved"
updated = "updated"
birth_order = "order"
nhs_number_status = "status"
ward = "ward"
school = "school"
"#;
/// Fields of the job's own, and a cohort.
const OWN: &str = r#"
[field.ward]
kind = "category"
[field.school]
kind = "text"
[[cohort]]
id = "adults"
where = "age >= 18"
columns = ["age"]
purpose = "direct_care"
"#;
pub const CARRY: &str = r#"
[provider.carry]
note = { column = "note", kind = "category", combine = "latest" }
palliative = { column = "note", kind = "flag", combine = "any" }
seen_on = { column = "seen", kind = "date", combine = "latest" }
"#;

/// A package whose need is the canary of a note, there since the canary's birth: few have it, so that no table may name it.
pub const PACKAGE: &str = "\n[[provider.package]]\nservice = \"note\"\nstart = \"born\"\n";

pub type Row = [String; COLUMNS.len()];

/// Numbers of people who are canaries.
pub fn numbers() -> impl Iterator<Item = String> {
    (0..24).map(|nth| nhs_number(7000 + nth))
}

/// Of the known people, whose rows say that they are sensitive, and whose that their identity is withheld, each in a word of its own.
pub const MARKED: usize = 7;
pub const WITHHELD: usize = 9;

/// Where the column stands.
fn place(column: &str) -> usize {
    COLUMNS.iter().position(|known| *known == column).expect("it is one of ours")
}

fn canary(column: &str, nth: usize) -> String {
    format!("{CANARY}{column}{nth}")
}

/// Rows with a canary in every field: one that can be used as far as it goes, and ones that end in quarantine; at last one of somebody whose
/// name stands in one column.
pub fn canaries(nth: usize) -> Vec<Row> {
    let every: Row = COLUMNS.map(|field| canary(field, nth));
    // Whoever is marked or withheld is shown less of: that is for others.
    let mut all = every.clone();
    (all[place("sensitive")], all[place("withheld")]) = (String::new(), String::new());
    let mut usable = all.clone();
    (usable[0], usable[1], usable[4]) = (format!("{CANARY}id-usable{nth}"), nhs_number(7000 + nth as u64), BORN.into());
    usable[15] += "@example.org";
    let mut without_id = every;
    without_id[0].clear();
    let mut nobody: Row = all.clone().map(|_| String::new());
    let mut whole = nobody.clone();
    (nobody[0], nobody[5], nobody[8]) = (format!("{CANARY}id-nobody{nth}"), all[5].clone(), all[8].clone());
    (whole[0], whole[1]) = (format!("{CANARY}id-whole{nth}"), nhs_number(7011));
    whole[place("full")] = format!("{CANARY}fullx {CANARY}fully");
    vec![all, usable, without_id, nobody, whole]
}

pub fn rows(people: &[Person], nth: usize) -> Vec<Row> {
    let known = people.iter().enumerate().map(|(at, person)| person.exact_row(&format!("{nth}-{at}")));
    let cells = |row: String| -> Row {
        let mut cells: Vec<String> = row.split(',').map(String::from).collect();
        cells.resize(COLUMNS.len(), String::new());
        cells.try_into().expect("no row has more cells")
    };
    let mut rows: Vec<Row> = known.map(cells).chain(canaries(nth)).collect();
    for (at, column) in [(MARKED, "sensitive"), (WITHHELD, "withheld")] {
        rows[at][place(column)] = canary(column, nth);
    }
    rows
}

pub fn as_csv(rows: &[Row]) -> String {
    let ragged = format!("{CANARY}id,{CANARY}given\n\"{CANARY}id,{CANARY}family,open\n");
    let lines = rows.iter().map(|row| row.join(",") + "\n").collect::<String>();
    format!("{}\n{lines}{ragged}", COLUMNS.join(","))
}

pub fn as_json_lines(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let object: serde_json::Map<String, serde_json::Value> =
            COLUMNS.iter().zip(row).map(|(column, value)| (column.to_string(), value.as_str().into())).collect();
        serde_json::Value::Object(object).to_string() + "\n"
    };
    rows.iter().map(line).collect::<String>() + &format!("{{\"id\": \"{CANARY}id\", \"given\": \"{CANARY}given\n")
}

pub fn as_workbook(rows: &[Row]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let header = COLUMNS.map(String::from);
    for (row, values) in std::iter::once(&header).chain(rows).enumerate() {
        for (column, value) in values.iter().enumerate() {
            sheet.write_string(row as u32, column as u16, value).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

pub fn as_parquet(rows: &[Row]) -> Vec<u8> {
    let column = |at: usize| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row[at]))) };
    let batch = RecordBatch::try_from_iter(COLUMNS.iter().enumerate().map(|(at, name)| (*name, column(at)))).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Fields whose canaries may stand in a column of a Parquet file.
pub fn may_hold(file: &Path, column: &str) -> &'static [&'static str] {
    let name = file.file_name().unwrap_or_default().to_str().expect("our names are text");
    match (name, column) {
        ("quarantine.parquet", "raw") => &COLUMNS,
        ("crosswalk.parquet" | "withheld.parquet", "record_id") => &["id"],
        ("people.parquet", "given_name") => &["given", "full"],
        ("people.parquet", "family_name") => &["family", "full"],
        ("people.parquet", "middle_name") => &["middle"],
        ("people.parquet", "other_names") => &["given", "middle", "family", "previous", "full"],
        ("people.parquet", "previous_family_name") => &["previous"],
        ("people.parquet", "email") => &["email"],
        ("people.parquet", "gp_practice") => &["practice"],
        ("people.parquet", "address" | "other_addresses") => &["address", "postcode"],
        // What is not British is kept as it is.
        ("people.parquet", "postcode") => &["postcode"],
        ("people.parquet", "note") => &["note"],
        ("people.parquet", "date_of_birth") => &["born"],
        ("people.parquet", "package_needs") => &["note"],
        ("packages.parquet", "service" | "need") => &["note"],
        ("wishes.parquet", "place") => &["note"],
        ("packages.parquet" | "wishes.parquet", "record_id") => &["id"],
        ("packages.parquet", "start") => &["born"],
        // Where a value came from: provider and record_id.
        ("people.parquet", from) if from.ends_with("_from") => &["id"],
        ("people.parquet" | "other_numbers.parquet", "nhs_number") => &["nhs"],
        _ => &[],
    }
}

/// Fields whose canaries may stand anywhere in a file that is no Parquet.
pub fn may_stand_in(file: &Path) -> &'static [&'static str] {
    let name = file.to_str().expect("our names are text");
    // What providers sent, kept for a night on which they send nothing, and as far as it was read by a night that did not end; what humans
    // decided, by record.
    match name {
        _ if name.starts_with("state/inputs/") || name.starts_with("state/checkpoints/") => &COLUMNS,
        "state/decisions.csv" => &["id"],
        // The names by which people are found.
        _ if name.ends_with("find.index") => &["given", "middle", "family", "previous", "full"],
        _ if name.ends_with("releases/care/people.csv") => &["nhs", "given", "family", "full", "born", "note"],
        _ if name.ends_with("releases/ours/crosswalk.csv") => &["id"],
        _ => &[],
    }
}

/// Fields of which a canary stands in a text.
pub fn found(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let named = |field: &&&str| text.contains(&format!("{CANARY}{field}"));
    let mut fields: Vec<&str> = COLUMNS.iter().filter(named).copied().collect();
    let born = text.contains(BORN) || text.contains("03/02/1911");
    fields.extend(born.then_some("born"));
    fields.extend(numbers().any(|number| text.contains(&number)).then_some("nhs"));
    assert!(!fields.is_empty() || !text.contains(CANARY), "a canary of no field");
    fields
}

#[track_caller]
pub fn silent(ended: Outcome) -> Outcome {
    let told = format!("{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(found(&told), [] as [&str; 0], "printed:\n{told}");
    ended
}

/// Looks at every file below `folder`; gives how many there are, and in how many a canary stands where it may.
#[track_caller]
pub fn searched(folder: &Path) -> (usize, usize) {
    let files = super::files_below(folder);
    let mut with_canary = 0;
    for (name, bytes) in &files {
        assert_eq!(found(&name.to_string_lossy()), [] as [&str; 0], "{}", name.display());
        let mut seen = false;
        let mut see = |place: &str, text: &str, allowed: &[&str]| {
            for field in found(text) {
                assert!(allowed.contains(&field), "{} holds a canary of {field} in {place}", name.display());
                seen = true;
            }
        };
        if name.extension().is_some_and(|extension| extension == "parquet") && !name.starts_with("state/inputs") {
            let table = super::table(&folder.join(name));
            for (at, (column, _)) in table.columns.iter().enumerate() {
                let values: Vec<&str> = table.rows.iter().map(|row| row[at].as_str()).collect();
                see(column, &values.join("\n"), may_hold(name, column));
            }
        }
        let unpacked = zstd::decode_all(&bytes[..]).unwrap_or_default();
        for text in [&bytes[..], &unpacked].map(String::from_utf8_lossy) {
            let parquet = name.extension().is_some_and(|extension| extension == "parquet");
            // Pages may hold plain text; the columns have been looked at one by one.
            see("its bytes", &text, if parquet { &COLUMNS } else { may_stand_in(name) });
        }
        with_canary += usize::from(seen);
    }
    (files.len(), with_canary)
}

pub const RELEASES: &str = r#"
[policy]
governance_lead_key = "lead.key.pub"
[[approver]]
name = "Ann"
role = "governance_lead"
[[release]]
id = "care"
recipient = "The practice"
recipient_kind = "nhs"
purpose = "direct_care"
content = "people"
identifiers = "nhs_number"
columns = ["given_name", "family_name", "date_of_birth", "note"]
approvals = ["governance_lead"]
BASIS
[[release]]
id = "ours"
recipient = "The practice"
recipient_kind = "nhs"
purpose = "direct_care"
content = "crosswalk"
identifiers = "pseudonym"
patients_of = ["a"]
approvals = ["governance_lead"]
BASIS
[[release]]
id = "planning"
recipient = "The council"
recipient_kind = "local_authority"
purpose = "planning"
content = "people"
identifiers = "pseudonym"
columns = ["age_band", "sex", "postcode_district"]
approvals = ["governance_lead"]
BASIS
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
pub const BASIS: &str = "legal_basis = { article_6 = \"6(1)(e)\", article_9 = \"9(2)(h)\", confidentiality = \"section_251\", agreement = \"DSA-1\" }\nvalid_until = 2027-03-31\n";

pub const LISTS: &str = r#"
[gates]
maximum_quarantined = "90 %"
[[opt_out]]
kind = "local"
files = ["lists/local.csv"]
[[opt_out]]
kind = "type_1"
files = ["lists/type_1.csv"]
[[opt_out]]
kind = "national"
list = "refused"
files = ["lists/national.csv"]
checked_on = 2026-11-20
[[nhs_number_replaced]]
files = ["lists/replaced.csv"]
[[never_link]]
files = ["lists/apart.csv"]
[end_of_life]
on_register = "palliative"
preferred_place_of_death = "note"
place_of_death = "note"
"#;

/// Every format, every list, every kind of release.
pub fn night_of_canaries(people: &[Person]) -> Night {
    let night = Night::new();
    night.write("in/a.csv", as_csv(&rows(people, 1)));
    night.write("in/b.csv.gz", gzipped(as_csv(&rows(people, 2)).as_bytes()));
    night.write("in/c.csv.zst", zstd::encode_all(as_csv(&rows(people, 3)).as_bytes(), 1).unwrap());
    night.write("in/d.parquet", as_parquet(&rows(people, 4)));
    night.write("in/e.jsonl", as_json_lines(&rows(people, 5)));
    let fixed = |row: &Row| row.iter().map(|value| format!("{value:<32}")).collect::<String>() + "\n";
    night.write("in/f.txt", rows(people, 6).iter().map(fixed).collect::<String>() + CANARY + "id\n");
    night.write("in/g.xlsx", as_workbook(&rows(people, 7)));
    let layout = COLUMNS.iter().enumerate();
    let layout: Vec<String> =
        layout.map(|(at, name)| format!("{{ column = \"{name}\", start = {}, width = 32 }}", at * 32 + 1)).collect();
    let fixed = format!("format = \"fixed_width\"\nlayout = [{}]", layout.join(", "));
    let files = [
        ("a", "csv"),
        ("b", "csv.gz"),
        ("c", "csv.zst"),
        ("d", "parquet"),
        ("e", "jsonl"),
        ("f", "txt"),
        ("g", "xlsx"),
    ]
    .map(|(id, format)| (id, format!("in/{id}.{format}"), if id == "f" { fixed.as_str() } else { "" }));
    let providers: Vec<(&str, &str, &str)> = files.iter().map(|(id, file, keys)| (*id, file.as_str(), *keys)).collect();
    let with_notes = super::COLUMNS.to_string() + MORE_COLUMNS + CARRY + PACKAGE;
    let rest = format!("{LISTS}{OWN}{}", RELEASES.replace("BASIS", BASIS));
    night.write("job.toml", job(&providers, &rest).replace(super::COLUMNS, &with_notes));
    let id = |nth: usize| format!("{CANARY}id-usable{nth}");
    // Of somebody who is in no extract: canaries are alike, and one who objects would take all of them out.
    night.write(
        "lists/local.csv",
        format!("nhs_number,provider,record_id\n{},,\n,b,{CANARY}id-gone\n", nhs_number(7010)),
    );
    night.write("lists/type_1.csv", format!("nhs_number\n{}\n", nhs_number(7004)));
    night.write("lists/national.csv", format!("nhs_number\n{}\n", nhs_number(7005)));
    night.write("lists/replaced.csv", format!("old,new\n{},{}\n", nhs_number(7020), nhs_number(7006)));
    night.write("lists/apart.csv", format!("a:{},{}\n", id(1), nhs_number(7007)));
    night.write("lists/truth.csv", format!("provider,record_id,person,group\na,{},1,y\na,1-0,2,x\nb,2-0,2,x\n", id(1)));
    night.write("lists/labels.csv", format!("left,right,label\na:{},d:{},no\na:1-0,b:2-0,yes\n", id(1), id(4)));
    let decisions = format!(
        "left,right,decision,reason,by,at\na:{},e:{},no,,ann,2026-11-20\nf:{},,not_a_person,,ann,2026-11-20\n",
        id(1),
        id(5),
        id(6)
    );
    night.write("out/state/decisions.csv", decisions);
    let mut keys = super::onefolk();
    keys.current_dir(night.path("")).args(["keys", "new", "lead.key"]);
    outcome(keys).done();
    night
}

/// `onefolk ARGUMENTS` in the folder of the night, with backtraces asked for.
pub fn command(night: &Night, arguments: &[&str], typed: &str) -> Outcome {
    let mut command = super::onefolk();
    command.current_dir(night.path("")).env("RUST_BACKTRACE", "full").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // A command that asks nothing may be gone before it is answered.
    let _ = child.stdin.take().expect("it is piped").write_all(typed.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    Outcome { status: output.status.code(), signal: None, stdout: text(output.stdout), stderr: text(output.stderr) }
}
