//! What a user sees: typical mistakes, all at once (here); the whole job file (`whole`); and that no text whatever makes the checker panic
//! (`any_text`).

mod any_text;
mod whole;
mod world;

use super::*;
use std::path::Path;
use world::{Memory, small};

/// A job file with every key of this version.
const WHOLE: &str = include_str!("snapshots/whole.toml");

#[test]
fn a_small_job_is_right() {
    let checked = Memory::usual().check(&small("", ""));
    assert_eq!(checked.problems, []);
    let job = checked.provisional;
    assert_eq!(job.providers[0].files, [PathBuf::from("/night/in/a.csv")]);
    assert_eq!(job.output, PathBuf::from("/night/out"));
    assert_eq!(job.providers[0].trust, 4);
    assert_eq!(job.providers[0].name, "gp-brent-01");
}

/// Where nothing says so, another job's output may be in the usual place.
#[test]
fn an_output_that_cannot_be_read_is_not_taken_for_the_usual_one() {
    let output = |text: &str| {
        let checked = Memory::usual().check(text);
        checked.output_is_sure.then_some(checked.provisional.output)
    };
    let named = |from: &str, to: &str| {
        let text = small("[job]\n", "[job]\noutput = \"elsewhere\"\n");
        assert!(text.contains(from), "{from}");
        output(&text.replacen(from, to, 1))
    };
    let elsewhere = PathBuf::from("/night/elsewhere");
    assert_eq!(named("", ""), Some(elsewhere.clone()));
    for (from, to) in [("[job]", "[job"), ("[job]", "[jobb]"), ("[job]", "[[job]]"), ("output", "ouput")] {
        assert_eq!(named(from, to), None, "{to}");
    }
    for (from, to) in [
        ("[job]", "job]"),
        ("output =", "output"),
        ("output =", "output:"),
        ("\"elsewhere\"", "elsewhere"),
        ("\"night\"", "night"),
        ("[[provider]]", "[[provider"),
        ("[provider.columns]", "[provider.columns"),
    ] {
        let found = named(from, to);
        assert!(found.as_ref().is_none_or(|output| *output == elsewhere), "{to}: {found:?}");
    }
    for (from, to) in [
        ("", ""),
        ("[job]", "[job"),
        ("as_of", "as_off"),
        ("\"LastUpdated\"", "LastUpdated"),
        ("[job]", "# output = \"elsewhere\"\n[job]"),
        ("[[provider]]", "[[opt_out]]\nkind = \"locally\"\nfiles = [\"output.csv\"]\n[[provider]]"),
    ] {
        assert_eq!(output(&small(from, to)), Some("/night/out".into()), "{to}");
    }
}

/// What tells where somebody is hidden for whoever is marked sensitive, whatever it is called and whoever carries it.
#[test]
fn a_fact_carried_from_what_tells_a_place_is_one_though_the_job_does_not_say_so() {
    let hospital = "[[provider]]\nid = \"acute-a\"\nsetting = \"acute\"\nfiles = [\"in/b.csv\"]\n\
                    [provider.columns]\nrecord_id = \"Id\"\naddress = { columns = [\"Line\", \"frailty score\"] }\nemail = \"MAIL\"\n\
                    [provider.carry]\nfrailty = { column = \"eFI\", kind = \"category\", combine = \"latest\" }\n\
                    home = { column = \"HOME\", kind = \"category\", combine = \"latest\" }\n";
    let facts = "home = { column = \"Street\", kind = \"category\", combine = \"latest\" }\n\
                 lines = { column = \"line\", kind = \"list\", combine = \"union\" }\n\
                 mail = { column = \"Mail\", kind = \"category\", combine = \"latest\" }\n\
                 mails = { column = \"Mail\", kind = \"category\", combine = \"count\" }\n\
                 homed = { column = \"Home\", kind = \"flag\", combine = \"any\" }\n\
                 born = { column = \"DOB\", kind = \"date\", combine = \"latest\" }\n";
    let text = small("updated = \"LastUpdated\"", "updated = \"LastUpdated\"\npostcode = \"Home\"");
    let text = format!("{text}{facts}{hospital}");
    let checked = Memory::usual().check(&text);
    assert_eq!(checked.problems, [], "{}", Memory::usual().shown(&text));
    let places = |provider: &Provider| -> Vec<String> {
        provider.carry.iter().filter(|fact| fact.place).map(|fact| fact.name.clone()).collect()
    };
    let [practice, hospital] = &checked.provisional.providers[..] else { panic!("two providers") };
    assert_eq!(places(hospital), ["home"]);
    // The practice's own column for it tells nothing, but it is the same fact.
    assert_eq!(places(practice), ["home", "lines", "mail"]);
}

#[test]
fn a_field_of_the_jobs_own_is_not_called_as_a_level_of_links_is() {
    for name in ["name", "place", "context"] {
        let shown = Memory::usual()
            .shown(&small("[[provider]]", &format!("[field.{name}]\nkind = \"category\"\n\n[[provider]]")));
        assert!(shown.contains(&format!("level_{name} of links.parquet")), "{shown}");
    }
}

#[test]
fn messages_of_typical_mistakes() {
    let usual = Memory::usual();
    let provider = small("", "");
    let second = &provider[provider.find("[[provider]]").expect("it has one")..];
    let cases: [(&str, String); 24] = [
        (
            "two keys of one output",
            small("threads = 2", "encryption_key_file = \"output.key\"\nencryption_key_env = \"ONEFOLK_KEY\""),
        ),
        ("misspelt key", small("threads = 2", "treads = 2")),
        ("misspelt setting", small("general_practice", "generel_practice")),
        ("two providers with one id", format!("{provider}\n{}", second.replace("a.csv", "b.csv"))),
        ("file of two providers", format!("{provider}\n{}", second.replace("brent", "harrow"))),
        ("wrong type", small("threads = 2", "threads = \"two\"")),
        ("syntax error", small("name = \"night\"", "name = \"night")),
        (
            "two syntax errors and a misspelt key",
            small("name = \"night\"\nas_of = 2026-11-22", "name = night\nas_of = 2026-13-40\nouput = \"x\""),
        ),
        ("missing record_id", small("record_id = \"PatientID\"\n", "")),
        ("memory limit", small("threads = 2", "threads = 2\nmemory_limit = \"8 gigs\"")),
        ("reserved table", format!("{provider}\n[report]\nid = \"x\"\n")),
        ("unknown field", small("date_of_birth", "dateofbirth")),
        ("missing file", small("in/a.csv", "in/*.parquet")),
        ("rule that makes no sense", small("combine = \"latest\"", "combine = \"sum\"")),
        (
            "one fact, two rules",
            format!(
                "{provider}\n{}",
                second
                    .replace("brent", "harrow")
                    .replace("a.csv", "b.csv")
                    .replace("\"latest\"", "\"union\", within = \"90 days\"")
            ),
        ),
        ("date format", small("%d/%m/%Y", "DD/MM/YYYY")),
        ("fixed width without layout", small("files =", "format = \"fixed_width\"\nfiles =")),
        ("secret", small("threads = 2", "database_password = \"hunter2\"")),
        ("missing keys", "[job]\n[[provider]]\nid = \"A B\"\n".into()),
        ("empty file", String::new()),
        ("package without service", format!("{provider}\n[[provider.package]]\nneed = \"N\"\nstart = \"S\"\n")),
        (
            "package that makes no sense",
            format!(
                "{provider}\n[[provider.package]]\nservice = {{ column = \"S\", format = \"%d/%m/%Y\" }}\n\
                 start = {{ column = \"F\", values = {{ a = \"b\" }} }}\nend = {{ format = \"DD/MM\" }}\nstatus = \"X\"\n"
            ),
        ),
        (
            "end of life that makes no sense",
            format!(
                "{provider}\n[end_of_life]\non_register = \"frailty\"\npreferred_place_of_death = \"fraility\"\nlast_days = 0\n"
            ),
        ),
        (
            "care rule that makes no sense",
            format!(
                "{provider}\n[care]\nsucessor_days = 3\n[[care.rule]]\nid = \"frail\"\n\
                 where = \"package_gaps == 1 && frailti == 2\"\nneed = \"personal_care\"\n"
            ),
        ),
    ];
    for (name, text) in cases {
        insta::with_settings!({ description => name, omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.replace([' ', ','], "_"), usual.shown(&text));
        });
    }
}

#[test]
fn unknown_columns_are_found_in_the_header() {
    let header = Some(vec!["PatientID", "NHS_No", "DOB", "Last Updated", "eFI"]);
    let known = Memory { header, ..Memory::usual() };
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("unknown_column", known.shown(&small("", "")));
    });
}

#[test]
fn a_file_without_header_shows_no_value() {
    let values = Some(vec!["1001", "9990000018", "01/02/1980", "DOE", "12"]);
    let headless = Memory { header: values, ..Memory::usual() };
    // "DOB" is near "DOE", which is somebody's name.
    let shown = headless.shown(&small("", ""));
    assert_eq!(shown.matches("have no header").count(), 1, "{shown}");
    assert!(!shown.contains("DOE") && !shown.contains("9990000018"), "{shown}");
}

#[test]
fn secrets_are_not_shown() {
    let text = small("threads = 2", "database_password = \"hunter2\"\nouput = 1");
    let shown = Memory::usual().shown(&text);
    assert!(shown.contains("Secrets never stand"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn missing_files_alone_are_the_inputs_fault() {
    let usual = Memory::usual();
    let missing = usual.check(&small("in/a.csv", "in/z.csv")).failure(Look::Plain);
    assert_eq!((missing.code.id, missing.code.exit), ("OF0103", crate::failure::Exit::InputUnusable));
    let both = usual.check(&small("in/a.csv", "in/z.csv").replace("threads", "treads")).failure(Look::Plain);
    assert_eq!((both.code.id, both.code.exit), ("OF0101", crate::failure::Exit::JobWrong));
}

#[test]
fn a_provider_may_be_absent_where_the_job_says_so() {
    let text = small("in/a.csv\"]", "in/z.csv\"]\nwhen_missing = \"without\"");
    let checked = Memory::usual().check(&text);
    assert_eq!(checked.problems, []);
    assert!(checked.provisional.providers[0].files.is_empty());
}

#[test]
fn positions_count_characters_from_one() {
    let checked = Memory::usual().check("# Größe\n  \"wïdth\" = 1\n[job]\n");
    let unknown = checked.problems.iter().find(|problem| problem.message.contains("no key")).expect("it is unknown");
    assert_eq!(unknown.position(&checked.text), (2, 3));
}

#[test]
fn what_a_run_wrote_is_no_extract() {
    let world = Memory { files: vec!["out/current/summary/a.csv", "out/in/a.csv"], ..Memory::usual() };
    assert!(world.shown(&small("in/a.csv", "out/current/**/*.csv")).contains("inside [job] output"));
    assert_eq!(world.check(&small("in/a.csv", "out/in/a.csv")).problems, []);
}

#[test]
fn a_draft_passes_the_check() {
    let columns: Vec<String> =
        ["PatientID", "NHSNo", "Surname", "DOB", "Town", "Address1", "eFI"].map(String::from).to_vec();
    let row: Vec<String> =
        ["1", "9990000018", "Ames", "01/02/1980", "Leeds", "1 High St", "mild"].map(String::from).to_vec();
    let folder = |folder: &str, glob: &str| DraftProvider {
        folder: folder.into(),
        globs: vec![glob.into()],
        columns: columns.clone(),
        sample: vec![row.clone(); 4],
        ..DraftProvider::default()
    };
    let text = draft("night", &[folder("gp-brent", "in/a.csv"), folder("Ünknown", "in/b.csv")]);
    assert_eq!(Memory::usual().check(&text).problems, [], "{}\n{text}", Memory::usual().shown(&text));
    // The facts that it offers as comments are right as well.
    let carried = text.replace("# efi", "efi");
    assert!(carried != text);
    assert_eq!(Memory::usual().check(&carried).problems, [], "{}", Memory::usual().shown(&carried));
}

#[test]
fn a_job_is_read_from_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    std::fs::create_dir(folder.path().join("in")).expect("a folder");
    write("in/a.csv", "PatientID\n1\n");
    write("in/[odd].csv", "PatientID\n1\n");
    write("in/.hidden.csv", "PatientID\n1\n");
    write("job.toml", &small("in/a.csv", "in/*.csv"));
    let job = Job::read(&folder.path().join("job.toml")).expect("the job is right");
    let names: Vec<_> =
        job.providers[0].files.iter().map(|path| path.strip_prefix(&job.folder).expect("below")).collect();
    assert_eq!(names, [Path::new("in/[odd].csv"), Path::new("in/a.csv")]);
    write("job.toml", &small("in/a.csv", "in/[odd].csv"));
    assert_eq!(Job::read(&folder.path().join("job.toml")).expect("the job is right").providers[0].files.len(), 1);
    let absent = Job::read(&folder.path().join("none.toml")).expect_err("there is none");
    assert_eq!(absent.code.id, "OF0102");
    std::fs::write(folder.path().join("latin.toml"), b"# caf\xe9\n").expect("a file");
    let latin = Job::read(&folder.path().join("latin.toml")).expect_err("not UTF-8");
    assert!(latin.what.contains("line 1"), "{}", latin.what);
}
