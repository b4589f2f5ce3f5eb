//! Lists as people write them: what is understood, what is passed over, and what stops a night.

use super::{Held, OptOuts, WithheldReason, read, read_opt_outs, withhold, withhold_all, wrong};
use crate::failure::Failure;
use crate::identity::example;
use crate::job::{Job, LocalObjections, NationalList, OptOut, Setting};
use crate::records::Records;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::path::PathBuf;

/// Numbers of the range that is never issued.
const A: &str = "9990000018";
const B: &str = "9990000026";
const C: &str = "9990000034";
const D: &str = "9990000042";
/// With a wrong check digit.
const MISTYPED: &str = "9990000017";

/// A job of one practice, as of 22 November 2026, and where its lists stand.
struct Lists {
    folder: tempfile::TempDir,
    job: Job,
}

impl Lists {
    fn new() -> Lists {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut job = example::job(&[("gp", Setting::GeneralPractice, 3)]);
        (job.folder, job.output) = (folder.path().to_path_buf(), folder.path().join("out"));
        Lists { folder, job }
    }

    fn write(&self, name: &str, list: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, list).expect("there is room");
        path
    }

    /// With this list of local objections.
    fn of_objections(list: &str) -> Lists {
        let mut lists = Lists::new();
        let files = vec![lists.write("objections.csv", list)];
        lists.job.local_objections = vec![LocalObjections { files }];
        lists
    }

    fn failure(&self) -> Failure {
        read(&self.job).expect_err("it cannot be used")
    }

    /// How many names local objections hold today, or did on the day `then`.
    fn held(&self, then: Option<Date>) -> u64 {
        Held::of(&read(&self.job).expect("it can be used"), &OptOuts::default(), then).local
    }
}

#[test]
fn nobody_on_a_list_is_passed_over_for_how_it_is_written() {
    for (list, says) in [
        (format!("nhs_number\n{A},{B}\n"), "line 2: it has more cells than the header has columns"),
        (format!("nhs_number,\n{A},{B}\n"), "line 2: it has more cells than the header has columns"),
        (format!("nhs_number,nhs_number\n{A},{B}\n"), "line 1: the header has nhs_number twice"),
        (format!("nhs_number,untill\n{A},2026-12-01\n"), "line 1: column 2 of the header is nearly until"),
        (format!("Form,nhs_number,until\n2026-12-01,{A},\n"), "line 1: column 1 of the header is nearly from"),
        (format!("nhs_number,from,until\n{A},2026-12-01,2026-11-01\n"), "line 2: from is after until"),
        (format!("nhs_number,from\n{A},\n{MISTYPED},2027-01-01\n"), "line 3: this is no NHS number"),
        ("provider,record_id,from\nnobody,1,2027-01-01\n".to_string(), "line 2: no provider of this job has that id"),
    ] {
        let failure = Lists::of_objections(&list).failure();
        assert_eq!(failure.code.id, "OF0350", "{list}");
        assert!(failure.what.starts_with(&format!("objections.csv {says}")), "{list}: {failure}");
        assert!(!failure.what.contains("999"), "{failure}");
    }
}

#[test]
fn what_does_no_harm_on_a_list_is_passed_over() {
    for list in [
        format!("nhs_number,note,from,form\n{A},by phone,,F12\n{B},by post,2027-01-01\n"),
        format!("nhs_number\n{A},\n"),
        // The provider has left, and the line is over.
        "provider,record_id,until\nleft,1,2026-11-21\ngp,2,\n".to_string(),
    ] {
        assert_eq!(Lists::of_objections(&list).held(None), 1, "{list}");
    }
}

#[test]
fn names_are_counted_that_hold_today_or_did_then() {
    let ended = format!("{A},2020-01-01,2026-11-20\n{B},,2026-11-20\n{C},,2026-11-19\n");
    let lists = Lists::of_objections(&format!("nhs_number,from,until\n{A},,\n{ended}{D},2026-11-23,\n"));
    assert_eq!(lists.held(None), 1);
    for (day, held) in [(19, 3), (20, 2), (21, 1), (22, 1), (23, 2)] {
        assert_eq!(lists.held(Some(date(2026, 11, day))), held, "on {day} November");
    }
}

#[test]
fn each_list_is_counted_by_itself_and_for_what_it_alone_holds() {
    let mut lists = Lists::new();
    let local = [
        lists.write("gp_2026-11-21.csv", &format!("nhs_number\n{A}\n")),
        lists.write("gp_2026-11-22.csv", &format!("nhs_number\n{A}\n{B}\n")),
        lists.write("ward.csv", &format!("nhs_number,until\n{B},\n{C},2026-11-20\n")),
    ];
    lists.job.local_objections = local.map(|file| LocalObjections { files: vec![file] }).into();
    lists.job.never_link = vec![lists.write("apart.csv", &format!("{A},gp:1\ngp:1,{A}\n"))];
    lists.job.nhs_number_replaced = vec![lists.write("replaced.csv", &format!("{C},{D}\n"))];
    let national = |file: PathBuf, list: NationalList| OptOut::National {
        files: vec![file],
        list,
        checked_on: date(2026, 11, 20),
        valid_days: 21,
    };
    lists.job.opt_outs = vec![
        OptOut::Type1 { files: vec![lists.write("type_1.csv", &format!("nhs_number\n{A}\n"))] },
        national(lists.write("refused.csv", &format!("{A}\n{B}\n{A}\n")), NationalList::Refused),
        national(lists.write("allowed.csv", &format!("{C}\n")), NationalList::Allowed),
    ];
    let authority = read(&lists.job).expect("it can be used");
    let opt_outs = read_opt_outs(&lists.job, &authority).expect("they can be used");
    let told = |then: Option<Date>| -> Vec<String> {
        let by_file = Held::of(&authority, &opt_outs, then).by_file;
        by_file.iter().map(|list| format!("{} {} {} {}", list.kind, list.file, list.names, list.alone)).collect()
    };
    let as_they_stand = |ward: &str| {
        let gp = "local gp_*.csv 2 1";
        let (replaced, never) = ("nhs_number_replaced replaced.csv 1 1", "never_link apart.csv 1 1");
        [replaced, gp, ward, never, "type_1 type_1.csv 1 1", "national refused.csv 2 2"].map(String::from)
    };
    assert_eq!(told(None), as_they_stand("local ward.csv 1 0"));
    assert_eq!(told(Some(date(2026, 11, 20))), as_they_stand("local ward.csv 2 1"));
}

#[test]
fn a_first_line_that_was_mistyped_is_no_header() {
    let with = |is_replaced: bool, list: &str| {
        let mut lists = Lists::new();
        let files = vec![lists.write("list.csv", list)];
        *(if is_replaced { &mut lists.job.nhs_number_replaced } else { &mut lists.job.never_link }) = files;
        read(&lists.job)
    };
    for (is_replaced, list) in [
        (true, format!("{MISTYPED},{MISTYPED}\n{A},{B}\n")),
        (true, format!("old,new\n{A},{B},{C}\n")),
        (false, format!("nobody:1,nobody:2\n{A},{B}\n")),
        (false, format!("{MISTYPED},{MISTYPED}\n{A},{B}\n")),
        (false, format!("{A},gp:1,gp:2\n")),
    ] {
        let failure = with(is_replaced, &list).expect_err("it cannot be used");
        assert_eq!(failure.code.id, "OF0350", "{list}");
        assert!(!failure.what.contains("999"), "{failure}");
    }
    assert_eq!(with(true, &format!("old,new,why\n{A},{B},moved\n")).expect("it can be used").replaced.len(), 1);
    for head in ["", "one,other\n", "provider:record_id,nhs_number\n", "left,right,why\n"] {
        let authority = with(false, &format!("{head}gp:1,{A},twins\n")).expect("it can be used");
        assert_eq!(Held::of(&authority, &OptOuts::default(), None).never_link, 1, "{head}");
    }
}

#[test]
fn every_list_that_is_wrong_is_told_at_once() {
    let mut lists = Lists::of_objections("who\nnobody\n");
    assert_eq!(wrong(&lists.job).len(), 1);
    lists.job.never_link = vec![lists.write("apart.csv", &format!("{A}\n")), lists.write("more.csv", "")];
    lists.job.opt_outs = vec![OptOut::Type1 { files: vec![lists.write("type_1.csv", "nhs_number\n12\n")] }];
    let told: Vec<String> = wrong(&lists.job).into_iter().map(|failure| failure.what).collect();
    let names: Vec<&str> = told.iter().filter_map(|what| what.split(' ').next()).collect();
    assert_eq!(names, ["objections.csv", "apart.csv", "type_1.csv"]);
}

proptest! {
    /// Each row stays (0 and 3), is named, or is of somebody who is.
    #[test]
    fn rows_leave_for_two_reasons_at_once_as_they_do_in_turn(rows in prop::collection::vec(0u8..4, 0..40)) {
        let ids: Vec<String> = (0..rows.len()).map(|row| format!("r{row}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let all = || Records { key: (0..rows.len() as u32).collect(), ..example::plain(&ids) };
        let marked = |mark: u8| rows.iter().map(|row| *row == mark).collect::<Vec<bool>>();
        let (named, linked) = (marked(1), marked(2));
        let (why_named, why_linked) = (WithheldReason::LocalObjection, WithheldReason::LocalObjectionLinked);
        let (mut at_once, mut withheld) = (all(), Vec::new());
        let marks = [(named.as_slice(), why_named), (linked.as_slice(), why_linked)];
        let stays = withhold_all(&mut at_once, &marks, &mut withheld);

        let (mut in_turn, mut expected) = (all(), Vec::new());
        withhold(&mut in_turn, &named, why_named, &mut expected);
        let rest: Vec<bool> = rows.iter().filter(|row| **row != 1).map(|row| *row == 2).collect();
        withhold(&mut in_turn, &rest, why_linked, &mut expected);
        prop_assert_eq!(withheld, expected);
        prop_assert_eq!(at_once.record_id, in_turn.record_id);
        prop_assert_eq!((at_once.source_row, at_once.key), (in_turn.source_row, in_turn.key));
        prop_assert_eq!(stays, rows.iter().map(|row| matches!(row, 0 | 3)).collect::<Vec<bool>>());
    }
}
