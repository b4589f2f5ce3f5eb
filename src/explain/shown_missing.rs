//! Two records that are not one person, as text for people.

use super::missing::MissingExplained;
use super::shown::{align_right, signed, table};
use std::fmt::{Display, Formatter, Result};

/// Bits far below what any evidence adds up to: a guard forbids the pair.
const FORBIDDEN_BITS: f64 = -100_000.0;

impl Display for MissingExplained {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let pair = &self.pair;
        if pair.outcome.same_person {
            writeln!(f, "Nothing is missing: these two records are one person: {}.", pair.outcome.because)?;
            return writeln!(f, "\nRun {}. Field by field: onefolk explain pair.", pair.run_id);
        }
        writeln!(f, "These two records are two people: {}.", pair.outcome.because)?;
        let missing = pair.cut_bits - self.alone_bits;
        match missing > 0.0 {
            true => writeln!(
                f,
                "By themselves they have {} bits; the cut is {:.1}, so {missing:.1} bits are missing.",
                signed(self.alone_bits),
                pair.cut_bits
            )?,
            false => writeln!(
                f,
                "By themselves they have {} bits, which is above the cut of {:.1}.",
                signed(self.alone_bits),
                pair.cut_bits
            )?,
        }
        self.changing(f)?;
        writeln!(f, "\n{}", self.costs())?;
        let met = if self.compared { "They were compared" } else { "They were never compared" };
        writeln!(f, "\n{met}. What each blocking rule made of them:\n{}", self.rules())?;
        writeln!(f, "\nRun {}. One bit doubles the odds.", pair.run_id)
    }
}

impl MissingExplained {
    fn changing(&self, f: &mut Formatter<'_>) -> Result {
        let (cut, best) = (self.pair.cut_bits, self.at_best_bits);
        if let Some(best) = best {
            return match best < FORBIDDEN_BITS {
                true => writeln!(f, "No value in the records would change that."),
                false => {
                    writeln!(
                        f,
                        "Even if all that they hold agreed, they would have {best:+.1} bits, and the cut is {cut:.1}."
                    )
                }
            };
        }
        for (at, change) in self.changes.iter().enumerate() {
            let begin = if at == 0 { "They would be linked" } else { "Or" };
            writeln!(f, "{begin} if {} agreed in full ({:+.1} bits).", change.fields.join(" and "), change.bits)?;
        }
        Ok(())
    }

    /// Fields, dearest first, and what else cost.
    fn costs(&self) -> String {
        let pair = &self.pair;
        let mut lines: Vec<(String, String, f64)> =
            pair.fields.iter().map(|line| (line.field.clone(), line.agreement.clone(), line.bits)).collect();
        lines.push(("any two records".into(), String::new(), pair.prior_bits));
        lines.push(("related strangers".into(), String::new(), pair.correction_bits));
        if pair.taken_bits > 0.0 {
            let words = pair.guard.unwrap_or("one provider sends one record a person");
            lines.push(("guards".into(), words.into(), -pair.taken_bits));
        }
        lines.sort_by(|a, b| a.2.total_cmp(&b.2));
        let mut table = table(&["what it cost", "", "bits"]);
        for (name, words, bits) in lines {
            table.add_row([name, words, signed(bits)]);
        }
        align_right(&mut table, 2..3);
        table.trim_fmt()
    }

    fn rules(&self) -> String {
        let mut table = table(&["rule", "what became of it"]);
        self.rules.iter().for_each(|line| {
            table.add_row([&line.rule, &line.words]);
        });
        table.trim_fmt()
    }
}
