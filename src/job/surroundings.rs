//! What a check asks of the world outside the job file; tests answer from memory.

use super::Provider;
use super::kept::{self, Kept};
use super::standing::{self, Damaged, StandingList};
use std::path::{Path, PathBuf};

pub(super) trait Surroundings: Sync {
    fn today(&self) -> jiff::civil::Date;

    /// Absolute paths of the files that `pattern` matches below `folder`, or why it cannot be followed.
    fn files(&self, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String>;

    /// One name for each file, however it is reached.
    fn identity(&self, path: &Path) -> PathBuf;

    /// The last good extracts of a provider.
    fn kept(&self, output: &Path, provider: &str) -> Option<Kept>;

    /// Has a run been published below this output?
    fn has_run(&self, output: &Path) -> bool;

    /// What a provider holds that sends only changes, or that it cannot be used.
    fn standing(&self, output: &Path, provider: &str) -> Result<Option<StandingList>, Damaged>;

    /// The columns of an extract where they are known for certain.
    fn header(&self, provider: &Provider, path: &Path) -> Option<Vec<String>>;
}

/// What somebody knows of the columns of extracts: asked on all threads.
pub type Headers<'a> = dyn Fn(&Provider, &Path) -> Option<Vec<String>> + Sync + 'a;

/// The disk, and what the caller knows of headers.
pub(super) struct Disk<'a> {
    pub headers: &'a Headers<'a>,
}

impl Surroundings for Disk<'_> {
    fn today(&self) -> jiff::civil::Date {
        jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
    }

    fn files(&self, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        // A file whose name holds glob characters is meant literally where it exists.
        let literal = folder.join(pattern);
        if literal.is_file() {
            return Ok(vec![literal]);
        }
        let whole = if Path::new(pattern).is_absolute() {
            pattern.to_string()
        } else {
            let folder = folder.to_str().ok_or("the folder's name is not UTF-8")?;
            format!("{}/{pattern}", glob::Pattern::escape(folder.trim_end_matches('/')))
        };
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            require_literal_separator: true,
            case_sensitive: true,
        };
        let within = std::fs::canonicalize(fixed_part(folder, pattern)).ok();
        let mut found = Vec::new();
        for entry in glob::glob_with(&whole, options).map_err(|error| error.msg.to_string())? {
            let path = entry.map_err(|error| format!("{}: {}", error.path().display(), error.error()))?;
            if path.is_file() {
                // Whoever may put extracts into a folder must not have others read for theirs.
                if within.as_ref().is_none_or(|within| !self.identity(&path).starts_with(within)) {
                    return Err(format!("{} is a link that leads out of its folder", path.display()));
                }
                found.push(path);
            }
        }
        Ok(found)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    }

    fn kept(&self, output: &Path, provider: &str) -> Option<Kept> {
        kept::read(output, provider)
    }

    fn has_run(&self, output: &Path) -> bool {
        output.join("current").exists()
    }

    fn standing(&self, output: &Path, provider: &str) -> Result<Option<StandingList>, Damaged> {
        standing::expected(&standing::folder(output, provider))
    }

    fn header(&self, provider: &Provider, path: &Path) -> Option<Vec<String>> {
        (self.headers)(provider, path)
    }
}

/// The folder that every match of `pattern` stands in: what comes before its first wildcard.
fn fixed_part(folder: &Path, pattern: &str) -> PathBuf {
    let wild = |part: &std::path::Component| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    folder.join(Path::new(pattern).components().take_while(|part| !wild(part)).collect::<PathBuf>())
}
