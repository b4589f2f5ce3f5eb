//! Packages of care and wishes of one person. They come from a stream of chance of their own, so that whatever else is drawn stays as it is
//! when something is added here. The rates are plausible, not measured.

use super::chance::{Chance, spread};
use super::people::{AS_OF, Person, days_after};
use crate::job::Setting;
use jiff::civil::Date;

/// Tells this stream from those of blocks.
const STREAM: u64 = 0xCA2E << 32;

/// Places in [`super::health::CONDITIONS`].
const DEMENTIA: usize = 6;
const SERIOUS_MENTAL_ILLNESS: usize = 9;

/// What one person is given, in the order in which a provider lists it.
#[derive(Debug, Clone, Default)]
pub(super) struct Care {
    packages: Vec<Given>,
    pub lives_alone: bool,
    pub wishes: Option<Wishes>,
}

/// Wishes for the end of life, and who holds them.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub place_of_care: &'static str,
    pub place_of_death: &'static str,
    /// Where they died, for those who did.
    pub died_at: &'static str,
    pub decided_on: Date,
    /// The settings whose providers hold them.
    held_by: Vec<Setting>,
}

impl Wishes {
    pub fn held_by(&self, setting: Setting) -> bool {
        self.held_by.contains(&setting)
    }
}

/// One package, as the providers of one setting hold it.
#[derive(Debug, Clone)]
pub(super) struct Given {
    setting: Setting,
    pub service: &'static str,
    /// What it is for, in the words of the providers' systems.
    pub need: &'static str,
    pub from: Date,
    /// Open where absent.
    pub until: Option<Date>,
    pub planned_until: Option<Date>,
    pub because: &'static str,
}

impl Care {
    pub fn of(person: &Person, seed: u64) -> Care {
        let mut drawn =
            Drawn { person, chance: Chance::new(seed, STREAM | person.index), packages: Vec::new(), alone: false };
        drawn.alone = person.household.len() == 1;
        drawn.council();
        drawn.community();
        drawn.mental_health();
        drawn.hospice();
        drawn.befriending();
        let (lives_alone, wishes) = (drawn.alone, drawn.wishes());
        let mut packages = drawn.packages;
        packages.iter_mut().for_each(|package| mistake(package, person.index));
        Care { packages, lives_alone, wishes }
    }

    /// The `place`th package of the person at providers of this setting.
    pub fn at(&self, setting: Setting, place: usize) -> Option<&Given> {
        self.packages.iter().filter(|package| package.setting == setting).nth(place)
    }
}

struct Drawn<'a> {
    person: &'a Person,
    chance: Chance,
    packages: Vec<Given>,
    alone: bool,
}

impl Drawn<'_> {
    fn give(&mut self, setting: Setting, service: &'static str, need: &'static str, from: Date, until: Option<Date>) {
        if self.person.died.is_some_and(|died| died < from) {
            return;
        }
        let last = self.person.died.map_or(until, |died| Some(until.map_or(died, |until| until.min(died))));
        let because = match (last, until) {
            (None, _) => "",
            (Some(_), None) => "Died",
            _ => ["Needs met", "Hospital admission", "Hospital admission", "Self-funding", "Moved away"]
                [self.chance.below(5)],
        };
        let planned_until = self.chance.happens(0.3).then(|| days_after(from, self.chance.between(28, 400)));
        self.packages.push(Given { setting, service, need, from, until: last, planned_until, because });
    }

    fn age(&self) -> i16 {
        self.person.age_on(AS_OF)
    }

    /// What the council gives; for a third of those whose package has ended something else follows.
    fn council(&mut self) {
        let Some(package) = self.person.health.care_package else { return };
        self.give(Setting::SocialCare, package.service, need_of(package.service), package.from, package.until);
        if let Some(until) = package.until.filter(|_| self.chance.happens(0.35)) {
            let from = days_after(until, self.chance.between(1, 20));
            if from <= days_after(AS_OF, 20) {
                let service = if package.service == "reablement" { "home_care" } else { package.service };
                self.give(Setting::SocialCare, service, need_of(service), from, None);
            }
        }
    }

    /// District nursing; and personal care that the health service pays for, at times beside the council's.
    fn community(&mut self) {
        let health = &self.person.health;
        let nursing = [0.01, 0.05, 0.2, 0.4][health.frailty as usize];
        if self.chance.happens(nursing) {
            let from = days_after(AS_OF, -self.chance.between(10, 900));
            let until = self.chance.happens(0.3).then(|| days_after(from, self.chance.between(14, 200)));
            self.give(Setting::Community, "district_nursing", "Nursing", from, until.filter(|until| *until <= AS_OF));
        }
        let has_council = self.person.health.care_package.is_some_and(|package| package.until.is_none());
        let funded = if has_council { 0.75 } else { 0.04 * f64::from(self.person.health.frailty) };
        if self.age() >= 65 && self.chance.happens(funded) {
            let from = days_after(AS_OF, -self.chance.between(10, 400));
            self.give(Setting::Community, "continuing_healthcare", "Personal care", from, None);
        }
    }

    fn mental_health(&mut self) {
        let health = &self.person.health;
        let ill = health.has(SERIOUS_MENTAL_ILLNESS);
        let share = if ill { 0.7 } else { 0.3 * f64::from(u8::from(health.has(DEMENTIA))) };
        if self.chance.happens(share) {
            let from = days_after(AS_OF, -self.chance.between(30, 1_200));
            let until = self.chance.happens(0.3).then(|| days_after(from, self.chance.between(60, 500)));
            let (service, need) =
                if ill { ("care_coordination", "Mental health") } else { ("memory_service", "Dementia support") };
            self.give(Setting::MentalHealth, service, need, from, until.filter(|until| *until <= AS_OF));
        }
    }

    fn hospice(&mut self) {
        if self.person.health.end_of_life.is_none() || !self.chance.happens(0.55) {
            return;
        }
        let last = self.person.died.unwrap_or(AS_OF);
        let from = days_after(last, -self.chance.between(5, 150));
        self.give(Setting::Hospice, "hospice_at_home", "Palliative care", from, None);
    }

    fn befriending(&mut self) {
        if self.age() >= 70 && self.alone && self.person.died.is_none() && self.chance.happens(0.4) {
            let from = days_after(AS_OF, -self.chance.between(-30, 700));
            self.give(Setting::Voluntary, "befriending", "Company", from, None);
        }
    }
}

/// How often a provider of a setting holds wishes that somebody else wrote down.
const HELD_BY: [(Setting, f64); 5] = [
    (Setting::GeneralPractice, 0.6),
    (Setting::Acute, 0.3),
    (Setting::Community, 0.4),
    (Setting::Ambulance, 0.35),
    (Setting::UrgentCare, 0.3),
];

impl Drawn<'_> {
    /// Where a hospital knows of wishes, they come true more often.
    fn wishes(&mut self) -> Option<Wishes> {
        let wishes = self.person.health.end_of_life?;
        let last = self.person.died.unwrap_or(AS_OF);
        let decided_on = days_after(last, -self.chance.between(3, 400));
        let mut held_by = vec![Setting::Hospice];
        for (setting, share) in HELD_BY {
            if self.chance.happens(share) {
                held_by.push(setting);
            }
        }
        let followed = if held_by.contains(&Setting::Acute) { 0.85 } else { 0.5 };
        let elsewhere = ["hospital", "hospital", "hospital", "care_home", "home"][self.chance.below(5)];
        let died_at = if self.chance.happens(followed) { wishes.preferred_place } else { elsewhere };
        let place_of_care = if self.chance.happens(0.75) { wishes.preferred_place } else { "home" };
        Some(Wishes { place_of_care, place_of_death: wishes.preferred_place, died_at, decided_on, held_by })
    }
}

/// What a council's service is for.
fn need_of(service: &str) -> &'static str {
    match service {
        "residential_care" | "nursing_care" => "Accommodation with care",
        "reablement" => "Reablement",
        _ => "Personal care",
    }
}

/// Dates that systems are full of: an end before the start, an end that stands for none.
fn mistake(package: &mut Given, person: u64) {
    let mark = spread(person ^ 0xDA7E);
    if mark.is_multiple_of(40) {
        package.until = Some(days_after(package.from, -30));
    } else if mark.is_multiple_of(41) && package.until.is_none() {
        package.until = Some(jiff::civil::date(2099, 12, 31));
    }
}
