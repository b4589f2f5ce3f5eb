//! A made-up town, as the driver of a run would describe it: nobody in it exists. Seeded, so that pictures can be compared.
#![allow(dead_code, reason = "each binary uses its own part of this")]

use onefolk::care::{CareCounts, NeedCount, RuleCount};
use onefolk::end_of_life::{AdmissionCount, EndOfLifeCounts, PlaceCount};
use onefolk::intake::QuarantineCode;
use onefolk::job::{Disclosure, Setting};
use onefolk::summary::disclosure::{Control, Preset};
use onefolk::summary::{
    Changes, Estimate, EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, Past, People, Provider, SegmentSet, Sex,
    Status,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::sync::LazyLock;

static CONTROL: LazyLock<Control> = LazyLock::new(|| Control::new(Preset::of(Disclosure::Hes), &[9; 32]));

/// Owns the columns that [`Facts`] borrows.
pub struct Town {
    sends: Vec<Sender>,
    age: Vec<Option<u8>>,
    sex: Vec<Sex>,
    ethnicity: Vec<EthnicGroup>,
    status: Vec<Status>,
    weakest: Vec<Option<f64>>,
    area: Vec<u32>,
    area_names: Vec<String>,
    provider_ends: Vec<u64>,
    providers: Vec<u16>,
    records: Vec<u64>,
    segment: Vec<u8>,
}

/// A provider, and which of [`PROVIDERS`] it is like.
struct Sender {
    id: String,
    name: String,
    like: usize,
}

/// Id, name, setting, the share of people it knows.
const PROVIDERS: [(&str, &str, Setting, f64); 30] = [
    ("gp-alder", "Alder Street Surgery", Setting::GeneralPractice, 0.13),
    ("gp-brook", "Brook Lane Medical Centre", Setting::GeneralPractice, 0.11),
    ("gp-canal", "Canalside Practice", Setting::GeneralPractice, 0.10),
    ("gp-dale", "Dale Road Health Centre", Setting::GeneralPractice, 0.09),
    ("gp-elm", "Elm Grove Surgery", Setting::GeneralPractice, 0.08),
    ("gp-forge", "The Forge Practice", Setting::GeneralPractice, 0.08),
    ("gp-green", "Greenfield Medical Centre", Setting::GeneralPractice, 0.07),
    ("gp-hill", "Hilltop Surgery", Setting::GeneralPractice, 0.07),
    ("gp-iron", "Ironbridge Road Surgery", Setting::GeneralPractice, 0.06),
    ("gp-jubilee", "Jubilee Family Practice", Setting::GeneralPractice, 0.05),
    ("acute-st-anne", "St Anne’s Hospital", Setting::Acute, 0.24),
    ("acute-royal", "Royal Infirmary", Setting::Acute, 0.13),
    ("acute-eye", "Eye and Ear Hospital", Setting::Acute, 0.04),
    ("community-east", "Community Services East", Setting::Community, 0.10),
    ("community-west", "Community Services West", Setting::Community, 0.08),
    ("mental-health", "Valley Mental Health Trust", Setting::MentalHealth, 0.07),
    ("talking-therapies", "Talking Therapies", Setting::MentalHealth, 0.04),
    ("adult-social-care", "Borough Adult Social Care", Setting::SocialCare, 0.06),
    ("children-social-care", "Borough Children’s Social Care", Setting::SocialCare, 0.03),
    ("county-social-care", "County Social Care", Setting::SocialCare, 0.02),
    ("ambulance", "Northern Ambulance Service", Setting::Ambulance, 0.09),
    ("urgent-care-111", "NHS 111 and Out of Hours", Setting::UrgentCare, 0.10),
    ("walk-in-centre", "Market Square Walk-in Centre", Setting::UrgentCare, 0.06),
    ("hospice", "St Luke’s Hospice", Setting::Hospice, 0.01),
    ("pharmacy-north", "Northgate Pharmacy", Setting::Pharmacy, 0.07),
    ("pharmacy-south", "Southside Pharmacy", Setting::Pharmacy, 0.05),
    ("vaccination", "Vaccination Programme", Setting::PublicHealth, 0.22),
    ("stop-smoking", "Stop Smoking Service", Setting::PublicHealth, 0.03),
    ("housing", "Homes for the Borough", Setting::Housing, 0.06),
    ("food-bank", "Good Neighbours Food Bank", Setting::Voluntary, 0.0004),
];

const FIELDS: [&str; 12] = [
    "nhs_number",
    "given_name",
    "middle_name",
    "family_name",
    "date_of_birth",
    "sex",
    "ethnicity",
    "address",
    "postcode",
    "phone",
    "email",
    "gp_practice",
];

impl Town {
    pub fn new(people: usize, seed: u64) -> Town {
        Town::of_providers(people, seed, PROVIDERS.len())
    }

    /// With `providers` of them, at least 30: beyond that several are like each of [`PROVIDERS`] and share its people.
    pub fn of_providers(people: usize, seed: u64, providers: usize) -> Town {
        let sender = |at: usize| {
            let (like, copy) = (at % PROVIDERS.len(), at / PROVIDERS.len());
            let (id, name, ..) = PROVIDERS[like];
            match copy {
                0 => Sender { id: id.into(), name: name.into(), like },
                _ => Sender { id: format!("{id}-{copy}"), name: format!("{name} {copy}"), like },
            }
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let area_names = districts();
        let mut town = Town {
            sends: (0..providers).map(sender).collect(),
            age: Vec::with_capacity(people),
            sex: Vec::with_capacity(people),
            ethnicity: Vec::with_capacity(people),
            status: Vec::with_capacity(people),
            weakest: Vec::with_capacity(people),
            area: Vec::with_capacity(people),
            area_names,
            provider_ends: Vec::with_capacity(people),
            providers: Vec::new(),
            records: vec![0; providers],
            segment: Vec::with_capacity(people),
        };
        for _ in 0..people {
            town.add_person(&mut random);
        }
        town
    }

    fn add_person(&mut self, random: &mut ChaCha8Rng) {
        let chance = |random: &mut ChaCha8Rng, share: f64| random.random::<f64>() < share;
        // Flat to fifty, then thinning out: near enough to an English town.
        let age = loop {
            let age = random.random_range(0..103u8);
            let alive = if age < 55 { 1.0 } else { 1.0 - f64::from(age - 55) / 50.0 };
            let bulge = if (22..45).contains(&age) { 1.0 } else { 0.78 };
            if chance(random, alive.max(0.02) * bulge) {
                break age;
            }
        };
        let female = chance(random, 0.5 + f64::from(age) / 900.0);
        self.age.push(if chance(random, 0.006) { None } else { Some(age) });
        self.sex.push(match (chance(random, 0.008), female) {
            (true, _) => Sex::Other,
            (_, true) => Sex::Female,
            _ => Sex::Male,
        });
        let group = [0.58, 0.63, 0.81, 0.88, 0.91, 1.1];
        let draw: f64 = random.random();
        self.ethnicity.push(EthnicGroup::ALL[group.iter().position(|&edge| draw < edge).unwrap_or(5)]);
        let districts = self.area_names.len();
        // Squared: some districts are far larger than others.
        let area = (random.random::<f64>().powi(2) * districts as f64) as u32;
        self.area.push(if chance(random, 0.013) { NO_AREA } else { area.min(districts as u32 - 1) });
        let registered = chance(random, 0.88);
        self.status.push(match (chance(random, f64::from(age).powi(3) / 8e6), registered) {
            (true, _) => Status::Died,
            (_, true) => Status::Registered,
            _ if chance(random, 0.3) => Status::Left,
            _ => Status::KnownOnly,
        });
        self.segment.push(if age > 80 { 2 } else { u8::from(age > 50) });
        self.add_providers(random, age, registered);
    }

    fn add_providers(&mut self, random: &mut ChaCha8Rng, age: u8, registered: bool) {
        let start = self.providers.len();
        if registered {
            // One practice each, by their shares.
            let mut draw = random.random::<f64>() * 0.84;
            let practice = PROVIDERS[..10].iter().position(|row| {
                draw -= row.3;
                draw < 0.0
            });
            self.providers.push(practice.unwrap_or(0) as u16);
        }
        let need = if age > 70 { 2.2 } else { 0.85 };
        for (index, row) in PROVIDERS.iter().enumerate().skip(10) {
            let fits = match row.0 {
                "children-social-care" => age < 18,
                "adult-social-care" | "hospice" => age > 40,
                _ => true,
            };
            if fits && random.random::<f64>() < row.3 * need {
                self.providers.push(index as u16);
            }
        }
        if self.providers.len() == start {
            self.providers.push(26);
        }
        let several = self.providers.len() > start + 1;
        self.weakest.push(several.then_some(if age > 60 { 0.9993 } else { 0.9987 }));
        self.among_copies(random, start);
        for &provider in &self.providers[start..] {
            self.records[provider as usize] += if random.random::<f64>() < 0.06 { 2 } else { 1 };
        }
        self.provider_ends.push(self.providers.len() as u64);
    }

    /// Where several providers are like one, each person is known to one of them.
    fn among_copies(&mut self, random: &mut ChaCha8Rng, start: usize) {
        if self.sends.len() == PROVIDERS.len() {
            return;
        }
        for provider in &mut self.providers[start..] {
            let copies = (self.sends.len() - 1 - usize::from(*provider)) / PROVIDERS.len() + 1;
            *provider += (random.random_range(0..copies) * PROVIDERS.len()) as u16;
        }
        self.providers[start..].sort_unstable();
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            job: "Riverside nightly",
            as_of: jiff::civil::date(2026, 11, 22),
            run_id: "2026-11-22-01",
            control: &CONTROL,
            providers: self
                .sends
                .iter()
                .zip(&self.records)
                .map(|(sender, &records)| provider(sender, records))
                .collect(),
            people: People {
                age: &self.age,
                sex: &self.sex,
                ethnicity: &self.ethnicity,
                status: &self.status,
                weakest: &self.weakest,
                area: &self.area,
                area_names: &self.area_names,
                provider_ends: &self.provider_ends,
                providers: &self.providers,
            },
            linkage: Linkage {
                pairs_compared: 214_377,
                links: 38_912,
                review: 143,
                estimate: Some(Estimate { precision: 0.9991, recall: 0.9742 }),
            },
            changes: Some(Changes {
                from_run: "2026-11-21-01",
                new: 61,
                grown: 402,
                shrunk: 18,
                merged: 9,
                split: 3,
                retired: 12,
            }),
            segment_sets: vec![SegmentSet {
                id: "by_need",
                name: "By need",
                source: Some("Made up for this page."),
                absent: &[],
                segments: vec![("healthy", "Healthy"), ("long-term", "Long-term conditions"), ("frail", "Frail")],
                of_person: &self.segment,
            }],
            cohorts: &COHORTS,
            past: past(),
            care: Some(care()),
            end_of_life: Some(end_of_life()),
        }
    }
}

/// Three nights before, as `summary/over_time.csv` has them; of the second, one figure is hidden.
fn past() -> Past {
    let mut lines = String::from("run,as_of,measure,group,rule,name,count,printed_under\n");
    for (day, people, rising, registered) in [
        ("2026-10-31", "11830", "1100", "9900"),
        ("2026-11-20", "11960", "*", "10020"),
        ("2026-11-21", "11980", "1185", "10050"),
    ] {
        for (measure, group, count) in [
            ("everybody", "All people", people),
            ("status", "Registered", registered),
            ("accounts", "Rows withheld", "150"),
            ("cohort", "rising-risk", rising),
        ] {
            lines.push_str(&format!("{day}-01,{day},{measure},{group},,{group},{count},1-7/5\n"));
        }
    }
    Past::read(lines.as_bytes(), "")
}

static COHORTS: LazyLock<Vec<onefolk::cohort::CohortCount>> = LazyLock::new(|| {
    let cohorts =
        [("Rising risk", 1_204, Some(61), Some(44)), ("Known to a hospital and no practice", 3, Some(2), None)];
    let counted = |(name, people, entered, left): (&str, u64, Option<u64>, Option<u64>)| onefolk::cohort::CohortCount {
        id: name.to_lowercase().replace(' ', "-"),
        name: name.into(),
        people,
        entered,
        left,
        definition: String::new(),
    };
    cohorts.map(counted).to_vec()
});

fn districts() -> Vec<String> {
    let mut names = Vec::new();
    for (letters, count) in [("NW", 11), ("HA", 9), ("W", 14), ("UB", 6), ("N", 3), ("SL", 2)] {
        names.extend((1..=count).map(|number| format!("{letters}{number}")));
    }
    names
}

fn provider(sender: &Sender, records: u64) -> Provider<'_> {
    let (index, setting) = (sender.like, PROVIDERS[sender.like].2);
    let quarantined = match index {
        1 => vec![(QuarantineCode::Ragged, 84), (QuarantineCode::BrokenQuote, 1)],
        10 => vec![(QuarantineCode::NoIdentifyingValue, 41), (QuarantineCode::FillerPerson, 12)],
        17 => vec![(QuarantineCode::Undecodable, 22)],
        20 => vec![(QuarantineCode::NoIdentifyingValue, 96), (QuarantineCode::NoRecordId, 5)],
        25 => vec![(QuarantineCode::FillerPerson, 3)],
        _ => Vec::new(),
    };
    Provider {
        id: &sender.id,
        name: &sender.name,
        setting,
        // Two have sent nothing: since yesterday, and for longer.
        days_old: [(4, 1), (20, 12)].into_iter().find(|(stale, _)| *stale == index).map(|(_, days)| days),
        records,
        withheld_rows: if index.is_multiple_of(3) { 1 + index as u64 } else { 0 },
        quarantined,
        fields: FIELDS
            .iter()
            .enumerate()
            .filter_map(|(field, word)| quality(index, setting, field, word, records))
            .collect(),
    }
}

fn quality(
    index: usize,
    setting: Setting,
    field: usize,
    word: &'static str,
    records: u64,
) -> Option<FieldQuality<'static>> {
    let names = ["given_name", "middle_name", "family_name", "address"].contains(&word);
    let unsent = (setting == Setting::Acute && names)
        || (index * 7 + field * 11).is_multiple_of(13) && word != "date_of_birth" && word != "family_name";
    if unsent {
        return None;
    }
    let usual = match word {
        "nhs_number" if matches!(setting, Setting::Housing | Setting::Voluntary | Setting::Ambulance) => 0.41,
        "nhs_number" if setting == Setting::SocialCare => 0.78,
        "middle_name" => 0.44,
        "email" => 0.38,
        "ethnicity" => 0.81,
        "phone" => 0.72,
        _ => 0.985,
    };
    let wobble = 1.0 - ((index * 31 + field * 17) % 9) as f64 / 260.0;
    let filled = (records as f64 * usual * wobble) as u64;
    let wrong = if (index + field).is_multiple_of(11) { 0.88 } else { 0.997 };
    Some(FieldQuality { field: word, filled, valid: (filled as f64 * wrong) as u64 })
}

fn end_of_life() -> EndOfLifeCounts {
    let group = |people, admitted| AdmissionCount { people, admitted };
    let place = |people, there| PlaceCount { people, there };
    EndOfLifeCounts {
        on_register: 212,
        recorded: 160,
        known_to_last: 71,
        died: [group(61, 17), group(88, 44), group(93, 41)],
        places: [
            ("home", place(74, 41)),
            ("care_home", place(38, 29)),
            ("hospice", place(31, 12)),
            ("garden", place(2, 0)),
        ]
        .map(|(name, count)| (name.to_string(), count))
        .into(),
    }
}

fn care() -> CareCounts {
    let need = |current, overlap, ended| NeedCount { current, overlap, ended };
    let rule = |id: &str, name: &str, need: &str, due, gaps| RuleCount {
        id: id.into(),
        name: name.into(),
        need: need.into(),
        due,
        gaps,
    };
    CareCounts {
        current: 912,
        overlap: 61,
        ended: 148,
        needs: [
            ("personal_care", need(611, 58, 101)),
            ("nursing", need(402, 0, 47)),
            ("dementia_support", need(96, 9, 12)),
            ("equipment", need(3, 0, 0)),
        ]
        .map(|(name, count)| (name.to_string(), count))
        .into(),
        rules: vec![
            rule("frail", "Severely frail and living alone: personal care", "personal_care", 240, 71),
            rule("dementia", "Dementia: dementia support", "dementia_support", 130, 44),
        ],
    }
}
