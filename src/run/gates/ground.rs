//! Whether there still is what a night is held against: the run before, and the decisions that it has obeyed.

use super::Gates;
use super::before::RunBefore;
use crate::audit;
use crate::decisions::Decisions;
use crate::failure::Result;

impl Gates<'_> {
    /// The gate `run_before`: without that run no other gate that looks back would judge anything, and nobody would notice.
    pub(super) fn run_before(&mut self) {
        let (holds, saw) = match &self.before.run {
            RunBefore::Never => (None, "no run before this one".to_string()),
            RunBefore::Current(run) => (Some(true), format!("run {run}")),
            RunBefore::Kept(run) => {
                let newest = format!("the night is held against run {run}, the newest that is kept");
                self.told.push(format!("current leads to no run: {newest}"));
                (Some(true), format!("run {run}"))
            }
            RunBefore::Gone(last) => {
                (Some(false), format!("none of the runs that the ledger knows, the last of which is {last}"))
            }
        };
        self.note("run_before", holds, saw, "a kept run to hold the night against".into());
    }

    /// Judges whether all decisions are still there that the run before has obeyed; [`judge_beginning`](Gates::judge_beginning) fails where they are
    /// not.
    ///
    /// # Errors
    /// OF0710 where there are fewer and the audit, which knows how many were taken back, cannot be read.
    pub fn judge_decisions(&mut self, decisions: &Decisions) -> Result<()> {
        let read_at = self.before.decisions.and_then(|then| then.audit_entries);
        let taken_back = match (self.before.run.id(), self.lost_decisions(decisions, 0)) {
            (Some(run), Some(true)) => audit::taken_back(self.job, run, read_at)?,
            _ => 0,
        };
        self.decisions_lost(decisions, taken_back);
        Ok(())
    }

    /// Are there fewer decisions than the run before has obeyed, though `review` has taken back no more than `taken_back` of them? `None` where there
    /// is no run to tell. Counted in lines, which another program that writes the file anew leaves as they are.
    fn lost_decisions(&self, now: &Decisions, taken_back: u64) -> Option<bool> {
        let then = self.before.decisions?;
        Some(match then.lines {
            Some(lines) => now.lines + taken_back < lines,
            // Versions before told the length alone.
            None => now.bytes < then.bytes && taken_back == 0,
        })
    }

    /// The gate `decisions_lost`.
    pub(super) fn decisions_lost(&mut self, now: &Decisions, taken_back: u64) {
        let then = match self.before.decisions {
            None => String::new(),
            Some(then) => match then.lines {
                Some(lines) => format!(" after {lines}"),
                None => format!(", {} bytes after {}", now.bytes, then.bytes),
            },
        };
        let noun = if now.lines == 1 { "line" } else { "lines" };
        let saw = format!("{} {noun} in state/decisions.csv{then}", now.lines);
        let holds = self.lost_decisions(now, taken_back).map(|is_lost| !is_lost);
        self.note("decisions_lost", holds, saw, "every line that the run before has obeyed".into());
    }
}

#[cfg(test)]
mod tests {
    use super::super::before::DecisionsBefore;
    use super::super::{Before, Verdict, Waived};
    use super::*;
    use crate::audit::{Event, Note};
    use crate::identity::example;
    use crate::job::{Job, Setting};

    fn job() -> Job {
        example::job(&[("gp", Setting::GeneralPractice, 3)])
    }

    #[test]
    fn where_no_run_is_left_to_judge_by_the_night_stops() {
        let judged = |run: RunBefore, waived: Waived| {
            let job = job();
            let mut gates = Gates::new(&job, Before { run, ..Before::default() }, waived);
            gates.run_before();
            (gates.outcomes[0].outcome, gates.told.len())
        };
        let run = || "2026-11-21-01".to_string();
        let waived = Waived::parse(&["run_before".to_string()]).expect("it is a gate");
        assert_eq!(judged(RunBefore::Never, Waived::default()), (Verdict::NotJudged, 0));
        assert_eq!(judged(RunBefore::Current(run()), Waived::default()), (Verdict::Passed, 0));
        assert_eq!(judged(RunBefore::Kept(run()), Waived::default()), (Verdict::Passed, 1));
        assert_eq!(judged(RunBefore::Gone(run()), Waived::default()), (Verdict::Failed, 0));
        assert_eq!(judged(RunBefore::Gone(run()), waived), (Verdict::Waived, 0));
    }

    #[test]
    fn decisions_that_were_obeyed_are_missed_unless_review_has_taken_them_back() {
        let judged = |then: Option<DecisionsBefore>, (lines, bytes): (u64, u64), taken_back: u64| {
            let job = job();
            let mut gates = Gates::new(&job, Before { decisions: then, ..Before::default() }, Waived::default());
            gates.decisions_lost(&Decisions { lines, bytes, ..Decisions::default() }, taken_back);
            gates.outcomes[0].outcome
        };
        assert_eq!(judged(None, (0, 0), 0), Verdict::NotJudged, "the first night");
        let then = Some(DecisionsBefore { lines: Some(12), audit_entries: Some(30), bytes: 900 });
        for (now, taken_back, expected) in [
            ((12, 900), 0, Verdict::Passed),
            ((13, 970), 0, Verdict::Passed),
            // Another program writes every line, and less of each.
            ((12, 600), 0, Verdict::Passed),
            ((11, 950), 0, Verdict::Failed),
            ((11, 830), 1, Verdict::Passed),
            ((10, 770), 1, Verdict::Failed),
            ((0, 0), 0, Verdict::Failed),
        ] {
            assert_eq!(judged(then, now, taken_back), expected, "{now:?}, {taken_back} taken back");
        }
        let of_an_old_version = Some(DecisionsBefore { lines: None, audit_entries: None, bytes: 900 });
        assert_eq!(judged(of_an_old_version, (12, 900), 0), Verdict::Passed);
        assert_eq!(judged(of_an_old_version, (11, 830), 0), Verdict::Failed);
        assert_eq!(judged(of_an_old_version, (11, 830), 1), Verdict::Passed);
        let none = Some(DecisionsBefore { lines: Some(0), audit_entries: Some(0), bytes: 0 });
        assert_eq!(judged(none, (0, 0), 0), Verdict::Passed);
    }

    /// Whether a night with so many lines of decisions passes after a run that has read three of them once the audit had `read_at` entries.
    fn passes(job: &Job, read_at: u64, lines: u64) -> Result<bool> {
        let then = DecisionsBefore { lines: Some(3), audit_entries: Some(read_at), bytes: 210 };
        let run = RunBefore::Current("2026-11-22-02".to_string());
        let mut gates = Gates::new(job, Before { run, decisions: Some(then), ..Before::default() }, Waived::default());
        gates.judge_decisions(&Decisions { lines, bytes: 70 * lines, ..Decisions::default() })?;
        Ok(gates.outcomes[0].outcome == Verdict::Passed)
    }

    #[test]
    fn what_review_takes_back_excuses_the_loss_of_no_other_decision() -> Result<()> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let job = Job { output: folder.path().join("out"), ..job() };
        let run = |run_id: &str| Note::new(Event::Run).of_run(run_id);
        let (decided, back) = (|| Note::new(Event::Decision), || Note::new(Event::DecisionTakenBack));
        // Three that stand, and one that is away again before the run reads them.
        audit::add(&job, &[run("2026-11-22-01"), decided(), decided(), decided(), decided(), back()])?;
        let read_at = audit::ready(&job)?.entries;
        audit::add(&job, &[run("2026-11-22-02")])?;
        assert!(passes(&job, read_at, 3)? && !passes(&job, read_at, 2)?);
        // One more, and away with it.
        audit::add(&job, &[decided(), back()])?;
        assert!(passes(&job, read_at, 3)? && !passes(&job, read_at, 2)?);
        // The same session goes on with what it has answered before the run.
        audit::add(&job, &[decided(), back(), back()])?;
        assert!(passes(&job, read_at, 2)? && !passes(&job, read_at, 1)?);
        Ok(())
    }
}
