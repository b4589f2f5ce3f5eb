//! A synthetic population of England with known truth, and providers that each see part of it.
//!
//! In: a [`Request`]: how many people, providers and rows, a seed, a folder. Out: extracts (or one clean file), the job.toml that fits,
//! `truth.csv`, the lists a job may name, and [`Generated`], the counts. Always: the same request gives the same bytes on any number of
//! threads; every usable row is in `truth.csv`; every NHS number is of the range 900–999 that is never issued; nobody is real.
//!
//! The way of the data: `tables`, `places`, `numbers` → `households` (people as they truly are) → `visits` (who is seen by whom) →
//! `record` and `damage` (what one provider wrote down) → `rows` and `extract` (its columns, codes and formats). Rates stand in
//! `data/reference/generate`, not in the code. Blocks of people are the unit of work: each has its own stream of chance, memory holds a
//! few of them, and files are written in their order.

mod block_rows;
mod care;
mod chance;
mod cohorts;
mod customs;
mod damage;
mod extract;
mod health;
mod households;
mod job_file;
mod layouts;
mod numbers;
mod people;
mod places;
mod providers;
mod record;
mod releases;
mod rows;
mod single_file;
mod tables;
#[cfg(test)]
mod tests;
mod typing;
mod visits;

pub use single_file::COLUMNS as SINGLE_FILE_COLUMNS;

use crate::failure::{Code, Exit, Failure, Result};
use block_rows::{BlockOutput, Lists, Unusable, Writer};
use extract::{Extract, create};
use households::{PEOPLE_PER_BLOCK, SPARE_NUMBERS_PER_BLOCK, World};
use job_file::ListsWritten;
use rayon::prelude::*;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use visits::Visits;

/// The codes this room raises (OF09xx).
pub static CODES: &[&Code] = &[&REQUEST_WRONG, &NOT_WRITTEN, &FOLDER_IN_USE];

static REQUEST_WRONG: Code = Code {
    id: "OF0901",
    exit: Exit::JobWrong,
    title: "the population asked for cannot be made",
    next_step: "Change the number that the message names, then run `onefolk generate` again",
    explanation: "`onefolk generate` makes between 1 and 88 million people (there are no more NHS numbers in the range that is never \
                  issued), between 1 and 1,000 providers, and between 0.1 and 100 rows a person. Of so few people that no provider sees \
                  one of them it makes nothing.",
};
static NOT_WRITTEN: Code = Code {
    id: "OF0902",
    exit: Exit::Resource,
    title: "a generated file could not be written",
    next_step: "Choose another --output folder or repair the one that the message names, then run `onefolk generate` again",
    explanation: "A file below --output could not be created or written.",
};
static FOLDER_IN_USE: Code = Code {
    id: "OF0903",
    exit: Exit::JobWrong,
    title: "the output folder holds something else",
    next_step: "Choose an --output folder that is new, empty, or was written by `onefolk generate`",
    explanation: "`onefolk generate` replaces what it wrote itself, which it knows by the first line of job.toml, and never anything else.",
};

/// What to generate.
#[derive(Debug, Clone)]
pub struct Request {
    pub people: u64,
    pub providers: usize,
    /// Rows a person on average (records, where `single_file`).
    pub rows_per_person: f64,
    pub seed: u64,
    pub output: PathBuf,
    /// One clean CSV with these of [`SINGLE_FILE_COLUMNS`] instead of an extract a provider.
    pub single_file: Option<Vec<String>>,
}

impl Request {
    /// The request that `data/demo` is made by.
    pub fn demo(output: PathBuf) -> Self {
        Request { people: 3_300, providers: 30, rows_per_person: 9.0, seed: 2026, output, single_file: None }
    }

    /// The command that repeats this request, for the head of the job file; without the folder.
    fn command(&self) -> String {
        if self.is_demo() {
            return "onefolk generate --demo".to_string();
        }
        let single = self
            .single_file
            .as_ref()
            .map_or(String::new(), |columns| format!(" --single-file --columns {}", columns.join(",")));
        format!(
            "onefolk generate --people {} --providers {} --rows-per-person {} --seed {}{single}",
            self.people, self.providers, self.rows_per_person, self.seed
        )
    }

    fn is_demo(&self) -> bool {
        let demo = Request::demo(self.output.clone());
        (self.people, self.providers, self.seed) == (demo.people, demo.providers, demo.seed)
            && self.rows_per_person == demo.rows_per_person
            && self.single_file.is_none()
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(Failure::new(&REQUEST_WRONG, what));
        if !(1..=88_000_000).contains(&self.people) {
            return wrong(format!("--people {} is not between 1 and 88,000,000", self.people));
        }
        if !(1..=1_000).contains(&self.providers) {
            return wrong(format!("--providers {} is not between 1 and 1,000", self.providers));
        }
        if !(0.1..=100.0).contains(&self.rows_per_person) {
            return wrong(format!("--rows-per-person {} is not between 0.1 and 100", self.rows_per_person));
        }
        for column in self.single_file.iter().flatten() {
            if !SINGLE_FILE_COLUMNS.contains(&column.as_str()) {
                return wrong(format!("--columns knows no {column:?}; it knows {}", SINGLE_FILE_COLUMNS.join(", ")));
            }
        }
        Ok(())
    }
}

/// What was generated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generated {
    pub people: u64,
    /// Those of the job: fewer than were asked for where some see nobody and would send an empty file.
    pub providers: usize,
    /// Lines of truth.csv.
    pub records: u64,
    /// Rows of all extracts, unusable ones included.
    pub rows: u64,
    /// Rows that cannot be used, by provider and code, as in `unusable.csv`.
    pub unusable: u64,
}

/// Generates a population into `request.output`. `progress` is told how many people are done.
///
/// # Errors
/// OF0901 where the request asks for what cannot be made, or no provider sees anybody, OF0903 where the folder holds something else, OF0902, OF0401 and OF0402
/// where a file cannot be written.
pub fn generate(request: &Request, progress: impl Fn(u64)) -> Result<Generated> {
    request.check()?;
    prepare_folder(&request.output)?;
    let wanted_numbers = request.people + request.people.div_ceil(PEOPLE_PER_BLOCK) * SPARE_NUMBERS_PER_BLOCK;
    let numbers = numbers::Numbers::new(wanted_numbers, request.seed)
        .ok_or_else(|| Failure::new(&REQUEST_WRONG, "the range of NHS numbers that are never issued is too small"))?;
    let places = places::Places::load(request.people);
    let world = World { tables: tables::Tables::load(), places, numbers, people: request.people, seed: request.seed };
    let damage = damage::Damage::load(&world.tables);
    let providers = providers::providers(request.providers);
    let single: Option<Vec<&str>> =
        request.single_file.as_ref().map(|columns| columns.iter().map(String::as_str).collect());
    let visits = Visits::fit(&world, &providers, &damage, request.rows_per_person, single.is_none());
    let record_numbers_per_block = (request.rows_per_person * PEOPLE_PER_BLOCK as f64 * 4.0) as u64 + 4_096;
    let writer = Writer {
        world: &world,
        visits: &visits,
        providers: &providers,
        damage: &damage,
        single: single.as_deref(),
        record_numbers_per_block,
        record_number_mask: (world.blocks() * record_numbers_per_block).next_power_of_two().max(1 << 20) - 1,
    };
    let mut files = Files::create(request, &providers)?;
    // A wave of blocks is made in parallel and written in order. Its size is fixed, so that no byte depends on the threads.
    let blocks: Vec<u64> = (0..world.blocks()).collect();
    for wave in blocks.chunks(16) {
        let outputs: Vec<BlockOutput> = wave.par_iter().map(|block| writer.block(*block)).collect();
        files.write(outputs).map_err(|error| not_written(&error, &request.output))?;
        progress(((wave[wave.len() - 1] + 1) * PEOPLE_PER_BLOCK).min(request.people));
    }
    if request.is_demo() {
        releases::write_keys(&request.output, request.seed)?;
    }
    if files.generated.records == 0 {
        drop(files);
        clear(&request.output).map_err(|error| not_written(&error, &request.output))?;
        return Err(nobody_is_seen(request));
    }
    let finished = files.finish(request, &providers, single.as_deref());
    let generated = finished.map_err(|error| not_written(&error, &request.output))?;
    if request.is_demo() {
        releases::approve(&request.output)?;
    }
    Ok(generated)
}

fn nobody_is_seen(request: &Request) -> Failure {
    let Request { people, rows_per_person, .. } = request;
    let what = format!("no provider sees anybody of --people {people} with --rows-per-person {rows_per_person}");
    Failure::new(&REQUEST_WRONG, format!("{what}; ten people with 8 are enough"))
}

fn not_written(error: &std::io::Error, path: &Path) -> Failure {
    Failure::from_io(error, path, &NOT_WRITTEN)
}

/// First words of every generated job file: how we know our own folders.
const MARK: &str = "# Written by `onefolk generate";

/// Makes the folder, or clears one that we wrote before.
fn prepare_folder(folder: &Path) -> Result<()> {
    let failed = |error: std::io::Error| not_written(&error, folder);
    make_folder(folder).map_err(failed)?;
    let mut entries = std::fs::read_dir(folder).map_err(failed)?;
    if entries.next().is_none() {
        return Ok(());
    }
    let ours = std::fs::read_to_string(folder.join("job.toml")).is_ok_and(|text| text.starts_with(MARK));
    if !ours {
        return Err(Failure::new(&FOLDER_IN_USE, format!("{} is not empty", folder.display())));
    }
    clear(folder).map_err(failed)
}

/// Removes what we write into a folder.
fn clear(folder: &Path) -> std::io::Result<()> {
    for name in ["in", "lists", "keys"] {
        let old = folder.join(name);
        if old.is_dir() {
            std::fs::remove_dir_all(old)?;
        }
    }
    for name in ["job.toml", "truth.csv", "unusable.csv", "id.key", "records.csv", "approvals.csv"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A folder that only its owner may enter.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Everything that is being written.
struct Files<'a> {
    folder: PathBuf,
    truth: BufWriter<std::fs::File>,
    records: Option<BufWriter<std::fs::File>>,
    extracts: Vec<Extract<'a>>,
    unusable: Unusable,
    lists: Lists,
    generated: Generated,
}

impl<'a> Files<'a> {
    fn create(request: &Request, providers: &'a [providers::Provider]) -> Result<Self> {
        let folder = request.output.clone();
        let open = || -> std::io::Result<Self> {
            let mut truth = BufWriter::with_capacity(1 << 20, create(&folder.join("truth.csv"))?);
            truth.write_all(single_file::TRUTH_HEADER.as_bytes())?;
            let (mut records, mut extracts) = (None, Vec::new());
            if let Some(columns) = &request.single_file {
                let mut file = BufWriter::with_capacity(1 << 20, create(&folder.join("records.csv"))?);
                writeln!(file, "record_id,provider,{}", columns.join(","))?;
                records = Some(file);
            } else {
                for provider in providers {
                    let own = folder.join("in").join(&provider.id);
                    make_folder(&own)?;
                    extracts.push(Extract::create(provider, &own)?);
                }
            }
            let generated = Generated { people: request.people, providers: request.providers, ..Default::default() };
            let (unusable, lists) = (Unusable::new(), Lists::default());
            Ok(Files { folder: folder.clone(), truth, records, extracts, unusable, lists, generated })
        };
        open().map_err(|error| not_written(&error, &request.output))
    }

    /// Writes one wave, providers side by side, blocks in order.
    fn write(&mut self, outputs: Vec<BlockOutput>) -> std::io::Result<()> {
        self.extracts.par_iter_mut().enumerate().try_for_each(|(place, extract)| {
            outputs.iter().try_for_each(|output| extract.write(&output.rows[place], &output.order[place]))
        })?;
        for output in outputs {
            self.truth.write_all(output.truth.as_bytes())?;
            if let Some(records) = &mut self.records {
                records.write_all(output.lines.as_bytes())?;
            }
            self.generated.records += output.records;
            self.generated.rows += output.row_count;
            output.unusable.into_iter().for_each(|(key, rows)| *self.unusable.entry(key).or_default() += rows);
            self.lists.add(output.lists);
        }
        Ok(())
    }

    fn finish(
        mut self,
        request: &Request,
        providers: &[providers::Provider],
        single: Option<&[&str]>,
    ) -> std::io::Result<Generated> {
        self.truth.flush()?;
        if let Some(records) = &mut self.records {
            records.flush()?;
        }
        let mut sending = Vec::with_capacity(providers.len());
        for (extract, provider) in self.extracts.into_iter().zip(providers) {
            if extract.is_empty() {
                drop(extract);
                std::fs::remove_dir_all(self.folder.join("in").join(&provider.id))?;
                self.generated.providers -= 1;
                continue;
            }
            sending.push(provider);
            for (code, rows) in extract.finish()?.into_iter().filter(|(_, rows)| *rows > 0) {
                self.generated.rows += rows;
                *self.unusable.entry((provider.id.clone(), code)).or_default() += rows;
            }
        }
        self.generated.unusable = self.unusable.values().sum();
        let written = self.lists.write(&self.folder)?;
        let text = match single {
            Some(columns) => job_file::of_single_file(&request.command(), columns, written),
            None => {
                let name = if request.is_demo() { "demo" } else { "generated" };
                job_file::of_providers(name, &request.command(), &sending, written, request.is_demo())
            }
        };
        create(&self.folder.join("job.toml"))?.write_all(text.as_bytes())?;
        let key = blake3::hash(format!("onefolk generate {}", request.seed).as_bytes()).to_hex();
        writeln!(create(&self.folder.join("id.key"))?, "{key}")?;
        let mut unusable = String::from("provider,code,rows\n");
        self.unusable
            .iter()
            .for_each(|((provider, code), rows)| unusable.push_str(&format!("{provider},{code},{rows}\n")));
        create(&self.folder.join("unusable.csv"))?.write_all(unusable.as_bytes())?;
        Ok(self.generated)
    }
}

impl Lists {
    fn add(&mut self, other: Lists) {
        self.replaced.push_str(&other.replaced);
        self.never_link.push_str(&other.never_link);
        self.objecting_numbers.push_str(&other.objecting_numbers);
        self.objecting_records.push_str(&other.objecting_records);
        self.type_1_numbers.push_str(&other.type_1_numbers);
        self.national_numbers.push_str(&other.national_numbers);
    }

    fn write(&self, folder: &Path) -> std::io::Result<ListsWritten> {
        let folder = folder.join("lists");
        make_folder(&folder)?;
        let put = |name: &str, header: &str, lines: &str| -> std::io::Result<bool> {
            if !lines.is_empty() {
                create(&folder.join(name))?.write_all(format!("{header}{lines}").as_bytes())?;
            }
            Ok(!lines.is_empty())
        };
        Ok(ListsWritten {
            replaced: put("nhs_number_replaced.csv", "old,new\n", &self.replaced)?,
            never_link: put("never_link.csv", "", &self.never_link)?,
            objecting_numbers: put("objections_by_number.csv", "nhs_number\n", &self.objecting_numbers)?,
            objecting_records: put(
                "objections_by_record.csv",
                "provider,record_id,from,until\n",
                &self.objecting_records,
            )?,
            type_1_numbers: put("type_1.csv", "nhs_number\n", &self.type_1_numbers)?,
            national_numbers: put("national.csv", "nhs_number\n", &self.national_numbers)?,
        })
    }
}
