//! A pair as text for people: plain English first, bits second.

use super::waterfall::{Scale, Step};
use super::{FieldLine, PairExplained};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::{Display, Formatter, Result};

/// Fields that speak for or against a pair with fewer bits than this are not worth a word.
const WORTH_SAYING: f64 = 0.5;
/// Characters of a bar in the waterfall.
const BAR: usize = 32;

pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec()).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

pub(super) fn align_right(table: &mut Table, columns: impl Iterator<Item = usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

pub(super) fn signed(bits: f64) -> String {
    // No "-0.0" for what is nothing.
    format!("{:+.1}", if bits.abs() < 0.05 { 0.0 } else { bits })
}

/// A probability that never claims certainty.
pub(super) fn chance(probability: f64) -> String {
    match probability {
        p if p > 0.9999 => "more than 0.9999".into(),
        p if p < 0.0001 => "less than 0.0001".into(),
        p => format!("{p:.4}"),
    }
}

impl Display for PairExplained {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let verdict = if self.outcome.same_person { "are one person" } else { "are two people" };
        writeln!(f, "These two records {verdict}: {}.", self.outcome.because)?;
        writeln!(f, "The pair is one person with a probability of {}.", chance(self.probability))?;
        self.speaking(f, "For it", |bits| bits >= WORTH_SAYING)?;
        self.speaking(f, "Against it", |bits| bits <= -WORTH_SAYING)?;
        writeln!(f, "\n{}", self.sums())?;
        if let Some(guard) = self.guard {
            writeln!(f, "\nA guard applies: {guard}.")?;
        }
        if let Some(context) = &self.context {
            writeln!(f, "\nBeyond the pair itself, {}: {} bits.", context.words, signed(context.bits))?;
        }
        if self.correction_bits < -WORTH_SAYING {
            let strangers = self.strangers.as_deref().unwrap_or("strangers of several kinds");
            writeln!(
                f,
                "\nRelated strangers also look like this, here most of all {strangers}, and that takes bits back."
            )?;
        }
        if self.rows != [1, 1] {
            writeln!(
                f,
                "\nThe records have {} and {} rows; those that agree best were compared.",
                self.rows[0], self.rows[1]
            )?;
        }
        writeln!(f, "\nRun {}. One bit doubles the odds.", self.run_id)
    }
}

impl PairExplained {
    /// The three fields that say most, in words.
    fn speaking(&self, f: &mut Formatter<'_>, begin: &str, counts: impl Fn(f64) -> bool) -> Result {
        let mut lines: Vec<&FieldLine> = self.fields.iter().filter(|line| counts(line.bits)).collect();
        lines.sort_by(|a, b| b.bits.abs().total_cmp(&a.bits.abs()));
        let words = |line: &&FieldLine| format!("{} ({})", line.field, line.agreement);
        let words: Vec<String> = lines.iter().take(3).map(words).collect();
        if words.is_empty() { Ok(()) } else { writeln!(f, "{begin}: {}.", words.join("; ")) }
    }

    /// From the prior to the cut.
    fn sums(&self) -> String {
        let steps = self.steps();
        let with_values = steps.iter().any(|step| step.values.is_some());
        let mut header = vec!["", "what agreed", "bits", "total", ""];
        if with_values {
            header.extend(["first record", "second record"]);
        }
        let mut table = table(&header);
        let scale = Scale::of(&steps, self.cut_bits, (BAR - 1) as f64);
        let mut before = 0.0;
        for step in &steps {
            let bar = bar(&scale, step, before, self.cut_bits);
            let mut cells = vec![step.name.clone(), step.words.clone(), signed(step.bits), signed(step.total), bar];
            if with_values {
                cells.extend(step.values.cloned().unwrap_or_default());
            }
            table.add_row(cells);
            before = step.total;
        }
        table.add_row(vec!["the cut".into(), String::new(), String::new(), signed(self.cut_bits)]);
        align_right(&mut table, 2..4);
        table.trim_fmt()
    }
}

/// One step of the waterfall: ▓ for, ░ against, │ where the cut is.
fn bar(scale: &Scale, step: &Step, before: f64, cut: f64) -> String {
    let place = |bits: f64| scale.at(bits).round() as usize;
    let (from, to) = (place(before.min(step.total)), place(before.max(step.total)));
    let fill = if step.bits < 0.0 { '░' } else { '▓' };
    let moves = step.bits.abs() >= 0.05;
    let at = |x: usize| match x {
        x if moves && (from..=to).contains(&x) => fill,
        x if x == place(cut) => '│',
        _ => ' ',
    };
    (0..BAR).map(at).collect::<String>().trim_end().to_string()
}
