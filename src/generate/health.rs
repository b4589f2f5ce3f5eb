//! Facts of health and care: conditions, frailty, end of life, care packages. They differ by age, deprivation and ethnic group, so
//! that a report on them shows something. The rates are plausible, not measured.

use super::chance::Chance;
use super::people::{AS_OF, days_after};
use jiff::civil::Date;

/// Long-term conditions: the fact's name, share at age 20, share at age 80, factor for South Asian groups, factor for Black groups,
/// and factor of the most against the least deprived decile.
pub(super) const CONDITIONS: [(&str, f64, f64, f64, f64, f64); 10] = [
    ("diabetes", 0.008, 0.20, 2.2, 1.7, 1.8),
    ("hypertension", 0.01, 0.55, 1.2, 1.5, 1.3),
    ("heart_failure", 0.0005, 0.09, 1.2, 1.1, 1.5),
    ("copd", 0.001, 0.09, 0.6, 0.5, 2.4),
    ("asthma", 0.08, 0.08, 1.0, 0.9, 1.4),
    ("chronic_kidney_disease", 0.001, 0.22, 1.3, 1.4, 1.3),
    ("dementia", 0.0, 0.10, 1.0, 1.2, 1.3),
    ("cancer", 0.002, 0.15, 0.6, 0.8, 0.9),
    ("depression", 0.09, 0.10, 0.8, 0.8, 1.7),
    ("serious_mental_illness", 0.006, 0.010, 1.0, 2.2, 2.6),
];

#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    /// Bit `i` stands for `CONDITIONS[i]`.
    pub conditions: u16,
    /// 0 fit, 1 mild, 2 moderate, 3 severe.
    pub frailty: u8,
    /// How much care they use, about 1 on average.
    pub need: f64,
    pub end_of_life: Option<EndOfLife>,
    pub care_package: Option<CarePackage>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct EndOfLife {
    pub preferred_place: &'static str,
    pub resuscitation: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct CarePackage {
    pub service: &'static str,
    pub from: Date,
    /// Open where absent.
    pub until: Option<Date>,
}

pub(super) const FRAILTY: [&str; 4] = ["fit", "mild", "moderate", "severe"];
const PLACES: [&str; 4] = ["home", "care_home", "hospice", "hospital"];
const SERVICES: [&str; 5] = ["home_care", "residential_care", "nursing_care", "reablement", "direct_payment"];

impl Health {
    /// `code` is the national ethnic category, `decile` the deprivation decile.
    pub fn draw(age: i16, code: char, decile: u8, died: bool, chance: &mut Chance) -> Self {
        let mut health = Health::default();
        let old = (f64::from(age) - 20.0) / 60.0;
        for (place, &(_, young_rate, old_rate, asian, black, deprived)) in CONDITIONS.iter().enumerate() {
            let by_age = if old < 0.0 { young_rate * 0.3 } else { young_rate + (old_rate - young_rate) * old.powi(2) };
            let by_group = match code {
                'H' | 'J' | 'K' | 'L' => asian,
                'M' | 'N' | 'P' => black,
                _ => 1.0,
            };
            let by_place = 1.0 + (deprived - 1.0) * f64::from(10 - decile) / 9.0;
            if chance.happens(by_age * by_group * by_place) {
                health.conditions |= 1 << place;
            }
        }
        let burden = f64::from(health.conditions.count_ones());
        if age >= 65 {
            let score = (f64::from(age) - 65.0) / 12.0
                + burden * 0.4
                + f64::from(5 - i16::from(decile)) * 0.06
                + chance.share() * 1.6;
            health.frailty = [1.9, 2.8, 3.7].iter().filter(|&&edge| score > edge).count() as u8;
        }
        let by_age = if age < 2 {
            1.6
        } else if age < 18 {
            0.6
        } else {
            0.6 + f64::from(age) / 80.0
        };
        health.need =
            (by_age + burden * 0.35 + f64::from(health.frailty) * 0.4) * (-(1.0 - chance.share()).ln()).clamp(0.1, 3.5);
        health.end_of_life = end_of_life(died, health.frailty, chance);
        health.care_package = care_package(age, health.frailty, chance);
        health
    }

    pub fn has(&self, condition: usize) -> bool {
        self.conditions & (1 << condition) != 0
    }
}

fn end_of_life(died: bool, frailty: u8, chance: &mut Chance) -> Option<EndOfLife> {
    let known = if died { 0.55 } else { [0.002, 0.01, 0.04, 0.15][frailty as usize] };
    chance.happens(known).then(|| {
        let preferred_place = PLACES[[0, 0, 0, 1, 2, 2, 3][chance.below(7)]];
        // Drawn though nothing hangs on it any more: what is drawn after it stays as it is.
        if !chance.happens(0.6) {
            chance.below(5);
        }
        EndOfLife { preferred_place, resuscitation: chance.happens(0.3) }
    })
}

fn care_package(age: i16, frailty: u8, chance: &mut Chance) -> Option<CarePackage> {
    let share = if age < 18 { 0.004 } else { [0.012, 0.06, 0.22, 0.5][frailty as usize] };
    chance.happens(share).then(|| {
        let from = days_after(AS_OF, -chance.between(20, 1500));
        let until = chance.happens(0.45).then(|| days_after(from, chance.between(20, 500)));
        CarePackage {
            service: SERVICES[[0, 0, 0, 1, 2, 3, 4][chance.below(7)]],
            from,
            until: until.filter(|until| *until <= AS_OF),
        }
    })
}
