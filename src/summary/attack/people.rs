//! How the counts of all people hang together, as anybody can find out from the files and the documents.

use super::read::Reader;

pub(super) const STATUS: &str = "people_by_group.csv|count|status|";
const ETHNIC: &str = "people_by_group.csv|count|ethnic_group|";
pub(super) const SETTINGS: &str = "people_by_group.csv|count|settings|";
pub(super) const EVERYBODY: &str = "people_by_group.csv|count|everybody|All people";
pub(super) const AGE: &str = "people_by_age_sex.csv|people|";
pub(super) const AREA: &str = "people_by_area.csv|people|";
pub(super) const FEW: &str = "people_by_area.csv|people|Places with too few people each";
const LINKED: &str = "linkage_quality.csv|people|";
const SEGMENTS: &str = "segments.csv|people|halves|";

/// The wide bands of ages, the last of those whose age is not known.
const BANDS: [&str; 6] = ["0–17", "18–39", "40–64", "65–79", "80 and over", "Not known"];

/// Stands for an age that is not known.
const NO_AGE: u32 = 1_000;

impl Reader<'_> {
    /// Gives those who are registered or known here.
    pub fn people(&mut self) -> usize {
        let everybody = self.the(EVERYBODY);
        let status = self.beginning(STATUS);
        let [died, left] = ["Died", "Left"].map(|status| self.the(&format!("{STATUS}{status}")));
        self.adds_up(everybody, &status);
        let living = self.system.variable(&format!("{}living", self.issue), 0.0, self.most);
        let exact = self.exact(everybody) - self.exact(left) - self.exact(died);
        self.system.exact.insert(living, exact);
        self.adds_up(everybody, &[living, left, died]);
        for table in [AGE, ETHNIC, AREA] {
            let parts = self.beginning(table);
            self.adds_up(living, &parts);
        }
        let bands = self.segments(living);
        self.linked(&bands);
        living
    }

    /// The segments of everybody, by wide bands of ages, which are made of the bands of five years where their edges are. Gives the bands.
    fn segments(&mut self, living: usize) -> Vec<usize> {
        let cells = self.named(SEGMENTS);
        let of_band = |band: &str| -> Vec<usize> {
            let end = format!("|{band}");
            cells.iter().filter(|(name, _)| name.ends_with(&end)).map(|(_, cell)| *cell).collect()
        };
        self.adds_up(living, &of_band("All"));
        for (name, whole) in cells.iter().filter(|(name, _)| name.ends_with("|All")) {
            let segment = name.trim_end_matches("All");
            let bands = cells.iter().filter(|(other, _)| other.starts_with(segment) && other != name);
            let bands: Vec<usize> = bands.map(|(_, cell)| *cell).collect();
            self.adds_up(*whole, &bands);
        }
        let bands = BANDS.map(|band| self.total(&of_band(band)));
        let young = self.total(&bands[..2]);
        for (whole, ages) in [
            (young, 0..40),
            (bands[2], 40..65),
            (bands[3], 65..80),
            (bands[4], 80..200),
            (bands[5], NO_AGE..NO_AGE + 1),
        ] {
            let parts = self.aged(&ages);
            self.adds_up(whole, &parts);
        }
        bands.to_vec()
    }

    /// Bands of five years that begin at these ages.
    fn aged(&self, ages: &std::ops::Range<u32>) -> Vec<usize> {
        let from = |name: &str| name.split(['–', ' ']).next().and_then(|age| age.parse().ok()).unwrap_or(NO_AGE);
        self.named(AGE).into_iter().filter(|(name, _)| ages.contains(&from(name))).map(|(_, cell)| cell).collect()
    }

    /// Those who were put together are the same by age, by sex and by ethnic group, and part of each group.
    fn linked(&mut self, bands: &[usize]) {
        let all = self.unseen();
        for by in ["age", "sex", "ethnic_group"] {
            let parts = self.beginning(&format!("{LINKED}{by}|"));
            self.adds_up(all, &parts);
        }
        for (band, whole) in BANDS.iter().zip(bands) {
            self.linked_of(&format!("age|{band}"), *whole);
        }
        for (sex, _) in self.named(&format!("{LINKED}sex|")) {
            let end = format!("|{sex}");
            let ages = self.named(AGE).into_iter().filter(|(name, _)| name.ends_with(&end));
            let ages: Vec<usize> = ages.map(|(_, cell)| cell).collect();
            let whole = self.total(&ages);
            self.linked_of(&format!("sex|{sex}"), whole);
        }
        for (group, whole) in self.named(ETHNIC) {
            self.linked_of(&format!("ethnic_group|{group}"), whole);
        }
    }

    fn linked_of(&mut self, group: &str, whole: usize) {
        let name = format!("{LINKED}{group}");
        let part = self.the(&name);
        self.rest(&name, whole, part);
    }
}
