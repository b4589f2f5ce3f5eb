//! People who do not exist.

/// Small and the same everywhere: splitmix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

#[derive(Debug, Clone)]
pub struct Person {
    pub nhs_number: String,
    pub given: String,
    pub family: String,
    pub born: String,
    pub sex: &'static str,
    pub address: String,
    pub postcode: String,
    pub phone: String,
}

/// Names that are no words of ours, so that a printed one is found.
const GIVEN: [&str; 24] = [
    "Aldreda",
    "Bertrade",
    "Cuthwin",
    "Dunstana",
    "Eadburga",
    "Frideswide",
    "Godgifu",
    "Hereward",
    "Ingulph",
    "Joscelin",
    "Kenelma",
    "Leofwine",
    "Merewyn",
    "Nothelm",
    "Osgyth",
    "Peregrin",
    "Quenburga",
    "Radegund",
    "Sigeberht",
    "Thurstan",
    "Ulfhild",
    "Wulfrun",
    "Ysolda",
    "Zenobia",
];
const FAMILY: [&str; 30] = [
    "Abberwick",
    "Blenkinsop",
    "Cruikshank",
    "Dunwoodie",
    "Entwhistle",
    "Featherstone",
    "Goldthwaite",
    "Hebblewhite",
    "Inglethorpe",
    "Jellicoe",
    "Kirkbride",
    "Lumbergaard",
    "Micklethwait",
    "Nettlefold",
    "Ollerenshaw",
    "Postlethwaite",
    "Quarmby",
    "Ramsbottom",
    "Satterthwaite",
    "Thistlewood",
    "Umpleby",
    "Venables",
    "Wigglesworth",
    "Yoxall",
    "Zouche",
    "Barraclough",
    "Clutterbuck",
    "Drinkwater",
    "Eastoe",
    "Fothergill",
];
const STREET: [&str; 12] = [
    "Larkspur Rise",
    "Bracken Hollow",
    "Mulberry Wharf",
    "Foxglove Parade",
    "Tamarisk Walk",
    "Juniper Ginnel",
    "Sorrel Bank",
    "Campion Terrace",
    "Yarrow Steps",
    "Teasel Yard",
    "Hyssop Row",
    "Comfrey Gate",
];

/// The `nth` NHS number from 999 with a right check digit; different for different `nth`.
pub fn nhs_number(nth: u64) -> String {
    let valid = |serial: &u64| check_digit(&format!("999{serial:06}")).is_some();
    let serial = (nth * 13 + 20_000..).find(valid).expect("one in eleven has none");
    let stem = format!("999{serial:06}");
    format!("{stem}{}", check_digit(&stem).expect("it was looked for"))
}

fn check_digit(stem: &str) -> Option<u32> {
    let sum: u32 = stem.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let digit = (11 - sum % 11) % 11;
    (digit < 10).then_some(digit)
}

/// So many people, the same for the same seed.
pub fn town(people: usize, seed: u64) -> Vec<Person> {
    const SEXES: [&str; 2] = ["female", "male"];
    let mut random = Random::new(seed);
    let one = |at: usize| Person {
        nhs_number: nhs_number(at as u64),
        given: (*random.pick(&GIVEN)).into(),
        family: (*random.pick(&FAMILY)).into(),
        born: format!("{}-{:02}-{:02}", 1930 + random.below(90), 1 + random.below(12), 1 + random.below(28)),
        sex: SEXES[random.below(2) as usize],
        address: format!("{} {}", 1 + random.below(190), random.pick(&STREET)),
        postcode: format!("LS{} {}AB", 1 + random.below(28), 1 + random.below(9)),
        phone: format!("0113 496 {:04}", random.below(1000)),
    };
    (0..people).map(one).collect()
}

impl Person {
    /// A row under the header of the extracts, with now and then a value that is missing, misspelt or old.
    pub fn row(&self, record: &str, random: &mut Random) -> String {
        let mut seen = self.clone();
        if random.below(10) < 2 {
            seen.nhs_number.clear();
        }
        match random.below(12) {
            0 => seen.given = seen.given[..1].into(),
            1 => {
                seen.family.remove(2);
            }
            2 => seen.postcode.clear(),
            3 => seen.phone.clear(),
            4 => seen.address.clear(),
            _ => {}
        }
        seen.exact_row(record)
    }

    /// A row without any damage.
    pub fn exact_row(&self, record: &str) -> String {
        let Person { nhs_number, given, family, born, sex, address, postcode, phone } = self;
        format!("{record},{nhs_number},{given},{family},{born},{sex},{address},{postcode},{phone}")
    }

    /// What must not be printed.
    pub fn values(&self) -> [&str; 7] {
        [&self.nhs_number, &self.given, &self.family, &self.born, &self.address, &self.postcode, &self.phone]
    }
}
