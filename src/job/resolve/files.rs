//! Paths and globs of the job file become files.

use super::Resolver;
use crate::job::problem::Problem;
use crate::job::reading::{Placed, Section};
use std::path::PathBuf;

impl Resolver<'_> {
    /// The files of `files = […]`, each once, sorted within a table; a pattern without a match is a problem.
    pub(super) fn files_of(&mut self, section: &Section) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> =
            section.texts("files").iter().flat_map(|pattern| self.matches(pattern, true)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// One file that must be there.
    pub(super) fn named_file(&mut self, file: &Placed) -> Option<PathBuf> {
        self.matches(file, true).into_iter().next()
    }

    /// The files that one pattern matches; a match inside the output folder is a problem, and none is one where `needed`.
    pub(super) fn matches(&mut self, pattern: &Placed, needed: bool) -> Vec<PathBuf> {
        let found = match self.surroundings.files(self.folder, &pattern.text) {
            Ok(found) => found,
            Err(why) => {
                self.report(Problem::new(
                    pattern.span.clone(),
                    format!("This path cannot be followed: {why}"),
                    "this path",
                ));
                return Vec::new();
            }
        };
        if found.is_empty() && needed {
            let mut problem =
                Problem::new(pattern.span.clone(), format!("No file matches \"{}\"", pattern.text), "matches nothing")
                    .help(format!("Paths are relative to the job file's folder, {}", self.folder.display()));
            problem.file_missing = true;
            self.report(problem);
        }
        let written = ["runs", "current", "state"].map(|folder| self.output.join(folder));
        if found.iter().any(|path| written.iter().any(|folder| path.starts_with(folder))) {
            self.report(
                Problem::new(
                    pattern.span.clone(),
                    "This matches files inside [job] output",
                    "what a run writes cannot be an extract",
                )
                .help("Narrow the path, or point [job] output elsewhere"),
            );
        }
        found
    }
}
