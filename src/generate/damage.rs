//! How records go wrong: the rates of `damage.csv` and `damage_by_group.csv`, applied to one record.

use super::chance::Chance;
use super::people::AS_OF;
use super::record::{Look, Record, set};
use super::tables::{Tables, lines};
use super::typing;
use crate::job::Setting;

macro_rules! kinds {
    ($($kind:ident $word:literal),* $(,)?) => {
        /// Kinds of damage, as in the first column of `damage.csv`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Kind { $($kind),* }
        impl Kind {
            const ALL: &[(Kind, &str)] = &[$((Kind::$kind, $word)),*];
        }
    };
}

kinds! {
    GivenTypingError "given_typing_error", FamilyTypingError "family_typing_error", Hypocorism "hypocorism", Spelling "spelling",
    NamesSwapped "names_swapped", InitialOnly "initial_only", GivenMissing "given_missing", MiddleAsGiven "middle_as_given",
    WordsInName "words_in_name", FamilyTruncated "family_truncated", PreviousFamily "previous_family",
    PartOfFamily "part_of_family", DayMonthSwapped "day_month_swapped", DateDigitWrong "date_digit_wrong", YearWrong "year_wrong",
    FirstJanuary "first_january", DateDefault "date_default", DateMissing "date_missing", SexWrong "sex_wrong",
    SexMissing "sex_missing", NumberMissing "number_missing", NumberDigitWrong "number_digit_wrong",
    NumberOfHousehold "number_of_household", NumberPlaceholder "number_placeholder", PostcodeMissing "postcode_missing",
    PostcodeTypingError "postcode_typing_error", PlaceElsewhere "place_elsewhere", PlaceOutOfDate "place_out_of_date",
    PseudoPostcode "pseudo_postcode", AddressMissing "address_missing", AddressOtherForm "address_other_form",
    PhoneMissing "phone_missing", PhoneOfHousehold "phone_of_household", PhoneDefault "phone_default",
    EmailMissing "email_missing", EthnicityMissing "ethnicity_missing", Duplicate "duplicate",
}

/// Factors of one person: how much likelier damage is than the table says.
#[derive(Debug, Clone, Copy)]
struct Factors {
    name: f64,
    date: f64,
    number: f64,
    place: f64,
}

/// The rates, ready to be looked up.
pub(super) struct Damage {
    /// By kind, then by setting in the order of [`Setting::ALL`].
    rates: Vec<[f64; 13]>,
    ethnic: Vec<Factors>,
    deprivation: Vec<Factors>,
    age: Vec<Factors>,
}

impl Damage {
    pub fn load(tables: &Tables) -> Self {
        let mut rates = vec![[0.0; 13]; Kind::ALL.len()];
        for cells in lines(include_str!("../../data/reference/generate/damage.csv")) {
            if let Some((kind, _)) = Kind::ALL.iter().find(|(_, word)| *word == cells[0]) {
                for (place, rate) in rates[*kind as usize].iter_mut().enumerate() {
                    *rate = cells[1 + place].parse().unwrap_or(0.0);
                }
            }
        }
        let (mut ethnic, mut deprivation, mut age) = (Vec::new(), Vec::new(), Vec::new());
        let one = Factors { name: 1.0, date: 1.0, number: 1.0, place: 1.0 };
        ethnic.resize(tables.groups.len(), one);
        for cells in lines(include_str!("../../data/reference/generate/damage_by_group.csv")) {
            let factor = |place: usize| cells[place].parse().unwrap_or(1.0);
            let factors = Factors { name: factor(2), date: factor(3), number: factor(4), place: factor(5) };
            match (cells[0], tables.groups.iter().position(|group| group.name == cells[1])) {
                ("ethnic", Some(group)) => ethnic[group] = factors,
                ("deprivation", _) => deprivation.push(factors),
                ("age", _) => age.push(factors),
                _ => {}
            }
        }
        Damage { rates, ethnic, deprivation, age }
    }

    /// The rate of the table, without a person's factors.
    pub fn rate(&self, kind: Kind, setting: Setting) -> f64 {
        self.rates[kind as usize][setting as usize]
    }

    /// Every kind has a rate somewhere, every group its factors: a misspelt word in a table would otherwise pass unseen.
    #[cfg(test)]
    pub(super) fn assert_complete(&self, tables: &Tables) {
        for (kind, word) in Kind::ALL {
            assert!(self.rates[*kind as usize].iter().any(|rate| *rate > 0.0), "{word}");
        }
        assert_eq!((self.deprivation.len(), self.age.len(), self.ethnic.len()), (3, 6, tables.groups.len()));
        let named = lines(include_str!("../../data/reference/generate/damage_by_group.csv"))
            .filter(|cells| cells[0] == "ethnic");
        assert_eq!(named.count(), tables.groups.len());
    }

    pub(super) fn apply(&self, look: &Look, record: &mut Record, chance: &mut Chance) {
        let mut one = One { damage: self, look, factors: self.factors(look), chance };
        one.place(record);
        one.names(record);
        one.birth(record);
        one.number(record);
        one.contact(record);
    }

    fn factors(&self, look: &Look) -> Factors {
        let person = look.person;
        let decile = look.block.addresses[person.addresses[person.addresses.len() - 1].1 as usize].decile;
        let deprivation = self.deprivation[match decile {
            ..=3 => 0,
            4..=7 => 1,
            _ => 2,
        }];
        let age = self.age[match person.age_on(AS_OF) {
            ..1 => 0,
            1..16 => 1,
            16..35 => 2,
            35..65 => 3,
            65..85 => 4,
            _ => 5,
        }];
        let ethnic = self.ethnic[person.group];
        Factors {
            name: ethnic.name * deprivation.name * age.name,
            date: ethnic.date * deprivation.date * age.date,
            number: ethnic.number * deprivation.number * age.number,
            place: ethnic.place * deprivation.place * age.place,
        }
    }
}

/// Damage to one record.
struct One<'a, 'b> {
    damage: &'a Damage,
    look: &'a Look<'a>,
    factors: Factors,
    chance: &'b mut Chance,
}

impl One<'_, '_> {
    fn happens(&mut self, kind: Kind, factor: f64) -> bool {
        let rate = self.damage.rate(kind, self.look.setting);
        self.chance.happens((rate * factor).min(rate.max(0.9)))
    }

    fn place(&mut self, record: &mut Record) {
        let factor = self.factors.place;
        let addresses = &self.look.person.addresses;
        if addresses.len() > 1 && self.happens(Kind::PlaceOutOfDate, factor) {
            let old = addresses[self.chance.below(addresses.len() - 1)].1;
            self.look.live_at(old, record);
        }
        if self.happens(Kind::PlaceElsewhere, factor) {
            let other = self.chance.below(self.look.block.addresses.len()) as u32;
            self.look.live_at(other, record);
        }
        if self.happens(Kind::AddressOtherForm, 1.0) {
            typing::other_form_of_address(&mut record.line, self.chance);
        }
        if self.happens(Kind::AddressMissing, factor) {
            record.line.clear();
            record.uprn = 0;
        }
        if self.happens(Kind::PostcodeTypingError, factor) {
            typing::postcode_error(&mut record.postcode, self.chance);
        }
        if self.happens(Kind::PostcodeMissing, factor) {
            record.postcode.clear();
        } else if self.happens(Kind::PseudoPostcode, factor) {
            let pseudo = *self.chance.pick(&["ZZ99 3VZ", "ZZ99 3CZ", "ZZ99 3WZ"]);
            set(&mut record.postcode, pseudo);
            set(&mut record.line, if pseudo == "ZZ99 3VZ" { "NO FIXED ABODE" } else { "" });
            record.uprn = 0;
        }
    }

    fn names(&mut self, record: &mut Record) {
        let factor = self.factors.name;
        let unnamed = self.look.seen < self.look.person.named_from;
        if !unnamed {
            self.given_name(record, factor);
        }
        if !record.previous_family.is_empty() && self.happens(Kind::PreviousFamily, factor) {
            std::mem::swap(&mut record.family, &mut record.previous_family);
            record.previous_family.clear();
        }
        if self.chance.happens(0.5) {
            record.previous_family.clear();
        }
        if record.family.contains([' ', '-', '\'']) && self.happens(Kind::PartOfFamily, factor) {
            typing::other_form_of_family(&mut record.family, self.chance);
        }
        if self.happens(Kind::FamilyTypingError, factor) {
            typing::error(&mut record.family, self.chance);
        }
        if self.happens(Kind::FamilyTruncated, 1.0) {
            record.family = record.family.chars().take(10).collect();
        }
        if !unnamed && self.happens(Kind::NamesSwapped, factor * self.order_factor()) {
            std::mem::swap(&mut record.given, &mut record.family);
        }
        if self.happens(Kind::WordsInName, factor) {
            typing::words_in_name(record, self.look.person, self.chance);
        }
        // Most providers keep no middle names; those that do keep them for two in three.
        if self.chance.happens(0.35) {
            record.middle.clear();
        }
    }

    fn given_name(&mut self, record: &mut Record, factor: f64) {
        let tables = &self.look.world.tables;
        if !record.middle.is_empty() && self.happens(Kind::MiddleAsGiven, factor) {
            std::mem::swap(&mut record.given, &mut record.middle);
            record.middle.clear();
        }
        if self.happens(Kind::Hypocorism, 1.0)
            && let Some(form) = tables.short_form(&record.given, self.chance)
        {
            set(&mut record.given, form);
        }
        if self.happens(Kind::Spelling, 1.0)
            && let Some(form) = tables.spelling(&record.given, self.chance)
        {
            set(&mut record.given, form);
        }
        if self.happens(Kind::GivenTypingError, factor) {
            typing::error(&mut record.given, self.chance);
        }
        if self.happens(Kind::InitialOnly, factor) {
            record.given = record.given.chars().take(1).collect();
        }
        if self.happens(Kind::GivenMissing, factor) {
            set(&mut record.given, "");
        }
    }

    /// Names whose order clerks mistake more often.
    fn order_factor(&self) -> f64 {
        match self.look.world.tables.groups[self.look.person.group].names {
            "chinese" | "other_asian" => 4.0,
            "somali" | "pakistani" | "bangladeshi" | "sikh" | "african" | "arab" => 2.5,
            _ => 0.7,
        }
    }

    fn birth(&mut self, record: &mut Record) {
        let factor = self.factors.date;
        let born = &mut record.born;
        if self.happens(Kind::DayMonthSwapped, factor) && born.day <= 12 {
            std::mem::swap(&mut born.day, &mut born.month);
        }
        if self.happens(Kind::DateDigitWrong, factor) {
            typing::date_error(born, self.chance);
        }
        if self.happens(Kind::YearWrong, factor) {
            born.year += [-1, 1, -1, 1, -10, 10, 2, -2][self.chance.below(8)];
        }
        if self.happens(Kind::FirstJanuary, factor) {
            (born.day, born.month) = (1, 1);
        }
        if self.happens(Kind::DateDefault, factor) {
            (born.year, born.month, born.day) = (1900, 1, 1);
        } else if self.happens(Kind::DateMissing, factor) {
            *born = Default::default();
        }
        if self.happens(Kind::SexWrong, factor) {
            record.female = record.female.map(|female| !female);
        }
        if self.happens(Kind::SexMissing, 1.0) {
            record.female = None;
        }
        if self.happens(Kind::EthnicityMissing, 1.0) {
            record.ethnicity = None;
        }
    }

    fn number(&mut self, record: &mut Record) {
        let factor = self.factors.number;
        if self.happens(Kind::NumberMissing, factor) {
            record.nhs_number.clear();
            record.number_status = "07";
            return;
        }
        if self.happens(Kind::NumberOfHousehold, factor) {
            let household = self.look.person.household.clone();
            let other = household.start as usize + self.chance.below(household.len());
            record.nhs_number = self.look.block.people[other].number.to_string();
            // Tracing finds most of them out.
            record.number_status = if self.chance.happens(0.9) { "03" } else { record.number_status };
        }
        if self.happens(Kind::NumberDigitWrong, factor) {
            typing::digit_error(&mut record.nhs_number, self.chance);
            record.number_status = "03";
        } else if self.happens(Kind::NumberPlaceholder, factor) {
            let filler = *self.chance.pick(&["0000000000", "9999999999", "1234567890", "1111111111"]);
            set(&mut record.nhs_number, filler);
            record.number_status = "03";
        }
        if record.number_status == "02" && self.chance.happens(0.7) {
            record.number_status = "01";
        }
    }

    fn contact(&mut self, record: &mut Record) {
        let factor = self.factors.place;
        // For half of those without a telephone of their own somebody else's is written down.
        let nobody = record.phone.is_empty() && self.chance.happens(0.5);
        if nobody || self.happens(Kind::PhoneOfHousehold, factor) {
            let household = self.look.person.household.clone();
            let other = household.start as usize + self.chance.below(household.len());
            let carer = &self.look.block.people[other].mobile;
            let landline = &self.look.person.landline;
            set(&mut record.phone, if landline.is_empty() || self.chance.happens(0.3) { carer } else { landline });
        }
        if self.happens(Kind::PhoneDefault, 1.0) {
            set(&mut record.phone, "07000000000");
        } else if self.happens(Kind::PhoneMissing, factor) {
            record.phone.clear();
        }
        if self.happens(Kind::EmailMissing, 1.0) {
            record.email.clear();
        }
    }
}
