//! The job file that fits what was generated (DESIGN section 5).

use super::cohorts;
use super::extract::file_name;
use super::layouts::{Part, What};
use super::people::AS_OF;
use super::providers::{Dates, Format, Provider, Sexes};
use super::releases;
use super::rows::condition_name;
use crate::job::Setting;
use std::fmt::Write;

/// Which lists were written beside the extracts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ListsWritten {
    pub replaced: bool,
    pub never_link: bool,
    pub objecting_numbers: bool,
    pub objecting_records: bool,
    pub type_1_numbers: bool,
    pub national_numbers: bool,
}

/// The job of many providers.
///
/// With `releases` it also says who gets what, whom to look for and by which segments.
pub(super) fn of_providers(
    name: &str,
    command: &str,
    providers: &[&Provider],
    lists: ListsWritten,
    releases: bool,
) -> String {
    let mut text = head(name, command);
    list_tables(lists, &mut text);
    let practice = providers.iter().find(|provider| provider.kind.setting == Setting::GeneralPractice);
    if let Some(practice) = practice.filter(|_| releases) {
        text.push_str(&releases::text(&practice.id));
        text.push_str(cohorts::TEXT);
    }
    for provider in providers {
        table(provider, &mut text);
    }
    text
}

/// The job of `--single-file`.
pub(super) fn of_single_file(command: &str, columns: &[&str], lists: ListsWritten) -> String {
    let mut text = head("single-file", command);
    list_tables(lists, &mut text);
    put(
        &mut text,
        format_args!(
            "\n[[provider]]\nid = \"{}\"\nname = \"All records in one file\"\nsetting = \"other\"\nfiles = [\"records.csv\"]\n",
            super::single_file::PROVIDER
        ),
    );
    text.push_str("\n[provider.columns]\nrecord_id = \"record_id\"\n");
    for column in columns {
        put(&mut text, format_args!("{column} = \"{column}\"\n"));
    }
    text
}

fn put(text: &mut String, arguments: std::fmt::Arguments) {
    text.write_fmt(arguments).expect("a String takes what is written");
}

fn head(name: &str, command: &str) -> String {
    format!(
        "# Written by `{command}`: a synthetic population, nobody in it is real.\n\
         # truth.csv says which person each record belongs to; no run reads it, `onefolk evaluate` does.\n\n\
         [job]\n\
         name = \"{name}\"\n\
         output = \"out\"\n\
         as_of = {AS_OF}              # ages, windows and objections are judged on this day\n\
         test_numbers = \"accept\"          # every NHS number here is from the range that is never issued\n\
         id_key_file = \"id.key\"           # makes person_ids the same everywhere; a real job keeps its key secret\n"
    )
}

fn list_tables(lists: ListsWritten, text: &mut String) {
    if lists.replaced {
        text.push_str("\n# Numbers that the national service replaced: old,new.\n[[nhs_number_replaced]]\nfiles = [\"lists/nhs_number_replaced.csv\"]\n");
    }
    if lists.never_link {
        text.push_str(
            "\n# Twins whom somebody once took for one person.\n[[never_link]]\nfiles = [\"lists/never_link.csv\"]\n",
        );
    }
    let files = [
        (lists.objecting_numbers, "\"lists/objections_by_number.csv\""),
        (lists.objecting_records, "\"lists/objections_by_record.csv\""),
    ];
    let files: Vec<&str> = files.iter().filter(|(written, _)| *written).map(|(_, file)| *file).collect();
    if !files.is_empty() {
        let files = files.join(", ");
        put(
            text,
            format_args!(
                "\n# People who object to their records being here at all.\n[[opt_out]]\nkind = \"local\"\nfiles = [{files}]\n"
            ),
        );
    }
    opt_out_tables(lists, text);
}

fn opt_out_tables(lists: ListsWritten, text: &mut String) {
    if lists.type_1_numbers {
        text.push_str(
            "\n# People whose practice may pass on nothing beyond their own care.\n[[opt_out]]\nkind = \"type_1\"\nfiles = [\"lists/type_1.csv\"]\n",
        );
    }
    if lists.national_numbers {
        put(
            text,
            format_args!(
                "\n# People who want their records used for their care only.\n[[opt_out]]\nkind = \"national\"\nlist = \"refused\"\nfiles = [\"lists/national.csv\"]\nchecked_on = {AS_OF}\n"
            ),
        );
    }
}

fn table(provider: &Provider, text: &mut String) {
    let (kind, id) = (provider.kind, &provider.id);
    let file = file_name(provider);
    put(text, format_args!("\n[[provider]]\nid = \"{id}\"\nname = \"{}\"\n", provider.name));
    put(text, format_args!("setting = \"{}\"\nfiles = [\"in/{id}/{file}\"]\n", kind.setting.word()));
    if kind.format == Format::FixedWidth {
        text.push_str("format = \"fixed_width\"\nlayout = [\n");
        let mut start = 1;
        for column in kind.columns {
            put(
                text,
                format_args!("  {{ column = \"{}\", start = {start}, width = {} }},\n", column.header, column.width),
            );
            start += column.width;
        }
        text.push_str("]\n");
    }
    text.push_str("\n[provider.columns]\n");
    columns(provider, text);
    carry(provider, text);
    packages(provider, text);
}

/// Fields of the job file in their usual order, each with the columns that may hold it.
const FIELDS: &[(&str, &[What])] = &[
    ("record_id", &[What::RecordId]),
    ("nhs_number", &[What::NhsNumber]),
    ("nhs_number_status", &[What::NumberStatus]),
    ("full_name", &[What::FullName, What::NameFamilyFirst]),
    ("given_name", &[What::Given]),
    ("middle_name", &[What::Middle]),
    ("family_name", &[What::Family]),
    ("previous_family_name", &[What::PreviousFamily]),
    ("date_of_birth", &[What::Birth]),
    ("year_of_birth", &[What::BirthYear]),
    ("date_of_death", &[What::Death]),
    ("sex", &[What::Sex]),
    ("ethnicity", &[What::Ethnicity]),
    ("address", &[What::Address, What::AddressLines, What::AddressLine, What::AddressTown]),
    ("postcode", &[What::Postcode]),
    ("uprn", &[What::Uprn]),
    ("phone", &[What::Phone]),
    ("email", &[What::Email]),
    ("gp_practice", &[What::Practice]),
    ("birth_order", &[What::BirthOrder]),
    ("sensitivity", &[What::Sensitivity]),
    ("withheld_identity_reason", &[What::WithheldReason]),
    ("registered_from", &[What::RegisteredFrom]),
    ("registered_until", &[What::RegisteredUntil]),
    ("address_from", &[What::AddressFrom]),
    ("updated", &[What::Updated]),
];

fn columns(provider: &Provider, text: &mut String) {
    let columns = provider.kind.columns;
    let header = |what: What| columns.iter().find(|column| column.what == what).map(|column| column.header);
    for (field, whats) in FIELDS {
        let mut found: Vec<&str> = whats.iter().filter_map(|what| header(*what)).collect();
        if *field == "updated" && found.is_empty() {
            found.extend(header(What::LastContact));
        }
        let Some(first) = found.first() else { continue };
        let format = if is_date_field(field) { date_format(provider) } else { None };
        match (*field, found.len(), format) {
            ("nhs_number", _, _) => match header(What::NumberStatus) {
                Some(status) => put(
                    text,
                    format_args!(
                        "nhs_number = {{ column = \"{first}\", verified_by = {{ column = \"{status}\", values = [\"01\"] }} }}\n"
                    ),
                ),
                None => put(text, format_args!("nhs_number = \"{first}\"\n")),
            },
            ("sex", _, _) if provider.kind.style.sexes == Sexes::Own => put(
                text,
                format_args!(
                    "sex = {{ column = \"{first}\", values = {{ MAL = \"male\", FEM = \"female\", UNK = \"unknown\" }} }}\n"
                ),
            ),
            (_, _, Some(format)) => {
                put(text, format_args!("{field} = {{ column = \"{first}\", format = \"{format}\" }}\n"))
            }
            (_, 1, None) => put(text, format_args!("{field} = \"{first}\"\n")),
            _ => put(text, format_args!("{field} = [\"{}\"]\n", found.join("\", \""))),
        }
    }
}

fn is_date_field(field: &str) -> bool {
    matches!(
        field,
        "date_of_birth" | "date_of_death" | "registered_from" | "registered_until" | "address_from" | "updated"
    )
}

/// The format, for providers whose job entry states it; the others' is found from the data.
fn date_format(provider: &Provider) -> Option<&'static str> {
    provider.kind.states_dates.then_some(match provider.kind.style.dates {
        Dates::Iso => "%Y-%m-%d",
        Dates::DayFirst => "%d/%m/%Y",
        Dates::Dotted => "%d.%m.%Y",
        Dates::MonthNames => "%d-%b-%Y",
        Dates::Compact | Dates::Serial => "%Y%m%d",
    })
}

fn carry(provider: &Provider, text: &mut String) {
    let mut lines = String::new();
    for column in provider.kind.columns {
        let (name, kind, rest) = match column.what {
            What::Condition(place) => (condition_name(place), "flag", "combine = \"any\""),
            What::Frailty => ("frailty", "category", "combine = \"latest\""),
            What::Area => ("small_area", "category", "combine = \"latest\", place = true"),
            What::Authority => ("local_authority", "category", "combine = \"latest\", place = true"),
            What::Decile => ("deprivation_decile", "category", "combine = \"latest\""),
            What::LastContact => ("last_contact", "date", "combine = \"latest\""),
            What::Admission => ("unplanned_admissions_12m", "date", "combine = \"count\", within = \"12 months\""),
            What::Attendance => ("emergency_attendances_12m", "date", "combine = \"count\", within = \"12 months\""),
            What::Package(0, Part::Service) => ("care_services", "list", "combine = \"union\""),
            What::LivesAlone => ("lives_alone", "flag", "combine = \"latest\""),
            What::PreferredPlace => ("preferred_place_of_death", "category", "combine = \"latest\""),
            What::PreferredPlaceOfCare => ("preferred_place_of_care", "category", "combine = \"latest\""),
            What::WishesDecided => ("wishes_decided_on", "date", "combine = \"latest\""),
            What::ActualPlace => ("place_of_death", "category", "combine = \"latest\""),
            What::Resuscitation => ("do_not_resuscitate", "flag", "combine = \"any\""),
            What::EndOfLifeRegister => ("end_of_life_register", "flag", "combine = \"any\""),
            _ => continue,
        };
        let format = date_format(provider)
            .filter(|_| kind == "date")
            .map_or(String::new(), |format| format!(", format = \"{format}\""));
        put(
            &mut lines,
            format_args!("{name} = {{ column = \"{}\", kind = \"{kind}\", {rest}{format} }}\n", column.header),
        );
    }
    if !lines.is_empty() {
        text.push_str("\n[provider.carry]\n");
        text.push_str(&lines);
    }
}

/// Parts of a package with their keys in the job file.
const PARTS: [(Part, &str); 6] = [
    (Part::Service, "service"),
    (Part::Need, "need"),
    (Part::From, "start"),
    (Part::Until, "end"),
    (Part::PlannedUntil, "planned_until"),
    (Part::Because, "ended_because"),
];

/// What the systems of the providers write, and the one word that the job has for it.
const NEEDS: &str = "\"Personal care\" = \"personal_care\", \"Accommodation with care\" = \"accommodation\", Reablement = \"reablement\", \
                     Nursing = \"nursing\", \"Palliative care\" = \"palliative_care\", \"Mental health\" = \"mental_health\", \
                     \"Dementia support\" = \"dementia_support\", Company = \"company\"";
const REASONS: &str = "\"Needs met\" = \"need_met\", \"Moved away\" = \"moved_away\", Died = \"died\"";

/// `[[provider.package]]`, one a group of columns.
fn packages(provider: &Provider, text: &mut String) {
    let columns = provider.kind.columns;
    for place in 0.. {
        let header = |part: Part| columns.iter().find(|column| column.what == What::Package(place, part));
        if header(Part::Service).is_none() {
            return;
        }
        text.push_str("\n[[provider.package]]\n");
        for (part, key) in PARTS {
            let Some(column) = header(part).map(|column| column.header) else { continue };
            let is_date = matches!(part, Part::From | Part::Until | Part::PlannedUntil);
            match (part, date_format(provider).filter(|_| is_date)) {
                (Part::Need, _) => {
                    put(text, format_args!("{key} = {{ column = \"{column}\", values = {{ {NEEDS} }} }}\n"));
                }
                (Part::Because, _) => {
                    put(text, format_args!("{key} = {{ column = \"{column}\", values = {{ {REASONS} }} }}\n"));
                }
                (_, Some(format)) => {
                    put(text, format_args!("{key} = {{ column = \"{column}\", format = \"{format}\" }}\n"));
                }
                _ => put(text, format_args!("{key} = \"{column}\"\n")),
            }
        }
    }
}
