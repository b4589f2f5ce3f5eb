//! A person as text for people: how the records came together, then the figures.

use super::person::{JoinLine, PersonExplained, RecordLine};
use super::shown::{align_right, signed, table};
use super::{Conflict, counted};
use std::fmt::{Display, Formatter, Result};

/// A matrix wider than this does not fit a terminal.
const MATRIX_MAX: usize = 12;
/// Pairs of records named of one conflict.
const PAIRS_SHOWN: usize = 6;

impl Display for PersonExplained {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let records = self.records.len();
        if records == 1 {
            writeln!(f, "Person {} has one record: no other one was found to be theirs.", self.person_id)?;
            writeln!(f, "\n{}", self.listed())?;
            return writeln!(f, "\nRun {}.", self.run_id);
        }
        writeln!(f, "Person {} has {records} records.", self.person_id)?;
        match self.joins.is_empty() {
            true => writeln!(f, "How they were joined cannot be told one by one: the bonds below are what is known.")?,
            false => self.story(f)?,
        }
        for conflict in &self.conflicts {
            writeln!(f, "They disagree in {}: {}.", conflict.field, told(conflict))?;
        }
        writeln!(f, "\n{}", self.listed())?;
        if !self.joins.is_empty() {
            writeln!(f, "\nHow they were joined, best first\n{}", self.order())?;
        }
        if records <= MATRIX_MAX {
            writeln!(f, "\nBonds of single pairs in bits\n{}", self.matrix())?;
        }
        writeln!(
            f,
            "\nRun {}. One bit doubles the odds. For one bond field by field: onefolk explain pair.",
            self.run_id
        )
    }
}

/// "records 1, 2 and 5", "record 4".
fn numbered(numbers: &[usize]) -> String {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match words.split_last() {
        None => "no record".into(),
        Some((one, [])) => format!("record {one}"),
        Some((last, others)) => format!("records {} and {last}", others.join(", ")),
    }
}

fn told(conflict: &Conflict) -> String {
    let shown: Vec<String> = conflict.groups.iter().take(PAIRS_SHOWN).map(|group| numbered(group)).collect();
    let more = match conflict.groups.len().saturating_sub(PAIRS_SHOWN) {
        0 => String::new(),
        more => format!(" | and {more} more"),
    };
    format!("{} ({}{more})", conflict.words, shown.join(" | "))
}

impl PersonExplained {
    /// The first, the weakest and what would split them, in words.
    fn story(&self, f: &mut Formatter<'_>) -> Result {
        let Some(weakest) = self.weakest_join.map(|at| &self.joins[at]) else {
            if self.joins.iter().any(|join| join.by == "decision") {
                return writeln!(f, "A human has decided that they are one person: no cut would split them.");
            }
            let how = match self.joins.iter().any(|join| join.by == "one_record") {
                true => "They are rows of one record_id, or have the very same values",
                false => "They have the very same values, and enough of them to be recognised again",
            };
            return writeln!(f, "{how}: no cut would split them.");
        };
        let bits = weakest.bits.unwrap_or(0.0);
        writeln!(
            f,
            "The weakest bond is that of {} with {}: {bits:.1} bits, where the cut is {:.1}.",
            numbered(&weakest.left),
            numbered(&weakest.right),
            self.cut_bits
        )?;
        if weakest.taken_bits > 0.05 {
            writeln!(f, "It would be {:.1} bits more, but for guards and contradictions.", weakest.taken_bits)?;
        }
        let Some(split) = &self.split else { return Ok(()) };
        match &split.parts[..] {
            [_, smaller] => {
                writeln!(f, "A cut above {bits:.1} bits would split them: {} would leave.", numbered(smaller))
            }
            parts => {
                let parts_shown: Vec<String> = parts.iter().map(|part| numbered(part)).collect();
                let count = counted(parts.len(), "part");
                writeln!(f, "A cut above {bits:.1} bits would split them into {count}: {}.", parts_shown.join(" | "))
            }
        }
    }

    fn order(&self) -> String {
        let mut table = table(&["", "joined", "with", "bits", "why"]);
        let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        for (at, join) in self.joins.iter().enumerate() {
            table.add_row([
                (at + 1).to_string(),
                list(&join.left),
                list(&join.right),
                join.bits.map_or("–".into(), signed),
                self.why(at, join).to_string(),
            ]);
        }
        align_right(&mut table, [0, 3].into_iter());
        table.trim_fmt()
    }

    fn why(&self, at: usize, join: &JoinLine) -> &'static str {
        match join.by {
            "same_values" => "the very same values",
            "one_record" => "rows of one record_id",
            "decision" => "a human decided",
            _ if self.weakest_join == Some(at) => "all their pairs, pooled field by field: the weakest",
            _ => "all their pairs, pooled field by field",
        }
    }

    fn listed(&self) -> String {
        let names: Vec<&str> =
            self.records.first().map_or(vec![], |record| record.values.keys().map(String::as_str).collect());
        let with_ids = self.records.iter().any(|record| record.record_id.is_some());
        let mut header = vec!["record", "provider", "rows", "closest to", "bits"];
        if with_ids {
            header.push("record_id");
        }
        header.extend(&names);
        let mut table = table(&header);
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        for record in &self.records {
            let RecordLine { number, provider, rows, best_partner, best_bits, record_id, values } = record;
            let mut cells = vec![
                number.to_string(),
                or_dash(provider.clone()),
                rows.to_string(),
                or_dash(best_partner.map(|partner| partner.to_string())),
                or_dash(best_bits.map(signed)),
            ];
            cells.extend(record_id.clone());
            cells.extend(values.values().cloned());
            table.add_row(cells);
        }
        align_right(&mut table, [0, 2, 3, 4].into_iter());
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
