//! The tables that leave, read by somebody who means to find out: every published file of one issue, and of two in a row, as one system of
//! equations and bounds, from which the least and the most that each hidden count can be are computed (linear programming).
//!
//! The attacker has the files, knows the rules and how the files hang together, and is even told which marks stand for truly small counts.
//! With two issues they know besides that people have only joined in between. The simplex method here and the reading of the files share no
//! code with what protects them.

mod simplex;

use super::disclosure::{Control, Preset};
use super::tests::{Person, Rows, any_person, csv_rows, with_facts_under};
use super::{Summary, build};
use crate::job::Disclosure;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use simplex::Tableau;
use std::collections::BTreeMap;

/// A published count: a number, or a mark.
type Published = BTreeMap<String, Option<u64>>;

/// Every count of the files, by a name that is the same at every issue; rows whose rounding is not told are left out.
fn published(summary: &Summary) -> Published {
    let mut all = Published::new();
    let mut take = |file: &str, keys: &[&str], count: &str| {
        for row in csv_rows(summary, file) {
            let key: Vec<&str> = keys.iter().map(|key| row[*key].as_str()).collect();
            let name = format!("{count}|{}", key.join("|"));
            // A provider that is asked for itself stands in the list of providers.
            all.insert(format!("{file}|{name}"), row[count].parse().ok());
        }
    };
    take("people_by_age_sex.csv", &["age_band", "sex"], "people");
    take("people_by_area.csv", &["area"], "people");
    take("people_by_group.csv", &["measure", "group"], "count");
    take("providers.csv", &["provider"], "people");
    take("providers.csv", &["provider"], "quarantined");
    take("providers.csv", &["provider"], "withheld");
    take("provider_overlap.csv", &["provider", "other_provider"], "people");
    take("quarantine.csv", &["provider", "code"], "rows");
    all.retain(|name, _| !name.contains("|accounts|Rows read") && !name.contains("|accounts|Rows linked"));
    all
}

const STATUS: &str = "people_by_group.csv|count|status|";
const ETHNIC: &str = "people_by_group.csv|count|ethnic_group|";
const KNOWN_TO: &str = "people_by_group.csv|count|known_to|";
const SETTINGS: &str = "people_by_group.csv|count|settings|";
const EVERYBODY: &str = "people_by_group.csv|count|everybody|All people";
const AGE: &str = "people_by_age_sex.csv|people|";
const AREA: &str = "people_by_area.csv|people|";
const FEW: &str = "people_by_area.csv|people|Places with too few people each";
const PEOPLE_OF: &str = "providers.csv|people|";
const NOBODY_NAMED: &str = "No provider that may be named";

/// Unknown counts between bounds, and equations between them.
#[derive(Default)]
struct System {
    names: BTreeMap<String, usize>,
    low: Vec<f64>,
    high: Vec<f64>,
    equations: Vec<Vec<(f64, usize)>>,
}

impl System {
    fn variable(&mut self, name: &str, low: f64, high: f64) -> usize {
        let next = self.low.len();
        let at = *self.names.entry(name.to_string()).or_insert(next);
        if at == next {
            self.low.push(low);
            self.high.push(high);
        }
        self.low[at] = self.low[at].max(low);
        self.high[at] = self.high[at].min(high);
        at
    }

    fn unseen(&mut self, most: f64) -> usize {
        self.variable(&format!("unseen {}", self.low.len()), 0.0, most)
    }

    /// Everything whose name begins so, of one issue.
    fn beginning(&self, issue: &str, with: &str) -> Vec<usize> {
        let start = format!("{issue}{with}");
        self.names.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start)).map(|(_, &at)| at).collect()
    }

    /// whole = parts
    fn adds_up(&mut self, whole: usize, parts: &[usize]) {
        let parts = parts.iter().map(|&part| (1.0, part));
        self.equations.push(parts.chain([(-1.0, whole)]).collect());
    }

    /// What one issue says. `truth` only tells which marks stand for small counts.
    fn read(&mut self, issue: &str, printed: &Published, truth: &Published, preset: Preset) {
        let most = truth[EVERYBODY].expect("the truth hides nothing") as f64 + 300.0;
        for (name, count) in printed {
            let exact = truth_of(name, printed, truth);
            let (low, high) = match count {
                _ if name == EVERYBODY && count.is_some() => (exact as f64, exact as f64),
                None if exact == 0 => (0.0, most),
                None if preset.hides(exact) => (1.0, preset.high as f64 + if preset.rounds() { 4.0 } else { 0.0 }),
                None => (preset.low as f64, most),
                Some(0) => (0.0, 0.0),
                Some(count) if preset.rounds() => {
                    ((count.saturating_sub(4)).max(preset.high + 1) as f64, (count + 4) as f64)
                }
                Some(count) => (*count as f64, *count as f64),
            };
            self.variable(&format!("{issue}{name}"), low, high);
        }
        self.people_add_up(issue, most);
        self.providers_add_up(issue, printed, most);
    }

    fn people_add_up(&mut self, issue: &str, most: f64) {
        let everybody = self.names[&format!("{issue}{EVERYBODY}")];
        let status = self.beginning(issue, STATUS);
        let [died, left] = ["Died", "Left"].map(|status| self.names[&format!("{issue}{STATUS}{status}")]);
        self.adds_up(everybody, &status);
        let living = self.unseen(most);
        self.adds_up(everybody, &[living, left, died]);
        for table in [AGE, ETHNIC, AREA] {
            let parts = self.beginning(issue, table);
            self.adds_up(living, &parts);
        }
        for table in [KNOWN_TO, SETTINGS] {
            let parts = self.beginning(issue, table);
            if !parts.is_empty() {
                self.adds_up(everybody, &parts);
            }
        }
        // The same people under the same words in two tables.
        let unnamed =
            [KNOWN_TO, SETTINGS].map(|table| self.names.get(&format!("{issue}{table}{NOBODY_NAMED}")).copied());
        if let [Some(one), Some(other)] = unnamed {
            self.adds_up(one, &[other]);
        }
    }

    fn providers_add_up(&mut self, issue: &str, printed: &Published, most: f64) {
        let known_to: Vec<(f64, usize)> = (1..=10)
            .filter_map(|times| {
                let words = match times {
                    1 => "1 provider".to_string(),
                    10 => "10 or more".to_string(),
                    _ => format!("{times} providers"),
                };
                self.names.get(&format!("{issue}{KNOWN_TO}{words}")).map(|&at| (f64::from(times), at))
            })
            .collect();
        if !known_to.is_empty() {
            let people = self.beginning(issue, PEOPLE_OF).into_iter().map(|at| (-1.0, at));
            self.equations.push(known_to.into_iter().chain(people).collect());
        }
        // acute-c and hospice-d are alone in their settings.
        for (words, cell) in [
            (vec!["acute"], format!("{PEOPLE_OF}acute-c")),
            (vec!["hospice"], format!("{PEOPLE_OF}hospice-d")),
            (vec!["acute", "hospice"], "provider_overlap.csv|people|acute-c|hospice-d".to_string()),
        ] {
            let Some(&whole) = self.names.get(&format!("{issue}{cell}")) else { continue };
            let holds = |name: &&String| {
                let members: Vec<&str> = name.rsplit('|').next().unwrap_or_default().split(" + ").collect();
                name.starts_with(SETTINGS) && words.iter().all(|word| members.contains(word))
            };
            let mut parts: Vec<usize> =
                printed.keys().filter(holds).map(|name| self.names[&format!("{issue}{name}")]).collect();
            if let Some(&other) = self.names.get(&format!("{issue}{SETTINGS}All other combinations")) {
                let (within, without) = (self.unseen(most), self.unseen(most));
                self.adds_up(other, &[within, without]);
                parts.push(within);
            }
            self.adds_up(whole, &parts);
        }
        for what in ["quarantined", "withheld"] {
            let whole = format!("{issue}people_by_group.csv|count|accounts|Rows {what}");
            let parts = self.beginning(issue, &format!("providers.csv|{what}|"));
            self.adds_up(self.names[&whole], &parts);
        }
        for provider in ["gp-a", "gp-b", "acute-c", "hospice-d"] {
            if let Some(&whole) = self.names.get(&format!("{issue}providers.csv|quarantined|{provider}")) {
                let parts = self.beginning(issue, &format!("quarantine.csv|rows|{provider}|"));
                self.adds_up(whole, &parts);
            }
        }
    }

    /// What two issues say of each other: shifts and margins are a cell's own, and people have only joined.
    fn only_joined(&mut self, printed: [&Published; 2], truth: [&Published; 2], preset: Preset) {
        let joined = (truth[1][EVERYBODY].unwrap_or(0) - truth[0][EVERYBODY].unwrap_or(0)) as f64;
        let rows = |name: &str| name.contains("quarantine") || name.contains("withheld") || name.contains("|accounts|");
        let names = printed[0].keys().filter(|name| printed[1].contains_key(*name));
        for name in names.filter(|name| !rows(name) && *name != FEW && !name.ends_with("All other combinations")) {
            let of = |issue: usize| format!("{}|{name}", issue + 1);
            let cells = [0, 1].map(|issue| self.names[&of(issue)]);
            let nothing = printed.iter().all(|issue| issue[name] == Some(0));
            if nothing {
                continue;
            }
            let new = self.unseen(joined);
            self.adds_up(cells[1], &[cells[0], new]);
            if name == EVERYBODY || !preset.rounds() {
                continue;
            }
            // Shifts are -2 to 2, here 0 to 4.
            let (shift, margin) = (self.unseen(4.0), self.unseen(4.0));
            for issue in [0, 1] {
                let small = preset.hides(truth_of(name, printed[issue], truth[issue]));
                match printed[issue][name] {
                    Some(0) => {}
                    Some(count) => {
                        let clamped = count < preset.high + 1 + preset.rounded_to;
                        let low = if clamped { 0.0 } else { count as f64 };
                        let shifted = self.variable(&format!("shifted {}", of(issue)), low, count as f64 + 4.0);
                        self.adds_up(shifted, &[cells[issue], shift]);
                        let above = self.variable(&format!("above {}", of(issue)), preset.high as f64 + 1.0, 1e6);
                        self.adds_up(cells[issue], &[margin, above]);
                    }
                    None if small => {
                        let reach = self.variable(&format!("reach {}", of(issue)), 0.0, preset.high as f64 + 4.0);
                        let most =
                            self.variable(&format!("most {}", preset.high), preset.high as f64, preset.high as f64);
                        self.adds_up(reach, &[margin, most]);
                        let below = self.unseen(preset.high as f64 + 4.0);
                        self.adds_up(reach, &[cells[issue], below]);
                    }
                    None => {}
                }
            }
        }
    }

    /// The least and the most that a variable can be.
    fn range(&self, tableau: &mut Tableau, variable: usize) -> (f64, f64) {
        let least = tableau.least(variable, 1.0);
        let most = tableau.least(variable, -1.0);
        (least + self.low[variable], -most + self.low[variable])
    }
}

/// What a row stands for: rows of what is too small to be listed hold all that the truth lists and the publication does not.
fn truth_of(name: &str, printed: &Published, truth: &Published) -> u64 {
    let rest = |table: &str| {
        let unlisted = truth.iter().filter(|(known, _)| known.starts_with(table) && !printed.contains_key(*known));
        unlisted.filter_map(|(_, count)| *count).sum()
    };
    match truth.get(name) {
        _ if name == FEW => rest(AREA),
        _ if name.ends_with("All other combinations") => rest(SETTINGS),
        // Rows of nobody are left out where that may be told.
        None => 0,
        Some(exact) => exact.expect("the truth hides nothing"),
    }
}

/// What is published of these people, and the truth.
fn issue(people: &[Person], rows: &[Rows], preset: Preset) -> (Published, Published) {
    let nothing_hidden = Preset { low: 1, high: 0, rounded_to: 1 };
    let under = |preset: Preset| published(&with_facts_under(&Control::new(preset, &[4; 32]), people, rows, build));
    (under(preset), under(nothing_hidden))
}

/// Every hidden small count of an issue can still be at least two numbers.
fn nothing_is_recovered(
    system: &System,
    issue: &str,
    printed: &Published,
    truth: &Published,
    preset: Preset,
) -> Result<(), TestCaseError> {
    let mut tableau = Tableau::of(system);
    for name in printed.iter().filter(|(_, count)| count.is_none()).map(|(name, _)| name) {
        let exact = truth_of(name, printed, truth);
        if !preset.hides(exact) || exact == 0 {
            continue;
        }
        let (least, most) = system.range(&mut tableau, system.names[&format!("{issue}{name}")]);
        prop_assert!(most - least > 1.0 - 1e-4, "{name} is {exact}: between {least} and {most}");
    }
    Ok(())
}

/// The same populations each time: of two issues in a row about one random population in 130 still gives a hidden 1 away, and of one issue few of under 300 people
/// (docs/security.md), which is for whoever changes the protection to measure, by other seeds.
fn attacks() -> ProptestConfig {
    ProptestConfig { cases: 24, max_shrink_iters: 40, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() }
}

fn some_people(providers: u16) -> impl Strategy<Value = Vec<Person>> {
    prop::collection::vec(any_person(providers), 300..800)
}

fn some_rows() -> impl Strategy<Value = Vec<Rows>> {
    prop::collection::vec((0u64..12, 0u64..12, 0u64..30), 4)
}

proptest! {
    #![proptest_config(attacks())]

    #[test]
    fn no_small_count_is_recovered_from_the_tables_of_one_issue(
        (providers, people) in (2..=4u16).prop_flat_map(|providers| (Just(providers), some_people(providers))),
        rows in some_rows(),
        disclosure in prop::sample::select(Disclosure::ALL.to_vec()),
    ) {
        let preset = Preset::of(disclosure);
        let (printed, truth) = issue(&people, &rows[..usize::from(providers)], preset);
        let mut system = System::default();
        system.read("1|", &printed, &truth, preset);
        nothing_is_recovered(&system, "1|", &printed, &truth, preset)?;
    }

}

proptest! {
    // Each solves some hundred linear programmes of a thousand unknowns.
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 10, ..attacks() })]

    #[test]
    fn nor_from_those_of_two_issues_in_a_row(
        (providers, people, joiners) in
            (2..=4u16).prop_flat_map(|providers| (Just(providers), some_people(providers), prop::collection::vec(any_person(providers), 1..4))),
        rows in some_rows(),
        disclosure in prop::sample::select(vec![Disclosure::Hes, Disclosure::Cld]),
    ) {
        let preset = Preset::of(disclosure);
        let rows = &rows[..usize::from(providers)];
        let later: Vec<Person> = people.iter().chain(&joiners).cloned().collect();
        let (first, second) = (issue(&people, rows, preset), issue(&later, rows, preset));
        let mut system = System::default();
        system.read("1|", &first.0, &first.1, preset);
        system.read("2|", &second.0, &second.1, preset);
        system.only_joined([&first.0, &second.0], [&first.1, &second.1], preset);
        nothing_is_recovered(&system, "1|", &first.0, &first.1, preset)?;
        nothing_is_recovered(&system, "2|", &second.0, &second.1, preset)?;
    }
}
