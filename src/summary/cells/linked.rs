//! People who were put together from several records, by age, sex and ethnic group, so that the quality of linking can be told by group.

use super::Layout;
use crate::summary::count::LINKED_GROUPS;
use crate::summary::disclosure::Place;
use crate::summary::{EthnicGroup, Sex};

/// Of one group, those registered or known here.
pub(in crate::summary) struct LinkedCells {
    /// Put together from several records.
    pub several: Place,
}

impl Layout<'_, '_> {
    /// Whoever is known from one record is the rest of a group.
    pub(super) fn linked(&mut self, bands: &[Place], age_sex: &[Place], ethnicity: &[Place]) -> Vec<LinkedCells> {
        let sexes: Vec<Place> = (0..Sex::ALL.len())
            .map(|sex| {
                let of_sex = || age_sex.iter().copied().skip(sex).step_by(Sex::ALL.len());
                let people = self.counts.age_sex.iter().map(|band| band[sex]).sum();
                let whole = self.table.unseen(&format!("sex|{}", Sex::ALL[sex].words()), people);
                self.table.sum(whole, of_sex());
                whole
            })
            .collect();
        let wholes: Vec<Place> = bands.iter().chain(&sexes).chain(ethnicity).copied().collect();
        let counts = self.counts;
        let own = counts
            .wide
            .iter()
            .copied()
            .chain((0..Sex::ALL.len()).map(|sex| counts.age_sex.iter().map(|band| band[sex]).sum()));
        let own: Vec<u64> = own.chain(counts.ethnicity).collect();
        let mut cells = Vec::new();
        for (at, (whole, people)) in wholes.into_iter().zip(own).enumerate() {
            let several = self.table.part(&format!("linked|{at}"), counts.linked[at].several);
            let rest = self.table.rest(&format!("linked|{at}|rest"), people - counts.linked[at].several);
            self.table.sum(whole, [several, rest]);
            cells.push(LinkedCells { several });
        }
        // The same people by age, by sex and by ethnic group.
        let all = self.table.unseen("linked", counts.linked[..bands.len()].iter().map(|group| group.several).sum());
        debug_assert_eq!(cells.len(), LINKED_GROUPS);
        let (ages, others) = cells.split_at(bands.len());
        let (sexes, ethnic) = others.split_at(Sex::ALL.len());
        debug_assert_eq!(ethnic.len(), EthnicGroup::ALL.len());
        for groups in [ages, sexes, ethnic] {
            self.table.sum(all, groups.iter().map(|cells| cells.several));
        }
        cells
    }
}
