//! Cohorts, packages of care, and the end of life: parts of the people whom other tables count.

use super::people::{EVERYBODY, STATUS};
use super::read::Reader;

const COHORTS: &str = "cohorts.csv|people|";
const PACKAGES: &str = "packages.csv|people|";
const END_OF_LIFE: &str = "end_of_life.csv|people|";

impl Reader<'_> {
    /// `living` are those who are registered or known here.
    pub fn outcomes(&mut self, living: usize) {
        self.cohorts();
        self.packages(living);
        self.rules(living);
        self.end_of_life(living);
    }

    fn cohorts(&mut self) {
        let everybody = self.the(EVERYBODY);
        for (cohort, people) in self.named(COHORTS) {
            self.rest(&format!("{COHORTS}{cohort}"), everybody, people);
            let name = format!("cohorts.csv|entered|{cohort}");
            if let Some(entered) = self.cell(&name) {
                self.rest(&name, people, entered);
            }
        }
    }

    fn packages(&mut self, living: usize) {
        const MEASURES: [&str; 3] = ["with_package", "two_providers", "ended_without_successor"];
        let any = MEASURES.map(|measure| self.the(&format!("{PACKAGES}{measure}||")));
        for (need, with) in self.named(&format!("{PACKAGES}with_package|")) {
            let names = MEASURES.map(|measure| format!("{PACKAGES}{measure}|{need}"));
            let [_, two, ended] = [0, 1, 2].map(|at: usize| self.the(&names[at]));
            self.rest(&names[0], living, with);
            self.rest(&names[1], with, two);
            self.rest(&names[2], living, ended);
            if need == "|" {
                continue;
            }
            // Those of whom it is so for another need only.
            for ((name, whole), part) in names.iter().zip(any).zip([with, two, ended]) {
                self.rest(&format!("other needs|{name}"), whole, part);
            }
        }
    }

    fn rules(&mut self, living: usize) {
        for (rule, due) in self.named(&format!("{PACKAGES}should_have|")) {
            self.rest(&format!("{PACKAGES}should_have|{rule}"), living, due);
            let name = format!("{PACKAGES}gap|{rule}");
            let gap = self.the(&name);
            let met = self.rest(&name, due, gap);
            let need = rule.split('|').next().unwrap_or_default();
            // A need that few have a package for is not named.
            let own = self.cell(&format!("{PACKAGES}with_package|{need}|"));
            let with = own.unwrap_or_else(|| self.the(&format!("{PACKAGES}with_package||")));
            self.is_part(met, with);
        }
    }

    fn end_of_life(&mut self, living: usize) {
        let dead = self.the(&format!("{STATUS}Died"));
        let register = self.part_of(living, "on_register|");
        let recorded = self.part_of(register, "wishes_recorded|");
        self.part_of(recorded, "wishes_known_to_last|");
        let died = self.part_of(dead, "died|");
        let groups = self.groups("died|");
        self.adds_up(died, &cells(&groups));
        for (group, people) in groups {
            self.part_of(people, &format!("admitted|{group}"));
        }
        let both = self.part_of(died, "both_places_known|");
        let there = self.part_of(both, "died_where_wished|");
        let (places, places_there) = (self.groups("both_places_known|"), self.groups("died_where_wished|"));
        self.adds_up(both, &cells(&places));
        self.adds_up(there, &cells(&places_there));
        for (place, people) in places {
            self.part_of(people, &format!("died_where_wished|{place}"));
        }
    }

    /// Some of a whole, and nothing is told of the others.
    fn part_of(&mut self, whole: usize, name: &str) -> usize {
        let name = format!("{END_OF_LIFE}{name}");
        let part = self.the(&name);
        self.rest(&name, whole, part);
        part
    }

    /// The groups of a measure, without all of them together.
    fn groups(&self, measure: &str) -> Vec<(String, usize)> {
        let all = self.named(&format!("{END_OF_LIFE}{measure}")).into_iter();
        all.filter(|(group, _)| !group.is_empty()).collect()
    }
}

fn cells(groups: &[(String, usize)]) -> Vec<usize> {
    groups.iter().map(|(_, cell)| *cell).collect()
}
