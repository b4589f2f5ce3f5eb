//! How one unit of work of an extract is read, by its format.

use super::delimited::{self, DelimitedPlan};
use super::fixed_width::{self, FixedWidthPlan};
use super::json_lines::{self, JsonLinesPlan};
use super::parquet::ParquetPlan;
use super::problem::Result;
use super::rows::{Piece, Slot};
use super::units::Unit;
use super::xlsx::{self, WorkbookPlan};
use crate::job::FormatKind;

/// How units of work are read; shared by all threads.
pub(super) enum Plan {
    Delimited(DelimitedPlan),
    JsonLines(JsonLinesPlan),
    FixedWidth(FixedWidthPlan),
    Parquet(ParquetPlan),
    Workbook(WorkbookPlan),
}

impl Plan {
    pub fn slots(&self) -> &[Slot] {
        match self {
            Plan::Delimited(plan) => &plan.slots,
            Plan::JsonLines(plan) => &plan.slots,
            Plan::FixedWidth(plan) => &plan.slots,
            Plan::Parquet(plan) => &plan.slots,
            Plan::Workbook(plan) => &plan.slots,
        }
    }

    pub fn kind(&self) -> FormatKind {
        match self {
            Plan::Delimited(_) => FormatKind::Csv,
            Plan::JsonLines(_) => FormatKind::JsonLines,
            Plan::FixedWidth(_) => FormatKind::FixedWidth,
            Plan::Parquet(_) => FormatKind::Parquet,
            Plan::Workbook(_) => FormatKind::Xlsx,
        }
    }

    /// Reads one unit; `rows_max` is kept by formats that can stop early. Returns the number of data records in it.
    pub fn read(&self, unit: &Unit, rows_max: usize, emit: &mut dyn FnMut(Piece)) -> Result<u32> {
        match self {
            Plan::Delimited(plan) => Ok(delimited::read_block(&unit.bytes, plan, emit)),
            Plan::JsonLines(plan) => Ok(json_lines::read_block(&unit.bytes, plan, emit)),
            Plan::FixedWidth(plan) => Ok(fixed_width::read_block(&unit.bytes, plan, emit)),
            Plan::Parquet(plan) => plan.read_group(unit.group, rows_max, emit),
            Plan::Workbook(plan) => xlsx::read_sheet(plan, rows_max, emit),
        }
    }
}
