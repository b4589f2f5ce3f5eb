//! A look into each extract: opened once, remembered, shared by the check of columns and the report.

use onefolk::failure::{Failure, Result};
use onefolk::intake::{self, Peek};
use onefolk::job::{FormatKind, Provider};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

/// Every extract that was looked into, by path: different ones side by side, each once.
#[derive(Default)]
pub struct Looks {
    seen: Mutex<BTreeMap<PathBuf, Arc<OnceLock<Result<Peek>>>>>,
}

impl Looks {
    /// The columns of an extract, for [`onefolk::job::Job::check`]: known for certain unless it cannot be read or leaves out what is
    /// missing (JSON lines).
    pub fn columns(&self, provider: &Provider, path: &Path) -> Option<Vec<String>> {
        self.with(provider, path, |look| {
            let look = look.ok()?;
            (look.kind != FormatKind::JsonLines).then(|| look.columns.clone())
        })
    }

    /// What was found in `path`, looking now where nobody looked before.
    pub fn with<T>(
        &self,
        provider: &Provider,
        path: &Path,
        use_it: impl FnOnce(std::result::Result<&Peek, &Failure>) -> T,
    ) -> T {
        let look = {
            let mut seen = self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            seen.entry(path.to_path_buf()).or_default().clone()
        };
        use_it(look.get_or_init(|| intake::peek(provider, path)).as_ref())
    }
}
