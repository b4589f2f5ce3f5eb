//! One `[[provider]]`.

use super::columns::ROW_NUMBER;
use super::{ColumnUse, Resolver};
use crate::job::codes::FILE_MISSING;
use crate::job::problem::Problem;
use crate::job::reading::{Placed, Section};
use crate::job::{
    Changes, Deleted, Field, FixedColumn, Format, FormatKind, Provider, Setting, WhenMissing, standing, values,
};
use crate::suggest::nearest;
use std::path::PathBuf;

/// Age up to which last good records stand, where the job does not say.
const STALE_DAYS: u32 = 14;

/// Encodings offered where a label is not known; every WHATWG label is accepted.
const COMMON_ENCODINGS: [&str; 6] = ["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "utf-16le", "utf-16be"];

impl Resolver<'_> {
    pub(super) fn provider(&mut self, index: usize, section: &Section) -> Provider {
        let id = self.id(section);
        let setting = section.text("setting").and_then(|word| Setting::from_word(&word.text)).unwrap_or(Setting::Other);
        let when_missing =
            section.text("when_missing").and_then(|word| when_missing(&word.text)).unwrap_or(WhenMissing::Last);
        let format = self.format(section);
        let trust = section.whole("trust").and_then(|trust| u8::try_from(trust).ok());
        let columns = self.columns(index, section);
        let days = section.whole("stale_days").and_then(|days| u32::try_from(days).ok());
        let sends_changes = section.text("mode").is_some_and(|word| sends_changes(&word.text) == Some(true));
        let kept = match when_missing {
            WhenMissing::Last if !sends_changes => self.surroundings.kept(&self.output, &id),
            _ => None,
        };
        let held = if sends_changes { self.surroundings.standing(&self.output, &id) } else { Ok(None) };
        let damaged = held.is_err();
        let standing = held.unwrap_or_default();
        let needed = when_missing != WhenMissing::Without && kept.is_none() && standing.is_none() && !damaged;
        let (files, complete) = self.extracts(index, &id, section, needed);
        let deleted = self.deleted(index, section, sends_changes);
        let mut provider = Provider {
            name: section.text("name").map_or_else(|| id.clone(), |name| name.text),
            setting,
            globs: section.texts("files").into_iter().map(|pattern| pattern.text).collect(),
            files,
            stale: None,
            vanished: Vec::new(),
            changes: None,
            trust: trust.unwrap_or_else(|| setting.default_trust()),
            one_record_per_person: section.flag("one_record_per_person").unwrap_or(false),
            when_missing,
            stale_days: days.unwrap_or(STALE_DAYS),
            carry: self.carry(index, &id, section, &columns),
            packages: self.packages(index, section),
            columns,
            format,
            id,
        };
        if let Some(kept) = kept.filter(|_| !complete) {
            provider.take(&self.output, kept, &FILE_MISSING);
        }
        self.columns_fit_format(index, &provider);
        if sends_changes {
            self.names_its_records(section, &provider);
            let (files, format) = (provider.files.clone(), provider.format.clone());
            // Where it may be missing and no file is there, what it holds is left out as well.
            let is_left_out = files.is_empty() && when_missing == WhenMissing::Without;
            if standing.is_some() && !is_left_out {
                provider.files = vec![standing::folder(&self.output, &provider.id).join(standing::EXTRACT)];
                provider.format = standing::format();
            }
            provider.changes = Some(Changes { deleted, files, format, standing, damaged });
        }
        provider
    }

    /// The mark of rows that say that a record is gone.
    fn deleted(&mut self, provider: usize, section: &Section, sends_changes: bool) -> Option<Deleted> {
        let deleted = section.section("deleted")?;
        if !sends_changes {
            self.report(
                Problem::new(section.key_span("deleted"), "`deleted` belongs to mode = \"changes\"", "no meaning here")
                    .help("In a snapshot a record is gone that is not in it; remove `deleted`, or write mode = \"changes\""),
            );
        }
        let column = deleted.text("column")?;
        self.columns.push(ColumnUse { provider, column: column.clone() });
        let values = deleted.texts("values").into_iter().map(|value| value.text).collect();
        Some(Deleted { column: column.text, values })
    }

    /// Changes are told by record_id: the number of a row names another record in every extract.
    fn names_its_records(&mut self, section: &Section, provider: &Provider) {
        let numbered = provider.columns.get(&Field::RecordId).is_some_and(|source| source.columns == [ROW_NUMBER]);
        if numbered {
            self.report(
                Problem::new(
                    section.key_span("mode"),
                    "Changes need a `record_id` that is a column",
                    "needs a record_id",
                )
                .help(
                    "Map the provider's own identifier of a record; a row's number names another one in every extract",
                ),
            );
        }
    }

    fn id(&mut self, section: &Section) -> String {
        let Some(id) = section.text("id") else { return String::new() };
        if !id.text.is_empty() && !is_id(&id.text) {
            self.report(
                Problem::new(
                    id.span.clone(),
                    "A provider's id has at most 64 lower-case letters, digits and hyphens",
                    "this id",
                )
                .help("The id stands in every output and in person_ids; put the readable name into `name`"),
            );
        }
        match self.ids.get(&id.text) {
            Some(first) => {
                let line = self.line(&first.clone());
                self.report(
                    Problem::new(id.span, format!("Two providers have the id \"{}\"", id.text), "used before").help(
                        format!(
                            "The first stands in line {line}; several extracts of one provider belong in its `files`"
                        ),
                    ),
                );
            }
            None => {
                self.ids.insert(id.text.clone(), id.span);
            }
        }
        id.text
    }

    /// The provider's extracts, sorted, each once, and no other provider's; and whether every pattern matches one.
    fn extracts(&mut self, index: usize, id: &str, section: &Section, needed: bool) -> (Vec<PathBuf>, bool) {
        let mut all: Vec<PathBuf> = Vec::new();
        let mut complete = true;
        for pattern in section.texts("files") {
            let known = self.problems.len();
            let found = self.matches(&pattern, needed);
            self.problems[known..].iter_mut().for_each(|problem| problem.extract_missing = problem.file_missing);
            complete &= !found.is_empty();
            let mut shared = 0;
            let mut with = String::new();
            for path in found {
                let identity = self.surroundings.identity(&path);
                match self.owners.get(&identity) {
                    // The same file by two globs of one provider is one extract.
                    Some((owner, _)) if *owner == index => {}
                    Some((_, owner)) => {
                        shared += 1;
                        with.clone_from(owner);
                    }
                    None => {
                        self.owners.insert(identity, (index, id.to_string()));
                        all.push(path);
                    }
                }
            }
            if shared > 0 {
                let files = if shared == 1 { "1 file".to_string() } else { format!("{shared} files") };
                let message = format!("\"{}\" matches {files} of another provider", pattern.text);
                self.report(
                    Problem::new(pattern.span, message, "belongs to two providers")
                        .help(format!("Provider \"{with}\" reads the same; a file belongs to one provider")),
                );
            }
        }
        all.sort();
        (all, complete)
    }

    fn format(&mut self, section: &Section) -> Format {
        let kind = section.text("format").and_then(|word| format_kind(&word.text));
        let format = Format {
            kind,
            delimiter: section.text("delimiter").and_then(|text| values::character(&text.text)),
            quote: section.text("quote").and_then(|text| values::character(&text.text)),
            encoding: section.text("encoding").and_then(|label| self.encoding(&label)),
            header: section.flag("header"),
            skip_rows: section.whole("skip_rows").and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0),
            sheet: section.text("sheet").map(|sheet| sheet.text),
            layout: self.layout(section),
        };
        self.overrides_fit(section, kind);
        if format.delimiter.is_some() && format.delimiter == format.quote {
            self.report(Problem::new(
                section.key_span("quote"),
                "`delimiter` and `quote` are the same character",
                "the same",
            ));
        }
        format
    }

    fn encoding(&mut self, label: &Placed) -> Option<String> {
        if encoding_rs::Encoding::for_label(label.text.as_bytes()).is_none() {
            self.report(
                Problem::new(
                    label.span.clone(),
                    format!("There is no encoding \"{}\"", label.text),
                    "unknown encoding",
                )
                .suggest(nearest(&label.text, COMMON_ENCODINGS), || {
                    format!("Common ones: {}", COMMON_ENCODINGS.join(", "))
                }),
            );
            return None;
        }
        Some(label.text.clone())
    }

    /// An override that a format cannot have would silently do nothing.
    fn overrides_fit(&mut self, section: &Section, kind: Option<FormatKind>) {
        use FormatKind::{Csv, FixedWidth, JsonLines, Xlsx};
        let rules: [(&str, &[FormatKind]); 7] = [
            ("delimiter", &[Csv]),
            ("quote", &[Csv]),
            ("encoding", &[Csv, FixedWidth, JsonLines]),
            ("header", &[Csv, Xlsx]),
            ("skip_rows", &[Csv, Xlsx, FixedWidth]),
            ("sheet", &[Xlsx]),
            ("layout", &[FixedWidth]),
        ];
        for (key, kinds) in rules {
            let given = section.value(key).is_some();
            let word = section.text("format").map_or_else(|| "auto".to_string(), |word| word.text);
            let fits = kind.is_none_or(|kind| kinds.contains(&kind));
            // A layout is never guessed from the data, so it needs its format said.
            if given && (!fits || (key == "layout" && kind.is_none())) {
                self.report(
                    Problem::new(
                        section.key_span(key),
                        format!("`{key}` has no meaning with format = \"{word}\""),
                        "no meaning here",
                    )
                    .help("Remove it or correct `format`"),
                );
            }
        }
        if kind == Some(FixedWidth) && section.value("layout").is_none() {
            self.report(
                Problem::new(section.key_span("format"), "A fixed-width extract needs a layout", "needs `layout`")
                    .help("layout = [{ column = \"PatientID\", start = 1, width = 10 }, …]"),
            );
        }
    }

    fn layout(&mut self, section: &Section) -> Vec<FixedColumn> {
        let mut layout: Vec<FixedColumn> = Vec::new();
        for item in section.sections("layout") {
            let Some(column) = item.text("column") else { continue };
            if layout.iter().any(|known| known.column == column.text) {
                self.report(Problem::new(
                    column.span,
                    format!("The layout names \"{}\" twice", column.text),
                    "named before",
                ));
                continue;
            }
            let number = |key: &str| item.whole(key).and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
            layout.push(FixedColumn { column: column.text, start: number("start"), width: number("width") });
        }
        layout
    }

    /// Where the job itself says which columns there are, its mapping can be checked without opening an extract.
    fn columns_fit_format(&mut self, index: usize, provider: &Provider) {
        let headless = provider.format.header == Some(false);
        let layout = &provider.format.layout;
        let mut problems = Vec::new();
        for used in self.columns.iter().filter(|used| used.provider == index) {
            let name = used.column.text.as_str();
            if headless && !name.parse::<usize>().is_ok_and(|number| number >= 1) {
                problems.push(
                    Problem::new(
                        used.column.span.clone(),
                        format!("There is no column \"{name}\" without a header"),
                        "not a number",
                    )
                    .help("With header = false columns are \"1\", \"2\", …"),
                );
            } else if !layout.is_empty() && !layout.iter().any(|column| column.column == name) {
                let near = nearest(name, layout.iter().map(|column| column.column.as_str()));
                problems.push(
                    Problem::new(
                        used.column.span.clone(),
                        format!("The layout has no column \"{name}\""),
                        "unknown column",
                    )
                    .suggest(near, || "Name it in `layout`".into()),
                );
            }
        }
        self.problems.extend(problems);
    }
}

pub(super) fn when_missing(word: &str) -> Option<WhenMissing> {
    Some(match word {
        "last" => WhenMissing::Last,
        "stop" => WhenMissing::Stop,
        "without" => WhenMissing::Without,
        _ => return None,
    })
}

/// Whether a mode is that of changes.
pub(super) fn sends_changes(word: &str) -> Option<bool> {
    Some(match word {
        "snapshot" => false,
        "changes" => true,
        _ => return None,
    })
}

pub(super) fn format_kind(word: &str) -> Option<FormatKind> {
    Some(match word {
        "csv" => FormatKind::Csv,
        "parquet" => FormatKind::Parquet,
        "json_lines" => FormatKind::JsonLines,
        "fixed_width" => FormatKind::FixedWidth,
        "xlsx" => FormatKind::Xlsx,
        _ => return None,
    })
}

/// An id that can name a folder: at most 64 lower-case letters, digits and hyphens.
pub(super) fn is_id(text: &str) -> bool {
    let letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    !text.is_empty() && text.chars().all(letter) && text.len() <= 64
}
