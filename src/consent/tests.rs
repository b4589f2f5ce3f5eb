//! Lists as people write them: what is understood, what is passed over, and what stops a night.

use super::{Held, OptOuts, read, wrong};
use crate::failure::Failure;
use crate::identity::example;
use crate::job::{Job, LocalObjections, OptOut, Setting};
use jiff::civil::{Date, date};
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
