//! Families: couples, their children, and who is called what.

use super::Builder;
use crate::generate::customs::{custom_family, keeps_own_name};
use crate::generate::people::{AS_OF, days_after};
use crate::generate::places::Building;
use jiff::civil::Date;

impl Builder<'_> {
    /// A couple, with children where `families` is 1.
    pub(super) fn couple(&mut self, families: usize) {
        let age = match families {
            1 => self.chance.between(24, 56),
            _ if self.chance.happens(0.5) => self.chance.between(58, 92),
            _ => self.chance.between(22, 57),
        };
        let mixed = self.chance.happens(0.10);
        let husband = self.adult(age, false);
        let home = self.home.clone();
        if mixed {
            self.home.group = self.world.tables.group(home.london, &mut self.chance);
            self.home.naming = self.world.tables.naming(self.home.group, &mut self.chance);
        }
        let years = self.chance.between(-4, 7);
        let wife = self.adult((age - years).max(19), true);
        self.home = home;
        self.marry(husband, wife);
        if families == 1 {
            self.children(Some(husband), wife);
        }
    }

    pub(super) fn lone_parent(&mut self) {
        let age = self.chance.between(20, 54);
        let mother = self.adult(age, true);
        if self.chance.happens(0.3) {
            let married = self.world.tables.family_name(self.home.naming, &mut self.chance);
            let person = &mut self.block.people[mother];
            let until = days_after(AS_OF, -self.chance.between(60, 4_000));
            person.previous_family = Some((custom_family(&married, self.home.naming, true), until));
        }
        self.children(None, mother);
    }

    pub(super) fn three_generations(&mut self) {
        let age = self.chance.between(32, 48);
        let grandmother_age = age + self.chance.between(20, 34);
        let husband = self.adult(age, false);
        let wife = self.adult(age - 2, true);
        self.marry(husband, wife);
        let grandmother = self.adult(grandmother_age, true);
        if !keeps_own_name(self.home.naming) {
            self.block.people[grandmother].family = self.block.people[husband].family.clone();
        }
        self.children(Some(husband), wife);
    }

    /// The wife takes her husband's name where custom has it, some with a hyphen.
    fn marry(&mut self, husband: usize, wife: usize) {
        let naming = self.home.naming;
        let taken = if keeps_own_name(naming) { 0.05 } else { 0.72 };
        if !self.chance.happens(taken) {
            return;
        }
        let wedding_age = self.chance.between(19, 36);
        let husband_family = self.block.people[husband].family.clone();
        let hyphen = naming == "british" && self.chance.happens(0.07);
        let bride = &mut self.block.people[wife];
        let wedding = days_after(bride.born, wedding_age * 365);
        if wedding > AS_OF {
            return;
        }
        let married = if hyphen {
            format!("{}-{husband_family}", bride.family)
        } else {
            custom_family(&husband_family, naming, true)
        };
        let maiden = std::mem::replace(&mut bride.family, married);
        bride.previous_family = Some((maiden, wedding)).filter(|(maiden, _)| *maiden != bride.family);
    }

    fn children(&mut self, father: Option<usize>, mother: usize) {
        let mother_born = self.block.people[mother].born;
        let oldest = (i64::from(AS_OF.year() - mother_born.year()) - 19).clamp(0, 27);
        let mut left = 1 + self.chance.count(0.9);
        while left > 0 {
            left -= 1;
            let newborn = self.chance.happens(0.08);
            let days = if newborn { self.chance.between(1, 200) } else { self.chance.between(1, oldest * 365 + 200) };
            let born = days_after(AS_OF, -days);
            // Fifteen in a thousand deliveries are multiple ones; a few of them of three.
            let together = if self.chance.happens(0.02) { 2 + usize::from(self.chance.happens(0.03)) } else { 1 };
            let first = self.block.people.len();
            for order in 0..together {
                self.child(father, mother, born, first);
                if together > 1
                    && let Some(child) = self.block.people.last_mut()
                {
                    child.birth_order = order as u8 + 1;
                }
            }
        }
    }

    fn child(&mut self, father: Option<usize>, mother: usize, born: Date, first_of_birth: usize) {
        let naming = self.home.naming;
        let female = self.chance.happens(0.49);
        let parent = father.unwrap_or(mother);
        let family = self.child_family(parent, female);
        let place = self.person(born, female, family);
        if place > first_of_birth && self.chance.happens(0.35) {
            self.like_twin(place, first_of_birth);
        }
        let (mother_given, mother_family) =
            (self.block.people[mother].given.clone(), self.block.people[mother].family_on(born).to_string());
        let unnamed_days = self.chance.between(2, 60);
        let namesake = match (female, father) {
            (false, Some(father)) if self.chance.happens(0.05) => Some(self.block.people[father].given.clone()),
            (true, _) if self.chance.happens(0.01) => Some(mother_given.clone()),
            _ => None,
        };
        let patronymic = father.map(|father| self.block.people[father].given.clone());
        let siblings: Vec<String> =
            self.block.people[mother.min(parent)..place].iter().map(|sibling| sibling.given.clone()).collect();
        let child = &mut self.block.people[place];
        child.mother = Some((mother_given, mother_family));
        child.named_from = days_after(born, unnamed_days);
        match namesake {
            Some(given) if !siblings[2.min(siblings.len())..].contains(&given) => child.given = given,
            _ => {}
        }
        if let Some(patronymic) = patronymic.filter(|_| naming == "somali") {
            child.middle = patronymic;
        }
        self.tell_apart(place, first_of_birth.min(place), naming);
        self.leave_home(place);
    }

    /// Brothers and sisters of one birth never share a given name.
    fn tell_apart(&mut self, place: usize, first: usize, naming: &'static str) {
        for _ in 0..20 {
            let same =
                self.block.people[first..place].iter().any(|other| other.given == self.block.people[place].given);
            if !same {
                return;
            }
            let (female, year) = (self.block.people[place].female, self.block.people[place].born.year());
            self.block.people[place].given =
                self.world.tables.given_name(naming, female, year, &mut self.chance).to_string();
        }
    }

    /// Parents of twins like names with one initial.
    fn like_twin(&mut self, place: usize, twin: usize) {
        let initial = self.block.people[twin].given.chars().next();
        let (female, year) = (self.block.people[place].female, self.block.people[place].born.year());
        for _ in 0..25 {
            let given = self.world.tables.given_name(self.home.naming, female, year, &mut self.chance).to_string();
            if given.chars().next() == initial && given != self.block.people[twin].given {
                self.block.people[place].given = given;
                return;
            }
        }
    }

    fn child_family(&mut self, parent: usize, female: bool) -> String {
        let parent = &self.block.people[parent];
        match self.home.naming {
            // Given name, father's, grandfather's.
            "somali" if !parent.female => parent.middle.clone(),
            "other_asian" if self.chance.happens(0.4) => parent.given.clone(),
            naming @ ("pakistani" | "bangladeshi") if self.chance.happens(0.4) => {
                self.world.tables.family_name(naming, &mut self.chance)
            }
            naming => custom_family(&parent.family, naming, female),
        }
    }

    /// Grown-up children may have moved out, and their parents' home is then their previous address.
    fn leave_home(&mut self, place: usize) {
        if self.block.people[place].age_on(AS_OF) < 19 || !self.chance.happens(0.5) {
            return;
        }
        let away = self.world.places.anywhere(Building::Home, &mut self.chance);
        let away = self.add_address(away);
        let since = days_after(AS_OF, -self.chance.between(30, 1_500));
        let person = &mut self.block.people[place];
        person.addresses.retain(|(from, _)| *from < since);
        person.addresses.push((since, away));
    }
}
