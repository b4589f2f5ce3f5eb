//! What is kept of providers, against the job and the run before: of those that the job has no more, and what is held of those that send only changes.

use super::Gates;
use crate::failure::{Code, Exit};
use crate::run::changes::{Changed, ProviderChanges};
use crate::run::keep;
use std::collections::BTreeMap;

pub(super) static PROVIDER_LEFT: Code = Code {
    id: "OF0555",
    exit: Exit::GateFailed,
    title: "the job no longer has a provider of the run before",
    next_step: "Put the provider back into the job under the id that it had, or let it go where it has left for good; nothing was published",
    explanation: "The job no longer has a provider of which the run before had rows, or of which something is kept: it was taken out by \
                  mistake, or its id was changed or mistyped. A night without it would remove what is kept of it in state/inputs and \
                  state/changes, and a provider that sends only changes would have to send everything once more. Where it has left \
                  for good, waive the gate for one night: --waive provider_left. What is kept of it goes with that night, or with the next \
                  one where that was killed before. Records that are too old are another gate's (provider_missing): waiving that one \
                  lets no provider go.",
};

impl Gates<'_> {
    /// The gate `provider_left`: providers that the job has no more, though the run before had rows of them or something of them is kept still. An id
    /// that was changed leaves the job as well.
    pub(super) fn provider_left(&mut self) {
        let expected = "every provider of the run before".to_string();
        // Without a run before nobody can have left it, and what is kept stays.
        if self.before.rows.is_empty() {
            self.note("provider_left", None, "no run before".into(), expected);
            return;
        }
        let kept = keep::providers(&self.job.output).into_iter().map(|id| (id, 0));
        let mut left: BTreeMap<String, u64> = kept.collect();
        let before = self.before.rows.iter().filter(|(_, rows)| **rows > 0);
        left.extend(before.map(|(id, rows)| (id.clone(), *rows)));
        left.retain(|id, _| self.job.providers.iter().all(|provider| provider.id != *id));
        // What was to go with the run before, and is there still as that was killed, goes with this one.
        let is_told = |(id, rows): &(&String, &u64)| **rows > 0 || !self.before.let_go.contains(*id);
        let words = |(id, rows): (&String, &u64)| match rows {
            0 => format!("provider {id} with records of an earlier night"),
            1 => format!("provider {id} with 1 row"),
            _ => format!("provider {id} with {rows} rows"),
        };
        let told: Vec<String> = left.iter().filter(is_told).map(words).collect();
        let saw = match told.is_empty() {
            true => expected.clone(),
            false => format!("{} no longer in the job", told.join(" and ")),
        };
        // Somebody may have put it back since.
        let let_go =
            |id: &String| format!("what is kept of provider {id}, let go with the run before, goes with this one");
        let rest: Vec<String> = left.iter().filter(|one| !is_told(one)).map(|(id, _)| let_go(id)).collect();
        self.note("provider_left", Some(told.is_empty()), saw, expected);
        self.told.extend(rest);
        self.left = left.into_keys().collect();
    }

    /// Providers of changes that hold something else than what the run before has read, as where an older copy was put in its place. It is told and
    /// stops nothing: what they still send is read anew, and nobody knows what is missing.
    pub(super) fn held_otherwise(&mut self, changed: &Changed) {
        let before = &self.before;
        if !before.is_last {
            return;
        }
        let is_other = |provider: &&ProviderChanges| {
            // Of one that the run before went without, it has read nothing.
            let was_read = before.rows.contains_key(&provider.provider) && !provider.held.is_empty();
            was_read && !provider.held.iter().any(|blake3| before.extracts.knows(blake3))
        };
        let words = |provider: &ProviderChanges| {
            let lost =
                "most likely an older copy was put back, and what came after it is lost unless it still lies there";
            format!("what provider {} holds is not what the run before has read: {lost}", provider.provider)
        };
        self.told.extend(changed.providers.iter().filter(is_other).map(words));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Before, Extracts, Waived};
    use super::*;
    use crate::failure::Result;
    use crate::identity::example;
    use crate::job::{Job, Setting, standing};
    use jiff::civil::date;
    use std::collections::BTreeSet;
    use std::fs;

    fn job() -> Job {
        example::job(&[("gp", Setting::GeneralPractice, 3)])
    }

    fn waived(gate: &str) -> Waived {
        Waived::parse(&[gate.to_string()]).expect("it is a gate")
    }

    fn rows(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter().map(|(id, rows)| (id.to_string(), *rows)).collect()
    }

    fn ids(of: &[&str]) -> BTreeSet<String> {
        of.iter().map(|id| id.to_string()).collect()
    }

    /// What becomes of a night: who goes with it, and what is told.
    fn judged(job: &Job, before: Before, waived: Waived) -> Result<(BTreeSet<String>, Vec<String>)> {
        let mut gates = Gates::new(job, before, waived);
        gates.provider_left();
        gates.close()?;
        let told = gates.warnings().collect();
        Ok((gates.left, told))
    }

    #[test]
    fn a_provider_that_the_job_no_longer_has_stops_the_night_and_goes_only_where_that_is_said() {
        let job = job();
        let judged = |of: &[(&str, u64)], waived| judged(&job, Before { rows: rows(of), ..Before::default() }, waived);
        let left = [("gp", 60), ("hospice", 357), ("ward", 1), ("unheard", 0)];
        // That records may be older lets nobody go.
        for waived in [Waived::default(), waived("provider_missing")] {
            let failure = judged(&left, waived).expect_err("two have left");
            let words = "gate provider_left saw provider hospice with 357 rows and provider ward with 1 row no longer in the job, \
                         expected every provider of the run before";
            assert_eq!((failure.code.id, failure.what.as_str()), ("OF0555", words));
        }
        let (gone, told) = judged(&left, waived("provider_left")).expect("it was waived");
        assert_eq!(gone, ids(&["hospice", "ward"]));
        assert!(told[0].starts_with("gate provider_left was waived: it saw provider hospice with 357"), "{told:?}");
        let (gone, told) = judged(&left[..1], Waived::default()).expect("all are there");
        assert!(gone.is_empty() && told.is_empty(), "{gone:?}, {told:?}");
        // There was no run that it could have left.
        judged(&[], Waived::default()).expect("it is the first night");
    }

    #[test]
    fn what_a_killed_run_has_let_go_goes_with_the_next_one() {
        let output = tempfile::tempdir().expect("a folder");
        let mut job = job();
        job.output = output.path().to_path_buf();
        for id in ["hospice", "ward"] {
            let folder = standing::folder(&job.output, id);
            fs::create_dir_all(&folder).expect("there is room");
            fs::write(folder.join(standing::LIST), "{}").expect("there is room");
        }
        let judged = |let_go: &[&str], of: &[(&str, u64)]| {
            let before = Before { rows: rows(of), let_go: ids(let_go), ..Before::default() };
            judged(&job, before, Waived::default()).map_err(|failure| failure.what)
        };
        let of_gp = [("gp", 60)];
        let (gone, told) = judged(&["hospice", "ward"], &of_gp).expect("both were let go");
        assert_eq!(gone, ids(&["hospice", "ward"]));
        let words = |id: &str| format!("what is kept of provider {id}, let go with the run before, goes with this one");
        assert_eq!(told, [words("hospice"), words("ward")]);
        let told = judged(&["hospice"], &of_gp).expect_err("nobody has let the ward go");
        assert!(told.contains("saw provider ward with records of an earlier night no longer"), "{told}");
        let told = judged(&["hospice", "ward"], &[("gp", 60), ("ward", 5)]).expect_err("the run before had it");
        assert!(told.contains("saw provider ward with 5 rows no longer"), "{told}");
    }

    #[test]
    fn what_a_provider_of_changes_holds_is_held_against_what_the_run_before_has_read() {
        let job = job();
        let told = |is_last: bool, of: &str, held: &[&str]| {
            let since = [("read".to_string(), date(2026, 11, 21))].into();
            let (rows, extracts) = (rows(&[(of, 60)]), Extracts { since });
            let before = Before { rows, extracts, is_last, ..Before::default() };
            let held = held.iter().map(|blake3| blake3.to_string()).collect();
            let hospice =
                ProviderChanges { provider: "hospice".into(), records: 60, files: Vec::new(), waiting: None, held };
            let mut changed = Changed::default();
            changed.providers.push(hospice);
            let mut gates = Gates::new(&job, before, Waived::default());
            gates.held_otherwise(&changed);
            gates.told.len()
        };
        assert_eq!(told(true, "hospice", &["older"]), 1);
        assert_eq!(told(true, "hospice", &["read"]), 0);
        assert_eq!(told(true, "hospice", &["purged", "read"]), 0, "only whoever objects was taken out");
        assert_eq!(told(true, "hospice", &[]), 0, "it has held nothing");
        assert_eq!(told(true, "gp", &["older"]), 0, "the run before went without it");
        assert_eq!(told(false, "hospice", &["older"]), 0, "after a rollback it is another anyway");
    }
}
