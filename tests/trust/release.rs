//! What people rely on whose data is asked for: nothing leaves that a rule, an opt-out or a missing agreement forbids, and no two recipients
//! can put together what each of them has.

use crate::common::releases::{
    RELEASES, SENSITIVE, approve, approve_all, fates, lines, night, opened, refusals, released,
};
use crate::common::{self, NULL, Night, Table, outcome, town};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

#[test]
fn nothing_leaves_without_agreement_to_its_very_definition() {
    let night = night(&town(60, 73), RELEASES, "");
    night.run().done();
    for release in ["planning", "research", "care"] {
        assert_eq!(refusals(&night, release), ["approved"]);
    }
    assert!(!night.current("releases").exists());
    approve(&night, "planning", "Eve", "governance_lead").failed(2, "OF0721");
    approve(&night, "nothing", "Ann", "governance_lead").failed(2, "OF0722");
    approve_all(&night);
    let warned = night.run().done();
    assert!(!warned.stderr.contains("refused"), "{}", warned.stderr);
    // One more column, and nobody has agreed to that.
    common::edit(&night.path("job.toml"), "\"year_of_birth\"]", "\"year_of_birth\", \"sex\"]");
    let warned = night.run().done();
    assert_eq!(refusals(&night, "research"), ["approved"]);
    assert!(warned.stderr.contains("release research is refused by approved"), "{}", warned.stderr);
    assert!(night.current("releases/planning/people.parquet").exists());
    // Whoever asks what was refused finds it, with its rule.
    let mut audit = common::onefolk();
    audit.args(["audit", "show", "--event", "refusal", "--json"]).arg(night.path("job.toml"));
    let told: Value = serde_json::from_str(&outcome(audit).done().stdout).expect("it is JSON");
    let refused: Vec<&Value> = told["entries"].as_array().expect("a list").iter().map(|entry| &entry["what"]).collect();
    assert_eq!(refused.len(), 4);
    assert_eq!((&refused[3]["release"], &refused[3]["refusals"][0]["rule"]), (&"research".into(), &"approved".into()));
}

/// What [policy] makes of a release is part of what was agreed to, and an NHS number is none the less one under another name.
#[test]
fn neither_policy_nor_a_fact_opens_what_was_agreed_to() {
    let night = night(&town(60, 79), &RELEASES.replace("minimum_count = 1\n", ""), "");
    approve_all(&night);
    night.run().done();
    let minimum = || {
        let bytes = std::fs::read(night.current("releases/planning/manifest.json")).expect("it stands");
        serde_json::from_slice::<Value>(&bytes).expect("it is JSON")["minimum_count"].clone()
    };
    assert_eq!(minimum(), 10);
    // A lower floor opens nothing, and a higher one is another definition.
    common::edit(&night.path("job.toml"), "[policy]\n", "[policy]\nminimum_count = 1\n");
    night.run().done();
    assert_eq!(minimum(), 10);
    common::edit(&night.path("job.toml"), "[policy]\nminimum_count = 1\n", "[policy]\nminimum_count = 20\n");
    night.run().done();
    assert_eq!(refusals(&night, "planning"), ["approved"]);
    approve_all(&night);
    night.run().done();
    assert_eq!(minimum(), 20);
    common::edit(&night.path("job.toml"), "tag = { column = \"tag\"", "tag = { column = \"nhs\"");
    // The gate that looks at columns sees it too.
    night.run().failed(1, "OF0519");
    night.run_with(&["--waive", "column_changed"]).done();
    for release in ["planning", "research"] {
        // What a fact is carried from is part of what was agreed to.
        let rules = ["nhs_number_where_the_law_says", "names_need_nhs_number", "column_justified", "approved"];
        assert_eq!(refusals(&night, release), rules);
    }
    assert!(!night.current("releases/planning").exists());
}

#[test]
fn two_releases_cannot_be_joined_and_one_lasts() {
    let people = town(200, 74);
    let night = night(&people, RELEASES, "");
    approve_all(&night);
    night.run().done();
    let table = |release: &str| released(&night, release);
    let (planning, research) = (table("planning"), table("research"));
    let pseudonyms = |table: &Table| table.values("pseudonym").into_iter().map(String::from).collect::<BTreeSet<_>>();
    assert_eq!(pseudonyms(&planning).len(), planning.rows.len());
    assert!(pseudonyms(&planning).is_disjoint(&pseudonyms(&research)));
    // Of 200 lines in two orders by chance, one pair of neighbours in common is expected on either side.
    let order = |table: &Table| table.values("tag").into_iter().map(String::from).collect::<Vec<_>>();
    let neighbours =
        |order: &[String]| order.windows(2).map(|two| (two[0].clone(), two[1].clone())).collect::<BTreeSet<_>>();
    let (one, other, care) = (order(&planning), order(&research), order(&table("care")));
    let source: Vec<String> = (0..people.len()).map(|at| format!("t{at}")).collect();
    for (left, right) in [(&one, &other), (&one, &care), (&other, &care), (&one, &source), (&care, &source)] {
        let common = neighbours(left).intersection(&neighbours(right)).count();
        assert!(common <= 8, "{common} neighbours in common");
    }
    // No value of a release is an id of the controller's.
    let ids: BTreeSet<String> = night.person_ids().into_values().collect();
    for table in [&planning, &research] {
        assert!(!table.rows.iter().flatten().any(|value| ids.contains(value)));
    }
    // The next night everybody has the same pseudonym.
    let by_tag = |table: &Table| {
        table
            .values("tag")
            .into_iter()
            .map(String::from)
            .zip(table.values("pseudonym").into_iter().map(String::from))
            .collect::<BTreeMap<_, _>>()
    };
    let before = by_tag(&planning);
    night.run().done();
    assert_eq!(by_tag(&released(&night, "planning")), before);
    // A new generation: other pseudonyms, and a table from the old ones for the recipient.
    common::edit(
        &night.path("job.toml"),
        "columns = [\"tag\", \"postcode_district\"",
        "pseudonym_generation = 2\noverlap = true\ncolumns = [\"tag\", \"postcode_district\"",
    );
    // It is for the recipient alone.
    let open = night.run().failed(2, "OF0101");
    assert!(open.stderr.contains("for its recipient alone"), "{}", open.stderr);
    let identity = age::x25519::Identity::generate();
    common::edit(
        &night.path("job.toml"),
        "overlap = true\n",
        &format!("overlap = true\nencrypt_to = [\"{}\"]\n", identity.to_public()),
    );
    approve(&night, "planning", "Ann", "governance_lead").done();
    approve(&night, "planning", "Bo", "lay_partner").done();
    night.run().done();
    assert!(!night.current("releases/planning/overlap.parquet").exists());
    let after = by_tag(&opened(&night, "releases/planning/people.parquet", &identity));
    let overlap = opened(&night, "releases/planning/overlap.parquet", &identity);
    let bridge: BTreeMap<&str, &str> =
        overlap.values("pseudonym_before").into_iter().zip(overlap.values("pseudonym")).collect();
    assert_eq!(bridge.len(), before.len());
    for (tag, pseudonym) in &before {
        assert_ne!(pseudonym, &after[tag]);
        assert_eq!(bridge[pseudonym.as_str()], after[tag]);
    }
    // Without its secret nothing is released under other pseudonyms unseen.
    std::fs::remove_file(night.output().join("state/release.key")).expect("it stands");
    night.run().failed(4, "OF0730");
}

#[test]
fn a_release_says_what_it_is_and_holds_what_was_asked_for() {
    let night = night(&town(60, 75), RELEASES, "");
    let identity = age::x25519::Identity::generate();
    common::edit(
        &night.path("job.toml"),
        "patients_of = [\"acute\"]",
        &format!("patients_of = [\"acute\"]\nencrypt_to = [\"{}\"]", identity.to_public()),
    );
    approve_all(&night);
    night.run().done();
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(night.current("releases/planning/manifest.json")).unwrap()).unwrap();
    let columns: Vec<String> = released(&night, "planning").columns.into_iter().map(|(name, _)| name).collect();
    assert_eq!(columns, ["pseudonym", "tag", "postcode_district", "ward", "frailty", "age_band", "sex"]);
    assert_eq!(manifest["purpose"], "planning");
    assert_eq!(manifest["approvals"].as_array().map(Vec::len), Some(2));
    // What held: the minimum that was applied, and every rule, none of which refused it.
    let minimum_of = |release: &str| {
        let bytes = std::fs::read(night.current(&format!("releases/{release}/manifest.json"))).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["minimum_count"].clone()
    };
    assert_eq!((minimum_of("planning"), minimum_of("care")), (serde_json::json!(1), Value::Null));
    let rules = manifest["rules"].as_array().expect("a list");
    assert!(rules.contains(&"no_sale".into()) && rules.contains(&"approved".into()), "{rules:?}");
    for file in manifest["files"].as_array().expect("a list") {
        let bytes = std::fs::read(night.current("releases/planning").join(file["file"].as_str().unwrap())).unwrap();
        assert_eq!(file["blake3"], blake3::hash(&bytes).to_hex().to_string());
    }
    let cover = std::fs::read_to_string(night.current("releases/planning/cover.md")).unwrap();
    assert!(
        cover.contains("The council gets this for planning services.") && cover.contains("Bo (lay partner)"),
        "{cover}"
    );
    // What is encrypted stands nowhere open, and its recipient can read it.
    let files: Vec<String> = common::files_below(&night.current("releases/care"))
        .into_keys()
        .map(|name| name.display().to_string())
        .collect();
    assert_eq!(files, ["cover.html", "cover.md", "manifest.json", "people.csv.age", "people.parquet.age"]);
    let sealed = std::fs::read(night.current("releases/care/people.csv.age")).unwrap();
    let opened = age::Decryptor::new(&sealed[..]).expect("it is age");
    let mut text = String::new();
    let keys = std::iter::once(&identity as &dyn age::Identity);
    opened.decrypt(keys).expect("it is for us").read_to_string(&mut text).expect("it is text");
    assert!(text.starts_with("nhs_number,tag,family_name,date_of_birth,frailty,postcode\n"), "{}", &text[..60]);
    for (path, mode, is_folder) in common::modes(&night.output().join("runs")) {
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{}", path.display());
    }
}

#[test]
fn who_has_had_what_about_somebody_names_the_releases_they_were_in() {
    let people = town(60, 76);
    let night = night(&people, RELEASES, "");
    night.write("national.csv", format!("nhs_number\n{}\n", people[4].nhs_number));
    approve_all(&night);
    night.run().done();
    let had = |record: &str| {
        let mut audit = common::onefolk();
        audit.args(["audit", "show", "--json", "--record", record]).arg(night.path("job.toml"));
        let told: Value = serde_json::from_str(&outcome(audit).done().stdout).expect("it is JSON");
        let entries = told["entries"].as_array().expect("a list").clone();
        entries
            .iter()
            .map(|entry| entry["what"]["release"].as_str().expect("a release").to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(had("gp:r1"), ["planning", "research", "care"]);
    assert_eq!(had("acute:r4"), ["care"]);
    assert_eq!(had("gp:r5"), ["planning", "research"]);
}

#[test]
fn nobody_can_tell_from_a_release_that_somebody_is_marked() {
    let people = town(120, 77);
    let marked = night(&people, RELEASES, "");
    approve_all(&marked);
    marked.run().done();
    let line = lines(&released(&marked, "planning")).remove(&SENSITIVE).expect("they are there as anybody is");
    assert_eq!((line["postcode_district"].as_str(), line["ward"].as_str()), (NULL, NULL));
    // The very same line as that of somebody whose place nobody has written down.
    let unknown = night(&people, RELEASES, "");
    for provider in ["gp", "acute"] {
        let text = std::fs::read_to_string(unknown.path(&format!("in/{provider}.csv"))).unwrap();
        let tag = format!(",t{SENSITIVE},");
        let without = |line: &str| {
            let mut cells: Vec<&str> = line.split(',').collect();
            // postcode, ward and flag
            (cells[7], cells[10], cells[12]) = ("", "", "");
            cells.join(",")
        };
        let rows: Vec<String> =
            text.lines().map(|line| if line.contains(&tag) { without(line) } else { line.to_string() }).collect();
        unknown.write(&format!("in/{provider}.csv"), rows.join("\n") + "\n");
    }
    approve_all(&unknown);
    unknown.run().done();
    let other = lines(&released(&unknown, "planning")).remove(&SENSITIVE).expect("they are there");
    let same = |line: &BTreeMap<String, String>| {
        line.iter()
            .filter(|(column, _)| *column != "pseudonym")
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(same(&line), same(&other));
    for (name, bytes) in common::files_below(&marked.current("releases")) {
        assert!(!String::from_utf8_lossy(&bytes).to_lowercase().contains("sensitiv"), "{}", name.display());
    }
}

#[test]
fn tables_are_issued_once_on_their_days() {
    let tables = "[[release]]\nid = \"tables\"\nrecipient = \"Everybody\"\nrecipient_kind = \"public\"\npurpose = \"planning\"\n\
                  content = \"summary\"\nissued_on = [\"2026-11-20\", \"2027-02-20\"]\napprovals = [\"governance_lead\"]\nBASIS\n";
    let night = night(&town(60, 78), tables, "");
    approve(&night, "tables", "Ann", "governance_lead").done();
    night.run().done();
    let fate = || fates(&night).remove("tables").expect("the job has it");
    assert_eq!((&fate()["outcome"], &fate()["issue"]), (&"released".into(), &"2026-11-20".into()));
    let summary = common::files_below(&night.current("summary"));
    let issued = common::files_below(&night.current("releases/tables"));
    // But for what tells of the nights between two issues, and the lines of the dictionary on that.
    let told_nightly = |name: &Path| name.ends_with("over_time.csv") || name.ends_with("dictionary.csv");
    let tables: Vec<(&PathBuf, &Vec<u8>)> = summary
        .iter()
        .filter(|(name, _)| name.extension().is_some_and(|ending| ending == "csv") && !told_nightly(name))
        .collect();
    assert!(
        tables.len() >= 5 && tables.iter().all(|(name, bytes)| issued[*name] == **bytes),
        "the very tables of the summary"
    );
    let beside =
        |name: &Path| issued.get(&name.with_extension("parquet")).is_some_and(|bytes| bytes.starts_with(b"PAR1"));
    assert!(
        issued.keys().filter(|name| name.extension().is_some_and(|ending| ending == "csv")).all(|name| beside(name))
    );
    assert!(summary.contains_key(Path::new("over_time.csv")) && !issued.contains_key(Path::new("over_time.csv")));
    let dictionary = String::from_utf8_lossy(&issued[Path::new("dictionary.csv")]).into_owned();
    assert!(dictionary.contains("people_by_area.csv") && !dictionary.contains("over_time"), "{dictionary}");
    // The next night has other figures, which would say what has changed since: they wait for their day.
    night.run().done();
    assert_eq!((&fate()["outcome"], &fate()["next"]), (&"not_due".into(), &"2027-02-20".into()));
    assert!(!night.current("releases/tables").exists());
}

/// What was issued is kept beyond its run, for as long as a later issue has to be held against it; whatever it is held against was kept.
#[test]
fn an_issue_is_held_against_the_issue_before() {
    let tables = "[[release]]\nid = \"tables\"\nrecipient = \"Everybody\"\nrecipient_kind = \"public\"\npurpose = \"planning\"\n\
                  content = \"summary\"\nissued_on = [\"2026-11-20\", \"2026-11-26\", \"2026-11-28\"]\napprovals = [\"governance_lead\"]\nBASIS\n";
    let night = night(&town(120, 98), tables, "");
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nkeep_runs = 2\n");
    approve(&night, "tables", "Ann", "governance_lead").done();
    let fate = || fates(&night).remove("tables").expect("the job has it")["outcome"].clone();
    let kept = || {
        let files = common::files_below(&night.output().join("state/tables")).into_keys();
        files.map(|name| name.to_string_lossy().replace(".zst", "")).collect::<BTreeSet<String>>()
    };
    let told = || {
        let run = std::fs::read(night.current("run.json")).expect("it stands");
        serde_json::from_slice::<Value>(&run).expect("it is JSON")["tables"].clone()
    };
    night.run().done();
    assert_eq!(fate(), "released");
    for day in 22..=25 {
        common::edit(&night.path("job.toml"), &format!("2026-11-{day}"), &format!("2026-11-{}", day + 1));
        night.run().done();
        assert_eq!(told()["held_against"], serde_json::json!(["2026-11-22-01"]));
        if day < 25 {
            assert_eq!(fate(), "not_due");
        }
    }
    assert_eq!(fate(), "released");
    let [first, second] = ["2026-11-22-01", "2026-11-26-01"].map(String::from);
    assert_eq!(kept(), BTreeSet::from([first.clone(), "2026-11-25-01".into(), second.clone()]));
    // Where it is damaged the night goes on, and nothing of it is issued.
    let place = night.output().join(format!("state/tables/{second}.zst"));
    let whole = std::fs::read(&place).expect("it stands");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 4;
    std::fs::write(&place, &damaged).expect("there is room");
    common::edit(&night.path("job.toml"), "as_of = 2026-11-26", "as_of = 2026-11-28");
    let ran = night.run().done();
    assert!(ran.stderr.contains("what was issued of run 2026-11-26-01 cannot be read"), "{}", ran.stderr);
    assert_eq!((fate(), refusals(&night, "tables")), ("refused".into(), vec!["earlier_issues_known".to_string()]));
    assert_eq!((&told()["lost"], &told()["held_against"]), (&serde_json::json!([second]), &serde_json::json!([first])));
    let again = || {
        let mut command = common::onefolk();
        command.arg("release").arg(night.path("job.toml")).args(["tables", "--json"]);
        serde_json::from_str::<Value>(&outcome(command).done().stdout).expect("it is JSON")["outcome"].clone()
    };
    // Put back it is held against once the report is made anew, and not before.
    std::fs::write(&place, &whole).expect("there is room");
    assert_eq!(again(), "refused");
    let mut report = common::onefolk();
    report.arg("report").arg(night.path("job.toml"));
    outcome(report).done();
    assert_eq!(told()["lost"], serde_json::json!([]));
    let doctor = || {
        let mut command = common::onefolk();
        command.arg("doctor").arg(night.path("job.toml"));
        let said = outcome(command).stdout;
        let line = said.lines().find(|line| line.split_whitespace().nth(1) == Some("issues"));
        line.expect("it looks at what was issued").split_whitespace().next().map(str::to_string).expect("a state")
    };
    assert_eq!(doctor(), "ok");
    // Lost for good it is left out once somebody has agreed to that.
    std::fs::remove_file(&place).expect("it stands");
    night.run().done();
    assert_eq!((fate(), doctor()), ("refused".into(), "warn".to_string()));
    let lost = format!("content = \"summary\"\nissues_lost = [\"{second}\"]");
    common::edit(&night.path("job.toml"), "content = \"summary\"", &lost);
    assert_eq!(again(), "refused");
    approve(&night, "tables", "Ann", "governance_lead").done();
    assert_eq!((again(), doctor()), ("released".into(), "ok".to_string()));
}

#[test]
fn one_release_is_made_anew_as_things_are_today() {
    let people = town(80, 79);
    let night = night(&people, RELEASES, "[[opt_out]]\nkind = \"local\"\nfiles = [\"local.csv\"]\n");
    night.write("local.csv", "nhs_number\n");
    night.run().done();
    assert!(!night.current("releases").exists());
    approve_all(&night);
    let again = |release: &str| {
        let mut command = common::onefolk();
        command.arg("release").arg(night.path("job.toml")).args([release, "--json"]);
        outcome(command)
    };
    let told: Value = serde_json::from_str(&again("planning").done().stdout).expect("it is JSON");
    assert_eq!((&told["outcome"], &told["lines"]), (&"released".into(), &80.into()));
    let made = lines(&released(&night, "planning"));
    // Whoever has opted out since is not in it: under one record, and with all that is linked to it.
    night.write("local.csv", "provider,record_id\ngp,r3\n");
    night.write("national.csv", format!("nhs_number\n{}\n", people[8].nhs_number));
    again("planning").done();
    let now = lines(&released(&night, "planning"));
    assert_eq!(now.keys().copied().collect::<Vec<_>>(), (0..80).filter(|at| ![3, 8].contains(at)).collect::<Vec<_>>());
    assert!(now.iter().all(|(at, line)| made[at] == *line), "everybody else is as they were");
    // The same as a night would make.
    night.run().done();
    assert_eq!(lines(&released(&night, "planning")), now);
    // What was handed out between the nights is not told as news.
    let page = std::fs::read_to_string(night.current("transparency.md")).expect("it stands");
    assert!(page.contains("Handed out anew: care."), "{page}");
    assert!(!page.contains("Handed out anew: planning."), "{page}");
    // What is refused today goes.
    common::edit(&night.path("job.toml"), "checked_on = 2026-11-20", "checked_on = 2026-10-20");
    let refused = again("planning").done();
    assert!(refused.stderr.contains("national_opt_out_known"), "{}", refused.stderr);
    assert!(!night.current("releases/planning").exists());
    again("nothing").failed(2, "OF0722");
    // Other extracts are another run's.
    night.write("in/acute.csv", std::fs::read_to_string(night.path("in/acute.csv")).unwrap() + "x,,,,,,,,,,,,\n");
    again("care").failed(3, "OF0544");
}

/// Bytes and number of the lists of whose lines releases held.
fn lists(night: &Night) -> (usize, usize) {
    let files = common::files_below(&night.output().join("state/releases"));
    (files.values().map(Vec::len).sum(), files.len())
}

/// How often the audit tells of a release with a line of this person.
fn releases_with(night: &Night, person: &str) -> usize {
    let mut command = common::onefolk();
    command.args(["audit", "show", "--json", "--event", "release", "--person", person]).arg(night.path("job.toml"));
    let told: Value = serde_json::from_str(&common::outcome(command).done().stdout).expect("it is JSON");
    told["entries"].as_array().expect("a list").len()
}

/// A month of nights on which somebody comes and somebody goes: who has had what about each of them can be told of every night, and what is kept
/// for it is little more than what one night keeps.
#[test]
fn a_month_of_nights_keeps_who_came_and_went_and_not_everybody_again() {
    const NIGHTS: usize = 31;
    let people = town(900, 97);
    let night = night(&people, RELEASES, "");
    approve_all(&night);
    night.run().done();
    let (first, ids) = (lists(&night), night.person_ids());
    let of = |at: usize| ids[&("gp".to_string(), format!("r{at}"))].clone();
    let whole = std::fs::read_to_string(night.path("in/gp.csv")).expect("it is text");
    let hospital = std::fs::read_to_string(night.path("in/acute.csv")).expect("it is text");
    // The one of each night goes, and the one of the night before is there again.
    let goes = |at: usize| 20 * at + 5;
    for at in 1..NIGHTS {
        for (name, text) in [("in/gp.csv", &whole), ("in/acute.csv", &hospital)] {
            let gone = format!("r{},", goes(at));
            let kept: String =
                text.lines().filter(|line| !line.starts_with(&gone)).map(|line| format!("{line}\n")).collect();
            night.write(name, kept);
        }
        night.run().done();
    }
    let after = lists(&night);
    assert!(after.1 >= first.1 + NIGHTS - 1, "{} lists: nothing has changed", after.1);
    assert!(after.0 < 3 * first.0, "{} bytes became {}", first.0, after.0);
    // Whoever was away for one night is in none of its releases.
    let always = releases_with(&night, &of(1));
    assert!(always > 2 * NIGHTS - 1 && always.is_multiple_of(NIGHTS), "{always}");
    // Whoever is there again is somebody new to the ledger; the hospital, which has the third release, does not know them.
    let again = night.person_ids()[&("gp".to_string(), format!("r{}", goes(7)))].clone();
    let (before, after_it) = (releases_with(&night, &of(goes(7))), releases_with(&night, &again));
    assert_eq!((before, after_it), (2 * 7, 2 * (NIGHTS - 8)));
    // What a killed night would have left goes with the next one; the same people take no more room.
    night.write("out/state/releases/0123.zst", "cut off");
    night.run().done();
    assert_eq!(lists(&night), after);
}
