//! Lists that name far fewer people than in the run before: one that was cut off, or a table that was taken out of the job, is no withdrawal.

use super::lists::ListsBefore;
use super::{Gates, tell_each};
use crate::consent::{Authority, Held, OptOuts};
use crate::failure::{Code, Exit, Failure, Result};
use serde_json::Value;

pub(super) static OBJECTIONS_FELL: Code = Code {
    id: "OF0553",
    exit: Exit::GateFailed,
    title: "lists of objections name far fewer people than before",
    next_step: "Put the list back, or ask whoever keeps it whether it is whole; nothing was published",
    explanation: "The lists of one kind ([[opt_out]] local, type_1 or national refused, [[never_link]] or [[nhs_number_replaced]]), or one list \
                  among them, hold less than half of the names that they held in the run before, or none, where these were five or \
                  more. Usually a list was cut off, replaced by its header, or a table was taken out of the job: whoever stood there \
                  would be published, though nobody has withdrawn anything. A list is a file, whatever date its name has. Names that \
                  another list of its kind holds as well are not missed, nor are those whose last day (`until`) has passed since, nor as \
                  many as lists hold that are new or have more than doubled: a list may have got another name, or have become two. Where \
                  the objections were withdrawn, or the list is not to hold any more, the gate can be waived for one night: --waive \
                  objections_fell; the next night is held against that one. `onefolk release` holds the lists against the run that \
                  stands, and cannot be waived: publish a night with the lists as they are meant, and release from that.",
};

impl Gates<'_> {
    /// The gate `objections_fell`, of a night whose lists were read; not judged where the run before had few names, or did not tell.
    pub(super) fn objections_fell(&mut self) {
        let Some(held) = &self.held else { return };
        let since = self.before.lists.since(held);
        tell_each("objections_fell", &since.fallen);
        let (holds, saw) = match (since.told(), since.worst) {
            (Some(told), _) => (Some(false), told),
            (None, Some(worst)) => (Some(true), worst),
            (None, None) => (None, "no list to compare".to_string()),
        };
        self.note("objections_fell", holds, saw, "at least half of the names".into());
    }
}

/// Which lists as they are today have lost most of what they held when a run obeyed them, in words; `run_json` is that run's.
pub(in crate::run) fn lists_fallen(run_json: &Value, authority: &Authority, opt_outs: &OptOuts) -> Option<String> {
    let before = ListsBefore::of(run_json);
    before.since(&Held::of(authority, opt_outs, before.day)).told()
}

/// Judges, for whoever makes something of a run that stands by the lists as they are today, whether these still hold most of what they held when
/// the run obeyed them: type 1 and national opt-outs stand in no table of it.
///
/// # Errors
/// OF0553 where they do not. No waiver makes up for it: a night may be published with one, and stands then.
pub(in crate::run) fn judge_lists(run_json: &Value, authority: &Authority, opt_outs: &OptOuts) -> Result<()> {
    let Some(fallen) = lists_fallen(run_json, authority, opt_outs) else { return Ok(()) };
    let run = run_json["run_id"].as_str().unwrap_or_default();
    let way_out = "where that is meant, publish a night with --waive objections_fell first";
    Err(Failure::new(&OBJECTIONS_FELL, format!("{fallen} in run {run}; {way_out}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;
    use crate::run::gates::{Before, Verdict, Waived};
    use serde_json::json;

    /// What becomes of the gate where the lists of a kind held so many names in the run before, and what it saw.
    fn judged(kind: &str, before: u64, held: Held) -> (Verdict, String) {
        let job = example::job(&[("gp", Setting::GeneralPractice, 3)]);
        let lists = ListsBefore::of(&json!({"lists": {kind: before}}));
        let mut gates = Gates::new(&job, Before { lists, ..Before::default() }, Waived::default());
        gates.held = Some(held);
        gates.objections_fell();
        let outcome = gates.outcomes.remove(0);
        (outcome.outcome, outcome.saw)
    }

    #[test]
    fn more_than_half_of_the_names_do_not_go_at_once() {
        for (before, now, expected) in [
            (12, 0, Verdict::Failed),
            (12, 5, Verdict::Failed),
            (12, 6, Verdict::Passed),
            (12, 40, Verdict::Passed),
            (5, 2, Verdict::Failed),
            (5, 3, Verdict::Passed),
            (4, 0, Verdict::NotJudged),
            (0, 0, Verdict::NotJudged),
        ] {
            let (outcome, _) = judged("local", before, Held { local: now, ..Held::default() });
            assert_eq!(outcome, expected, "{now} after {before}");
        }
    }

    #[test]
    fn each_kind_of_list_is_judged_by_itself() {
        let held = Held { local: 9, type_1: 9, national: 9, never_link: 9, nhs_number_replaced: 9, ..Held::default() };
        for (kind, _) in held.by_kind() {
            assert_eq!(judged(kind, 9, held.clone()).0, Verdict::Passed, "{kind}");
            let emptied = judged(kind, 9, Held::default());
            assert_eq!(emptied, (Verdict::Failed, format!("0 names on the {kind} lists after 9")));
        }
    }
}
