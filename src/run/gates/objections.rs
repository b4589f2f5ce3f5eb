//! Lists that name far fewer people than in the run before: one that was cut off, or a table that was taken out of the job, is no withdrawal.

use super::Gates;
use crate::failure::{Code, Exit};

/// Of so many names more than half may not go at once; fewer, and all of them, come and go with a single family.
const NAMES_MIN: u64 = 5;

pub(super) static OBJECTIONS_FELL: Code = Code {
    id: "OF0553",
    exit: Exit::GateFailed,
    title: "lists of objections name far fewer people than before",
    next_step: "Put the list back, or ask whoever keeps it whether it is whole; nothing was published",
    explanation: "The lists of one kind ([[opt_out]] local, type_1 or national refused, or [[never_link]]) hold less than half of the names that \
                  they held in the run before, or none, where these were five or more. Usually a list was cut off, replaced by its \
                  header, or a table was taken out of the job: whoever stood there would be published, though nobody has withdrawn \
                  anything. Names whose last day (`until`) has passed since are not missed. Where the objections were withdrawn, or the \
                  list is not to hold any more, the gate can be waived for one night: --waive objections_fell; the next night is \
                  held against that one.",
};

/// The lists of one kind.
struct Lists {
    kind: &'static str,
    now: u64,
    before: u64,
}

impl Lists {
    fn have_fallen(&self) -> bool {
        2 * self.now < self.before
    }

    fn words(&self) -> String {
        let noun = if self.now == 1 { "name" } else { "names" };
        format!("{} {noun} on the {} lists after {}", self.now, self.kind, self.before)
    }
}

impl Gates<'_> {
    /// The gate `objections_fell`, of a night whose lists were read; not judged where the run before had few names, or did not tell.
    pub(super) fn objections_fell(&mut self) {
        let Some(held) = self.held else { return };
        let of_kind = |(kind, now): (&'static str, u64)| {
            let before = self.before.held.get(kind).copied().unwrap_or(0);
            Lists { kind, now, before }
        };
        let mut lists: Vec<Lists> = held.by_kind().into_iter().map(of_kind).collect();
        lists.retain(|lists| lists.before >= NAMES_MIN);
        let fallen: Vec<String> = lists.iter().filter(|lists| lists.have_fallen()).map(Lists::words).collect();
        let left = |lists: &Lists| lists.now as f64 / lists.before as f64;
        let worst = lists.iter().min_by(|a, b| left(a).total_cmp(&left(b)));
        let saw = match (fallen.is_empty(), worst) {
            (false, _) => fallen.join(" and "),
            (true, Some(worst)) => worst.words(),
            (true, None) => "no list to compare".to_string(),
        };
        let holds = worst.map(|_| fallen.is_empty());
        self.note("objections_fell", holds, saw, "at least half of the names".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Held;
    use crate::identity::example;
    use crate::job::Setting;
    use crate::run::gates::{Before, Verdict, Waived};
    use std::collections::BTreeMap;

    /// What becomes of the gate where the lists of a kind held so many names in the run before, and what it saw.
    fn judged(kind: &str, before: u64, held: Held) -> (Verdict, String) {
        let job = example::job(&[("gp", Setting::GeneralPractice, 3)]);
        let before = Before { held: BTreeMap::from([(kind.to_string(), before)]), ..Before::default() };
        let mut gates = Gates::new(&job, before, Waived::default());
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
        let held = Held { local: 9, type_1: 9, national: 9, never_link: 9 };
        for (kind, _) in held.by_kind() {
            assert_eq!(judged(kind, 9, held).0, Verdict::Passed, "{kind}");
            let emptied = judged(kind, 9, Held::default());
            assert_eq!(emptied, (Verdict::Failed, format!("0 names on the {kind} lists after 9")));
        }
    }
}
