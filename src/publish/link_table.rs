//! links.parquet and review.parquet.

use super::WrittenFile;
use super::table::{self, Column};
use crate::clustering::Edge;
use crate::comparison::{PackedLevel, Pattern};
use crate::failure::Result;
use crate::model::{Calibration, UNITS_PER_BIT};
use rustc_hash::FxHashMap;
use std::path::Path;

/// The last of the level columns is no comparison of the pair itself. No field may have this name; a comparison of an imported model may,
/// which then has the column, since such a model knows no context.
const CONTEXT: &str = "context";

/// Scored pairs of identities as they were linked: their columns are made while they are written.
#[derive(Debug, Clone, Copy)]
pub struct LinkTable<'a> {
    pub links: &'a [Edge],
    /// Where each comparison's level stands in a pattern.
    pub levels: &'a [PackedLevel],
    /// What weights mean.
    pub calibration: &'a Calibration,
    /// Whose places are not told; `None` where nobody is marked.
    pub masked: Option<&'a Masked>,
}

/// Whose places are not told, and what may tell them. The context of a pair is told no more than these: it counts what its other records say with
/// all of their fields.
#[derive(Debug)]
pub struct Masked {
    /// Of each identity, whether its person is marked.
    pub identities: Vec<bool>,
    /// Of each level, whether it may tell a place.
    pub levels: Vec<bool>,
    /// By pattern, what a pair weighs by its other levels.
    pub weights: FxHashMap<Pattern, i64>,
}

impl Masked {
    /// Whether somebody in a link is marked.
    pub fn holds(&self, link: &Edge) -> bool {
        self.identities[link.left as usize] || self.identities[link.right as usize]
    }

    /// What a link weighs as it is told; `None` where that is what it weighs.
    fn weight(&self, link: &Edge) -> Option<i64> {
        self.holds(link).then(|| self.weights.get(&link.pattern).copied()).flatten()
    }
}

pub(super) fn write_links(folder: &Path, table: LinkTable, identity_ids: &[[u8; 16]]) -> Result<WrittenFile> {
    let mut columns = columns(table, identity_ids, |row| row);
    columns.extend(context_column(table, |row| row));
    table::write(folder, "links.parquet", table.links.len(), &columns)
}

/// `review` gives the pairs by place in the table, each with why a person should look, in one word of ours.
pub(super) fn write_review(
    folder: &Path,
    table: LinkTable,
    review: &[(u32, &'static str)],
    identity_ids: &[[u8; 16]],
) -> Result<WrittenFile> {
    let place = |row: usize| review[row].0 as usize;
    let mut columns = columns(table, identity_ids, place);
    columns.push(Column::required_text("reason", |row| review[row].1));
    columns.extend(context_column(table, place));
    table::write(folder, "review.parquet", review.len(), &columns)
}

/// `place` says which link stands in a row.
fn columns<'a>(
    LinkTable { links, levels, calibration, masked }: LinkTable<'a>,
    identity_ids: &'a [[u8; 16]],
    place: impl Fn(usize) -> usize + Copy + Sync + Send + 'a,
) -> Vec<Column<'a>> {
    let weight = move |row: usize| {
        let link = &links[place(row)];
        masked.and_then(|masked| masked.weight(link)).unwrap_or(i64::from(link.weight))
    };
    let mut columns = vec![
        identity_column("identity_id_left", identity_ids, move |row| links[place(row)].left),
        identity_column("identity_id_right", identity_ids, move |row| links[place(row)].right),
        Column::float("weight", move |row| weight(row) as f64 / UNITS_PER_BIT),
        Column::float("probability", move |row| calibration.probability(weight(row))),
        Column::flag("same_person", move |row| links[place(row)].same_person),
    ];
    for (at, level) in levels.iter().enumerate() {
        let masked = masked.filter(|masked| masked.levels[at]);
        columns.push(level_column(&level.name, move |row| {
            let link = &links[place(row)];
            // As where nobody has written the place down: null.
            if masked.is_some_and(|masked| masked.holds(link)) { None } else { level.level_in(link.pattern) }
        }));
    }
    columns
}

fn context_column<'a>(
    LinkTable { links, levels, masked, .. }: LinkTable<'a>,
    place: impl Fn(usize) -> usize + Sync + Send + 'a,
) -> Option<Column<'a>> {
    let is_taken = levels.iter().any(|level| level.name == CONTEXT);
    let context = move |row: usize| {
        let link = &links[place(row)];
        // As where neither has other records: null.
        if masked.is_some_and(|masked| masked.holds(link)) { None } else { link.context }
    };
    (!is_taken).then(|| level_column(CONTEXT, context))
}

/// Levels; null where a value is missing.
fn level_column<'a>(comparison: &str, level: impl Fn(usize) -> Option<u8> + Sync + Send + 'a) -> Column<'a> {
    Column::int32(&format!("level_{comparison}"), move |row| level(row).map(i32::from))
}

/// identity_ids as 32 hexadecimal characters.
pub(super) fn identity_column<'a>(
    name: &str,
    identity_ids: &'a [[u8; 16]],
    identity: impl Fn(usize) -> u32 + Sync + Send + 'a,
) -> Column<'a> {
    let column = Column::ascii(name, move |row, text: &mut [u8; 32]| {
        for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(identity_ids[identity(row) as usize]) {
            *pair = HEX[usize::from(byte)];
        }
    });
    column.distinct()
}

/// The two hexadecimal digits of every byte.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (mut hex, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        hex[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    hex
};
