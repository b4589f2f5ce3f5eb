//! Households with their people: who lives together, how they are named, where they lived before.

mod families;

use super::chance::{Chance, spread};
use super::customs::{birthday_of_record, custom_family, email, middle_name};
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

    fn adult(&mut self, age: i64, female: bool) -> usize {
        let born = days_after(AS_OF, -(age * 365 + age / 4) - self.chance.between(0, 364));
        let family = self.world.tables.family_name(self.home.naming, &mut self.chance);
        self.person(born, female, family)
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
