//! Columns that the job names, looked for in the extracts whose header is known.

use super::problem::Problem;
use super::resolve::ColumnUse;
use super::surroundings::Surroundings;
use super::{FormatKind, Job, Provider};
use crate::suggest::nearest;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

/// A named column that an extract lacks.
pub(super) struct Lacked {
    /// Index into `job.providers`.
    pub provider: usize,
    pub column: String,
    /// Whether the first line of that extract is a header at all.
    pub is_header: bool,
    /// With the nearest real column.
    pub problem: Problem,
}

/// Every named column that an extract lacks, once.
pub(super) fn check(job: &Job, columns: &[ColumnUse], surroundings: &dyn Surroundings) -> Vec<Lacked> {
    let mut problems = Vec::new();
    // To open a workbook takes seconds, and there may be hundreds of extracts.
    let looked =
        |provider: &Provider| provider.files.par_iter().map(|path| header(provider, path, surroundings)).collect();
    let headers: Vec<Vec<Option<Vec<String>>>> = job.providers.par_iter().with_max_len(1).map(looked).collect();
    for (index, (provider, headers)) in job.providers.iter().zip(headers).enumerate() {
        let used: Vec<&ColumnUse> = columns.iter().filter(|used| used.provider == index).collect();
        let mut lacking: Vec<Lacking> = used.iter().map(|_| Lacking::default()).collect();
        for (path, header) in provider.files.iter().zip(headers) {
            let Some(header) = header else { continue };
            let known: BTreeSet<&str> = header.iter().map(String::as_str).collect();
            let is_header = used.iter().any(|used| known.contains(used.column.text.as_str()));
            for (used, lacking) in used.iter().zip(&mut lacking) {
                if !known.contains(used.column.text.as_str()) {
                    lacking.add(path, &header, &used.column.text, is_header);
                }
            }
        }
        let mut headless_told = false;
        for (used, lacking) in used.iter().zip(lacking).filter(|(_, lacking)| lacking.files > 0) {
            // An extract without a header lacks every column; that is one mistake, not ten.
            let headless = !lacking.is_header && lacking.near.is_none();
            if !(headless && headless_told) {
                let (column, is_header) = (used.column.text.clone(), lacking.is_header);
                let problem = lacking.problem(used, &job.folder);
                problems.push(Lacked { provider: index, column, is_header, problem });
            }
            headless_told |= headless;
        }
    }
    problems
}

/// The columns of an extract where they prove what it lacks.
fn header(provider: &Provider, path: &Path, surroundings: &dyn Surroundings) -> Option<Vec<String>> {
    // A layout is the header, and has been compared; a JSON line leaves out what is missing, so that its sample proves nothing.
    let proves = !matches!(provider.format.kind, Some(FormatKind::FixedWidth | FormatKind::JsonLines));
    proves.then(|| surroundings.header(provider, path))?
}

/// What is known of one column that extracts lack.
#[derive(Default)]
struct Lacking {
    files: usize,
    first: std::path::PathBuf,
    near: Option<String>,
    /// Whether the first line of that extract is a header at all: it holds at least one of the job's columns.
    is_header: bool,
}

impl Lacking {
    fn add(&mut self, path: &Path, header: &[String], column: &str, is_header: bool) {
        if self.files == 0 {
            self.first = path.to_path_buf();
            self.is_header = is_header;
            // Without a header the "columns" are a person's values, which a message may never show; one that is the same word but
            // for case and punctuation cannot be.
            let near = nearest(column, header.iter().map(String::as_str));
            self.near = near.filter(|near| is_header || same_letters(near, column)).map(String::from);
        }
        self.files += 1;
    }

    fn problem(self, used: &ColumnUse, folder: &Path) -> Problem {
        let name = self.first.strip_prefix(folder).unwrap_or(&self.first).display().to_string();
        let others = match self.files - 1 {
            0 => String::new(),
            1 => " and 1 other file".into(),
            many => format!(" and {many} other files"),
        };
        let message = format!("There is no column \"{}\" in {name}{others}", used.column.text);
        let is_header = self.is_header;
        Problem::new(used.column.span.clone(), message, "unknown column").suggest(self.near.as_deref(), || {
            if is_header {
                "`onefolk check` lists the columns of each extract".into()
            } else {
                "None of this provider's columns is there: if its extracts have no header, write header = false and name columns \"1\", \"2\", …"
                    .into()
            }
        })
    }
}

fn same_letters(one: &str, other: &str) -> bool {
    let folded = |word: &str| {
        word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    folded(one) == folded(other)
}
