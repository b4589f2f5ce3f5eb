//! A first look at an extract, for `check`, `init` and `plan`.

use super::compression::Compression;
use super::open::{OpenExtract, Sizes, open};
use super::plan::Plan;
use super::problem::{Problem, Result};
use super::units::Unit;
use crate::failure;
use crate::job::{FormatKind, Provider};
use std::path::Path;

/// Rows of [`Peek::sample`] at most.
const SAMPLE_ROWS_MAX: usize = 200;
/// Decoded bytes looked at (1 MiB): one block, which is also the head.
const LOOK: Sizes = Sizes { block_bytes: 1 << 20, head_bytes: 256 << 10 };

/// What the first part of an extract looks like.
#[derive(Debug, Clone)]
pub struct Peek {
    /// In words, as in [`super::FileReport::found`]; the encoding is judged by the first part only.
    pub found: String,
    pub kind: FormatKind,
    /// For CSV.
    pub delimiter: Option<u8>,
    /// For CSV.
    pub quote: Option<u8>,
    /// A WHATWG label, for text.
    pub encoding: Option<String>,
    pub compression: Compression,
    /// In the order of the extract.
    pub columns: Vec<String>,
    /// The first rows that can be read, 200 at most, all columns.
    pub sample: Vec<Vec<String>>,
    /// Rows among those looked at that would go to quarantine.
    pub quarantined: usize,
}

/// Looks at the first rows of one extract; whole files are never read.
///
/// Fails with OF02xx as a run would: absent, empty, not what its format says, or without a readable header.
pub fn peek(provider: &Provider, path: &Path) -> failure::Result<Peek> {
    look(provider, path).map_err(|problem| in_failure(problem, provider, path))
}

/// How many data records an extract has: exact for Parquet, by the density of its first part otherwise.
pub fn estimate_rows(provider: &Provider, path: &Path) -> failure::Result<u64> {
    estimate(provider, path).map_err(|problem| in_failure(problem, provider, path))
}

fn in_failure(problem: Problem, provider: &Provider, path: &Path) -> failure::Failure {
    problem.into_failure(&provider.id, &path.display().to_string())
}

fn look(provider: &Provider, path: &Path) -> Result<Peek> {
    let OpenExtract { plan, columns, mut source } = open(path, provider, None, LOOK, &|_| {})?;
    let mut unit = Unit::default();
    let mut sample: Vec<Vec<String>> = Vec::new();
    let mut quarantined = 0;
    while sample.len() + quarantined < SAMPLE_ROWS_MAX && source.next(&mut unit)? {
        plan.read(&unit, SAMPLE_ROWS_MAX, &mut |piece| {
            let batch = piece.into_batch(0, 0, plan.slots(), 0);
            for row in 0..batch.source_rows.len().min(SAMPLE_ROWS_MAX - sample.len()) {
                sample.push(batch.columns.iter().map(|column| column.get(row).to_string()).collect());
            }
            quarantined += batch.quarantined.len();
        })?;
    }
    let dialect = match &*plan {
        Plan::Delimited(plan) => Some(plan.dialect),
        _ => None,
    };
    Ok(Peek {
        found: source.found(),
        kind: plan.kind(),
        delimiter: dialect.map(|dialect| dialect.delimiter),
        quote: dialect.map(|dialect| dialect.quote),
        encoding: source.encoding().map(str::to_string),
        compression: source.compression(),
        columns,
        sample,
        quarantined,
    })
}

fn estimate(provider: &Provider, path: &Path) -> Result<u64> {
    let OpenExtract { plan, mut source, .. } = open(path, provider, None, LOOK, &|_| {})?;
    match &*plan {
        Plan::Parquet(plan) => return Ok(plan.group_rows().iter().sum()),
        // What the sheet declares counts rows down to the last cell.
        Plan::Workbook(plan) => return Ok(u64::from(plan.rows_declared.saturating_sub(plan.first_row))),
        Plan::Delimited(_) | Plan::JsonLines(_) | Plan::FixedWidth(_) => {}
    }
    let mut unit = Unit::default();
    let (mut rows, mut units) = (0_u64, 0);
    // Decoders read ahead, so that several units are needed before the bytes read say something.
    while units < 8 && source.next(&mut unit)? {
        rows += u64::from(plan.read(&unit, usize::MAX, &mut |_| {})?);
        units += 1;
    }
    let (read, size) = (source.watch().bytes_read(), source.watch().size());
    if units < 8 || read == 0 || read >= size {
        return Ok(rows);
    }
    Ok((rows as f64 * size as f64 / read as f64).round() as u64)
}
