//! One thing that is wrong with a job file, and how it is shown.

use super::codes::{FILE_MISSING, JOB_WRONG};
use crate::failure::Failure;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use std::fmt::Write;
use std::io::IsTerminal;
use std::ops::Range;
use std::path::Path;

/// Problems shown in full; the rest are counted.
const SHOWN_MAX: usize = 200;

/// One thing that is wrong with a job file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the job file's text.
    pub span: Range<usize>,
    /// What is wrong, in one clause without a full stop.
    pub message: String,
    /// A few words under the caret.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The job file is right, but a file that it names is not there.
    pub file_missing: bool,
    /// That file is an extract of a provider without which no night begins.
    pub extract_missing: bool,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        let (message, label) = (message.into(), label.into());
        Problem { span, message, label, help: None, file_missing: false, extract_missing: false }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With "Did you mean" where a known word is near, and all known words otherwise.
    pub(super) fn suggest(self, near: Option<&str>, otherwise: impl FnOnce() -> String) -> Self {
        match near {
            Some(near) => self.help(format!("Did you mean \"{near}\"?")),
            None => self.help(otherwise()),
        }
    }

    /// Line and column of the problem's beginning, both counted from 1, in characters.
    pub fn position(&self, text: &str) -> (usize, usize) {
        let start = floor(text, self.span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Whether a key by this name would hold a secret.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passphrase", "secret", "token", "private"].iter().any(|word| key.contains(word))
}

/// The text as it may be shown: what is assigned to a secret becomes as many `*`.
fn masked(text: &str) -> String {
    let mask = |line: &str| -> String {
        match line.split_once('=') {
            Some((key, value)) if is_secret(key) => {
                let stars = value.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { byte as char } else { '*' });
                format!("{key}={}", stars.collect::<String>())
            }
            _ => line.to_string(),
        }
    };
    text.split_inclusive('\n').map(mask).collect()
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// How problems are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// For a terminal that shows colours.
    Colour,
    /// For a terminal under NO_COLOR.
    Monochrome,
    /// ASCII without escape codes, for logs and mails.
    Plain,
}

impl Look {
    /// What stderr can show; NO_COLOR and TERM=dumb are honoured.
    pub fn of_stderr() -> Look {
        let refuses = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !std::io::stderr().is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            Look::Plain
        } else if refuses("NO_COLOR") {
            Look::Monochrome
        } else {
            Look::Colour
        }
    }

    fn theme(self) -> GraphicalTheme {
        match self {
            Look::Colour => GraphicalTheme::unicode(),
            Look::Monochrome => GraphicalTheme::unicode_nocolor(),
            Look::Plain => GraphicalTheme::none(),
        }
    }
}

/// All problems as they stand on stderr, each with file, line, caret and help.
pub fn render(problems: &[Problem], text: &str, path: &Path, look: Look) -> String {
    let handler = GraphicalReportHandler::new_themed(look.theme()).with_width(100).with_links(false);
    let source = std::sync::Arc::new(NamedSource::new(path.display().to_string(), masked(text)));
    let mut rendered = String::new();
    for problem in problems.iter().take(SHOWN_MAX) {
        let (line, column) = problem.position(text);
        let mut diagnostic = MietteDiagnostic::new(problem.message.clone());
        diagnostic.help = problem.help.clone();
        let (start, end) = (floor(text, problem.span.start), floor(text, problem.span.end.max(problem.span.start)));
        let label = (!problem.label.is_empty()).then(|| problem.label.clone());
        diagnostic.labels = Some(vec![LabeledSpan::new(label, start, end - start)]);
        let report = Report::new(diagnostic).with_source_code(source.clone());
        let shown = handler.render_report(&mut rendered, report.as_ref());
        if shown.is_err() {
            let _ = writeln!(rendered, "{}:{line}:{column}: {}", path.display(), problem.message);
        }
        while rendered.ends_with("\n\n") {
            rendered.pop();
        }
        rendered.push('\n');
    }
    if problems.len() > SHOWN_MAX {
        let _ = writeln!(rendered, "… and {} more problems", problems.len() - SHOWN_MAX);
    }
    rendered
}

/// The failure that a list of problems becomes: exit 3 where nothing but files is missing, exit 2 otherwise.
///
/// # Panics
/// Where the list is empty.
pub fn failure(problems: &[Problem], text: &str, path: &Path, look: Look) -> Failure {
    assert!(!problems.is_empty(), "a job without problems does not fail");
    let code = if problems.iter().all(|problem| problem.file_missing) { &FILE_MISSING } else { &JOB_WRONG };
    let count = match problems.len() {
        1 => "1 problem".to_string(),
        many => format!("{many} problems"),
    };
    let mut failure = Failure::new(code, format!("{count} in {}", path.display()));
    failure.rendered = render(problems, text, path, look);
    failure
}
