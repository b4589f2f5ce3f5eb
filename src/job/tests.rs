//! What a user sees: typical mistakes, all at once; and that no text whatever makes the checker panic.

use super::check::{Checked, check_text};
use super::problem::{Look, render};
use super::surroundings::Surroundings;
use super::*;
use proptest::prelude::*;
use std::path::Path;

/// A job file with every key of this version.
const WHOLE: &str = include_str!("snapshots/whole.toml");

/// A world of named files and one header.
struct Memory {
    files: Vec<&'static str>,
    header: Option<Vec<&'static str>>,
}

impl Memory {
    fn usual() -> Memory {
        Memory {
            files: vec![
                "in/a.csv",
                "in/b.csv",
                "in/c/1.txt",
                "objections.csv",
                "replaced.csv",
                "never.csv",
                "id.key",
                "audit.key",
                "output.key",
                "lead.key.pub",
                "release.key",
                "type_1.csv",
                "national.dat",
                "nspl.csv",
                "imd.csv",
            ],
            header: None,
        }
    }

    fn check(&self, text: &str) -> Checked {
        check_text(text.to_string(), Path::new("night/job.toml"), Path::new("/night"), self)
    }

    fn shown(&self, text: &str) -> String {
        let checked = self.check(text);
        render(&checked.problems, text, &checked.path, Look::Plain)
    }
}

impl Surroundings for Memory {
    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2026, 11, 22)
    }

    fn files(&self, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let pattern = glob::Pattern::new(pattern).map_err(|error| error.msg.to_string())?;
        Ok(self.files.iter().filter(|file| pattern.matches(file)).map(|file| folder.join(file)).collect())
    }

    fn identity(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    fn kept(&self, _: &Path, _: &str) -> Option<super::kept::Kept> {
        None
    }

    fn has_run(&self, _: &Path) -> bool {
        false
    }

    fn standing(&self, _: &Path, _: &str) -> Option<super::standing::StandingList> {
        None
    }

    fn header(&self, _: &Provider, _: &Path) -> Option<Vec<String>> {
        self.header.as_ref().map(|names| names.iter().map(|name| name.to_string()).collect())
    }
}

/// A small job that is right; `from` is replaced by `to`.
fn small(from: &str, to: &str) -> String {
    let right = r#"[job]
name = "night"
as_of = 2026-11-22
threads = 2

[[provider]]
id = "gp-brent-01"
setting = "general_practice"
files = ["in/a.csv"]

[provider.columns]
record_id = "PatientID"
nhs_number = "NHSNo"
date_of_birth = { column = "DOB", format = "%d/%m/%Y" }
updated = "LastUpdated"

[provider.carry]
frailty = { column = "eFI", kind = "category", combine = "latest" }
"#;
    assert!(right.contains(from), "the small job has {from}");
    right.replacen(from, to, 1)
}

#[test]
fn a_table_between_pseudonyms_is_for_its_recipient_alone() {
    let key = "encrypt_to = [\"age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z\"]\n";
    assert!(WHOLE.contains(key));
    let open = WHOLE.replacen(key, "", 1);
    let shown = Memory::usual().shown(&open);
    assert_eq!(Memory::usual().check(&open).problems.len(), 1, "{shown}");
    assert!(shown.contains("for its recipient alone") && shown.contains("encrypt_to"), "{shown}");
}

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
fn an_overlap_needs_a_generation_or_a_secret_before() {
    let first = WHOLE.replace("pseudonym_generation = 2\n", "");
    let mut world = Memory::usual();
    assert_eq!(world.check(&first).problems.len(), 1, "{}", world.shown(&first));
    world.files.push("/night/release.key.previous");
    assert_eq!(world.check(&first).problems, [], "{}", world.shown(&first));
}

#[test]
fn a_field_of_the_jobs_own_is_not_called_as_a_level_of_links_is() {
    for name in ["name", "place", "context"] {
        let shown = Memory::usual()
            .shown(&small("[[provider]]", &format!("[field.{name}]\nkind = \"category\"\n\n[[provider]]")));
        assert!(shown.contains(&format!("level_{name} of links.parquet")), "{shown}");
    }
}

/// Beside another list it would not be missed, and people who opted out by it would be handed on.
#[test]
fn a_national_opt_out_says_which_list_it_is() {
    let line = WHOLE.lines().find(|line| line.starts_with("list = ")).expect("the whole job has one");
    let shown = Memory::usual().shown(&WHOLE.replacen(line, "", 1));
    assert!(shown.contains("A national opt-out needs `list`"), "{shown}");
}

#[test]
fn every_key_of_this_version_is_read() {
    let checked = Memory::usual().check(WHOLE);
    assert_eq!(checked.problems, [], "{}", Memory::usual().shown(WHOLE));
    let job = checked.provisional;
    assert_eq!((job.name.as_str(), job.threads, job.keep_runs), ("nwl-nightly", 2, 3));
    assert_eq!((job.as_of, job.memory_limit), (jiff::civil::date(2026, 11, 22), Some(8 << 30)));
    assert_eq!(job.test_numbers, TestNumbers::Accept);
    assert_eq!(job.id_key_file, Some(PathBuf::from("/night/id.key")));
    assert_eq!(job.audit_key_file, Some(PathBuf::from("/night/audit.key")));
    assert_eq!(job.encryption_key, Some(EncryptionKey::File(PathBuf::from("/night/output.key"))));
    assert_eq!(job.gates.maximum_quarantined, 0.02);
    assert_eq!(job.gates.maximum_people_change, 0.03);
    assert_eq!((job.gates.maximum_provider_shrink, job.gates.maximum_column_change), (0.10, 0.15));
    assert_eq!((job.gates.maximum_merged, job.gates.maximum_impossible_rise), (0.01, 0.002));
    assert_eq!(job.cluster.threshold, Some(0.99));
    assert_eq!(job.local_objections, [LocalObjections { files: vec![PathBuf::from("/night/objections.csv")] }]);
    let national = OptOut::National {
        files: vec![PathBuf::from("/night/national.dat")],
        list: NationalList::Allowed,
        checked_on: jiff::civil::date(2026, 11, 20),
        valid_days: 7,
    };
    assert_eq!(job.opt_outs, [OptOut::Type1 { files: vec![PathBuf::from("/night/type_1.csv")] }, national]);
    assert_eq!(job.policy.governance_lead_key, Some(PathBuf::from("/night/lead.key.pub")));
    assert_eq!(job.policy.forbidden_purposes, [Purpose::Commercial]);
    let [planning, tables] = &job.releases[..] else { panic!("two releases") };
    assert_eq!((planning.purpose, planning.identifiers), (Purpose::Planning, Identifiers::Pseudonym));
    assert_eq!((planning.pseudonym_generation, planning.overlap), (2, true));
    assert_eq!((tables.content, tables.issued_on.len()), (Content::Summary, 2));
    assert_ne!(planning.definition_hash(&job), tables.definition_hash(&job));
    assert_eq!(job.nhs_number_replaced, [PathBuf::from("/night/replaced.csv")]);
    assert_eq!(job.never_link, [PathBuf::from("/night/never.csv")]);
    let [practice, hospice, housing] = &job.providers[..] else { panic!("three providers") };
    assert_eq!(practice.files.len(), 2);
    assert_eq!(practice.format.delimiter, Some(b';'));
    assert_eq!(practice.format.encoding.as_deref(), Some("windows-1252"));
    let number = &practice.columns[&Field::NhsNumber];
    assert_eq!(number.verified, Verified::When { column: "NHSNoStatus".into(), values: vec!["01".into()] });
    assert_eq!(practice.columns[&Field::Sex].values["2"], "female");
    assert_eq!(practice.columns[&Field::Address].columns, ["Address1", "Address2", "Town"]);
    assert_eq!(practice.columns[&Field::Custom(0)].columns, ["JobTitle"]);
    let count = practice.carry.iter().find(|fact| fact.name == "unplanned_admissions_12m").expect("it is carried");
    assert_eq!((count.combine, count.within), (Combine::Count, Some(Within { months: 12, days: 0 })));
    let [first, second] = &practice.packages[..] else { panic!("two packages") };
    assert_eq!(first.parts[&PackagePart::Need].values["PC"], "personal_care");
    assert_eq!(first.parts[&PackagePart::End].columns, ["EndYear", "EndMonth", "EndDay"]);
    assert_eq!(second.parts.keys().copied().collect::<Vec<_>>(), [PackagePart::Service, PackagePart::Start]);
    assert_eq!((job.care.successor_days, job.care.ended_within), (14, Within { months: 6, days: 0 }));
    assert_eq!(job.care.rules[0].need, "personal_care");
    let wishes = job.end_of_life.as_ref().expect("it is there");
    assert_eq!((wishes.place(" own home "), wishes.place("Hospice")), ("home".into(), "hospice".into()));
    assert_eq!((wishes.last_days, wishes.died_within), (60, Within { months: 24, days: 0 }));
    assert_eq!(hospice.format.kind, Some(FormatKind::FixedWidth));
    assert_eq!(hospice.format.layout[1], FixedColumn { column: "Name".into(), start: 11, width: 30 });
    assert_eq!(hospice.when_missing, WhenMissing::Without);
    assert_eq!((job.providers[0].when_missing, job.providers[0].stale_days), (WhenMissing::Stop, 7));
    assert_eq!(housing.format.sheet.as_deref(), Some("Clients"));
    assert!(housing.files.is_empty());
    let deleted = housing.changes.as_ref().and_then(|changes| changes.deleted.as_ref()).expect("it sends changes");
    assert_eq!((deleted.column.as_str(), deleted.values.len()), ("Change", 2));
    assert!(practice.changes.is_none());
}

/// The whole job must hold every key, so that a new key comes with a test.
#[test]
fn the_whole_job_names_every_key() {
    use super::keys::release::{APPROVER, LEGAL_BASIS, POLICY, RELEASE};
    use super::keys::*;
    let of_releases = [&POLICY, &APPROVER, &LEGAL_BASIS, &RELEASE];
    let of_care = [&super::keys::care::PACKAGE, &super::keys::care::CARE, &super::keys::end_of_life::END_OF_LIFE];
    let others = [&JOB, &PROVIDER, &LAYOUT, &SOURCE, &VERIFIED_BY, &DELETED, &CARRY, &FIELD, &GATES, &OPT_OUT];
    for table in others.into_iter().chain(of_releases).chain(of_care) {
        for key in table.keys.iter().filter(|key| !matches!(key.need, Need::Later)) {
            assert!(WHOLE.contains(key.name), "{} {}", table.heading, key.name);
        }
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

/// Pieces of job files, right and wrong, to be put together at random.
fn piece() -> impl Strategy<Value = String> {
    let words: Vec<&str> = WHOLE.split_inclusive(|letter: char| " \n=,[]{}\"".contains(letter)).collect();
    let words: Vec<String> = words.into_iter().map(String::from).collect();
    let odd = [
        "\u{feff}",
        "\r",
        "\0",
        "é",
        "\"\"\"",
        "'''",
        "[[",
        "]]",
        "1e400",
        "99999999999999999999",
        "0x",
        "nan",
        "2026-02-30",
        "\n",
        "=",
    ];
    prop_oneof![
        8 => proptest::sample::select(words),
        2 => proptest::sample::select(odd.to_vec()).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// Whatever is wrong can be shown, and a job comes out exactly where nothing is wrong.
fn survives(text: &str) {
    let checked = Memory { header: Some(vec!["PatientID", "DOB"]), ..Memory::usual() }.check(text);
    let shown = render(&checked.problems, text, &checked.path, Look::Plain);
    assert!(!shown.contains("Failed to read"), "{shown}");
    for problem in &checked.problems {
        let (line, column) = problem.position(text);
        assert!(line >= 1 && column >= 1 && !problem.message.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics_on_pieces(pieces in proptest::collection::vec(piece(), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn never_panics_on_any_text(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn never_panics_on_a_mutated_job(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 0usize..12, piece()), 1..6)
    ) {
        let mut letters: Vec<char> = WHOLE.chars().collect();
        for (at, removed, added) in changes {
            let start = at.index(letters.len());
            let end = (start + removed).min(letters.len());
            letters.splice(start..end, added.chars());
        }
        survives(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn every_removed_line_leaves_a_job_or_a_problem(line in 0usize..200) {
        let lines: Vec<&str> = WHOLE.lines().collect();
        let line = line % lines.len();
        let text: String = lines.iter().enumerate().filter(|(at, _)| *at != line).map(|(_, text)| format!("{text}\n")).collect();
        survives(&text);
    }
}
