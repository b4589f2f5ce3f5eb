//! links.parquet and review.parquet.

use super::WrittenFile;
use super::table::{self, Column};
use crate::failure::Result;
use std::path::Path;

/// The level of a comparison in which a value is missing; null in the files.
pub const MISSING_LEVEL: u8 = 255;

/// The last of the level columns is no comparison of the pair itself. No field may have this name; a comparison of an imported model may,
/// which then has the column, since such a model knows no context.
const CONTEXT: &str = "context";

/// Scored pairs of identities: columns with one entry a pair.
#[derive(Debug, Clone, Default)]
pub struct LinkTable {
    /// Index of the identity.
    pub left: Vec<u32>,
    pub right: Vec<u32>,
    /// In 1/1024 bit.
    pub weight_1024: Vec<i32>,
    pub probability: Vec<f64>,
    pub same_person: Vec<bool>,
    /// Each comparison's name and levels; [`MISSING_LEVEL`] where a value is missing.
    pub levels: Vec<(String, Vec<u8>)>,
    /// What the other records of both people say of the pair (`clustering::context_words`); [`MISSING_LEVEL`] where there are none.
    pub context: Vec<u8>,
}

/// Pairs in the grey zone.
#[derive(Debug, Clone, Default)]
pub struct ReviewTable {
    pub links: LinkTable,
    /// Why a person should look, in one word of ours; one entry a pair.
    pub reasons: Vec<&'static str>,
}

pub(super) fn write_links(folder: &Path, links: &LinkTable, identity_ids: &[[u8; 16]]) -> Result<WrittenFile> {
    let mut columns = columns(links, identity_ids);
    columns.extend(context_column(links));
    table::write(folder, "links.parquet", links.left.len(), &columns)
}

pub(super) fn write_review(folder: &Path, review: &ReviewTable, identity_ids: &[[u8; 16]]) -> Result<WrittenFile> {
    let mut columns = columns(&review.links, identity_ids);
    columns.push(Column::required_text("reason", |row| review.reasons[row]));
    columns.extend(context_column(&review.links));
    table::write(folder, "review.parquet", review.links.left.len(), &columns)
}

fn columns<'a>(links: &'a LinkTable, identity_ids: &'a [[u8; 16]]) -> Vec<Column<'a>> {
    let mut columns = vec![
        identity_column("identity_id_left", identity_ids, &links.left),
        identity_column("identity_id_right", identity_ids, &links.right),
        Column::float("weight", |row| f64::from(links.weight_1024[row]) / 1024.0),
        Column::float("probability", |row| links.probability[row]),
        Column::flag("same_person", |row| links.same_person[row]),
    ];
    for (comparison, levels) in &links.levels {
        columns.push(level_column(comparison, levels));
    }
    columns
}

fn context_column(links: &LinkTable) -> Option<Column<'_>> {
    let is_taken = links.levels.iter().any(|(comparison, _)| comparison == CONTEXT);
    (!is_taken).then(|| level_column(CONTEXT, &links.context))
}

fn level_column<'a>(comparison: &str, levels: &'a [u8]) -> Column<'a> {
    let level = |row: usize| (levels[row] != MISSING_LEVEL).then(|| i32::from(levels[row]));
    Column::int32(&format!("level_{comparison}"), level)
}

/// identity_ids as 32 hexadecimal characters.
pub(super) fn identity_column<'a>(name: &str, identity_ids: &'a [[u8; 16]], identities: &'a [u32]) -> Column<'a> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let column = Column::written_text(name, false, |row, text| {
        let digit = |half: u8| DIGITS[usize::from(half)];
        let mut hex = [0u8; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(identity_ids[identities[row] as usize]) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        text.push_str(std::str::from_utf8(&hex).expect("digits are ASCII"));
        true
    });
    column.distinct()
}
