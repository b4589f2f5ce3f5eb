//! What people who have said no rely on: in nothing that leaves is a line of theirs, or a value that rests on their rows, where it must not be.

use crate::common::releases::{
    RELEASES, SENSITIVE, TABLES, approve, approve_all, counts, in_acute, in_gp, keyed_and_exact, leave_out, lines,
    night, refusals, released,
};
use crate::common::{self, NULL, Night, Random, outcome, town};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LOCAL: &str = "[[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n";

#[test]
fn nobody_who_opted_out_is_where_they_must_not_be() {
    let people = town(160, 71);
    for seed in 0..3u64 {
        let mut random = Random::new(900 + seed);
        let night = night(&people, &every_content(), LOCAL);
        keyed_and_exact(&night);
        // Each opts out under one provider's record or under the number; it holds for all that is linked to it.
        let mut chosen: [BTreeSet<usize>; 3] = Default::default();
        for (set, file) in chosen.iter_mut().zip(["local.csv", "type_1.csv", "national.csv"]) {
            let mut text = String::from("nhs_number,provider,record_id,from,until\n");
            while set.len() < 12 {
                let at = random.below(people.len() as u64) as usize;
                set.insert(at);
                let provider = if in_gp(at) && (random.below(2) == 0 || !in_acute(at)) { "gp" } else { "acute" };
                text.push_str(&match random.below(2) {
                    0 => format!("{},,,,2026-11-22\n", people[at].nhs_number),
                    _ => format!(",{provider},r{at},2026-11-22,\n"),
                });
            }
            // One whose opt-out has ended.
            text.push_str(&format!("{},,,2020-01-01,2026-11-21\n", people[2].nhs_number));
            night.write(file, text);
        }
        approve_all(&night);
        for release in ["frail", "ours", "tables"] {
            approve(&night, release, "Ann", "governance_lead").done();
        }
        let without = night.copy();
        night.run().done();
        let [local, type_1, national] = &chosen;
        let everybody = || (0..people.len()).filter(|at| !local.contains(at));
        for release in ["planning", "research"] {
            let lines = lines(&released(&night, release));
            // Whoever has a type 1 opt-out is there with what is left of them: nothing, where only the practice knows them.
            let left = |at: &usize| !national.contains(at) && (!type_1.contains(at) || in_acute(*at));
            assert_eq!(
                lines.keys().copied().collect::<Vec<_>>(),
                everybody().filter(left).collect::<Vec<_>>(),
                "{release}"
            );
        }
        for (at, line) in lines(&released(&night, "planning")) {
            let from_practice = in_gp(at) && !type_1.contains(&at);
            assert_eq!(line["frailty"], if from_practice { "frail" } else { NULL }, "{at}");
            if at != SENSITIVE {
                let (district, ward) = if from_practice { ("LS", "") } else { ("HX", "hospital-ward") };
                assert!(line["postcode_district"].starts_with(district), "{at}: {}", line["postcode_district"]);
                assert!(from_practice || line["ward"] == ward, "{at}: {}", line["ward"]);
            }
        }
        // Care sees everything of everybody who is not withheld, but for who may not be listed.
        let care = lines(&released(&night, "care"));
        let patients: Vec<usize> = everybody().filter(|at| in_acute(*at) && *at != SENSITIVE).collect();
        assert_eq!(care.keys().copied().collect::<Vec<_>>(), patients);
        assert!(patients.iter().all(|at| care[at]["frailty"] == if in_gp(*at) { "frail" } else { NULL }));
        // run.json counts them, by kind.
        let run: Value = serde_json::from_slice(&std::fs::read(night.current("run.json")).unwrap()).unwrap();
        let counted = |set: &BTreeSet<usize>| set.iter().filter(|at| !local.contains(at)).count();
        assert_eq!(run["opt_outs"]["type_1_people"], counted(type_1));
        assert_eq!(run["opt_outs"]["national_people"], counted(national));
        assert_eq!(run["opt_outs"]["local_people"], local.len());
        a_cohort_and_a_crosswalk_hold_whom_they_may(&night, people.len(), &chosen);
        tables_count_everybody_but_local_objectors(&night, people.len(), local);
        // No byte of any release holds a local objector's number.
        for (name, bytes) in ["releases", "summary"].iter().flat_map(|kind| common::files_below(&night.current(kind))) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!local.iter().any(|at| text.contains(&people[*at].nhs_number)), "{}", name.display());
        }
        leave_out(&without, local);
        without.run().done();
        nothing_tells_that_their_rows_were_there(&night, &without);
    }
}

/// A release of each content: people, a cohort, records of one provider, and tables.
fn every_content() -> String {
    format!("{RELEASES}{FRAIL}{}{TABLES}", CROSSWALK.replace("PURPOSE", "safeguarding"))
}

/// Only the practice knows who is frail, and it gets its own records.
fn a_cohort_and_a_crosswalk_hold_whom_they_may(
    night: &Night,
    people: usize,
    [local, type_1, national]: &[BTreeSet<usize>; 3],
) {
    let of_practice = |at: &usize| in_gp(*at) && !local.contains(at) && !type_1.contains(at);
    let frail: Vec<usize> = lines(&night.table("releases/frail/cohort.parquet")).into_keys().collect();
    assert_eq!(frail, (0..people).filter(|at| of_practice(at) && !national.contains(at)).collect::<Vec<_>>());
    // The national opt-out does not act on what keeps people from harm.
    let records = (0..people).filter(|at| of_practice(at) && *at != SENSITIVE).map(|at| format!("r{at}"));
    assert_eq!(ours(night).into_keys().collect::<BTreeSet<_>>(), records.collect());
}

/// A type 1 or a national opt-out does not act on counts.
fn tables_count_everybody_but_local_objectors(night: &Night, people: usize, local: &BTreeSet<usize>) {
    let counts = counts(&night.current("releases/tables"));
    let mut told = 0;
    for (provider, knows) in [("gp", in_gp as fn(usize) -> bool), ("acute", in_acute)] {
        let theirs: Vec<usize> = (0..people).filter(|at| knows(*at) && !local.contains(at)).collect();
        let named = theirs.iter().filter(|at| **at != SENSITIVE).count();
        for (column, expected) in [("records", theirs.len()), ("people", named)] {
            let (start, end) = (format!("providers.csv|{provider}|"), format!("|{column}"));
            let of = counts.keys().find(|of| of.starts_with(&start) && of.ends_with(&end)).expect("it has a line");
            if let Some(count) = counts[of] {
                assert_eq!(count, expected as u64, "{of}");
                told += 1;
            }
        }
    }
    assert!(told > 0, "everything is hidden");
}

/// What is handed out is the same, to the byte, as where the rows had never been sent, and so is every count but those of the rows withheld.
/// Which others are hidden beside these may be another matter; of what columns hold the next test tells.
fn nothing_tells_that_their_rows_were_there(night: &Night, without: &Night) {
    let (told, expected) = (handed_out(night), handed_out(without));
    assert_eq!(told.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in told.iter().filter(|(name, _)| !name.starts_with("tables")) {
        assert!(expected[name] == *bytes, "{} tells that they were there", name.display());
    }
    let [told, expected] = [night, without].map(|night| counts(&night.current("releases/tables")));
    let may_differ = |of: &str| {
        of.ends_with("|withheld") || of.starts_with("people_by_group.csv|accounts|") || of.starts_with("data_quality")
    };
    for (of, count) in told.iter().filter(|(of, _)| !may_differ(of)) {
        if let (Some(count), Some(expected)) = (*count, expected.get(of).copied().flatten()) {
            assert_eq!(count, expected, "{of}");
        }
    }
}

#[test]
fn no_table_counts_what_the_rows_of_local_objectors_hold() {
    let people = town(120, 84);
    let night = night(&people, "", LOCAL);
    keyed_and_exact(&night);
    let local: BTreeSet<usize> = (0..people.len()).filter(|at| at % 4 == 1).collect();
    let numbers: String = local.iter().map(|&at| format!("{}\n", people[at].nhs_number)).collect();
    night.write("local.csv", format!("nhs_number\n{numbers}"));
    night.run().done();
    let counts = counts(&night.current("summary"));
    let mut told = 0;
    for (of, part) in counts.iter().filter(|(of, _)| of.starts_with("data_quality.csv|")) {
        let (line, _) = of.rsplit_once('|').expect("it names a column");
        // So many rows were linked: no more of them can hold a value.
        if let (Some(part), Some(records)) = (*part, counts[&format!("{line}|records")]) {
            assert!(part <= records, "{of}: {part} of {records} rows");
            told += 1;
        }
    }
    assert!(told > 0, "everything is hidden");
}

#[test]
fn an_exemption_sets_the_national_opt_out_aside_for_its_own_release_and_nothing_else() {
    let people = town(60, 85);
    let night = night(&people, RELEASES, LOCAL);
    night.write("local.csv", "provider,record_id\nacute,r3\n");
    night.write("type_1.csv", format!("nhs_number\n{}\n", people[4].nhs_number));
    night.write("national.csv", format!("nhs_number\n{}\n", people[6].nhs_number));
    approve_all(&night);
    let manifest = |release: &str| -> Value {
        let bytes = std::fs::read(night.current(&format!("releases/{release}/manifest.json"))).expect("it stands");
        serde_json::from_slice(&bytes).expect("it is JSON")
    };
    let holds = |release: &str| lines(&released(&night, release)).into_keys().collect::<Vec<usize>>();
    let all_but = |out: &[usize]| (0..people.len()).filter(|at| !out.contains(at)).collect::<Vec<usize>>();
    night.run().done();
    assert_eq!(holds("research"), all_but(&[3, 6]));
    let before = manifest("research");
    assert_eq!((&before["national_exemption"], &before["left_out"]["national"]), (&Value::Null, &"*".into()));
    // The document that says so must be named, and somebody must have agreed to it.
    let job = night.path("job.toml");
    common::edit(&job, "id = \"research\"\n", "id = \"research\"\nnational_exemption = \"required_by_law\"\n");
    let told = night.run().failed(2, "OF0101");
    assert!(told.stderr.contains("exemption_reference"), "{}", told.stderr);
    common::edit(&job, "_by_law\"\n", "_by_law\"\nexemption_reference = \"Inquiries Act 2005\"\n");
    night.run().done();
    assert_eq!(refusals(&night, "research"), ["approved"]);
    approve(&night, "research", "Ann", "governance_lead").done();
    night.run().done();
    assert_eq!(holds("research"), all_but(&[3]));
    let after = manifest("research");
    assert_eq!(
        (&after["national_exemption"], &after["exemption_reference"]),
        (&"required_by_law".into(), &"Inquiries Act 2005".into())
    );
    assert_eq!((&after["left_out"]["national"], &after["left_out"]["type_1"]), (&Value::Null, &"*".into()));
    let cover = std::fs::read_to_string(night.current("releases/research/cover.md")).expect("it stands");
    assert!(cover.contains("does not apply here: required by law, see Inquiries Act 2005."), "{cover}");
    // The release beside it has none, and needs an answer that is not out of date.
    assert_eq!(holds("planning"), all_but(&[3, 6]));
    assert_eq!(lines(&released(&night, "planning"))[&4]["frailty"], NULL);
    assert_eq!(manifest("planning")["national_exemption"], Value::Null);
    common::edit(&job, "checked_on = 2026-11-20", "checked_on = 2026-10-20");
    night.run().done();
    assert_eq!(refusals(&night, "planning"), ["national_opt_out_known"]);
    assert_eq!(holds("research"), all_but(&[3]));
}

#[test]
fn no_release_is_made_by_a_list_that_has_lost_its_names() {
    let people = town(80, 88);
    let night = night(&people, RELEASES, LOCAL);
    night.write("local.csv", "nhs_number\n");
    let opted: String = people[..6].iter().map(|person| format!("{}\n", person.nhs_number)).collect();
    night.write("type_1.csv", format!("nhs_number\n{opted}"));
    night.write("national.csv", format!("nhs_number\n{opted}"));
    approve_all(&night);
    night.run().done();
    let again = || {
        let mut command = common::onefolk();
        command.arg("release").arg(night.path("job.toml")).arg("planning");
        outcome(command)
    };
    let planning = || lines(&released(&night, "planning"));
    let made = planning();
    assert_eq!(made.keys().copied().collect::<Vec<_>>(), (6..80).collect::<Vec<_>>());
    let standing = night.standing();
    for list in ["type_1", "national"] {
        night.write(&format!("{list}.csv"), "nhs_number\n");
        let told = again().failed(1, "OF0553");
        let words = format!("0 names on the {list} lists after 6 in run 2026-11-22-01");
        assert!(told.stderr.contains(&words), "{}", told.stderr);
        told.names_nobody(&people);
        assert!(night.standing() == standing && planning() == made, "{list}");
        night.write(&format!("{list}.csv"), format!("nhs_number\n{opted}"));
    }
    // One more is no loss, and what a night was published with is meant.
    night.write("national.csv", format!("nhs_number\n{opted}{}\n", people[9].nhs_number));
    again().done();
    assert!(!planning().contains_key(&9) && planning().len() == made.len() - 1);
    night.write("national.csv", "nhs_number\n");
    night.run_with(&["--waive", "objections_fell"]).done();
    again().done();
    // Nothing is left of the two whom the practice alone knows.
    assert_eq!(planning().len(), 78);
}

#[test]
fn an_allowed_list_lets_nobody_else_through() {
    let people = town(80, 72);
    let night = night(&people, RELEASES, "");
    common::edit(&night.path("job.toml"), "list = \"refused\"", "list = \"allowed\"");
    // As the service sends it: no header, a comma behind each number. Every third is missing from it.
    let allowed = people.iter().enumerate().filter(|(at, _)| at % 3 != 0);
    night.write("national.csv", allowed.map(|(_, person)| format!("{},\n", person.nhs_number)).collect::<String>());
    approve_all(&night);
    night.run().done();
    let planning = lines(&released(&night, "planning"));
    assert_eq!(planning.keys().copied().collect::<Vec<_>>(), (0..80).filter(|at| at % 3 != 0).collect::<Vec<_>>());
    assert!(lines(&released(&night, "care")).contains_key(&3), "it does not act on care");
    // An answer that is too old is no answer, for those on whom it acts.
    common::edit(&night.path("job.toml"), "checked_on = 2026-11-20", "checked_on = 2026-10-31");
    night.run().done();
    assert_eq!(refusals(&night, "planning"), ["national_opt_out_known"]);
    assert!(!night.current("releases/planning").exists() && night.current("releases/care").exists());
}

/// To the council those whom the practice lists, and to an auditor how well everybody is linked.
const LISTED_AND_LINKED: &str = r#"
[[release]]
id = "listed"
recipient = "The council"
recipient_kind = "local_authority"
purpose = "planning"
content = "people"
identifiers = "pseudonym"
columns = ["tag"]
patients_of = ["gp"]
minimum_count = 1
approvals = ["governance_lead"]
BASIS
[[release]]
id = "linked"
recipient = "The auditors"
recipient_kind = "nhs"
purpose = "audit"
content = "people"
identifiers = "pseudonym"
columns = ["tag", "weakest_probability", "in_review", "bare"]
minimum_count = 1
approvals = ["governance_lead"]
BASIS
"#;

#[test]
fn what_their_practice_says_of_type_1_objectors_neither_lists_nor_links_nor_unmarks_them() {
    let people = town(120, 86);
    let night = night(&people, &format!("{RELEASES}{LISTED_AND_LINKED}"), "");
    // Only the practice has marked them, and those rows do not count.
    let hospital_row = format!(",t{SENSITIVE},hospital-ward,,");
    common::edit(&night.path("in/acute.csv"), &format!("{hospital_row}S"), &hospital_row);
    // Two who are known by less, so that their probability is not quite 1.
    let hospital = std::fs::read_to_string(night.path("in/acute.csv")).expect("it is text");
    let known_by_less = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if ["t22", "t34"].contains(&cells[9]) {
            // NHS number and phone
            (cells[1], cells[8]) = ("", "");
        }
        cells.join(",") + "\n"
    };
    night.write("in/acute.csv", hospital.lines().map(known_by_less).collect::<String>());
    let numbers = [4, SENSITIVE].map(|at| format!("{}\n", people[at].nhs_number));
    night.write("type_1.csv", format!("nhs_number\n{}", numbers.concat()));
    approve_all(&night);
    for release in ["listed", "linked"] {
        approve(&night, release, "Ann", "governance_lead").done();
    }
    night.run().done();
    let planning = lines(&released(&night, "planning"));
    let place = |at: usize| [&planning[&at]["postcode_district"], &planning[&at]["ward"]];
    assert_eq!(place(SENSITIVE), [NULL, NULL]);
    assert!(place(4)[0].starts_with("HX") && place(4)[1] == "hospital-ward", "the hospital says where they live");
    let listed: Vec<usize> = lines(&released(&night, "listed")).into_keys().collect();
    assert_eq!(listed, (0..people.len()).filter(|at| in_gp(*at) && ![4, SENSITIVE].contains(at)).collect::<Vec<_>>());
    let linked = lines(&released(&night, "linked"));
    let weakest = |at: usize| linked[&at]["weakest_probability"].parse::<f64>().ok();
    assert_eq!((weakest(4), weakest(SENSITIVE)), (None, None));
    assert!(weakest(1).is_some() && weakest(2).is_some(), "others are in both extracts, too");
    // What is as exact as the controller has it would join two releases.
    let is_exact = |probability: f64| (probability * 100.0).round() / 100.0 != probability;
    assert!(!(0..people.len()).filter_map(weakest).any(is_exact));
    let own = night.table("people.parquet");
    let mut known = own.values("weakest_probability").into_iter().filter_map(|known| known.parse::<f64>().ok());
    assert!(known.any(is_exact), "there was something to round");
}

/// `onefolk release` of the tables.
fn issue(night: &Night) {
    let mut command = common::onefolk();
    command.arg("release").arg(night.path("job.toml")).arg("tables");
    outcome(command).done();
}

#[test]
fn tables_that_leave_between_two_nights_are_counted_and_protected_as_the_job_says_today() {
    let people = town(120, 87);
    let night = night(&people, TABLES, LOCAL);
    keyed_and_exact(&night);
    night.write("local.csv", "nhs_number\n");
    night.run().done();
    assert_eq!(refusals(&night, "tables"), ["approved"]);
    let rounded = night.copy();
    let local: BTreeSet<usize> = (0..people.len()).filter(|at| at % 4 == 1).collect();
    let numbers: String = local.iter().map(|&at| format!("{}\n", people[at].nhs_number)).collect();
    night.write("local.csv", format!("nhs_number\n{numbers}"));
    approve(&night, "tables", "Ann", "governance_lead").done();
    issue(&night);
    tables_count_everybody_but_local_objectors(&night, people.len(), &local);
    // The night had printed counts as they are; what is agreed to today is that they are rounded.
    common::edit(&rounded.path("job.toml"), "disclosure = \"ons_5\"\n", "");
    approve(&rounded, "tables", "Ann", "governance_lead").done();
    issue(&rounded);
    let counts = counts(&rounded.current("releases/tables"));
    let of_people = counts.iter().filter(|(of, _)| of.starts_with("people_by_"));
    let printed: Vec<u64> = of_people.filter_map(|(_, count)| *count).filter(|count| *count > 0).collect();
    assert!(!printed.is_empty() && printed.iter().all(|count| count.is_multiple_of(5)), "{printed:?}");
}

/// Everything that is handed out, but for papers that name the run.
fn handed_out(night: &Night) -> BTreeMap<PathBuf, Vec<u8>> {
    let data = |name: &PathBuf| name.extension().is_some_and(|extension| extension == "csv" || extension == "parquet");
    let files: BTreeMap<_, _> =
        common::files_below(&night.current("releases")).into_iter().filter(|(name, _)| data(name)).collect();
    assert!(files.len() >= 6, "{:?}", files.keys());
    files
}

#[test]
fn nothing_that_their_rows_say_changes_a_byte_of_what_they_opted_out_of() {
    let people = town(120, 81);
    let mut random = Random::new(930);
    for _ in 0..3 {
        let local = "[[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n";
        // Few may share a combination, so that whose lines are counted shows in what is taken out.
        let night = night(&people, &RELEASES.replace("minimum_count = 1\n", "minimum_count = 4\n"), local);
        let mut out: [BTreeSet<usize>; 3] = Default::default();
        for (set, file) in out.iter_mut().zip(["local.csv", "type_1.csv", "national.csv"]) {
            let share = 2 + random.below(12);
            set.extend((0..people.len()).filter(|_| random.below(share) == 0));
            let lines = set.iter().map(|&at| format!("{}\n", people[at].nhs_number));
            night.write(file, format!("nhs_number\n{}", lines.collect::<String>()));
        }
        approve_all(&night);
        night.run().done();
        let before = handed_out(&night);
        // Everything that they carry becomes something else: of the practice's rows of whoever has opted out there, of all rows of the
        // others.
        let [local, type_1, national] = &out;
        for provider in ["gp", "acute"] {
            let says_nothing =
                |at: usize| local.contains(&at) || national.contains(&at) || provider == "gp" && type_1.contains(&at);
            let path = night.path(&format!("in/{provider}.csv"));
            let text = std::fs::read_to_string(&path).expect("it stands");
            let other = |line: &str| {
                let mut cells: Vec<&str> = line.split(',').collect();
                let Some(Ok(at)) = cells[9].strip_prefix('t').map(str::parse::<usize>) else { return line.to_string() };
                if says_nothing(at) {
                    (cells[9], cells[10], cells[11]) = ("else", "elsewhere", "otherwise");
                }
                cells.join(",")
            };
            let lines: Vec<String> = text.lines().map(other).collect();
            std::fs::write(&path, lines.join("\n") + "\n").expect("there is room");
        }
        night.run_with(&["--waive", "column_changed"]).done();
        let after = handed_out(&night);
        for (name, bytes) in before.iter().filter(|(name, _)| !name.starts_with("care")) {
            assert!(after[name] == *bytes, "{} shows what opted-out people's rows say", name.display());
        }
        // Care sees all but local objectors, so that the change was there to be seen.
        assert_ne!(before.get(Path::new("care/people.csv")), after.get(Path::new("care/people.csv")));
        assert!(!local.is_empty() && !type_1.is_empty() && !national.is_empty());
    }
}

const CROSSWALK: &str = r#"
[[release]]
id = "ours"
recipient = "The practice"
recipient_kind = "nhs"
purpose = "PURPOSE"
content = "crosswalk"
identifiers = "pseudonym"
patients_of = ["gp"]
approvals = ["governance_lead"]
BASIS
"#;

/// record_id → pseudonym.
fn ours(night: &Night) -> BTreeMap<String, String> {
    let table = night.table("releases/ours/crosswalk.parquet");
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(columns, ["provider", "record_id", "pseudonym"]);
    assert!(table.values("provider").iter().all(|provider| *provider == "gp"));
    let of = |name: &str| table.values(name).into_iter().map(String::from).collect::<Vec<_>>();
    let lines: BTreeMap<_, _> = of("record_id").into_iter().zip(of("pseudonym")).collect();
    assert_eq!(lines.len(), table.rows.len(), "one line a record");
    lines
}

#[test]
fn a_crosswalk_tells_a_provider_which_of_its_own_records_are_one_person() {
    let people = town(80, 82);
    let local = "[[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n";
    for (purpose, type_1_acts) in [("direct_care", false), ("safeguarding", true)] {
        let night = night(&people, &CROSSWALK.replace("PURPOSE", purpose), local);
        // Two of the practice's patients are registered twice.
        let path = night.path("in/gp.csv");
        let twice =
            [1, 2].map(|at| format!("{},t{at},practice-ward,frail,\n", people[at].exact_row(&format!("again{at}"))));
        let text = std::fs::read_to_string(&path).expect("it stands");
        std::fs::write(&path, text + &twice.concat()).expect("there is room");
        night.write("local.csv", "provider,record_id\nacute,r3\n");
        night.write("type_1.csv", format!("nhs_number\n{}\n", people[4].nhs_number));
        night.write("national.csv", format!("nhs_number\n{}\n", people[6].nhs_number));
        approve(&night, "ours", "Ann", "governance_lead").done();
        night.run().done();
        let lines = ours(&night);
        let expected =
            (0..people.len()).filter(|&at| in_gp(at) && at != 3 && at != SENSITIVE && (at != 4 || !type_1_acts));
        let expected = expected.map(|at| format!("r{at}")).chain(["again1".into(), "again2".into()]);
        assert_eq!(lines.keys().cloned().collect::<BTreeSet<_>>(), expected.collect());
        // As the controller's own crosswalk has them, under names of its own.
        let ids = night.person_ids();
        for (one, own) in &lines {
            for (other, theirs) in &lines {
                let id = |record: &String| &ids[&("gp".to_string(), record.clone())];
                assert_eq!(own == theirs, id(one) == id(other), "{one} {other}");
            }
            assert!(!ids.values().any(|id| id == own));
        }
        assert_eq!(lines["r1"], lines["again1"]);
    }
}

const FRAIL: &str = r#"
[[cohort]]
id = "frail"
where = "frailty == 'frail'"
purpose = "planning"
order_by = ["age descending"]
[[release]]
id = "frail"
recipient = "The council"
recipient_kind = "local_authority"
purpose = "planning"
content = "cohort"
cohort = "frail"
identifiers = "pseudonym"
columns = ["tag", "sex"]
minimum_count = 1
approvals = ["governance_lead"]
BASIS
"#;

#[test]
fn nobody_is_in_a_released_cohort_by_what_they_opted_out_with() {
    let people = town(100, 83);
    let local = "[[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n";
    let night = night(&people, FRAIL, local);
    night.write("local.csv", "provider,record_id\nacute,r3\n");
    night.write("type_1.csv", format!("nhs_number\n{}\n", people[4].nhs_number));
    night.write("national.csv", format!("nhs_number\n{}\n", people[6].nhs_number));
    approve(&night, "frail", "Ann", "governance_lead").done();
    let made = || {
        night.run().done();
        lines(&night.table("releases/frail/cohort.parquet"))
    };
    // Only the practice knows who is frail.
    let may = |at: &usize| in_gp(*at) && ![3, 4, 6].contains(at);
    let all: Vec<usize> = (0..people.len()).filter(may).collect();
    assert_eq!(made().keys().copied().collect::<Vec<_>>(), all);
    // The controller's own cohort has whoever opted out of releases, and its limit is another matter.
    assert!(night.table("cohorts/frail.parquet").rows.len() >= all.len() + 2);
    common::edit(
        &night.path("job.toml"),
        "order_by = [\"age descending\"]",
        "order_by = [\"age descending\"]\nlimit = 10",
    );
    assert!({
        night.run().done();
        refusals(&night, "frail") == ["approved"]
    });
    approve(&night, "frail", "Ann", "governance_lead").done();
    let oldest: BTreeSet<usize> = {
        let ids = night.person_ids();
        let mut order: Vec<usize> = all.clone();
        let age = |at: usize| {
            let born: Vec<i32> = people[at].born.split('-').map(|part| part.parse().expect("a number")).collect();
            2026 - born[0] - i32::from((born[1], born[2]) > (11, 22))
        };
        order.sort_by_key(|&at| (std::cmp::Reverse(age(at)), ids[&("gp".to_string(), format!("r{at}"))].clone()));
        order.into_iter().take(10).collect()
    };
    assert_eq!(made().keys().copied().collect::<BTreeSet<_>>(), oldest, "nobody who may not be there takes a place");
}
