//! Where people live: postcodes with their street, town, small area and deprivation, all derived from a postcode's number.

use super::chance::{Chance, Weighted, spread};
use super::tables::lines;

struct Outward {
    london: bool,
    code: &'static str,
    town: &'static str,
    authority: &'static str,
}

/// People that share one postcode, and postcodes that share one small area: England's averages. A small population lives in fewer
/// postcodes an area, so that it still has areas to compare.
const PEOPLE_PER_POSTCODE: u64 = 40;
const POSTCODES_PER_AREA: u64 = 38;
const AREAS_MIN: u64 = 80;

/// Somewhere to live.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// "14 Park Road", "Flat 3, 14 Park Road", "Cedar House, Park Road".
    pub line: String,
    pub town: &'static str,
    pub authority: &'static str,
    /// With one space.
    pub postcode: String,
    pub uprn: u64,
    /// Number of the small area (LSOA).
    pub area: u64,
    /// Number of the outward code: what "nearby" means to providers.
    pub district: usize,
    /// 1 most deprived … 10 least.
    pub decile: u8,
    pub london: bool,
}

impl Address {
    /// A plausible LSOA code of 2021; numbers from 950000 on are not in use.
    pub fn area_code(&self) -> String {
        format!("E01{:06}", 950_000 + self.area % 50_000)
    }
}

/// What stands at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Building {
    Home,
    CareHome,
    StudentHall,
}

pub(super) struct Places {
    outwards: Vec<Outward>,
    weights: [Weighted; 2],
    names: Vec<&'static str>,
    kinds: Vec<&'static str>,
    houses: Vec<&'static str>,
    homes: Vec<&'static str>,
    halls: Vec<&'static str>,
    postcodes: u64,
    postcodes_per_area: u64,
}

impl Places {
    /// Places enough for this many people.
    pub fn load(people: u64) -> Self {
        let mut outwards = Vec::new();
        let mut weights = [Vec::new(), Vec::new()];
        for cells in lines(include_str!("../../data/reference/generate/places.csv")) {
            let london = cells[0] == "north_west_london";
            let weight = cells[4].parse().unwrap_or(1.0);
            weights[0].push(if london { 0.0 } else { weight });
            weights[1].push(if london { weight } else { 0.0 });
            outwards.push(Outward { london, code: cells[1], town: cells[2], authority: cells[3] });
        }
        let mut parts =
            lines(include_str!("../../data/reference/generate/streets.csv")).map(|cells| cells[1].split(' ').collect());
        let mut next = || parts.next().unwrap_or_default();
        let (names, kinds, houses, homes, halls) = (next(), next(), next(), next(), next());
        let weights = weights.map(Weighted::new);
        let postcodes = (people / PEOPLE_PER_POSTCODE).max(3);
        let postcodes_per_area = (postcodes / AREAS_MIN).clamp(1, POSTCODES_PER_AREA);
        Places { outwards, weights, names, kinds, houses, homes, halls, postcodes, postcodes_per_area }
    }

    /// Somewhere at random.
    pub fn anywhere(&self, building: Building, chance: &mut Chance) -> Address {
        let postcode = (chance.share() * self.postcodes as f64) as u64;
        let dwelling = 1 + chance.below(30) as u64;
        self.address(postcode, dwelling, building, chance)
    }

    fn address(&self, postcode: u64, dwelling: u64, building: Building, chance: &mut Chance) -> Address {
        let area = postcode / self.postcodes_per_area;
        // Six of ten areas lie in North West London, the others anywhere in England.
        let mut local = Chance::new(spread(area), 1);
        let london = local.happens(0.6);
        let district = self.weights[usize::from(london)].draw(&mut local);
        let decile = 1 + local.below(10) as u8;
        let outward = &self.outwards[district];
        let bits = spread(postcode ^ 0xADD);
        let letters = b"ABDEFGHJLNPQRSTUWXYZ";
        let inward = [letters[(bits >> 8) as usize % 20] as char, letters[(bits >> 16) as usize % 20] as char];
        let street = format!(
            "{} {}",
            self.names[(bits >> 24) as usize % self.names.len()].replace('_', " "),
            self.kinds[(bits >> 40) as usize % self.kinds.len()]
        );
        Address {
            line: self.line(&street, dwelling, building, chance),
            town: outward.town,
            authority: outward.authority,
            postcode: format!("{} {}{}{}", outward.code, bits % 10, inward[0], inward[1]),
            uprn: 10_000_000_000 + (postcode * 64 + dwelling) * 7,
            area,
            district,
            decile,
            london: outward.london,
        }
    }

    fn line(&self, street: &str, dwelling: u64, building: Building, chance: &mut Chance) -> String {
        let named = |list: &[&str], chance: &mut Chance| format!("{}, {street}", chance.pick(list).replace('_', " "));
        match building {
            Building::CareHome => named(&self.homes, chance),
            Building::StudentHall => named(&self.halls, chance),
            Building::Home if chance.happens(0.22) => format!("Flat {}, {dwelling} {street}", 1 + chance.below(24)),
            Building::Home if chance.happens(0.03) => named(&self.houses, chance),
            Building::Home => format!("{dwelling} {street}"),
        }
    }
}
