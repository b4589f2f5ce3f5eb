//! Small scenes: who is whom by each method.

use super::*;
use crate::consent;
use crate::run::{self, Show, progress::Progress};
use std::collections::BTreeMap;

/// A valid NHS number of the range that is never issued.
pub(super) fn number(n: u32) -> String {
    // Numbers whose check digit would be 10 do not exist: the next one is taken.
    let digits = (n * 7..).map(|n| format!("999{n:06}")).find_map(|nine| {
        let sum: u32 = nine.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        match 11 - sum % 11 {
            10 => None,
            11 => Some(format!("{nine}0")),
            check => Some(format!("{nine}{check}")),
        }
    });
    digits.expect("nearly every nine digits have a check digit")
}

/// Records of a general practice ("gp") and of two hospitals ("acute", "other").
pub(super) struct Scene {
    pub job: Job,
    pub records: Records,
    _folder: tempfile::TempDir,
}

const FIELDS: [(&str, &str); 12] = [
    ("nhs", "nhs_number"),
    ("given", "given_name"),
    ("middle", "middle_name"),
    ("family", "family_name"),
    ("previous", "previous_family_name"),
    ("born", "date_of_birth"),
    ("sex", "sex"),
    ("post", "postcode"),
    ("address", "address"),
    ("practice", "gp_practice"),
    ("died", "date_of_death"),
    ("local", "local_id"),
];

impl Scene {
    /// Each row is "provider record_id field=value …", `_` for a space.
    pub fn of(rows: &[&str]) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let mut job = String::from("[job]\nname = \"scene\"\nas_of = 2026-11-22\ntest_numbers = \"accept\"\n");
        for (id, setting) in [("gp", "general_practice"), ("acute", "acute"), ("other", "acute")] {
            let mut extract = format!("id,{}\n", FIELDS.map(|(short, _)| short).join(","));
            for row in rows.iter().filter(|row| row.split(' ').next() == Some(id)) {
                let mut words = row.split(' ').skip(1);
                let record_id = words.next().expect("a record_id");
                let values: BTreeMap<&str, &str> =
                    words.map(|word| word.split_once('=').expect("field=value")).collect();
                assert!(values.keys().all(|key| FIELDS.iter().any(|(short, _)| short == key)), "{row}");
                let line =
                    FIELDS.map(|(short, _)| values.get(short).map_or(String::new(), |value| value.replace('_', " ")));
                extract.push_str(&format!("{record_id},{}\n", line.join(",")));
            }
            if extract.lines().count() == 1 {
                continue;
            }
            std::fs::write(folder.path().join(format!("{id}.csv")), extract).unwrap();
            job.push_str(&format!(
                "[[provider]]\nid = \"{id}\"\nname = \"{id}\"\nsetting = \"{setting}\"\nfiles = [\"{id}.csv\"]\n[provider.columns]\nrecord_id = \"id\"\n"
            ));
            FIELDS.iter().for_each(|(short, field)| job.push_str(&format!("{field} = \"{short}\"\n")));
        }
        std::fs::write(folder.path().join("job.toml"), job).unwrap();
        let job = Job::read(&folder.path().join("job.toml")).expect("the job is right");
        let authority = consent::read(&job).expect("there are no lists");
        let records = run::prepare_records(&job, &authority, (None, false), None, &Progress::new(Show::Nothing))
            .expect("the extracts can be read");
        assert_eq!(records.len(), rows.len(), "no row of a scene goes to quarantine");
        Scene { job, records, _folder: folder }
    }

    /// The people found, each as its sorted record_ids.
    fn people(&self, method: Method) -> Vec<Vec<&str>> {
        let baseline = link(method, &self.job, &self.records);
        assert_eq!(baseline.steps.iter().map(|(_, records)| records).sum::<u64>(), self.records.len() as u64);
        let mut people: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (record, person) in baseline.partition.person.iter().enumerate() {
            people.entry(*person).or_default().push(self.records.record_id.get(record));
        }
        assert_eq!(people.len(), baseline.partition.people as usize);
        let mut people: Vec<Vec<&str>> = people.into_values().collect();
        people.iter_mut().for_each(|person| person.sort_unstable());
        people.sort_unstable();
        people
    }

    fn step_of(&self, step: Step) -> u64 {
        let method = if Step::ALL.contains(&step) { Method::Mps } else { Method::Deterministic };
        let baseline = link(method, &self.job, &self.records);
        baseline.steps.into_iter().find(|(of, _)| *of == step).expect("a step of this method").1
    }
}

/// Whether record "a" and record "b" become one person; the others are the world around them.
fn one_person(method: Method, rows: &[&str]) -> bool {
    Scene::of(rows).people(method).iter().any(|person| person.contains(&"a") && person.contains(&"b"))
}

fn mps(rows: &[&str]) -> bool {
    one_person(Method::Mps, rows)
}

fn ann(rest: &str) -> String {
    format!("gp a nhs={} given=Ann family=Okafor born=1980-04-03 sex=F post=NW1_4AB {rest}", number(1))
        .trim_end()
        .into()
}

#[test]
fn cross_check_wants_the_number_and_the_date_of_birth() {
    let n = number(1);
    let asked = |rest: &str| mps(&[&ann(""), &format!("acute b nhs={n} {rest}")]);
    assert!(asked("born=1980-04-03"), "an exact date of birth is enough");
    assert!(asked("born=1980-04-30 given=Anna family=Okabor"), "a partial one with a name that matches");
    assert!(!asked("born=1980-04-30 given=Jane family=Smith"), "a partial one with another name");
    assert!(asked("born=1980-04-30 post=NW1_9XX"), "names absent: the same outward code");
    assert!(!asked("born=1980-04-30 post=NW2_9XX"), "another outward code");
    assert!(!asked("born=1955-07-19 given=Ann family=Okafor"), "the number alone is no proof");
    assert!(!asked("given=Ann family=Okafor"), "without a date of birth there is no cross-check");
}

#[test]
fn cross_check_takes_historic_outward_codes() {
    let n = number(1);
    let moved = format!("acute c nhs={n} born=1980-04-03 post=M1_1AE");
    let asked = format!("other b nhs={n} born=1980-04-30 post=M1_9XX");
    assert!(mps(&[&ann(""), &moved, &asked]));
    assert!(!mps(&[&ann(""), &asked]));
}

#[test]
fn alphanumeric_trace_wants_everything_to_agree_with_one_entry() {
    let asked = |rest: &str| {
        Scene::of(&[&ann("address=1_High_Street"), &format!("acute b {rest}")]).step_of(Step::Alphanumeric)
    };
    assert_eq!(asked("family=Okaphor born=1980-04-03 sex=F"), 1, "family names agree by sound");
    assert_eq!(asked("family=Okafor born=1980 sex=F"), 1, "a partial date agrees on the parts given");
    assert_eq!(asked("family=Okafor born=1980-04-03 sex=F given=Ann address=1_High_Street post=NW1_4AB"), 1);
    assert_eq!(asked("family=Okafor born=1980-04-03 sex=F address=2_High_Street"), 0, "every value must agree");
    assert_eq!(asked("family=Okafor born=1980-04-03 sex=F practice=A12345"), 0, "one that the entry lacks, too");
    assert_eq!(asked("family=Okafor born=1980-04-03"), 0, "gender is mandatory");
    assert_eq!(asked("given=Ann born=1980-04-03 sex=F"), 0, "the family name is mandatory");
    let namesake = format!("gp c nhs={} given=Jane family=Okafor born=1980-04-03 sex=F", number(2));
    assert!(
        !mps(&[&ann(""), &namesake, "acute b family=Okafor born=1980-04-03 sex=F"]),
        "two entries are one too many"
    );
}

#[test]
fn algorithmic_trace_finds_by_each_block() {
    let asked = |rest: &str| {
        Scene::of(&[&ann("previous=Marsh"), &format!("acute b born=1980-04-03 {rest}")]).step_of(Step::Algorithmic)
    };
    assert_eq!(asked("given=Annie family=Okafor sex=M"), 1, "1: pet form, family name and date of birth");
    assert_eq!(
        asked("given=Joan family=Ocafor sex=F post=NW1_4AB address=9_Low_Road"),
        1,
        "2: family name, gender, postcode"
    );
    assert_eq!(asked("given=Ann family=Reed sex=F post=NW1_4AB"), 1, "3: given name, gender, postcode");
    assert_eq!(asked("sex=F post=NW1_4AB"), 1, "4: gender and postcode");
    assert_eq!(asked("given=Ann family=Marsh sex=M"), 1, "historic names are searched by as well");
    assert_eq!(asked("given=Joan family=Okafor sex=M post=NW1_4AB"), 0, "gender is part of three blocks");
    assert_eq!(asked("given=Ann family=Reed sex=F post=NW1"), 0, "half a postcode is no block");
    assert_eq!(
        Scene::of(&[&ann(""), "acute b born=1980-03-04 given=Ann family=Okafor sex=F post=NW1_4AB"])
            .step_of(Step::Algorithmic),
        0
    );
}

#[test]
fn the_best_must_be_more_than_five_points_ahead() {
    let twins = |sister: &str| {
        let sister = format!("gp c nhs={} given={sister} family=Okafor born=1980-04-03 sex=F post=NW1_4AB", number(2));
        let scene = Scene::of(&[
            &ann(""),
            &sister,
            "acute b given=Ann family=Okaforr born=1980-04-03 sex=F post=NW1_4AB address=x",
        ]);
        let together = scene.people(Method::Mps).contains(&vec!["a", "b"]);
        (together, scene.step_of(Step::OneTime))
    };
    assert_eq!(twins("Josephine"), (true, 0), "Ann and Josephine are far apart");
    assert_eq!(twins("Anne"), (false, 1), "Ann and Anne are not: the record stays alone");
}

#[test]
fn other_given_names_count_where_the_request_has_some() {
    // The sister's entry has the middle name that is asked for; without it the two would be a draw.
    let sister =
        format!("gp c nhs={} given=Ann middle=Grace family=Okafor born=1980-04-03 sex=F post=NW1_4AB", number(2));
    let asked = |middle: &str| {
        let asked = format!("acute b given=Ann {middle}family=Okafor born=1980-04-03 sex=F post=NW1_4AB address=x");
        let scene = Scene::of(&[&ann(""), &sister, &asked]);
        scene.people(Method::Mps).contains(&vec!["b", "c"])
    };
    assert!(asked("middle=Grace "));
    assert!(!asked(""));
}

#[test]
fn matched_values_become_historic() {
    let n = number(1);
    let moved = format!("acute c nhs={n} given=Ann family=Okafor born=1980-04-03 sex=F post=M1_1AE");
    let asked = "other b born=1980-04-03 sex=F post=M1_1AE";
    assert!(mps(&[&ann(""), &moved, asked]));
    assert!(!mps(&[&ann(""), asked]));
}

#[test]
fn the_bucket_matches_earlier_unmatched_records() {
    // No gender: neither trace by gender can run, and names that differ in sound keep them out of the first block.
    let local = |a: &str, b: &str| {
        Scene::of(&[&format!("acute a local=77 {a}"), &format!("acute b local=77 {b}")]).step_of(Step::Bucket)
    };
    assert_eq!(
        local("family=Okafor born=1980-04-03 post=NW1_4AB sex=F", "family=Okafor born=1980-04-03 post=NW1_4AB"),
        1
    );
    assert_eq!(
        local("given=Ann born=1980-04-03 post=NW1_4AB", "given=Ann family=Reed born=1980-04-03 post=NW1_4AB"),
        1
    );
    assert_eq!(
        local(
            "given=Ann family=Okafor born=1980-04-03 sex=F post=NW1_4AB",
            "given=Ann family=Okafor sex=F post=NW1_4AB"
        ),
        1
    );
    assert_eq!(
        local("born=1980-04-03", "given=Ann born=1980-04-03"),
        1,
        "a date of birth alone, where a name is missing"
    );
    assert_eq!(local("given=Ann family=Okafor born=1980-04-03", "given=Jane family=Reed born=1980-04-03"), 0);
    let apart = |b: &str| {
        Scene::of(&["acute a born=1980-04-03 sex=F post=NW1_4AB local=1", &format!("other b {b}")])
            .step_of(Step::Bucket)
    };
    assert_eq!(apart("born=1980-04-03 post=NW1_4AB local=1"), 0, "a local identifier is one of its provider");
    let whole = [
        "acute a given=Ann family=99 born=1980-04-03 post=NW1_4AB",
        "acute b given=Ann family=99 born=1980-04-03 post=NW1_4AB",
    ];
    let whole = Scene::of(&whole);
    assert_eq!(whole.step_of(Step::NewBucketRow) + whole.step_of(Step::Bucket), 2);
    assert!(
        whole.people(Method::Mps).contains(&vec!["a", "b"]),
        "without local identifiers all four values must agree"
    );
}

#[test]
fn one_time_identifiers_link_nothing() {
    let rows = ["acute a given=Ann family=Okafor born=1980-04-03", "other b given=Ann family=Okafor born=1980-04-03"];
    let scene = Scene::of(&rows);
    assert_eq!((scene.step_of(Step::OneTime), scene.people(Method::Mps).len()), (2, 2), "too little for an MPS_ID");
}

#[test]
fn a_number_that_only_one_hospital_record_has_is_not_taken_for_issued() {
    // Somebody typed a number wrong, and it is a valid one: the traces bring the record home.
    let wrong = format!("acute b nhs={} given=Ann family=Okafor born=1980-04-03 sex=F post=NW1_4AB", number(5));
    assert!(mps(&[&ann(""), &wrong]));
    let second = format!("other c nhs={} born=1980-04-03", number(5));
    assert!(!mps(&[&ann(""), &wrong, &second]), "two records have it: it is somebody's");
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let n = number(3);
    let rows = [
        ann("previous=Marsh"),
        format!("acute c nhs={n} given=Tom family=Reed born=1951-11-30 sex=M post=M1_1AE"),
        format!("other d nhs={n} born=1951-11-30 sex=M post=M2_5BQ"),
        "acute e given=Thomas family=Reed born=1951-11-30 sex=M post=M2_5BQ".to_string(),
        "other b given=Ann family=Marsh born=1980-04-03 sex=F".to_string(),
        "acute f given=Zoe family=Lim born=1999-09-09 sex=F post=LS1_4AP".to_string(),
        "other g given=Zoe family=Lim born=1999-09-09 sex=F post=LS1_4AP".to_string(),
    ];
    let forwards: Vec<&str> = rows.iter().map(String::as_str).collect();
    let backwards: Vec<&str> = forwards.iter().rev().copied().collect();
    let (forwards, backwards) = (Scene::of(&forwards), Scene::of(&backwards));
    for method in Method::ALL {
        assert_eq!(forwards.people(method), backwards.people(method), "{}", method.word());
        assert_eq!(
            link(method, &forwards.job, &forwards.records).steps,
            link(method, &backwards.job, &backwards.records).steps
        );
    }
    assert_eq!(forwards.people(Method::Mps), [vec!["a", "b"], vec!["c", "d", "e"], vec!["f", "g"]]);
}

#[test]
fn hesid_has_three_passes() {
    let n = number(1);
    let passes = |rows: &[&str]| {
        let scene = Scene::of(rows);
        [Step::NumberPass, Step::LocalIdPass, Step::PostcodePass, Step::NewPatient].map(|step| scene.step_of(step))
    };
    let known = format!("gp a nhs={n} born=1980-04-03 sex=F post=NW1_4AB local=7");
    assert_eq!(passes(&[&known, &format!("acute b nhs={n} born=1980-04-03 sex=F")]), [1, 0, 0, 1]);
    assert_eq!(passes(&[&known, "gp b born=1980-04-03 sex=F post=NW1_4AB local=7"]), [0, 1, 0, 1]);
    assert_eq!(
        passes(&[&known, "acute b born=1980-04-03 sex=F post=NW1_4AB local=7"]),
        [0, 0, 1, 1],
        "an identifier of another provider"
    );
    assert_eq!(passes(&[&known, &format!("acute b nhs={n} born=1980-04-03")]), [0, 0, 0, 2], "sex is missing");
    assert_eq!(passes(&[&known, "acute b born=1980-04-03 sex=F post=NW1"]), [0, 0, 0, 2], "half a postcode");
    assert_eq!(
        passes(&[&known, &format!("acute b nhs={n} born=1980-04-04 sex=F post=NW1_4AB")]),
        [0, 0, 0, 2],
        "another day"
    );
    let old = format!("nhs={n} born=1894-04-03 sex=F post=NW1_4AB");
    assert_eq!(passes(&[&format!("gp a {old}"), &format!("acute b {old}")]), [0, 0, 0, 2], "born before 1895");
}

#[test]
fn hesid_remembers_who_had_a_combination_first() {
    let n = number(1);
    // "b" moved and kept the number; "c" knows only the new postcode.
    let rows = [
        format!("gp a nhs={n} born=1980-04-03 sex=F post=NW1_4AB"),
        format!("gp b nhs={n} born=1980-04-03 sex=F post=M1_1AE"),
        "other c born=1980-04-03 sex=F post=M1_1AE".to_string(),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(Scene::of(&rows).people(Method::Deterministic), [vec!["a", "b", "c"]]);
}

#[test]
fn words_of_methods() {
    for method in Method::ALL {
        assert_eq!(Method::from_word(method.word()), Some(method));
    }
    assert_eq!(Method::from_word("guess"), None);
}
