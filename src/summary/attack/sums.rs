//! How the figures of one issue hang together, as anybody can find out from the files and the documents.

use super::{Published, System, truth_of};
use crate::summary::disclosure::Preset;

pub(super) const STATUS: &str = "people_by_group.csv|count|status|";
pub(super) const ETHNIC: &str = "people_by_group.csv|count|ethnic_group|";
pub(super) const KNOWN_TO: &str = "people_by_group.csv|count|known_to|";
pub(super) const SETTINGS: &str = "people_by_group.csv|count|settings|";
pub(super) const EVERYBODY: &str = "people_by_group.csv|count|everybody|All people";
pub(super) const AGE: &str = "people_by_age_sex.csv|people|";
pub(super) const AREA: &str = "people_by_area.csv|people|";
pub(super) const FEW: &str = "people_by_area.csv|people|Places with too few people each";
pub(super) const LINKED: &str = "linkage_quality.csv|people|";
pub(super) const PEOPLE_OF: &str = "providers.csv|people|";
pub(super) const NOBODY_NAMED: &str = "No provider that may be named";

impl System {
    /// What one issue says. `truth` only tells which marks stand for small counts.
    pub fn read(&mut self, issue: &str, printed: &Published, truth: &Published, preset: Preset) {
        let most = truth[EVERYBODY].expect("the truth hides nothing") as f64 + 300.0;
        // Where not even the number of all people is shown, a mark may stand for nobody.
        let least = if printed[EVERYBODY].is_none() { 0.0 } else { preset.low as f64 };
        for (name, count) in printed {
            let exact = truth_of(name, printed, truth);
            let (low, high) = match count {
                None if exact == 0 => (0.0, most),
                None if preset.hides(exact) => (least, preset.high as f64 + if preset.rounds() { 4.0 } else { 0.0 }),
                None => (least, most),
                Some(0) => (0.0, 0.0),
                Some(count) if preset.rounds() => {
                    ((count.saturating_sub(4)).max(preset.high + 1) as f64, (count + 4) as f64)
                }
                Some(count) => (*count as f64, *count as f64),
            };
            self.variable(&format!("{issue}{name}"), low, high);
        }
        self.people_add_up(issue, most);
        self.segments_add_up(issue, most);
        self.linked_add_up(issue, most);
        self.providers_add_up(issue, printed, most);
    }

    /// The segments of everybody, by wide bands of ages, which are made of the bands of five years where their edges are.
    fn segments_add_up(&mut self, issue: &str, most: f64) {
        let from =
            |name: &str| name[issue.len() + AGE.len()..].split(['–', ' ']).next().and_then(|age| age.parse().ok());
        let cells = self.names.iter().filter(|(name, _)| name.starts_with(&format!("{issue}{AGE}")));
        let ages: Vec<(Option<u32>, usize)> = cells.map(|(name, &at)| (from(name), at)).collect();
        let mut of_age = |from: u32, to: u32| {
            let within = |age: &Option<u32>| age.is_some_and(|age| (from..to).contains(&age));
            let parts: Vec<usize> = ages.iter().filter(|(age, _)| within(age)).map(|(_, cell)| *cell).collect();
            let whole = self.unseen(most);
            self.adds_up(whole, &parts);
            whole
        };
        let wholes = [(0, 40), (40, 65), (65, 80), (80, 200)].map(|(from, to)| of_age(from, to));
        let segments = |words: &str| -> Vec<usize> {
            let of_segment = |segment: &str| {
                self.names.get(&format!("{issue}segments.csv|people|halves|{segment}|{words}")).copied()
            };
            ["young", "old", ""].into_iter().filter_map(of_segment).collect()
        };
        let bands = ["0–17", "18–39", "40–64", "65–79", "80 and over", "Not known"].map(segments);
        let (all, living) = (segments("All"), self.names[&format!("{issue}living")]);
        self.adds_up(living, &all);
        for (at, &whole) in all.iter().enumerate() {
            let parts: Vec<usize> = bands.iter().map(|band| band[at]).collect();
            self.adds_up(whole, &parts);
        }
        let young: Vec<usize> = bands[..2].iter().flatten().copied().collect();
        for (whole, parts) in wholes.into_iter().zip([&young, &bands[2], &bands[3], &bands[4]]) {
            self.adds_up(whole, parts);
        }
    }

    /// Those who were put together are the same by age, by sex and by ethnic group, and part of each group.
    fn linked_add_up(&mut self, issue: &str, most: f64) {
        let all = self.unseen(most);
        for by in ["age", "sex", "ethnic_group"] {
            let parts = self.beginning(issue, &format!("{LINKED}{by}|"));
            self.adds_up(all, &parts);
        }
        let ethnic = format!("{issue}{ETHNIC}");
        let groups: Vec<(String, usize)> =
            self.names.range(ethnic.clone()..).map(|(name, &at)| (name.clone(), at)).collect();
        for (name, whole) in groups.into_iter().take_while(|(name, _)| name.starts_with(&ethnic)) {
            let linked = self.names[&format!("{issue}{LINKED}ethnic_group|{}", &name[ethnic.len()..])];
            let alone = self.unseen(most);
            self.adds_up(whole, &[linked, alone]);
        }
    }

    fn people_add_up(&mut self, issue: &str, most: f64) {
        let everybody = self.names[&format!("{issue}{EVERYBODY}")];
        let status = self.beginning(issue, STATUS);
        let [died, left] = ["Died", "Left"].map(|status| self.names[&format!("{issue}{STATUS}{status}")]);
        self.adds_up(everybody, &status);
        let living = self.variable(&format!("{issue}living"), 0.0, most);
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
            self.equation(known_to.into_iter().chain(people));
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
}
