//! People as the summary counts them, whether they come from tonight's linking or from a table of an earlier run.

use super::issued::{self, Against};
use crate::best_record::{self, age_in_years};
use crate::failure::Result;
use crate::identity::Ledger;
use crate::job::Job;
use crate::summary::disclosure::{Control, Preset};
use crate::summary::{self, EthnicGroup, NO_AREA, Sex, Status, postcode_district};
use jiff::civil::Date;
use rustc_hash::FxHashMap;

/// How the job protects counts that leave: its preset, and a blur that is the same every night.
///
/// # Errors
/// Those of the key of the person_ids.
pub(super) fn control(job: &Job) -> Result<Control> {
    Ok(Control::new(Preset::of(job.disclosure), &Ledger::value_key(&job.output, job.id_key_file.as_deref())?))
}

/// The same for the tables of a run, held against what was issued before it, and what that is.
///
/// # Errors
/// As [`control`]; and OF0710 where the audit cannot be read.
pub(super) fn control_of(job: &Job, run_id: &str) -> Result<(Control, Against)> {
    let (issues, against) = issued::before(job, run_id)?;
    Ok((control(job)?.after(issues), against))
}

/// One person's best record, as far as it is counted. Dates are days since 1970.
pub(super) struct Seen<'a> {
    pub born: Option<i32>,
    pub died: Option<i32>,
    pub sex: Option<&'a str>,
    pub ethnicity: Option<&'a str>,
    pub postcode: Option<&'a str>,
    pub status: Status,
    /// Probability of the weakest link, of whoever has several records.
    pub weakest: Option<f64>,
}

/// Columns with one entry a person.
pub(super) struct Counted {
    today: i32,
    age: Vec<Option<u8>>,
    sex: Vec<Sex>,
    ethnicity: Vec<EthnicGroup>,
    status: Vec<Status>,
    weakest: Vec<Option<f64>>,
    area: Vec<u32>,
    area_names: Vec<String>,
    areas: FxHashMap<String, u32>,
    provider_ends: Vec<u64>,
    providers: Vec<u16>,
}

impl Counted {
    /// Nobody yet; ages are those of `as_of`.
    pub fn on(as_of: Date) -> Counted {
        Counted {
            today: best_record::days(as_of),
            age: Vec::new(),
            sex: Vec::new(),
            ethnicity: Vec::new(),
            status: Vec::new(),
            weakest: Vec::new(),
            area: Vec::new(),
            area_names: Vec::new(),
            areas: FxHashMap::default(),
            provider_ends: Vec::new(),
            providers: Vec::new(),
        }
    }

    /// Counts one more person; `providers` are places in the job, none for a sensitive person.
    pub fn add(&mut self, seen: &Seen, providers: impl Iterator<Item = u16>) {
        let last = seen.died.unwrap_or(self.today).min(self.today);
        self.age.push(seen.born.map(|born| age_in_years(born, last)));
        self.sex.push(Sex::from_word(seen.sex));
        self.ethnicity.push(EthnicGroup::from_code(seen.ethnicity));
        self.status.push(seen.status);
        self.weakest.push(seen.weakest);
        let district = seen.postcode.and_then(postcode_district);
        let area = district.map_or(NO_AREA, |district| self.area_of(district));
        self.area.push(area);
        self.providers.extend(providers);
        self.provider_ends.push(self.providers.len() as u64);
    }

    fn area_of(&mut self, district: &str) -> u32 {
        if let Some(&area) = self.areas.get(district) {
            return area;
        }
        let area = self.area_names.len() as u32;
        self.area_names.push(district.to_string());
        self.areas.insert(district.to_string(), area);
        area
    }

    pub fn people(&self) -> summary::People<'_> {
        summary::People {
            age: &self.age,
            sex: &self.sex,
            ethnicity: &self.ethnicity,
            status: &self.status,
            weakest: &self.weakest,
            area: &self.area,
            area_names: &self.area_names,
            provider_ends: &self.provider_ends,
            providers: &self.providers,
        }
    }
}
