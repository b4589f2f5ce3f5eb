//! What lists held when a run obeyed them, and whether they have lost most of it since.

use crate::consent::{Held, ListHeld};
use jiff::civil::Date;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Of so many names more than half may not go at once; fewer, and all of them, come and go with a single family.
const NAMES_MIN: u64 = 5;
/// So many lists that have fallen are named in a message, and the others counted.
const NAMED_MAX: usize = 3;

/// How many names a list held, and how many of them no other list of its kind did.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    names: u64,
    alone: u64,
}

/// How many names lists held when a run obeyed them; empty where it is of a version that did not tell.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct ListsBefore {
    /// The day on which they held so many.
    pub day: Option<Date>,
    by_kind: BTreeMap<String, u64>,
    /// By kind and file.
    by_file: BTreeMap<String, BTreeMap<String, Counted>>,
}

/// What has become of them.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// Kinds that have lost most of their names, and of other kinds the lists that have, in words.
    pub fallen: Vec<String>,
    /// The kind that has lost the largest share, in words; `None` where each held too few names to be judged.
    pub worst: Option<String>,
}

impl Since {
    /// The lists that have fallen, in words; `None` where none has.
    pub fn told(&self) -> Option<String> {
        let more = self.fallen.len().saturating_sub(NAMED_MAX);
        match (self.fallen.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(self.fallen.join(" and ")),
            (false, _) => Some(format!("{} and {more} more", self.fallen[..NAMED_MAX].join(", "))),
        }
    }
}

impl ListsBefore {
    /// As the run.json of that run tells them. After a rollback they may be of another day than its people.
    pub fn of(run_json: &Value) -> ListsBefore {
        let date = |value: &Value| value.as_str().and_then(|text| text.parse::<Date>().ok());
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let kinds = run_json["lists"].as_object().into_iter().flatten();
        let mut by_file: BTreeMap<String, BTreeMap<String, Counted>> = BTreeMap::new();
        for list in run_json["lists_by_file"].as_array().into_iter().flatten() {
            if let (Some(kind), Some(file)) = (list["kind"].as_str(), list["file"].as_str()) {
                let counted = Counted { names: count(&list["names"]), alone: count(&list["alone"]) };
                by_file.entry(kind.to_string()).or_default().insert(file.to_string(), counted);
            }
        }
        ListsBefore {
            day: date(&run_json["lists_on"]).or_else(|| date(&run_json["as_of"])),
            by_kind: kinds.map(|(kind, names)| (kind.clone(), count(names))).collect(),
            by_file,
        }
    }

    /// What has become of them by now; `held` counts as well whose line held on [`day`](ListsBefore::day).
    pub(super) fn since(&self, held: &Held) -> Since {
        let mut since = Since::default();
        let mut least_left = f64::INFINITY;
        for (kind, now) in held.by_kind() {
            let before = self.by_kind.get(kind).copied().unwrap_or(0);
            if before < NAMES_MIN {
                continue;
            }
            let told = format!("{} on the {kind} lists after {before}", names(now));
            if have_fallen(now, before) {
                since.fallen.push(told.clone());
            } else {
                since.fallen.extend(self.files_fallen((kind, now), held));
            }
            let left = now as f64 / before as f64;
            if left < least_left {
                (least_left, since.worst) = (left, Some(told));
            }
        }
        since
    }

    /// The lists of a kind, which hold `all` names together, that have lost most of theirs, in words: of those that no other list held, fewer than half
    /// are on it any more, or have come with others. Lists that are not read any more are judged together, as nobody knows which of the new ones one of
    /// them is now.
    fn files_fallen(&self, (kind, all): (&str, u64), held: &Held) -> Vec<String> {
        let Some(before) = self.by_file.get(kind) else { return Vec::new() };
        let of_kind = held.by_file.iter().filter(|list| list.kind == kind);
        let now: BTreeMap<&str, &ListHeld> = of_kind.map(|list| (list.file.as_str(), list)).collect();
        let mut come = come_with(&now, before, all);
        let mut fallen = Vec::new();
        let (stay, gone): (Vec<_>, Vec<_>) = before.iter().partition(|(file, _)| now.contains_key(file.as_str()));
        let lost: u64 = gone.iter().map(|(_, was)| was.alone).sum();
        if have_fallen(come, lost) {
            let large = gone.iter().filter(|(_, was)| was.alone >= NAMES_MIN);
            let told = |(file, was): &(&String, &Counted)| {
                (was.alone, format!("{file} with {} no longer among the {kind} lists", names(was.alone)))
            };
            fallen.extend(large.map(told));
        }
        come = come.saturating_sub(lost);
        let mut shrunk: Vec<(u64, u64, &String)> =
            stay.into_iter().map(|(file, was)| (was.alone, now[file.as_str()].names, file)).collect();
        shrunk.retain(|(was, is, _)| *was >= NAMES_MIN && have_fallen(*is, *was));
        shrunk.sort_by_key(|(was, ..)| Reverse(*was));
        for (was, is, file) in shrunk {
            let theirs = come.min(was - is);
            come -= theirs;
            if have_fallen(is + theirs, was) {
                fallen.push((was, format!("{} in {file} after {was}", names(is))));
            }
        }
        fallen.sort_by_key(|(was, _)| Reverse(*was));
        fallen.into_iter().map(|(_, told)| told).collect()
    }
}

/// How many names have come with lists that are new, or have more than doubled, where all together hold `all`: as many may have moved there from others.
/// Of what comes to a list from night to night nobody takes that for granted.
fn come_with(now: &BTreeMap<&str, &ListHeld>, before: &BTreeMap<String, Counted>, all: u64) -> u64 {
    let (mut stay, mut new, mut alone, mut grown) = (0, 0, 0, 0);
    for (file, list) in now {
        match before.get(*file) {
            None => (new, alone) = (new + list.names, alone + list.alone),
            Some(was) => {
                stay += list.names;
                grown += if list.names > 2 * was.names { list.alone.saturating_sub(was.alone) } else { 0 };
            }
        }
    }
    // What several new ones hold, as where there are two copies of one by now, none of them holds alone.
    let on_new_alone = all.min(stay + new).saturating_sub(stay);
    on_new_alone.max(alone) + grown
}

/// Are fewer than half of them left?
fn have_fallen(now: u64, before: u64) -> bool {
    2 * now < before
}

/// "12 names".
fn names(count: u64) -> String {
    format!("{count} {}", if count == 1 { "name" } else { "names" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A list of local objections, none of whose names is on another one.
    fn list(file: &str, names: u64) -> ListHeld {
        shared(file, names, names)
    }

    fn shared(file: &str, names: u64, alone: u64) -> ListHeld {
        ListHeld { kind: "local", file: file.into(), names, alone }
    }

    fn held(by_file: Vec<ListHeld>, local: u64) -> Held {
        Held { local, by_file, ..Held::default() }
    }

    /// What is told where the local lists, of which all together held and hold so many names, held these and hold those.
    fn told((then, before): (&[ListHeld], u64), (now, names): (&[ListHeld], u64)) -> Option<String> {
        let run_json = json!({"as_of": "2026-11-22", "lists": {"local": before}, "lists_by_file": then});
        ListsBefore::of(&run_json).since(&held(now.to_vec(), names)).told()
    }

    /// The same where other lists hold 300 names more, then and now.
    fn among_others(then: &[ListHeld], now: &[ListHeld]) -> Option<String> {
        told((then, 300), (now, 300))
    }

    #[test]
    fn one_list_is_missed_among_many_of_its_kind() {
        let then = [list("gp-1.csv", 12), list("gp-2.csv", 9), list("all.csv", 300)];
        let [first, second, all] = then.clone();
        assert_eq!(among_others(&then, &then), None);
        for (now, words) in [
            (vec![list("gp-1.csv", 0), second.clone(), all.clone()], "0 names in gp-1.csv after 12"),
            (vec![list("gp-1.csv", 5), second.clone(), all.clone()], "5 names in gp-1.csv after 12"),
            // Its file or its table is gone; others grow as they do every night.
            (vec![second, list("all.csv", 340)], "gp-1.csv with 12 names no longer among the local lists"),
            (
                vec![list("gp-1.csv", 0), list("gp-2.csv", 1), all.clone()],
                "0 names in gp-1.csv after 12 and 1 name in gp-2.csv after 9",
            ),
            (vec![first, all], "gp-2.csv with 9 names no longer among the local lists"),
        ] {
            assert_eq!(among_others(&then, &now).as_deref(), Some(words));
        }
    }

    #[test]
    fn lists_that_are_kept_otherwise_are_not_missed() {
        let all = || list("all.csv", 300);
        for (why, then, now) in [
            ("one family", vec![list("gp.csv", 4), all()], vec![list("gp.csv", 0), all()]),
            ("few are gone", vec![list("gp.csv", 12), all()], vec![list("gp.csv", 6), all()]),
            ("a new name", vec![list("gp.csv", 12), all()], vec![list("brent.csv", 11), all()]),
            ("two for one", vec![list("gp.csv", 12), all()], vec![list("gp-1.csv", 5), list("gp-2.csv", 7), all()]),
            ("a second one", vec![list("gp.csv", 12), all()], vec![list("gp.csv", 2), list("gp-2.csv", 10), all()]),
            ("one for two", vec![list("a.csv", 10), list("b.csv", 12), all()], vec![list("a.csv", 22), all()]),
            ("a copy", vec![list("gp.csv", 12), all()], vec![shared("gp.csv", 12, 0), shared("two.csv", 12, 0), all()]),
            (
                "no copy any more",
                vec![shared("gp.csv", 12, 0), shared("two.csv", 12, 0), all()],
                vec![list("gp.csv", 12), all()],
            ),
            ("one of all", vec![list("a.csv", 9), list("b.csv", 8)], vec![list("both.csv", 17)]),
            ("no run that told", vec![], vec![list("gp.csv", 0), all()]),
        ] {
            assert_eq!(among_others(&then, &now), None, "{why}");
        }
    }

    #[test]
    fn a_new_list_makes_up_for_no_more_than_it_holds() {
        let then = [list("a.csv", 100), list("b.csv", 10), list("c.csv", 300)];
        // The larger has another name, and the smaller is empty.
        let now = [list("a2.csv", 102), list("b.csv", 0), list("c.csv", 300)];
        assert_eq!(among_others(&then, &now).as_deref(), Some("0 names in b.csv after 10"));
    }

    #[test]
    fn two_copies_of_a_list_that_has_another_name_hold_what_it_held() {
        let all = || list("all.csv", 300);
        let copies = [shared("gp-2.csv", 12, 0), shared("gp-3.csv", 12, 0), all()];
        assert_eq!(told((&[list("gp-1.csv", 12), all()], 312), (&copies, 312)), None);
        // Copies of one that stays bring nobody.
        let (then, emptied) = ([list("a.csv", 100), list("b.csv", 10)], list("b.csv", 0));
        let now = [shared("a.csv", 100, 0), shared("a2.csv", 100, 0), emptied];
        assert_eq!(told((&then, 110), (&now, 100)).as_deref(), Some("0 names in b.csv after 10"));
    }

    #[test]
    fn where_a_kind_has_fallen_its_lists_are_not_told_one_by_one_and_of_many_a_few_are() {
        let then = [list("a.csv", 10), list("b.csv", 12)];
        assert_eq!(told((&then, 22), (&[], 0)).as_deref(), Some("0 names on the local lists after 22"));
        let lists = |names: u64| (1..=5).map(|at| list(&format!("gp-{at}.csv"), names)).collect::<Vec<_>>();
        let words = "0 names in gp-1.csv after 6, 0 names in gp-2.csv after 6, 0 names in gp-3.csv after 6 and 2 more";
        assert_eq!(among_others(&lists(6), &lists(0)).as_deref(), Some(words));
    }

    #[test]
    fn counts_are_of_the_day_of_the_run_unless_it_tells_another() {
        let day = |run_json: Value| ListsBefore::of(&run_json).day.map(|day| day.to_string());
        assert_eq!(day(json!({"as_of": "2026-11-22"})).as_deref(), Some("2026-11-22"));
        let rolled_back = json!({"as_of": "2026-11-01", "lists_on": "2026-11-23"});
        assert_eq!(day(rolled_back).as_deref(), Some("2026-11-23"));
    }
}
