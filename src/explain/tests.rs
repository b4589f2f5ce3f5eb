//! Explanations of a small published job: the sums, the outcomes, and above all what is not shown.

mod example;
mod joins;

use super::*;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crosswalk::Row;
use example::{every_value, made_up, publish, published, whole_crosswalk};
use std::collections::{BTreeMap, BTreeSet};

const QUIET: Options = Options { show_identifiers: false, progress: Show::Nothing };
const OPEN: Options = Options { show_identifiers: true, progress: Show::Nothing };

fn assert_hidden(told: &str, values: &[String]) {
    let told = told.to_lowercase();
    for value in values {
        // Dates and postcodes may be written in other ways.
        for form in [value.clone(), value.replace('-', ""), value.replace(' ', "")] {
            assert!(!told.contains(&form), "{form} is shown in {told}");
        }
    }
}

fn json(explained: &impl serde::Serialize) -> String {
    serde_json::to_string(explained).unwrap()
}

fn sum(explained: &PairExplained) -> f64 {
    let fields: f64 = explained.fields.iter().map(|line| line.bits).sum();
    explained.prior_bits
        + fields
        + explained.correction_bits
        + explained.context.as_ref().map_or(0.0, |context| context.bits)
}

/// Nothing is recomputed that could be looked up: what is added up here is held against what the run published.
#[test]
fn the_bits_of_every_link_add_up_to_its_published_weight() {
    let (_, job) = published();
    let run = PublishedRun::current(job).unwrap();
    let rows: Vec<Row> = whole_crosswalk(job).into_values().collect();
    let scene = scene::Scene::set(job, &run, &rows, QUIET).unwrap();
    let identity_of: BTreeMap<String, u32> =
        (0..scene.identities.len() as u32).map(|identity| (scene.identities.id(identity), identity)).collect();
    let ids = identity_of.keys().cloned().collect();
    let links = crosswalk::links_of(&run, &ids, &ids).unwrap().between;
    assert!(links.len() > 150, "{} links", links.len());
    let marked = (0..rows.len()).filter(|&at| scene.is_sensitive(|row| row == at)).map(|at| &rows[at].person_id);
    let marked: BTreeSet<&String> = marked.collect();
    let of_marked = rows.iter().filter(|row| marked.contains(&row.person_id)).map(|row| &row.identity_id);
    let of_marked: BTreeSet<&String> = of_marked.collect();
    let with_context = scene.with(|evidence| {
        let mut with_context = 0;
        for link in &links {
            let (a, b) = (identity_of[&link.left], identity_of[&link.right]);
            let judged = crate::clustering::judge(evidence, a.min(b), a.max(b));
            let sensitive = [&link.left, &link.right].into_iter().any(|id| of_marked.contains(id));
            let judged = fields::as_told(evidence, (a, b), judged, sensitive);
            let outcome =
                Outcome { same_person: false, rule: "", because: String::new(), pooled_bits: None, records: 2 };
            let around = pair::Around {
                run_id: &run.run_id,
                links: std::slice::from_ref(link),
                outcome,
                sensitive,
                rows: [1, 1],
                show_identifiers: false,
            };
            let told = pair::of_identities(&scene, evidence, (a, b, &judged), around);
            assert!((sum(&told) - link.weight).abs() < 0.01, "{} {}", sum(&told), link.weight);
            let steps = told.steps();
            let before_guards = steps.iter().rev().find(|step| step.name != "guards").expect("there is a prior");
            assert!((before_guards.total - link.weight).abs() < 0.01, "{} {}", before_guards.total, link.weight);
            with_context += u64::from(told.context.is_some_and(|context| context.bits.abs() > 0.05));
        }
        with_context
    });
    assert!(with_context > 50, "{with_context} links have a context that counts");
}

#[test]
fn the_outcome_is_the_crosswalks_and_nothing_is_shown() {
    let (folder, job) = published();
    let rows = whole_crosswalk(job);
    let values = every_value(folder.path());
    for (left, right) in [
        ("north:NR0002", "south:SR0002"),
        ("north:NR0035", "south:SR0035"),
        ("south:SR0004", "west:WR0004"),
        ("north:NR0003", "south:SR0009"),
        ("north:NR0150", "south:SR0900"),
    ] {
        let explained = pair(job, left, right, QUIET).expect("both are in the run");
        assert!((sum(&explained) - explained.weight_bits).abs() < 1e-9, "{left}: {}", explained.weight_bits);
        // Other kinds of strangers can only take away; weights are kept in 1/1024 bit.
        assert!(explained.correction_bits <= 1.0 / 1024.0, "{}", explained.correction_bits);
        assert_eq!(explained.outcome.same_person, rows[left].person_id == rows[right].person_id, "{left}");
        assert_hidden(&explained.to_string(), &values);
        assert_hidden(&json(&explained), &values);
        assert_hidden(&explained.svg(), &values);
    }
}

#[test]
fn a_picture_is_for_its_owner_only_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let (_, job) = published();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pair.svg");
    let explained = pair(job, "north:NR0002", "south:SR0002", OPEN).expect("both are in the run");
    explained.write_svg(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let svg = std::fs::read_to_string(&path).unwrap();
    let given = made_up(2)[1].to_lowercase();
    assert!(svg.starts_with("<svg") && svg.contains(&given), "values are in it where they were asked for: {svg}");
    assert_eq!(explained.write_svg(&path).expect_err("it is there already").code.id, "OF0603");
}

#[test]
fn two_verified_numbers_keep_a_pair_apart_and_it_is_said() {
    let (_, job) = published();
    let explained = pair(job, "north:NR0150", "south:SR0900", QUIET).expect("both are in the run");
    assert!(!explained.outcome.same_person);
    assert_eq!(explained.outcome.rule, "guard");
    let text = explained.to_string();
    assert!(
        text.starts_with("These two records are two people: they have two different NHS numbers, both verified"),
        "{text}"
    );
}

#[test]
fn a_difference_of_sex_is_never_a_change() {
    let (_, job) = published();
    let text = pair(job, "north:NR0022", "south:SR0022", QUIET).expect("both are in the run").to_string();
    assert!(text.contains("not recorded alike"), "{text}");
    for word in ["chang", "transition", "former", "previous", "reassign"] {
        assert!(!text.to_lowercase().contains(word), "{word} in {text}");
    }
}

#[test]
fn identifiers_are_shown_when_asked_for_but_never_a_sensitive_place() {
    let (_, job) = published();
    let rows = whole_crosswalk(job);
    let open = pair(job, "north:NR0002", "south:SR0002", OPEN).expect("both are in the run").to_string().to_lowercase();
    let [_, given, family, ..] = made_up(2).map(|value| value.to_lowercase());
    assert!(open.contains(&given) && open.contains(&family) && open.contains("quillfeather"), "{open}");

    let values = made_up(101).map(|value| value.to_lowercase());
    let explained = pair(job, "north:NR0101", "south:SR0101", OPEN).expect("both are in the run");
    let whole = person_of(job, &rows["south:SR0101"].person_id, OPEN);
    assert!(explained.sensitive && whole.sensitive && whole.records.len() == 2);
    for told in [explained.to_string(), json(&explained), whole.to_string(), json(&whole)] {
        let told = told.to_lowercase();
        assert!(told.contains(&values[1]), "the name may be shown: {told}");
        for place in [
            "quillfeather",
            &values[6],
            &values[6].replace(' ', ""),
            "791112",
            "same home",
            "postcode",
            "northgate",
            "southmead",
        ] {
            assert!(!told.contains(place), "{place} is shown in {told}");
        }
    }
    // As where nobody has written them down, and nothing says why.
    for line in explained.fields.iter().filter(|line| ["place", "phone"].contains(&line.field.as_str())) {
        assert_eq!((line.agreement.as_str(), line.bits), ("no value on one side", 0.0), "{line:?}");
        assert_eq!(line.values, Some(["–".to_string(), "–".to_string()]));
    }
    assert!(explained.correction_bits <= 1.0 / 1024.0, "{}", explained.correction_bits);
    for told in [explained.to_string(), json(&explained), explained.svg(), whole.to_string(), json(&whole)] {
        assert!(!told.contains("ensitiv") && !told.contains("not shown"), "{told}");
    }
    let shown: f64 = explained.fields.iter().map(|line| line.bits).sum();
    assert!((explained.prior_bits + shown + explained.correction_bits - explained.weight_bits).abs() < 1e-9);
}

fn person_of(job: &Job, person_id: &str, options: Options) -> PersonExplained {
    person(job, person_id, options).expect("the person is in the run")
}

#[test]
fn what_is_missing_is_told_rule_by_rule() {
    let (folder, job) = published();
    let values = every_value(folder.path());
    let told = missing(job, "north:NR0003", "south:SR0009", QUIET).expect("both are in the run");
    assert!(!told.pair.outcome.same_person && told.alone_bits < told.pair.cut_bits);
    assert!(told.rules.iter().all(|line| line.fate != "yields") || told.compared);
    let rule = |name: &str| told.rules.iter().find(|line| line.rule == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(rule("NHS number").fate, "no_value");
    assert_eq!(rule("date of birth").fate, "not_shared");
    assert!(!told.changes.is_empty() || told.at_best_bits.is_some());
    told.changes.iter().for_each(|change| assert!(change.bits >= told.pair.cut_bits, "{change:?}"));
    assert_hidden(&told.to_string(), &values);
    assert_hidden(&json(&told), &values);

    let guarded = missing(job, "north:NR0150", "south:SR0900", QUIET).expect("both are in the run");
    assert!(guarded.compared && guarded.rules.iter().any(|line| line.fate == "yields"));
    assert_eq!(guarded.changes[0].fields, ["NHS number"], "{guarded}");

    let same = missing(job, "north:NR0002", "south:SR0002", QUIET).expect("both are in the run");
    assert!(same.to_string().starts_with("Nothing is missing: these two records are one person"), "{same}");

    let sensitive = missing(job, "north:NR0101", "south:SR0009", QUIET).expect("both are in the run");
    let text = sensitive.to_string().to_lowercase();
    for word in ["northgate", "southmead", "sensitiv", "not shown"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    // Rules that tell a place found nothing, as where nobody has written one down.
    let of_place = |line: &&RuleLine| ["postcode", "address", "phone"].iter().any(|word| line.rule.contains(word));
    assert!(sensitive.rules.iter().filter(of_place).all(|line| line.fate == "no_value"), "{text}");
}

/// A rule asked about two identities says what the blocks of the run say.
#[test]
fn rules_and_blocks_agree_on_every_pair() {
    let (_, job) = published();
    let run = PublishedRun::current(job).unwrap();
    let rows: Vec<Row> = whole_crosswalk(job).into_values().take(60).collect();
    let scene = scene::Scene::set(job, &run, &rows, QUIET).unwrap();
    let asked = crate::blocking::Asked::of(&scene.comparisons, &scene.records, &scene.identities, scene.model.limits());
    let mut met = 0;
    for a in (0..scene.identities.len() as u32).step_by(17) {
        for b in a + 1..scene.identities.len() as u32 {
            let yields = asked.rules(a, b).iter().any(|rule| rule.fate == crate::blocking::Fate::Yields);
            assert_eq!(yields, asked.met(a, b), "{a} {b}");
            met += usize::from(yields);
        }
    }
    assert!(met > 20, "{met}");
}

#[test]
fn what_cannot_be_explained_is_said_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let job = publish(folder.path());
    let good = "north:NR0002";
    let cases = [
        ("NR0002", good, "OF0540", "no colon"),
        ("NR0002:north", good, "OF0540", "not in the job"),
        (good, good, "OF0540", "the same record"),
        (good, "north:NR0199", "OF0541", "the second record is withheld (local_objection)"),
        (
            "south:SR0901",
            good,
            "OF0541",
            "the first record is probably in quarantine: south.csv row 162 (no_identifying_value)",
        ),
        ("south:SR5555", good, "OF0541", "no extract of the run holds it"),
    ];
    for (left, right, code, words) in cases {
        let failure = pair(&job, left, right, QUIET).expect_err(words);
        assert_eq!(failure.code.id, code, "{}", failure.what);
        assert!(failure.what.contains(words), "{}", failure.what);
        assert!(!["NR0", "SR0", "SR5"].iter().any(|id| failure.report().contains(id)), "{}", failure.report());
    }
    let id = whole_crosswalk(&job)[good].person_id.clone();
    let last = if id.ends_with('0') { "1" } else { "0" };
    let failure = person(&job, &format!("{}{last}", &id[..15]), QUIET).expect_err("a character is wrong");
    assert_eq!((failure.code.id, failure.what.as_str()), ("OF0542", "its check character does not fit the others"));
    assert_eq!(person(&job, "0000000000000000", QUIET).expect_err("nobody").code.id, "OF0543");

    let extract = std::fs::read_to_string(folder.path().join("north.csv")).unwrap();
    let other = extract.replace(&person_values(2), &person_values(3));
    std::fs::write(folder.path().join("north.csv"), other).unwrap();
    assert_eq!(pair(&job, good, "south:SR0002", QUIET).expect_err("it has changed").code.id, "OF0544");
    std::fs::remove_file(job.output.join("current")).unwrap();
    assert_eq!(pair(&job, good, "south:SR0002", QUIET).expect_err("nothing is published").code.id, "OF0530");
}

fn person_values(n: usize) -> String {
    made_up(n).join(",")
}

/// A pair whose bits come from other records too, its person, and two strangers: as an analyst reads them.
#[test]
fn explanations_read_like_this() {
    let (_, job) = published();
    let person_id = whole_crosswalk(job)["north:NR0004"].person_id.clone();
    let told = [
        ("pair", pair(job, "south:SR0004", "west:WR0004", QUIET).expect("both are in the run").to_string()),
        ("person", person_of(job, &person_id, QUIET).to_string().replace(&person_id, "PERSON_ID")),
        ("missing", missing(job, "north:NR0003", "south:SR0009", QUIET).expect("both are in the run").to_string()),
    ];
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| told.into_iter().for_each(|(name, text)| insta::assert_snapshot!(name, text)));
}
