//! Gates at one point of a night, without the night around them.

use super::{Before, Extracts, Gates, Verdict, Waived, behind};
use crate::failure::Result;
use crate::identity::{Change, ChangeKind, PersonId, example};
use crate::intake::{FileReport, QuarantineCode, Quarantined};
use crate::job::{Field, Job, Setting, Source, Stale, WhenMissing};
use crate::records::Records;
use crate::run::Entry;
use crate::run::changes::{Changed, FileChanges, ProviderChanges};
use jiff::civil::{Date, date};
use std::collections::BTreeMap;

/// A job of one practice, as of 22 November 2026.
fn job() -> Job {
    example::job(&[("gp", Setting::GeneralPractice, 3)])
}

fn november(day: i8) -> Date {
    date(2026, 11, day)
}

fn waived(gate: &str) -> Waived {
    Waived::parse(&[gate.to_string()]).expect("it is a gate")
}

/// The practice had so many rows in the run before.
fn before(rows: u64) -> Before {
    Before { rows: BTreeMap::from([("gp".to_string(), rows)]), ..Before::default() }
}

#[test]
fn a_date_goes_neither_back_nor_far_ahead() {
    // What becomes of the gate, and how much is told.
    let judged = |last: Option<Date>, today: Date| {
        let job = job();
        let mut gates = Gates::new(&job, Before::default(), Waived::default());
        gates.date(last, today);
        (gates.outcomes[0].outcome, gates.told.len())
    };
    assert_eq!(judged(Some(november(22)), november(22)), (Verdict::Passed, 0));
    assert_eq!(judged(Some(november(1)), november(30)), (Verdict::Passed, 0));
    assert_eq!(judged(Some(november(23)), november(30)), (Verdict::Failed, 0), "it goes back");
    assert_eq!(judged(Some(november(21)), november(21)), (Verdict::Passed, 0), "it is tomorrow elsewhere");
    assert_eq!(judged(Some(november(20)), november(20)), (Verdict::Passed, 1), "the day after tomorrow is nowhere");
    // 183 days before 22 November, and the day before that.
    assert_eq!(judged(Some(date(2026, 5, 1)), date(2026, 5, 23)), (Verdict::Passed, 1), "half a year is tried out");
    assert_eq!(judged(Some(date(2026, 5, 1)), date(2026, 5, 22)), (Verdict::Failed, 0), "more was mistyped");
    assert_eq!(judged(Some(november(22)), date(2026, 5, 1)), (Verdict::Passed, 1), "so was the run before");
    assert_eq!(judged(None, november(30)), (Verdict::NotJudged, 0));
    assert_eq!(judged(None, november(1)), (Verdict::NotJudged, 1));
}

#[test]
fn a_date_that_stands_still_while_nights_go_by_is_behind() {
    let run = |day: i8, began: &str| {
        let run_id = Some(format!("{}-01", november(day)));
        Entry { command: "run".into(), began: began.into(), run_id, ..Entry::default() }
    };
    let at = |now: &str, runs: &[Entry]| behind(november(22), runs, now.parse().expect("it is a time"));
    let still = [run(22, "2026-11-28T02:00:00Z"), run(22, "2026-11-29T02:00:00Z")];
    assert_eq!(at("2026-11-30T02:00:00Z", &still), Some(8));
    assert_eq!(at("2026-11-29T02:05:00Z", &still), None, "a night may be run once more");
    assert_eq!(at("2026-11-30T02:00:00Z", &[]), None, "the first night");
    let as_ever = [run(20, "2026-11-28T02:00:00Z"), run(21, "2026-11-29T02:00:00Z")];
    assert_eq!(at("2026-11-30T22:00:00Z", &as_ever), None, "the extracts are of eight days ago, every night");
    let in_one_sitting = [run(20, "2026-11-30T01:00:00Z"), run(21, "2026-11-30T01:10:00Z")];
    assert_eq!(at("2026-11-30T01:20:00Z", &in_one_sitting), None);
    assert_eq!(at("2026-11-23T14:01:00Z", &[run(22, "2026-11-22T02:00:00Z")]), None, "it is yesterday elsewhere");
    assert_eq!(at("2026-11-24T02:00:00Z", &[run(22, "2026-11-22T02:00:00Z")]), Some(2));
    assert_eq!(at("2026-11-30T02:00:00Z", &[run(23, "2026-11-23T02:00:00Z")]), None, "a gate stops what goes back");
}

#[test]
fn a_date_is_held_against_the_later_one_of_the_ledger_and_of_the_run_that_stands() {
    let judged = |ledger: i8, stands: i8, waived: Waived| {
        let job = job();
        let before = Before { as_of: Some(november(stands)), ..before(10) };
        Gates::new(&job, before, waived).judge_beginning(Some(november(ledger)), november(30))
    };
    judged(22, 20, Waived::default()).expect("after a rollback of today");
    for (ledger, stands) in [(23, 20), (20, 23)] {
        let failure = judged(ledger, stands, Waived::default()).expect_err("a night was later");
        assert_eq!((failure.code.id, failure.code.exit.number()), ("OF0552", 1));
        assert!(failure.what.contains("gate as_of saw 2026-11-22 after a run of 2026-11-23"), "{failure}");
        judged(ledger, stands, waived("as_of")).expect("it was waived");
    }
}

#[test]
fn columns_that_protect_are_not_waived_and_every_column_is_named() {
    let source = |column: &str| Source { columns: vec![column.to_string()], ..Source::default() };
    for field in [Field::Sensitivity, Field::WithheldIdentityReason] {
        let mut job = job();
        let columns = [(field, source("flag")), (Field::Phone, source("tel")), (Field::Email, source("mail"))];
        job.providers[0].columns = BTreeMap::from(columns);
        job.providers[0].when_missing = WhenMissing::Last;
        job.providers[0].vanished = vec!["tel".to_string(), "mail".to_string()];
        let mut gates = Gates::new(&job, before(100), waived("column_missing"));
        gates.judge_beginning(None, november(30)).expect("it was waived");
        let saw = &gates.outcomes.last().expect("it was judged").saw;
        assert_eq!(saw, "an extract of provider gp without its columns \"mail\", \"tel\"");

        job.providers[0].vanished.push("flag".to_string());
        let mut gates = Gates::new(&job, before(100), waived("column_missing"));
        let failure = gates.judge_beginning(None, november(30)).expect_err("whom it marks would be published");
        assert_eq!(failure.code.id, "OF0508");
        let word = field.word().expect("it has one");
        assert!(failure.what.contains("\"flag\"") && failure.what.contains(&format!("without {word} ")), "{failure}");
        assert!(failure.what.contains("cannot be waived; take away what provider gp has sent"), "{failure}");
        // It is the last good one that lacks it.
        let stale = Stale { since: november(20), files: Vec::new(), numbered: false, why: None };
        job.providers[0].stale = Some(stale);
        let failure = Gates::new(&job, before(100), Waived::default()).judge_beginning(None, november(30));
        let failure = failure.expect_err("neither has it");
        assert!(failure.what.contains("was kept before the column was mapped"), "{failure}");
        assert!(!failure.what.contains("take away"), "{failure}");
        // The headers by themselves are another matter.
        let mut gates = Gates::new(&job, before(100), waived("column_missing"));
        gates.judge_headers().expect("it was waived");
    }
}

/// What becomes of a night on which extracts of so many rows and of these bytes are read.
fn read(gates: &mut Gates, files: &[(u64, &str)]) -> Result<()> {
    let file = |&(rows, blake3): &(u64, &str)| FileReport { rows, blake3: blake3.to_string(), ..FileReport::default() };
    let files: Vec<FileReport> = files.iter().map(file).collect();
    gates.judge_extracts(&files, &[], &[], &Records::default(), &Changed::default())
}

#[test]
fn a_provider_that_sends_no_row_any_more_stops_the_night_however_small_it_is() {
    let code = |job: &Job, rows_before: u64, rows: u64| {
        let mut gates = Gates::new(job, before(rows_before), Waived::default());
        read(&mut gates, &[(rows, "a")]).err().map(|failure| failure.code.id)
    };
    let mut job = job();
    for rows_before in [5, 12, 49, 50, 400] {
        assert_eq!(code(&job, rows_before, 0), Some("OF0518"), "{rows_before} rows before");
    }
    // A small one may lose half of its rows, and four of them at any rate.
    for (rows_before, rows) in [(12, 1), (46, 11), (49, 24), (9, 4)] {
        assert_eq!(code(&job, rows_before, rows), Some("OF0518"), "{rows} rows after {rows_before}");
    }
    for (rows_before, rows) in [(4, 0), (0, 0), (6, 2), (12, 6), (49, 25), (50, 40)] {
        assert_eq!(code(&job, rows_before, rows), None, "{rows} rows after {rows_before}");
    }
    job.gates.maximum_provider_shrink = 0.9;
    assert_eq!(code(&job, 46, 11), None, "the job allows more");
    job.providers[0].when_missing = WhenMissing::Without;
    assert_eq!(code(&job, 12, 0), None, "without it the night goes on");
}

#[test]
fn an_extract_of_which_no_row_can_be_used_names_its_provider() {
    let row = |extract| Quarantined {
        extract,
        provider: 0,
        source_row: 1,
        raw: String::new(),
        code: QuarantineCode::Ragged,
        reason: String::new(),
    };
    let mut job = job();
    let failed = |job: &Job, rows: [u64; 2], quarantined: &[Quarantined]| {
        let files = rows.map(|rows| FileReport { rows, ..FileReport::default() });
        let mut gates = Gates::new(job, Before::default(), Waived::default());
        let judged = gates.judge_extracts(&files, quarantined, &[], &Records::default(), &Changed::default());
        judged.err().map(|failure| (failure.code.id, failure.provider))
    };
    assert_eq!(failed(&job, [30, 2], &[row(1)]), None);
    assert_eq!(failed(&job, [30, 1], &[row(1)]), Some(("OF0512", Some(0))));
    job.providers[0].when_missing = WhenMissing::Without;
    assert_eq!(failed(&job, [30, 1], &[row(1)]), None, "the night goes on without it");
}

#[test]
fn a_file_with_changes_that_was_read_before_makes_no_new_pair() {
    // The practice sends "same" in one extract; the hospice's file with changes has the same bytes.
    let judged = |practice: &[(u64, &str)], read_before: bool, known: &[&str]| {
        let job = job();
        let since = known.iter().map(|bytes| (bytes.to_string(), november(20))).collect();
        let mut gates = Gates::new(&job, Before { extracts: Extracts { since }, ..before(60) }, Waived::default());
        let file = FileChanges {
            file: "in/changes-1.csv".into(),
            blake3: "same".into(),
            rows: 60,
            read_before,
            ..FileChanges::default()
        };
        let hospice = ProviderChanges {
            provider: "hospice".into(),
            records: 60,
            files: vec![file],
            waiting: None,
            held: Vec::new(),
        };
        let mut changed = Changed::default();
        changed.providers.push(hospice);
        let file =
            |&(rows, blake3): &(u64, &str)| FileReport { rows, blake3: blake3.to_string(), ..FileReport::default() };
        let files: Vec<FileReport> = practice.iter().map(file).collect();
        gates.extract_twice(&files, &changed);
        (gates.outcomes[0].outcome, gates.told.len())
    };
    assert_eq!(judged(&[(60, "same")], true, &["same"]), (Verdict::Passed, 1), "as the night before");
    assert_eq!(judged(&[(60, "same")], true, &["other"]), (Verdict::Failed, 0), "the practice's is new");
    assert_eq!(judged(&[(60, "same")], false, &["same"]), (Verdict::Failed, 0), "the hospice's is new");
    assert_eq!(judged(&[(60, "same"), (60, "same")], true, &["same"]), (Verdict::Failed, 0), "a second name is");
    assert_eq!(judged(&[(60, "other")], true, &["other"]), (Verdict::Passed, 0));
}

#[test]
fn that_the_same_bytes_come_for_long_is_told() {
    let told = |stale_days: u32, files: &[(u64, &str)]| {
        let mut job = job();
        job.providers[0].stale_days = stale_days;
        let since = BTreeMap::from([("old".to_string(), november(7)), ("older".to_string(), november(1))]);
        let mut gates = Gates::new(&job, Before { extracts: Extracts { since }, ..before(60) }, Waived::default());
        read(&mut gates, files).expect("it stops no night");
        gates.told
    };
    let words = "provider gp has sent the very same extract for 15 days, since 2026-11-07: does it still deliver?";
    assert_eq!(told(14, &[(60, "old")]), [words]);
    assert_eq!(told(14, &[(30, "old"), (30, "older")]), [words], "the latest of several counts");
    for files in [&[(60, "new")][..], &[(30, "old"), (30, "new")]] {
        assert_eq!(told(14, files), Vec::<String>::new());
    }
    assert_eq!(told(15, &[(60, "old")]), Vec::<String>::new());
}

#[test]
fn people_who_are_gone_or_divided_count_though_as_many_have_come() {
    let judged = |before: u64, retired: u64, split: u64| {
        let kinds = [(ChangeKind::Retired, retired), (ChangeKind::Split, split), (ChangeKind::New, retired)];
        let of_kind = |(kind, count): (ChangeKind, u64)| {
            (0..count).map(move |nth| Change {
                person_id: PersonId::example(nth),
                kind,
                into: Vec::new(),
                from_run: None,
            })
        };
        let changes: Vec<Change> = kinds.into_iter().flat_map(of_kind).collect();
        let job = job();
        let mut gates = Gates::new(&job, Before::default(), Waived::default());
        gates.people_change(Some(before), before, &changes);
        let outcome = gates.outcomes.remove(0);
        (outcome.outcome, outcome.saw)
    };
    let saw = "100 people instead of 100 (0 % changed), 6 of them gone and 5 divided (11 %)";
    assert_eq!(judged(100, 6, 5), (Verdict::Failed, saw.to_string()));
    for (before, retired, split, expected) in [
        (100, 5, 5, Verdict::Passed),
        (100, 11, 0, Verdict::Failed),
        (100, 0, 11, Verdict::Failed),
        (100, 100, 0, Verdict::Failed),
        // Of a few people each is a large share.
        (20, 4, 0, Verdict::Passed),
        (20, 3, 2, Verdict::Failed),
    ] {
        assert_eq!(judged(before, retired, split).0, expected, "{retired} and {split} of {before}");
    }
}
