//! A made-up world to check job files in, and a small job file that is right there.

use crate::job::check::{Checked, check_text};
use crate::job::problem::{Look, render};
use crate::job::standing::{Damaged, StandingList};
use crate::job::surroundings::Surroundings;
use crate::job::{Kept, Provider};
use std::path::{Path, PathBuf};

/// A world of named files and one header.
pub(super) struct Memory {
    pub(super) files: Vec<&'static str>,
    pub(super) header: Option<Vec<&'static str>>,
}

impl Memory {
    pub(super) fn usual() -> Memory {
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

    pub(super) fn check(&self, text: &str) -> Checked {
        check_text(text.to_string(), Path::new("night/job.toml"), Path::new("/night"), self)
    }

    pub(super) fn shown(&self, text: &str) -> String {
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

    fn kept(&self, _: &Path, _: &str) -> Option<Kept> {
        None
    }

    fn has_run(&self, _: &Path) -> bool {
        false
    }

    fn standing(&self, _: &Path, _: &str) -> Result<Option<StandingList>, Damaged> {
        Ok(None)
    }

    fn header(&self, _: &Provider, _: &Path) -> Option<Vec<String>> {
        self.header.as_ref().map(|names| names.iter().map(|name| name.to_string()).collect())
    }
}

/// A small job that is right; `from` is replaced by `to`.
pub(super) fn small(from: &str, to: &str) -> String {
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
