//! From a parsed job file to a [`Job`]: values, defaults and paths, and every rule that needs more than one key.
//!
//! In: the table, whatever its faults. Out: a `Job` that holds only if nothing was reported, and the columns it names.
//! Always: what `shape` reports is not reported again; a missing or mistyped value becomes its default.

mod care;
mod carry;
mod cohort;
mod columns;
mod end_of_life;
mod files;
mod places;
mod provider;
mod reference;
mod release;
mod segments;

use super::problem::Problem;
use super::reading::{self, Placed, Section};
use super::surroundings::Surroundings;
use super::{
    ClusterSettings, CustomField, EncryptionKey, FieldKind, Gates, Job, LocalObjections, Provider, TestNumbers,
    encryption, people_columns,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A column that the job names, to be looked for in the provider's extracts.
pub(super) struct ColumnUse {
    /// Index into `job.providers`.
    pub provider: usize,
    pub column: Placed,
}

pub(super) struct Resolved {
    pub job: Job,
    pub columns: Vec<ColumnUse>,
    pub problems: Vec<Problem>,
}

/// `text` is the job file's, for line numbers; `path` its path as the user gave it; `folder` is absolute.
pub(super) fn resolve(
    root: &Section,
    text: &str,
    path: &Path,
    folder: &Path,
    surroundings: &dyn Surroundings,
) -> Resolved {
    let mut resolver = Resolver {
        text,
        folder,
        output: encryption::output(root.section("job").as_ref(), folder),
        surroundings,
        custom_fields: custom_fields(root),
        reference_columns: Vec::new(),
        ids: BTreeMap::new(),
        owners: BTreeMap::new(),
        facts: BTreeMap::new(),
        columns: Vec::new(),
        problems: Vec::new(),
    };
    resolver.custom_field_names(root);
    let job = resolver.job(root, path);
    Resolved { job, columns: resolver.columns, problems: resolver.problems }
}

struct Resolver<'a> {
    text: &'a str,
    folder: &'a Path,
    output: PathBuf,
    surroundings: &'a dyn Surroundings,
    custom_fields: Vec<CustomField>,
    /// Columns of people.parquet that come of [reference].
    reference_columns: Vec<&'static str>,
    /// Provider id → where it was first used.
    ids: BTreeMap<String, Range<usize>>,
    /// Identity of an extract → index and id of its provider.
    owners: BTreeMap<PathBuf, (usize, String)>,
    /// Fact name → its rule and the provider that carried it first.
    facts: BTreeMap<String, (super::Carry, String)>,
    columns: Vec<ColumnUse>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn line(&self, span: &Range<usize>) -> usize {
        Problem::new(span.clone(), "", "").position(self.text).0
    }

    fn job(&mut self, root: &Section, path: &Path) -> Job {
        let empty = toml::de::DeTable::new();
        let settings = root.section("job").unwrap_or(Section { table: &empty, span: 0..0 });
        let file_stem = path.file_stem().map_or_else(|| "job".into(), |stem| stem.to_string_lossy().into_owned());
        let reference = self.reference(root);
        self.reference_columns = reference.columns();
        let providers = root.sections("provider");
        let too_many = providers.get(usize::from(u16::MAX));
        if let Some(section) = too_many {
            self.report(Problem::new(section.span.clone(), "A job has at most 65,535 providers", "too many"));
        }
        let mut providers: Vec<Provider> = providers
            .iter()
            .take(usize::from(u16::MAX))
            .enumerate()
            .map(|(index, section)| self.provider(index, section))
            .collect();
        places::mark(&mut providers);
        let (opt_outs, policy, approvers) = (self.opt_outs(root), self.policy(root), self.approvers(root));
        let as_of = settings.value("as_of").and_then(reading::date).unwrap_or_else(|| self.surroundings.today());
        let mut people_columns = people_columns::people_columns(&providers, &reference);
        let care = self.care(root, &providers, &people_columns, as_of);
        people_columns.extend(people_columns::care_columns(&providers, &care));
        let end_of_life = self.end_of_life(root, &providers);
        people_columns.extend(people_columns::end_of_life_columns(end_of_life.as_ref()));
        let segment_sets = self.segment_sets(root, &mut people_columns, as_of);
        let cohorts = self.cohorts(root, &people_columns, as_of);
        let releases = self.releases(root, &providers, &cohorts, &policy);
        Job {
            path: path.to_path_buf(),
            folder: self.folder.to_path_buf(),
            name: settings.text("name").map_or(file_stem, |name| name.text),
            output: self.output.clone(),
            as_of,
            threads: settings.whole("threads").and_then(|threads| usize::try_from(threads).ok()).unwrap_or(0),
            memory_limit: settings.text("memory_limit").and_then(|size| super::values::size(&size.text)),
            test_numbers: settings.text("test_numbers").and_then(|word| test_numbers(&word.text)).unwrap_or_default(),
            keep_runs: settings.whole("keep_runs").and_then(|runs| usize::try_from(runs).ok()).unwrap_or(14),
            id_key_file: settings.text("id_key_file").and_then(|file| self.named_file(&file)),
            audit_key_file: settings.text("audit_key_file").and_then(|file| self.named_file(&file)),
            encryption_key: self.encryption_key(&settings),
            providers,
            custom_fields: std::mem::take(&mut self.custom_fields),
            model_file: root
                .section("model")
                .and_then(|model| model.text("file"))
                .map(|file| self.folder.join(file.text)),
            cluster: self.cluster(root),
            gates: gates(root),
            local_objections: self.local_objections(root),
            nhs_number_replaced: self.side_files(root, "nhs_number_replaced"),
            never_link: self.side_files(root, "never_link"),
            disclosure: release::disclosure(root),
            opt_outs,
            policy,
            approvers,
            releases,
            reference,
            care,
            end_of_life,
            segment_sets,
            cohorts,
        }
    }

    /// One key, and its file not in the output that it opens.
    fn encryption_key(&mut self, settings: &Section) -> Option<EncryptionKey> {
        if let Some(file) = settings.text("encryption_key_file") {
            self.named_file(&file)?;
            if settings.value("encryption_key_env").is_some() {
                self.report(
                    Problem::new(
                        settings.key_span("encryption_key_env"),
                        "encryption_key_file and encryption_key_env both name a key",
                        "a second key",
                    )
                    .help("Keep one of them"),
                );
            }
        }
        EncryptionKey::named(settings, self.folder)
    }

    /// Names of `[field.NAME]` must be new.
    fn custom_field_names(&mut self, root: &Section) {
        let Some(section) = root.section("field") else { return };
        for (name, _) in section.entries() {
            let level = match name.text.as_str() {
                "context" => Some("level_context of links.parquet is no field's"),
                "name" => Some("level_name of links.parquet is what names are compared by"),
                "place" => Some("level_place of links.parquet is what addresses are compared by"),
                _ => None,
            };
            if let Some(why) = carry::taken(&name.text).or(level) {
                self.report(
                    Problem::new(name.span, format!("[field.{}] has a name that is taken: {why}", name.text), "taken")
                        .help("Choose another name; a built-in field needs no [field]"),
                );
            }
        }
    }

    fn cluster(&mut self, root: &Section) -> ClusterSettings {
        let defaults = ClusterSettings::default();
        let Some(section) = root.section("cluster") else { return defaults };
        let settings = ClusterSettings {
            false_link_cost: section.real("false_link_cost").unwrap_or(defaults.false_link_cost),
            threshold: section.share("threshold"),
            review_from: section.share("review_from").unwrap_or(defaults.review_from),
        };
        if settings.threshold.is_some() && section.value("false_link_cost").is_some() {
            self.report(
                Problem::new(
                    section.key_span("threshold"),
                    "`threshold` stands instead of `false_link_cost`",
                    "both are given",
                )
                .help("Remove one of the two"),
            );
        }
        if settings.threshold.is_some_and(|threshold| settings.review_from > threshold) {
            self.report(
                Problem::new(
                    section.key_span("threshold"),
                    "`threshold` lies below `review_from`",
                    "no pair could go to review",
                )
                .help(format!("review_from is {}; write a lower one or a higher threshold", settings.review_from)),
            );
        }
        settings
    }

    fn local_objections(&mut self, root: &Section) -> Vec<LocalObjections> {
        let sections = root.sections("opt_out");
        let local = sections.iter().filter(|section| section.text("kind").is_some_and(|kind| kind.text == "local"));
        local.map(|section| LocalObjections { files: self.files_of(section) }).collect()
    }

    fn side_files(&mut self, root: &Section, key: &str) -> Vec<PathBuf> {
        root.sections(key).iter().flat_map(|section| self.files_of(section)).collect()
    }
}

fn custom_fields(root: &Section) -> Vec<CustomField> {
    let Some(section) = root.section("field") else { return Vec::new() };
    let fields = section.entries().take(usize::from(u16::MAX)).map(|(name, value)| {
        let kind = reading::section(value, name.span.clone()).and_then(|field| field.text("kind"));
        let kind = kind.and_then(|word| field_kind(&word.text)).unwrap_or(FieldKind::Text);
        CustomField { name: name.text, kind }
    });
    fields.collect()
}

fn gates(root: &Section) -> Gates {
    let defaults = Gates::default();
    let Some(section) = root.section("gates") else { return defaults };
    let share = |key: &str, default: f64| section.share(key).unwrap_or(default);
    Gates {
        maximum_quarantined: share("maximum_quarantined", defaults.maximum_quarantined),
        maximum_people_change: share("maximum_people_change", defaults.maximum_people_change),
        maximum_provider_shrink: share("maximum_provider_shrink", defaults.maximum_provider_shrink),
        maximum_column_change: share("maximum_column_change", defaults.maximum_column_change),
        maximum_merged: share("maximum_merged", defaults.maximum_merged),
        maximum_impossible_rise: share("maximum_impossible_rise", defaults.maximum_impossible_rise),
    }
}

fn test_numbers(word: &str) -> Option<TestNumbers> {
    Some(match word {
        "auto" => TestNumbers::Auto,
        "accept" => TestNumbers::Accept,
        "refuse" => TestNumbers::Refuse,
        _ => return None,
    })
}

fn field_kind(word: &str) -> Option<FieldKind> {
    Some(match word {
        "identifier" => FieldKind::Identifier,
        "name" => FieldKind::Name,
        "date" => FieldKind::Date,
        "category" => FieldKind::Category,
        "text" => FieldKind::Text,
        "number" => FieldKind::Number,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::keys::linking::FIELD;
    use super::super::keys::provider::{CARRY, PROVIDER};
    use super::super::keys::{self, Key, Kind};
    use super::*;
    use crate::job::Setting;

    fn words(keys: &'static [Key], name: &str) -> &'static [&'static str] {
        let key = keys.iter().find(|key| key.name == name).expect("the key is described");
        let Kind::Word(words, _) = key.kind else { panic!("{name} takes words") };
        words
    }

    /// A word that the description offers but the resolver does not know would silently become a default.
    #[test]
    fn every_described_word_is_understood() {
        let all =
            |words: &[&str], known: &dyn Fn(&str) -> bool| words.iter().for_each(|word| assert!(known(word), "{word}"));
        all(words(keys::JOB.keys, "test_numbers"), &|word| test_numbers(word).is_some());
        all(words(FIELD.keys, "kind"), &|word| field_kind(word).is_some());
        all(words(CARRY.keys, "kind"), &|word| carry::kind(word).is_some());
        all(words(CARRY.keys, "combine"), &|word| carry::combine(word).is_some());
        all(words(PROVIDER.keys, "when_missing"), &|word| provider::when_missing(word).is_some());
        all(words(PROVIDER.keys, "mode"), &|word| provider::sends_changes(word).is_some());
        all(words(PROVIDER.keys, "format"), &|word| word == "auto" || provider::format_kind(word).is_some());
        all(words(PROVIDER.keys, "setting"), &|word| Setting::from_word(word).is_some());
        assert_eq!(words(keys::OPT_OUT.keys, "kind"), ["local", "type_1", "national"]);
    }
}
