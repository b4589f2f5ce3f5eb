//! `onefolk init`.

use onefolk::failure::{Failure, NO_EXTRACTS, Result};
use onefolk::intake;
use onefolk::job::{DraftProvider, Format, Provider, Setting, WhenMissing, draft, schema};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Extracts of one folder that are looked into; the rest have the same columns as a rule.
const LOOKS_MAX: usize = 20;

/// Write a job file to start from, by a look at the extracts; or the schema that completes it in an editor.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk init in --output job.toml        (in/ holds one subfolder a provider)\n  onefolk init --schema > job.schema.json"
)]
pub struct Arguments {
    /// Folders with extracts: each subfolder, and each folder that holds files itself, is one provider.
    #[arg(required_unless_present = "schema")]
    folders: Vec<PathBuf>,
    /// Where to write the job file, never over an existing one; standard output where absent.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON Schema of the job file.
    #[arg(long, conflicts_with_all = ["folders", "output"])]
    schema: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.schema {
        return super::print_json(&schema());
    }
    let output = arguments.output.as_deref();
    let base = absolute(
        output.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")),
    )?;
    let mut providers = Vec::new();
    for folder in &arguments.folders {
        for (folder, files) in folders_with_files(&absolute(folder)?)? {
            providers.extend(describe(&folder, &files, &base));
        }
    }
    if providers.is_empty() {
        let named: Vec<String> = arguments.folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(Failure::new(&NO_EXTRACTS, named.join(", ")));
    }
    let name =
        output.and_then(Path::file_stem).map_or_else(|| "night".into(), |stem| stem.to_string_lossy().into_owned());
    let text = draft(&name, &providers);
    match output {
        Some(path) => write_new(path, &text),
        None => super::print(&text),
    }
}

/// The path from the root, without `.` parts.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|error| Failure::from_io(&error, path, &NO_EXTRACTS))?;
    Ok(path.components().collect())
}

/// The folder itself and its subfolders, as far as they hold files; hidden ones are left out. All sorted.
fn folders_with_files(folder: &Path) -> Result<BTreeMap<PathBuf, BTreeSet<PathBuf>>> {
    let (own, subfolders) = list(folder)?;
    let mut found = BTreeMap::from([(folder.to_path_buf(), own)]);
    for subfolder in subfolders {
        let (files, _) = list(&subfolder)?;
        found.insert(subfolder, files);
    }
    found.retain(|_, files| !files.is_empty());
    Ok(found)
}

fn list(folder: &Path) -> Result<(BTreeSet<PathBuf>, BTreeSet<PathBuf>)> {
    let fail = |error: std::io::Error| Failure::from_io(&error, folder, &NO_EXTRACTS);
    let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            folders.insert(path);
        } else if path.is_file() {
            files.insert(path);
        }
    }
    Ok((files, folders))
}

/// One provider from one folder, or `None` where none of its files can be read as an extract.
fn describe(folder: &Path, files: &BTreeSet<PathBuf>, base: &Path) -> Option<DraftProvider> {
    let mut described = DraftProvider {
        folder: folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned(),
        ..DraftProvider::default()
    };
    let asking = asking();
    let mut extracts: Vec<&PathBuf> = Vec::new();
    for path in files.iter().take(LOOKS_MAX) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match intake::peek(&asking, path) {
            Err(failure) => {
                described.remarks.push(format!("left out {name}: {} ({})", failure.code.title, failure.code.id))
            }
            Ok(peek) if extracts.is_empty() => {
                (described.found, described.columns, described.sample) = (peek.found, peek.columns, peek.sample);
                extracts.push(path);
            }
            Ok(peek) => {
                if peek.columns != described.columns {
                    described.remarks.push(format!("{name} has other columns: it may need a [[provider]] of its own"));
                }
                extracts.push(path);
            }
        }
    }
    if files.len() > LOOKS_MAX {
        described.remarks.push(format!("only the first {LOOKS_MAX} of {} files were looked into", files.len()));
    }
    let below = folder.strip_prefix(base).unwrap_or(folder);
    let endings: BTreeSet<String> = extracts.iter().map(|path| ending(path)).collect();
    let place = |ending: &String| below.join(format!("*{ending}")).display().to_string();
    described.globs = endings.iter().map(place).collect();
    (!extracts.is_empty()).then_some(described)
}

/// `.csv.gz` of `a.csv.gz`.
fn ending(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some((stem, last)) = name.rsplit_once('.') else { return String::new() };
    let compressed = ["gz", "zst"].iter().any(|known| last.eq_ignore_ascii_case(known));
    match stem.rsplit_once('.') {
        Some((_, before)) if compressed => format!(".{before}.{last}"),
        _ => format!(".{last}"),
    }
}

/// A provider of which nothing is known yet.
fn asking() -> Provider {
    Provider {
        id: "init".into(),
        name: "init".into(),
        setting: Setting::Other,
        globs: Vec::new(),
        files: Vec::new(),
        stale: None,
        vanished: Vec::new(),
        changes: None,
        format: Format::default(),
        trust: 1,
        one_record_per_person: false,
        when_missing: WhenMissing::Stop,
        stale_days: 0,
        columns: BTreeMap::new(),
        carry: Vec::new(),
        packages: Vec::new(),
    }
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let fail = |error: std::io::Error| Failure::of_new_file(&error, path);
    let mut file = file.map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::ending;
    use std::path::Path;

    #[test]
    fn endings_of_extracts() {
        for (name, expected) in [
            ("a.csv", ".csv"),
            ("a.2026-11.csv.gz", ".csv.gz"),
            ("a", ""),
            ("a.b.c.d-1.txt", ".txt"),
            ("x.parquet", ".parquet"),
        ] {
            assert_eq!(ending(Path::new(name)), expected, "{name}");
        }
    }
}
