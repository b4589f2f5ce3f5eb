//! What people rely on whose data is asked for: nothing leaves that a rule, an opt-out or a missing agreement forbids, and no two recipients
//! can put together what each of them has.

mod common;

use common::{NULL, Night, Outcome, Person, Random, Table, outcome, town};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Two practices' worth of columns: a tag that tells whose line it is, a ward (a place) and a frailty.
const CARRY: &str = r#"[provider.carry]
tag = { column = "tag", kind = "category", combine = "latest" }
ward = { column = "ward", kind = "category", combine = "latest", place = true }
"#;
const GP_CARRY: &str = "frailty = { column = \"frailty\", kind = \"category\", combine = \"latest\" }\n";

const BASIS: &str = "legal_basis = { article_6 = \"6(1)(e)\", article_9 = \"9(2)(h)\", confidentiality = \"section_251\", agreement = \"DSA-1\" }\nvalid_until = 2027-03-31\n";

/// Planning for a council, research for a university, and care for the hospital: all approved by `approve`.
const RELEASES: &str = r#"
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

/// Who stands in which extract: everybody in the hospital's but every fifth, everybody in the practice's but every seventh.
fn in_acute(at: usize) -> bool {
    !at.is_multiple_of(5)
}

fn in_gp(at: usize) -> bool {
    !at.is_multiple_of(7) || !in_acute(at)
}

/// A town whose practice writes postcodes of LS and its hospital, for the same people, of HX.
fn night(people: &[Person], releases: &str, rest: &str) -> Night {
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
        format!("{},tag,ward,frailty,flag\n{lines}", common::HEADER)
    };
    night.write("in/gp.csv", rows(true));
    night.write("in/acute.csv", rows(false));
    let provider = |id: &str, setting: &str, carry: &str| {
        format!(
            "[[provider]]\nid = \"{id}\"\nsetting = \"{setting}\"\nfiles = [\"in/{id}.csv\"]\n\n{}sensitivity = \"flag\"\n{carry}\n",
            common::COLUMNS
        )
    };
    let mut keys = common::onefolk();
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

/// The one whom the practice has marked sensitive; in both extracts.
const SENSITIVE: usize = 11;

fn approve(night: &Night, release: &str, who: &str, role: &str) -> Outcome {
    let mut command = common::onefolk();
    command.arg("approve").arg(night.path("job.toml")).args([release, "--who", who, "--role", role, "--key"]);
    command.arg(night.path("lead.key"));
    outcome(command)
}

fn approve_all(night: &Night) {
    approve(night, "planning", "Bo", "lay_partner").done();
    for release in ["planning", "research", "care"] {
        approve(night, release, "Ann", "governance_lead").done();
    }
}

fn released(night: &Night, release: &str) -> Table {
    night.table(&format!("releases/{release}/people.parquet"))
}

/// What run.json says of each release.
fn fates(night: &Night) -> BTreeMap<String, Value> {
    let run: Value =
        serde_json::from_slice(&std::fs::read(night.current("run.json")).expect("it stands")).expect("it is JSON");
    let releases = run["releases"].as_array().expect("a list").iter();
    releases.map(|release| (release["id"].as_str().expect("an id").to_string(), release.clone())).collect()
}

/// The rules that refuse a release.
fn refusals(night: &Night, release: &str) -> Vec<String> {
    let fate = fates(night).remove(release).expect("the job has it");
    let refusals = fate["refusals"].as_array().cloned().unwrap_or_default();
    refusals.iter().map(|refusal| refusal["rule"].as_str().expect("a rule").to_string()).collect()
}

/// Line by tag, as a map from column to value.
fn lines(table: &Table) -> BTreeMap<usize, BTreeMap<String, String>> {
    let tag = table.column("tag");
    let line = |row: &Vec<String>| {
        let columns = table.columns.iter().map(|(name, _)| name.clone()).zip(row.iter().cloned()).collect();
        (row[tag].trim_start_matches('t').parse().expect("a tag"), columns)
    };
    let lines: BTreeMap<_, _> = table.rows.iter().map(line).collect();
    assert_eq!(lines.len(), table.rows.len(), "one line a person");
    lines
}

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
    approve(&night, "planning", "Ann", "governance_lead").done();
    approve(&night, "planning", "Bo", "lay_partner").done();
    night.run().done();
    let after = by_tag(&released(&night, "planning"));
    let overlap = night.table("releases/planning/overlap.parquet");
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
    assert!(
        summary.len() >= 5 && summary.iter().all(|(name, bytes)| issued[name] == *bytes),
        "the very tables of the summary"
    );
    // The next night has other figures, which would say what has changed since: they wait for their day.
    night.run().done();
    assert_eq!((&fate()["outcome"], &fate()["next"]), (&"not_due".into(), &"2027-02-20".into()));
    assert!(!night.current("releases/tables").exists());
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
