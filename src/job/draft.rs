//! A job file to start from, written from a first look at the extracts.
//!
//! In: what was found in each provider's folder. Out: TOML with comments. Always: the text passes the check but for what its comments ask
//! a person to decide; no value of the data stands in it.

use super::guess::{self, DayMonth};
use super::{Field, Setting, draft_facts};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What was found in one provider's folder.
#[derive(Debug, Clone, Default)]
pub struct DraftProvider {
    /// Name of the folder.
    pub folder: String,
    /// Globs relative to the job file.
    pub globs: Vec<String>,
    /// In words, of the first extract.
    pub found: String,
    /// Of the first extract.
    pub columns: Vec<String>,
    pub sample: Vec<Vec<String>>,
    /// Sentences to leave as comments: files that were left out, other columns in other files.
    pub remarks: Vec<String>,
}

/// Words in a folder's name that tell its setting; the first that occurs counts.
const SETTING_WORDS: [(&str, Setting); 22] = [
    ("practice", Setting::GeneralPractice),
    ("surgery", Setting::GeneralPractice),
    ("gp", Setting::GeneralPractice),
    ("mental", Setting::MentalHealth),
    ("ambulance", Setting::Ambulance),
    ("urgent", Setting::UrgentCare),
    ("111", Setting::UrgentCare),
    ("hospice", Setting::Hospice),
    ("pharmac", Setting::Pharmacy),
    ("public", Setting::PublicHealth),
    ("housing", Setting::Housing),
    ("charity", Setting::Voluntary),
    ("volunt", Setting::Voluntary),
    ("community", Setting::Community),
    ("social", Setting::SocialCare),
    ("council", Setting::SocialCare),
    ("borough", Setting::SocialCare),
    ("hospital", Setting::Acute),
    ("acute", Setting::Acute),
    ("trust", Setting::Acute),
    ("ecds", Setting::Acute),
    ("apc", Setting::Acute),
];

/// The text of a job file called `name` with these providers.
pub fn draft(name: &str, providers: &[DraftProvider]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "#:schema job.schema.json");
    let _ = writeln!(
        text,
        "# Written by `onefolk init` from a first look at the extracts. Correct what it guessed, then run `onefolk check`."
    );
    let _ =
        writeln!(text, "# `onefolk init --schema > job.schema.json` lets an editor complete and explain every key.\n");
    let _ = writeln!(text, "[job]\nname = {}\noutput = \"out\"", quoted(name));
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for provider in providers {
        let mut id = provider_id(&provider.folder);
        let count = ids.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            id = format!("{id}-{count}");
        }
        text.push('\n');
        one_provider(&mut text, &id, provider);
    }
    draft_facts::end_of_life(&mut text, providers);
    text
}

fn one_provider(text: &mut String, id: &str, provider: &DraftProvider) {
    let folder = provider.folder.to_lowercase();
    let setting = SETTING_WORDS.iter().find(|(word, _)| folder.contains(word)).map(|(_, setting)| *setting);
    let globs: Vec<String> = provider.globs.iter().map(|glob| quoted(glob)).collect();
    let _ = writeln!(text, "[[provider]]\nid = \"{id}\"\nname = {}", quoted(&provider.folder));
    match setting {
        Some(setting) => drop(writeln!(text, "setting = \"{}\"    # guessed from the folder's name", setting.word())),
        None => drop(writeln!(
            text,
            "setting = \"other\"    # please correct: {}",
            Setting::ALL.map(Setting::word).join(" ")
        )),
    }
    let _ = writeln!(text, "files = [{}]", globs.join(", "));
    if !provider.found.is_empty() {
        let _ = writeln!(text, "# found: {}", one_line(&provider.found));
    }
    for remark in &provider.remarks {
        let _ = writeln!(text, "# {}", one_line(remark));
    }
    columns(text, provider);
}

pub(super) fn values(provider: &DraftProvider, column: usize) -> impl Iterator<Item = &str> + Clone {
    provider
        .sample
        .iter()
        .filter_map(move |row| row.get(column))
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Which column holds which field: by name, then, for what is left, by the shape of the values. Several columns for an address.
fn meanings(provider: &DraftProvider) -> BTreeMap<Field, Vec<usize>> {
    let mut meanings: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
    let by_name: Vec<Option<Field>> = provider.columns.iter().map(|column| guess::field_by_name(column)).collect();
    for (at, field) in by_name.iter().enumerate() {
        if let Some(field) = field {
            meanings.entry(*field).or_insert_with(|| vec![at]);
        }
    }
    let parts: Vec<usize> =
        (0..provider.columns.len()).filter(|at| guess::is_address_part(&provider.columns[*at])).collect();
    if parts.len() > 1 {
        meanings.insert(Field::Address, parts);
    }
    let used: Vec<usize> = meanings.values().flatten().copied().collect();
    for at in (0..provider.columns.len()).filter(|at| !used.contains(at)) {
        if let Some(field) = guess::field_by_values(values(provider, at)) {
            meanings.entry(field).or_insert_with(|| vec![at]);
        }
    }
    if !meanings.contains_key(&Field::RecordId)
        && let Some(local) = meanings.get(&Field::LocalId).cloned()
    {
        meanings.insert(Field::RecordId, local);
    }
    meanings
}

fn columns(text: &mut String, provider: &DraftProvider) {
    let _ = writeln!(text, "\n[provider.columns]");
    let by_name = provider.columns.iter().filter(|column| guess::field_by_name(column).is_some()).count();
    if by_name == 0 {
        // The first line may be a person's data: not one word of it is written down.
        let _ = writeln!(
            text,
            "# No column name is known here. Has the file a header? If not, write header = false above; columns are then \"1\", \"2\", …"
        );
        let _ = writeln!(text, "record_id = \"row_number\"");
        return;
    }
    let meanings = meanings(provider);
    if !meanings.contains_key(&Field::RecordId) {
        let _ = writeln!(text, "record_id = \"row_number\"    # no column looks like the record's identifier");
    }
    for (field, at) in &meanings {
        let Some(word) = field.word() else { continue };
        let _ = writeln!(text, "{word} = {}", source(provider, *field, at, &meanings));
    }
    draft_facts::of_provider(text, provider, &meanings.into_values().flatten().collect::<Vec<_>>());
}

fn source(provider: &DraftProvider, field: Field, at: &[usize], meanings: &BTreeMap<Field, Vec<usize>>) -> String {
    let names: Vec<String> = at.iter().map(|at| quoted(&provider.columns[*at])).collect();
    if names.len() > 1 {
        return format!("[{}]", names.join(", "));
    }
    let name = &names[0];
    match field {
        Field::NhsNumber => match meanings.get(&Field::NhsNumberStatus) {
            Some(status) => {
                let status = quoted(&provider.columns[status[0]]);
                format!("{{ column = {name}, verified_by = {{ column = {status}, values = [\"01\"] }} }}")
            }
            None => name.clone(),
        },
        Field::DateOfBirth | Field::DateOfDeath | Field::Updated => date_source(provider, at[0]),
        _ => name.clone(),
    }
}

/// A column of dates, with what must be decided of them.
pub(super) fn date_source(provider: &DraftProvider, at: usize) -> String {
    let name = quoted(&provider.columns[at]);
    match guess::day_month(values(provider, at)) {
        DayMonth::Ambiguous => {
            format!(
                "{name}    # day or month first? The sample does not say: {{ column = {name}, format = \"%d/%m/%Y\" }}"
            )
        }
        DayMonth::Mixed => format!("{name}    # some values are day-first, others month-first"),
        _ => name,
    }
}

/// Lower-case words joined by `joint`, from any name.
pub(super) fn joined(name: &str, joint: char) -> String {
    let mut joined = String::new();
    for letter in deunicode::deunicode(name).chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => joined.push(letter.to_ascii_lowercase()),
            _ if !joined.ends_with(joint) => joined.push(joint),
            _ => {}
        }
    }
    joined.trim_matches(joint).chars().take(60).collect()
}

fn provider_id(folder: &str) -> String {
    let id = joined(folder, '-');
    if id.is_empty() { "provider".into() } else { id }
}

/// A text as TOML writes it: JSON's escapes are TOML's, but for DEL.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(folder: &str, columns: &[&str], rows: &[&[&str]]) -> DraftProvider {
        let own = |row: &[&str]| row.iter().map(|value| value.to_string()).collect::<Vec<_>>();
        DraftProvider {
            folder: folder.into(),
            globs: vec!["in/*.csv".into()],
            found: "CSV, comma".into(),
            columns: own(columns),
            sample: rows.iter().map(|row| own(row)).collect(),
            remarks: vec!["left out: in/x\nreadme.txt".into()],
        }
    }

    #[test]
    fn a_draft_maps_what_it_knows() {
        let practice = provider(
            "Brent GP \"North\"",
            &[
                "PatientID",
                "NHS Number",
                "NHSNumberStatus",
                "Surname",
                "Forename",
                "DOB",
                "Address1",
                "Town",
                "Postcode",
                "Frailty Band",
            ],
            &[&["1", "9990000018", "01", "Ames", "Ann", "01/02/1980", "1 High St", "Leeds", "LS1 4AP", "mild"][..]; 4],
        );
        let text = draft("night", &[practice.clone(), practice]);
        for line in [
            "id = \"brent-gp-north\"",
            "id = \"brent-gp-north-2\"",
            "setting = \"general_practice\"    # guessed from the folder's name",
            "record_id = \"PatientID\"",
            "nhs_number = { column = \"NHS Number\", verified_by = { column = \"NHSNumberStatus\", values = [\"01\"] } }",
            "family_name = \"Surname\"",
            "address = [\"Address1\", \"Town\"]",
            "# frailty_band = { column = \"Frailty Band\", kind = \"category\", combine = \"latest\" }",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(text.contains("day or month first?"), "{text}");
        assert!(!text.contains("Ames") && !text.contains("9990000018") && !text.contains("mild"), "{text}");
    }

    /// With every # before a key taken away it is a job that the checker reads.
    #[test]
    fn packages_and_wishes_are_proposed() {
        let columns = [
            "ID",
            "Surname",
            "Service_Type",
            "Primary_Support_Reason",
            "Event_Start_Date",
            "Event_End_Date",
            "Palliative Register",
        ];
        let rows = [
            &["c1", "Ames", "home care", "Nursing", "13/01/2026", "", "Y"][..],
            &["c2", "Bell", "day care", "Nursing", "14/02/2026", "", "N"],
        ];
        let council = DraftProvider { globs: vec!["c.csv".into()], ..provider("council", &columns, &rows) };
        let columns = ["PatientID", "Surname", "Preferred Place of Death"];
        let rows = [&["1", "Ames", "home"][..], &["2", "Bell", "hospice"]];
        let practice = DraftProvider { globs: vec!["p.csv".into()], ..provider("practice", &columns, &rows) };
        let text = draft("night", &[council, practice]);
        for lines in [
            "# [[provider.package]]\n# service = \"Service_Type\"\n# need = \"Primary_Support_Reason\"\n# start = \"Event_Start_Date\"\n# end = \"Event_End_Date\"\n",
            "# end_of_life_register = { column = \"Palliative Register\", kind = \"flag\", combine = \"any\" }",
            "# preferred_place_of_death = { column = \"Preferred Place of Death\", kind = \"category\", combine = \"latest\" }",
            "# [end_of_life]\n# on_register = \"end_of_life_register\"\n# preferred_place_of_death = \"preferred_place_of_death\"\n",
        ] {
            assert!(text.contains(lines), "{lines} in\n{text}");
        }
        assert!(!text.contains("# service_type =") && !text.contains("home care"), "{text}");
        let is_key = |line: &str| line.starts_with("# [") || line.starts_with("# ") && line.contains(" = ");
        let taken: String = text
            .lines()
            .map(|line| if is_key(line) { &line[2..] } else { line })
            .fold(String::new(), |all, line| all + line + "\n");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("job.toml");
        for file in ["c.csv", "p.csv"] {
            std::fs::write(folder.path().join(file), "x\n").expect("room");
        }
        std::fs::write(&path, &taken).expect("room");
        let job = crate::job::Job::read(&path).unwrap_or_else(|failure| panic!("{failure}\n{taken}"));
        assert_eq!(job.providers[0].packages.len(), 1);
        assert!(job.end_of_life.is_some());
    }

    #[test]
    fn a_file_without_header_leaves_no_value() {
        let text =
            draft("night", &[provider("x", &["9990000018", "Ames", "LS1 4AP"], &[&["9990000026", "Bell", "LS1 4AP"]])]);
        assert!(text.contains("header = false") && text.contains("record_id = \"row_number\""), "{text}");
        assert!(!text.contains("Ames") && !text.contains("999"), "{text}");
    }

    #[test]
    fn odd_names_stay_valid_toml() {
        let odd = provider("Ünï \u{7f}\n", &["Surname", "a\"b\\c\u{7f}\n", "1st"], &[&["x", "Y", "N"]]);
        let text = draft("a\"b\n", &[odd]);
        let (_, errors) = toml::de::DeTable::parse_recoverable(&text);
        assert!(errors.is_empty(), "{errors:?}\n{text}");
    }
}
