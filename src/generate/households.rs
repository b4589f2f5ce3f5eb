//! Households with their people: who lives together, how they are named, where they lived before.

use super::chance::{Chance, spread};
use super::customs::{birthday_of_record, custom_family, email, keeps_own_name, middle_name};
use super::health::Health;
use super::numbers::Numbers;
use super::people::{AS_OF, Person, days_after};
use super::places::{Address, Building, Places};
use super::tables::Tables;
use jiff::civil::Date;

/// People generated together from one stream of chance. Households do not cross blocks.
pub(super) const PEOPLE_PER_BLOCK: u64 = 1024;
/// Numbers kept for each block's superseded registrations.
pub(super) const SPARE_NUMBERS_PER_BLOCK: u64 = 8;

pub(super) struct Block {
    pub people: Vec<Person>,
    pub addresses: Vec<Address>,
}

/// What every block is drawn from.
pub(super) struct World {
    pub tables: Tables,
    pub places: Places,
    pub numbers: Numbers,
    pub people: u64,
    pub seed: u64,
}

impl World {
    pub fn blocks(&self) -> u64 {
        self.people.div_ceil(PEOPLE_PER_BLOCK)
    }

    /// The people of one block, the same whichever thread asks.
    pub fn block(&self, block: u64) -> Block {
        let first = block * PEOPLE_PER_BLOCK;
        let wanted = (self.people - first).min(PEOPLE_PER_BLOCK) as usize;
        let mut builder = Builder {
            world: self,
            chance: Chance::new(self.seed, block * 2),
            block: Block { people: Vec::with_capacity(wanted + 60), addresses: Vec::new() },
            home: Home::default(),
        };
        while builder.block.people.len() < wanted {
            builder.household();
        }
        let mut block_of_people = builder.block;
        block_of_people.people.truncate(wanted);
        self.number(&mut block_of_people, block, first);
        block_of_people
    }

    fn number(&self, block: &mut Block, number: u64, first: u64) {
        let last = block.people.len() as u32;
        let mut spare = 0;
        for (place, person) in block.people.iter_mut().enumerate() {
            person.index = first + place as u64;
            person.number = self.numbers.number(person.index);
            person.household.end = person.household.end.min(last);
            // One in 150 was registered twice and has a number that another replaced.
            if spread(person.index ^ self.seed).is_multiple_of(150) && spare < SPARE_NUMBERS_PER_BLOCK {
                person.old_number = Some(self.numbers.number(self.people + number * SPARE_NUMBERS_PER_BLOCK + spare));
                spare += 1;
            }
        }
    }
}

/// What the members of a household share.
#[derive(Default, Clone)]
struct Home {
    group: usize,
    naming: &'static str,
    landline: String,
    addresses: Vec<(Date, u32)>,
    london: bool,
    decile: u8,
}

struct Builder<'a> {
    world: &'a World,
    chance: Chance,
    block: Block,
    home: Home,
}

impl Builder<'_> {
    fn household(&mut self) {
        let start = self.block.people.len();
        let draw = self.chance.share();
        self.settle(match draw {
            d if d < 0.0045 => Building::CareHome,
            d if d < 0.0070 => Building::StudentHall,
            _ => Building::Home,
        });
        match draw {
            d if d < 0.0045 => self.strangers(28, 74, 99),
            d if d < 0.0070 => self.strangers(24, 18, 24),
            d if d < 0.29 => self.single(),
            d if d < 0.55 => self.couple(0),
            d if d < 0.84 => self.couple(1),
            d if d < 0.91 => self.lone_parent(),
            d if d < 0.96 => self.three_generations(),
            _ => self.strangers(4, 20, 38),
        }
        let end = self.block.people.len();
        for person in &mut self.block.people[start..] {
            person.household = start as u32..end as u32;
        }
    }

    /// Draws the home, who owns it and where they lived before.
    fn settle(&mut self, building: Building) {
        let address = self.world.places.anywhere(building, &mut self.chance);
        let (london, decile) = (address.london, address.decile);
        let group = self.world.tables.group(london, &mut self.chance);
        let naming = self.world.tables.naming(group, &mut self.chance);
        let landline = match self.chance.happens(0.4) {
            // Local numbers in London never begin with 0 or 1, and no mobile number with 071: nobody's telephone rings.
            true => format!("020{:08}", self.chance.below(20_000_000)),
            false => String::new(),
        };
        let here = self.add_address(address);
        let years = -(1.0 - self.chance.share()).ln() * 8.0;
        let moved_in = days_after(AS_OF, -((years * 365.0) as i64).clamp(20, 20_000));
        let mut addresses = vec![(moved_in, here)];
        let mut before = moved_in;
        while before > days_after(AS_OF, -12 * 365) && addresses.len() < 4 {
            let previous = self.previous_address();
            before = days_after(before, -self.chance.between(200, 3_000));
            addresses.insert(0, (before, previous));
        }
        self.home = Home { group, naming, landline, addresses, london, decile };
    }

    fn add_address(&mut self, address: Address) -> u32 {
        self.block.addresses.push(address);
        self.block.addresses.len() as u32 - 1
    }

    /// Somewhere else; for one in three a home that other people of this block know too.
    fn previous_address(&mut self) -> u32 {
        let known = self.block.addresses.len();
        if known > 10 && self.chance.happens(0.33) {
            return self.chance.below(known) as u32;
        }
        let address = self.world.places.anywhere(Building::Home, &mut self.chance);
        self.add_address(address)
    }

    fn single(&mut self) {
        let old = self.chance.happens(0.45);
        let age = if old { self.chance.between(62, 97) } else { self.chance.between(20, 61) };
        let female = self.chance.happens(if old { 0.62 } else { 0.46 });
        self.adult(age, female);
    }

    fn strangers(&mut self, many: i64, youngest: i64, oldest: i64) {
        let (home, count) = (self.home.clone(), self.chance.between(many / 2, many));
        for _ in 0..count {
            let group = self.world.tables.group(home.london, &mut self.chance);
            let naming = self.world.tables.naming(group, &mut self.chance);
            let moved_in = days_after(AS_OF, -self.chance.between(30, 1_400));
            let before = self.previous_address();
            let here = home.addresses.last().map_or(0, |last| last.1);
            let addresses = vec![(days_after(moved_in, -4_000), before), (moved_in, here)];
            self.home = Home { group, naming, landline: String::new(), addresses, ..home.clone() };
            let (age, female) =
                (self.chance.between(youngest, oldest), self.chance.happens(if youngest > 70 { 0.68 } else { 0.5 }));
            self.adult(age, female);
        }
    }

    /// A couple, with children where `families` is 1.
    fn couple(&mut self, families: usize) {
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

    fn lone_parent(&mut self) {
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

    fn three_generations(&mut self) {
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

    fn adult(&mut self, age: i64, female: bool) -> usize {
        let born = days_after(AS_OF, -(age * 365 + age / 4) - self.chance.between(0, 364));
        let family = self.world.tables.family_name(self.home.naming, &mut self.chance);
        self.person(born, female, family)
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

    /// Adds a person with everything that follows from birth, sex and household.
    fn person(&mut self, born: Date, female: bool, family: String) -> usize {
        let (world, chance) = (self.world, &mut self.chance);
        let naming = self.home.naming;
        let mut given = world.tables.given_name(naming, female, born.year(), chance).to_string();
        let mut middle = middle_name(world, naming, female, born, chance);
        if naming == "pakistani" && !female && !given.starts_with("M") && chance.happens(0.35) {
            middle = std::mem::replace(&mut given, chance.pick(&["Mohammed", "Muhammad", "Mohammad"]).to_string());
        }
        let age = (AS_OF - born).get_days() / 365;
        let born = birthday_of_record(born, world.tables.groups[self.home.group].code, age, chance);
        let dies = match age {
            90.. => 0.20,
            80.. => 0.10,
            70.. => 0.04,
            50.. => 0.012,
            _ => 0.001,
        };
        let died = chance.happens(dies).then(|| days_after(AS_OF, -chance.between(1, 900))).filter(|day| *day > born);
        let code = world.tables.groups[self.home.group].code;
        let health = Health::draw(age as i16, code, self.home.decile, died.is_some(), chance);
        let family = custom_family(&family, naming, female);
        let mobile = match age >= 13 && chance.happens(0.9) {
            true => format!("071{:08}", chance.below(100_000_000)),
            false => String::new(),
        };
        let email =
            if age >= 16 && chance.happens(0.75) { email(&given, &family, born, chance) } else { String::new() };
        let mut addresses: Vec<_> = self.home.addresses.iter().copied().filter(|(from, _)| *from >= born).collect();
        if addresses.len() < self.home.addresses.len() {
            let at_birth = self.home.addresses[self.home.addresses.len() - addresses.len() - 1].1;
            addresses.insert(0, (born, at_birth));
        }
        self.block.people.push(Person {
            index: 0,
            female,
            group: self.home.group,
            born,
            died,
            given,
            middle,
            family,
            previous_family: None,
            named_from: born,
            mother: None,
            birth_order: 0,
            number: 0,
            old_number: None,
            mobile,
            landline: self.home.landline.clone(),
            email,
            addresses,
            household: 0..0,
            health,
        });
        self.block.people.len() - 1
    }
}
