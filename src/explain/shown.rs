//! Explanations as text for people.

use super::{FieldLine, PairExplained, PersonExplained, RecordLine};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::{Display, Formatter, Result};

/// Fields that speak for or against a pair with fewer bits than this are not worth a word.
const WORTH_SAYING: f64 = 0.5;
/// A matrix wider than this does not fit a terminal.
const MATRIX_MAX: usize = 12;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec()).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn align_right(table: &mut Table, columns: impl Iterator<Item = usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn signed(bits: f64) -> String {
    // No "-0.0" for what is nothing.
    format!("{:+.1}", if bits.abs() < 0.05 { 0.0 } else { bits })
}

/// A probability that never claims certainty.
fn chance(probability: f64) -> String {
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
        writeln!(f, "Taken by themselves they are one person with a probability of {}.", chance(self.probability))?;
        self.speaking(f, "For it", |bits| bits >= WORTH_SAYING)?;
        self.speaking(f, "Against it", |bits| bits <= -WORTH_SAYING)?;
        writeln!(f, "\n{}", self.sums())?;
        if let Some(guard) = self.guard {
            writeln!(f, "\nA guard applies: {guard}.")?;
        }
        if self.correction_bits < -WORTH_SAYING && !self.sensitive {
            let strangers = self.strangers.as_deref().unwrap_or("strangers of several kinds");
            writeln!(
                f,
                "\nRelated strangers also look like this, here most of all {strangers}, and that takes bits back."
            )?;
        }
        if self.sensitive {
            writeln!(f, "\nA record is marked sensitive: what would tell a place is not shown.")?;
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
        let bits = |line: &FieldLine| line.bits.unwrap_or(0.0);
        let mut lines: Vec<&FieldLine> = self.fields.iter().filter(|line| counts(bits(line))).collect();
        lines.sort_by(|a, b| bits(b).abs().total_cmp(&bits(a).abs()));
        let words =
            |line: &&FieldLine| format!("{} ({})", line.field, line.agreement.as_deref().unwrap_or("not shown"));
        let words: Vec<String> = lines.iter().take(3).map(words).collect();
        if words.is_empty() { Ok(()) } else { writeln!(f, "{begin}: {}.", words.join("; ")) }
    }

    /// From the prior to the cut.
    fn sums(&self) -> String {
        let with_values = self.fields.iter().any(|line| line.values.is_some());
        let mut header = vec!["", "what agreed", "bits", "total"];
        if with_values {
            header.extend(["first record", "second record"]);
        }
        let mut table = table(&header);
        let mut row = |name: &str, words: &str, bits: String, total: String, values: Option<&[String; 2]>| {
            let mut cells = vec![name.to_string(), words.to_string(), bits, total];
            if with_values {
                cells.extend(values.cloned().unwrap_or_default());
            }
            table.add_row(cells);
        };
        row("any two records", "", signed(self.prior_bits), signed(self.prior_bits), None);
        for line in &self.fields {
            let bits = line.bits.map_or("not shown".into(), signed);
            row(
                &line.field,
                line.agreement.as_deref().unwrap_or("not shown"),
                bits,
                signed(line.total),
                line.values.as_ref(),
            );
        }
        let left_over = if self.sensitive { "related strangers, and what is not shown" } else { "related strangers" };
        row(left_over, "", signed(self.correction_bits), signed(self.weight_bits), None);
        if self.taken_bits > 0.0 {
            row("guards", "", signed(-self.taken_bits), signed(self.weight_bits - self.taken_bits), None);
        }
        row("the cut", "", String::new(), signed(self.cut_bits), None);
        align_right(&mut table, 2..4);
        table.trim_fmt()
    }
}

impl Display for PersonExplained {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let records = self.records.len();
        let Some(average) = self.average_bits else {
            writeln!(f, "Person {} has one record: no other one was found to be theirs.", self.person_id)?;
            writeln!(f, "\n{}", self.listed())?;
            return writeln!(f, "\nRun {}.", self.run_id);
        };
        writeln!(
            f,
            "Person {} has {records} records that belong together: {average:.1} bits on average; the cut is {:.1} bits.",
            self.person_id, self.cut_bits
        )?;
        if let Some(weakest) = self.weakest.map(|at| &self.bonds[at]) {
            let (left, right) = (weakest.left, weakest.right);
            let guard = weakest.guard.map(|guard| format!(" ({guard})")).unwrap_or_default();
            writeln!(f, "The weakest bond is between {left} and {right}, with {:.1} bits{guard}.", weakest.bits)?;
        }
        writeln!(f, "\n{}", self.listed())?;
        if records <= MATRIX_MAX {
            writeln!(f, "\nBonds in bits\n{}", self.matrix())?;
        }
        if self.sensitive {
            writeln!(f, "\nA record is marked sensitive: providers and what would tell a place are not shown.")?;
        }
        writeln!(
            f,
            "\nRun {}. One bit doubles the odds. For one bond field by field: onefolk explain pair.",
            self.run_id
        )
    }
}

impl PersonExplained {
    fn listed(&self) -> String {
        let names: Vec<&str> =
            self.records.first().map_or(vec![], |record| record.values.keys().map(String::as_str).collect());
        let with_ids = self.records.iter().any(|record| record.record_id.is_some());
        let mut header = vec!["record", "provider", "rows", "closest to", "bits", "average"];
        if with_ids {
            header.push("record_id");
        }
        header.extend(&names);
        let mut table = table(&header);
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        for record in &self.records {
            let RecordLine { number, provider, rows, best_partner, best_bits, average_bits, record_id, values } =
                record;
            let mut cells = vec![
                number.to_string(),
                provider.clone().unwrap_or_else(|| "not shown".into()),
                rows.to_string(),
                or_dash(best_partner.map(|partner| partner.to_string())),
                or_dash(best_bits.map(signed)),
                or_dash(average_bits.map(signed)),
            ];
            cells.extend(record_id.clone());
            cells.extend(values.values().cloned());
            table.add_row(cells);
        }
        align_right(&mut table, [0, 2, 3, 4, 5].into_iter());
        table.trim_fmt()
    }

    fn matrix(&self) -> String {
        let numbers: Vec<String> = (1..=self.records.len()).map(|number| number.to_string()).collect();
        let mut header = vec![""];
        header.extend(numbers.iter().map(String::as_str));
        let mut table = table(&header);
        for row in 1..=self.records.len() {
            let bond = |column: usize| {
                let pair = (row.min(column), row.max(column));
                self.bonds
                    .iter()
                    .find(|bond| (bond.left, bond.right) == pair)
                    .map_or(String::new(), |bond| signed(bond.bits))
            };
            let cells = std::iter::once(row.to_string()).chain((1..=self.records.len()).map(bond));
            table.add_row(cells.collect::<Vec<_>>());
        }
        align_right(&mut table, 0..=self.records.len());
        table.trim_fmt()
    }
}
