//! Nights that were linked once more, in words.

use super::{Kind, Night, Nights};
use std::fmt::{Display, Formatter, Result};

impl Display for Nights {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if !self.replayed.is_empty() {
            writeln!(
                f,
                "\nNight by night, of the rows that stand today with the same values, linked with today's model and with it:"
            )?;
            writeln!(
                f,
                "{:<15}{:>11}{:>9}{:>10}{:>10}{:>14}{:>9}{:>12}{:>8}",
                "run", "rows", "had", "people", "with it", "put together", "divided", "rearranged", "ids"
            )?;
            self.replayed.iter().try_for_each(|night| write!(f, "{night}"))?;
            writeln!(f, "ids: person_ids merged + split against the night before, with today's model → with it.")?;
            self.earlier_only(f)?;
        } else if !self.not_replayed.is_empty() {
            writeln!(f)?;
        }
        for one in &self.not_replayed {
            writeln!(f, "Run {} could not be linked once more: {}", one.run_id, one.reason)?;
        }
        Ok(())
    }
}

impl Nights {
    /// What only an earlier night shows.
    fn earlier_only(&self, f: &mut Formatter<'_>) -> Result {
        let Some((_, earlier)) = self.replayed.split_last().filter(|(_, earlier)| !earlier.is_empty()) else {
            return Ok(());
        };
        let all = || earlier.iter().flat_map(|night| &night.differences);
        let of = |kind: Kind| all().filter(|difference| difference.kind == kind).count();
        if all().next().is_none() {
            return writeln!(f, "No earlier night shows anybody who would change and is not shown by the last one.");
        }
        writeln!(
            f,
            "Groups of people that only earlier nights show: {} put together, {} divided, {} rearranged (all with --json)",
            of(Kind::Merged),
            of(Kind::Split),
            of(Kind::Rearranged)
        )
    }
}

impl Display for Night {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let had = format!("{:.1} %", 100.0 * self.rows_had as f64 / self.rows.max(1) as f64);
        let ids = match (self.ids_before, self.ids_after) {
            (Some(before), Some(after)) => {
                format!("{} + {} → {} + {}", before.merged, before.split, after.merged, after.split)
            }
            _ => "–".into(),
        };
        writeln!(
            f,
            "{:<15}{:>11}{:>9}{:>10}{:>10}{:>14}{:>9}{:>12}  {ids}",
            self.run_id,
            self.rows,
            had,
            self.people_before,
            self.people_after,
            self.merged,
            self.split,
            self.rearranged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Difference, NotReplayed};
    use super::*;
    use crate::identity::Followed;

    fn night(run_id: &str, ids: Option<[Followed; 2]>, differences: Vec<Difference>) -> Night {
        Night {
            run_id: run_id.into(),
            rows: 1_200,
            rows_had: 1_174,
            people_before: 400,
            people_after: 391,
            unchanged: 380,
            merged: 14,
            split: 3,
            rearranged: 3,
            ids_before: ids.map(|ids| ids[0]),
            ids_after: ids.map(|ids| ids[1]),
            differences,
        }
    }

    #[test]
    fn what_is_said_of_nights() {
        let followed = |merged, split| Followed { before: 400, merged, split, ..Followed::default() };
        let gone = Difference {
            kind: Kind::Merged,
            people: vec!["a".into(), "b".into()],
            parts: vec![3],
            rows: 3,
            closest: None,
            places: vec![1, 2, 3],
        };
        let not = NotReplayed {
            run_id: "2026-11-19-01".into(),
            reason: "none of its rows stands today with the same values".into(),
        };
        let ids = Some([followed(2, 0), followed(5, 1)]);
        let replayed = vec![night("2026-11-20-01", None, vec![gone]), night("2026-11-21-01", ids, Vec::new())];
        insta::assert_snapshot!("nights", Nights { replayed: replayed.clone(), not_replayed: vec![not.clone()] });
        let last = Nights { replayed: replayed[1..].to_vec(), not_replayed: Vec::new() };
        insta::assert_snapshot!("one_night", last);
        insta::assert_snapshot!("no_night", Nights { replayed: Vec::new(), not_replayed: vec![not] });
    }
}
