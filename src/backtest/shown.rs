//! A backtest in words.

use super::{Backtest, Closest, Difference, Kind};
use std::fmt::{Display, Formatter, Result};

/// Differences of each kind that are told; all stand in the JSON.
const TOLD: usize = 5;
/// person_ids of one difference that are named.
const NAMED: usize = 6;
/// Fields that speak otherwise by fewer bits than this are left out.
const WORTH_SAYING: f64 = 0.5;

impl Backtest {
    fn of(&self, kind: Kind) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(move |difference| difference.kind == kind)
    }

    /// Groups, people before and people after, of one kind.
    fn counts(&self, kind: Kind) -> (usize, usize, usize) {
        let sum = |of: fn(&Difference) -> usize| self.of(kind).map(of).sum::<usize>();
        (self.of(kind).count(), sum(|one| one.people.len()), sum(|one| one.parts.len()))
    }

    fn totals(&self, f: &mut Formatter<'_>) -> Result {
        let learnt = self.learnt_from.as_ref();
        let learnt = learnt.map_or_else(
            || "of Splink".into(),
            |from| format!("learnt from {} records of {}", from.records, from.as_of),
        );
        writeln!(f, "{}, {learnt}, against run {}: nothing is changed.\n", self.model.display(), self.run_id)?;
        writeln!(f, "People today        {:>9}", self.people_before)?;
        writeln!(f, "People with it      {:>9}", self.people_after)?;
        writeln!(f, "The same            {:>9}", self.unchanged)?;
        for (kind, words) in
            [(Kind::Merged, "Put together"), (Kind::Split, "Divided"), (Kind::Rearranged, "Rearranged")]
        {
            let (groups, before, after) = self.counts(kind);
            let turn = if groups == 0 { String::new() } else { format!("  who would be {after}") };
            writeln!(f, "{words:<20}{before:>9}{turn}")?;
        }
        if self.rows_left_out > 0 {
            writeln!(f, "Rows left out       {:>9}  new, changed or gone since that run", self.rows_left_out)?;
        }
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let (share, maximum) = (percent(self.share_merged), percent(self.maximum_merged));
        let verdict = if self.share_merged > self.maximum_merged { "would fail" } else { "would pass" };
        writeln!(f, "\nThe gate merges {verdict}: {share} of the people put together with others, {maximum} allowed.")
    }

    fn by_provider(&self, f: &mut Formatter<'_>) -> Result {
        let changed = self.providers.iter().filter(|one| one.merged + one.split + one.rearranged > 0);
        let rows: Vec<_> = changed.collect();
        if rows.is_empty() {
            return Ok(());
        }
        let width = rows.iter().map(|one| one.provider.len()).max().unwrap_or(0).max("provider".len());
        writeln!(f, "\nRows of people who would change, by provider:")?;
        writeln!(
            f,
            "{:<width$}  {:>9}  {:>12}  {:>9}  {:>10}",
            "provider", "rows", "put together", "divided", "rearranged"
        )?;
        for one in rows {
            writeln!(
                f,
                "{:<width$}  {:>9}  {:>12}  {:>9}  {:>10}",
                one.provider, one.rows, one.merged, one.split, one.rearranged
            )?;
        }
        Ok(())
    }
}

impl Display for Backtest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.totals(f)?;
        self.by_provider(f)?;
        for (kind, heading) in
            [(Kind::Merged, "Put together"), (Kind::Split, "Divided"), (Kind::Rearranged, "Rearranged")]
        {
            let groups = self.of(kind).count();
            if groups == 0 {
                continue;
            }
            let told = groups.min(TOLD);
            writeln!(
                f,
                "\n{heading}: {told} of {groups}, those first that the models see most differently (all with --json)"
            )?;
            self.of(kind).take(TOLD).try_for_each(|difference| write!(f, "{difference}"))?;
        }
        self.nights.as_ref().map_or(Ok(()), |nights| write!(f, "{nights}"))
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut people = self.people.iter().take(NAMED).cloned().collect::<Vec<_>>().join(" ");
        if self.people.len() > NAMED {
            people.push_str(&format!(" and {} more", self.people.len() - NAMED));
        }
        let parts: Vec<String> = self.parts.iter().take(NAMED).map(u64::to_string).collect();
        let rows = if self.rows == 1 { "1 row".to_string() } else { format!("{} rows", self.rows) };
        match self.parts.len() {
            1 => writeln!(f, "- {people}: one person of {rows}")?,
            many => writeln!(f, "- {people}: {many} people of {} rows", parts.join(" + "))?,
        }
        self.closest.as_ref().map_or(Ok(()), |closest| write!(f, "{closest}"))
    }
}

impl Display for Closest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let bits = |bits: Option<f64>| bits.map_or_else(|| "–".to_string(), |bits| format!("{bits:+.1}"));
        let (before, after) = (bits(self.bits_before), bits(self.bits_after));
        writeln!(f, "  The closest pair of records: {before} bits today, {after} with it")?;
        if let Some([left, right]) = &self.records {
            writeln!(f, "  Records: {left} and {right}")?;
        }
        for field in &self.fields {
            let apart = match (field.bits_before, field.bits_after) {
                (Some(before), Some(after)) => (after - before).abs(),
                (None, None) => 0.0,
                _ => f64::INFINITY,
            };
            if apart >= WORTH_SAYING {
                writeln!(
                    f,
                    "  {} ({}): {} → {}",
                    field.field,
                    field.agreement,
                    bits(field.bits_before),
                    bits(field.bits_after)
                )?;
            }
            if let Some([left, right]) = &field.values {
                writeln!(f, "  {}: {left} | {right}", field.field)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::FieldSeen;
    use super::super::{LearntFrom, OfProvider};
    use super::*;
    use crate::model::Labels;

    fn field(field: &str, agreement: &str, before: Option<f64>, after: Option<f64>) -> FieldSeen {
        FieldSeen {
            field: field.into(),
            agreement: agreement.into(),
            bits_before: before,
            bits_after: after,
            values: None,
        }
    }

    fn difference(kind: Kind, people: &[&str], parts: &[u64], closest: Option<Closest>) -> Difference {
        let people = people.iter().map(|id| id.to_string()).collect();
        Difference { kind, people, parts: parts.to_vec(), rows: parts.iter().sum(), closest, places: Vec::new() }
    }

    fn learnt_from() -> LearntFrom {
        LearntFrom {
            as_of: "2026-11-29".into(),
            fingerprint: String::new(),
            records: 1_003,
            identities: 700,
            training_pairs: 8_000,
            expected_matches: 600.0,
            labels: Labels::default(),
        }
    }

    /// Two people of one, one of eight, a pair without a place, and one that only today's model can judge.
    fn backtest() -> Backtest {
        let seen = Closest {
            bits_before: Some(9.25),
            bits_after: Some(-1.5),
            fields: vec![
                field("name", "at least 12 bits of names in common", Some(11.0), Some(4.0)),
                field("sex", "the same", Some(1.0), Some(1.1)),
                field("place", "no value on one side", Some(0.0), None),
            ],
            records: None,
        };
        let named = FieldSeen { values: Some(["a".into(), "b".into()]), ..field("phone", "the same", None, None) };
        let asked = Closest {
            bits_before: None,
            bits_after: Some(3.0),
            fields: vec![named],
            records: Some(["gp:1".into(), "hospice:2".into()]),
        };
        let many = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"];
        Backtest {
            run_id: "2026-11-22-01".into(),
            model: "new.json".into(),
            learnt_from: Some(learnt_from()),
            rows: 1_000,
            rows_left_out: 3,
            people_before: 400,
            people_after: 394,
            unchanged: 389,
            differences: vec![
                difference(Kind::Merged, &many, &[17], Some(asked)),
                difference(Kind::Split, &["p9"], &[2, 1], Some(seen)),
                difference(Kind::Rearranged, &["q1", "q2"], &[1, 4], None),
            ],
            providers: vec![
                OfProvider { provider: "gp".into(), rows: 900, merged: 17, split: 2, rearranged: 5 },
                OfProvider { provider: "hospice".into(), rows: 100, merged: 0, split: 0, rearranged: 0 },
            ],
            share_merged: 0.0175,
            maximum_merged: 0.01,
            nights: None,
        }
    }

    #[test]
    fn what_is_said_of_each_kind_of_difference() {
        insta::assert_snapshot!("differences", backtest());
        let same = Backtest {
            people_after: 400,
            unchanged: 400,
            rows_left_out: 0,
            differences: Vec::new(),
            providers: Vec::new(),
            learnt_from: None,
            share_merged: 0.0,
            ..backtest()
        };
        insta::assert_snapshot!("nothing_differs", same);
    }
}
