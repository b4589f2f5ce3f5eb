//! What people who have said no rely on: in nothing that leaves is a line of theirs, or a value that rests on their rows, where it must not be.

mod common;

use common::releases::{RELEASES, SENSITIVE, approve, approve_all, in_acute, in_gp, lines, night, refusals, released};
use common::{NULL, Night, Random, town};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[test]
fn nobody_who_opted_out_is_where_they_must_not_be() {
    let people = town(160, 71);
    for seed in 0..3u64 {
        let mut random = Random::new(900 + seed);
        let local = "[[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n";
        let night = night(&people, RELEASES, local);
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
        // No byte of any release holds a local objector's number.
        for (name, bytes) in common::files_below(&night.current("releases")) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!local.iter().any(|at| text.contains(&people[*at].nhs_number)), "{}", name.display());
        }
    }
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
