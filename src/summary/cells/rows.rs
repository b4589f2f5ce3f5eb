//! Every row of the job, by what became of it, where it came from and why.

use super::{Layout, rows_name};
use crate::intake::QuarantineCode;
use crate::summary::Provider;
use crate::summary::disclosure::Place;

pub(in crate::summary) struct Rows {
    pub read: Place,
    pub linked: Place,
    pub quarantined: Place,
    pub withheld: Place,
    pub duplicates: Place,
    pub of_provider: Vec<ProviderRows>,
}

pub(in crate::summary) struct ProviderRows {
    pub records: Place,
    pub quarantined: Place,
    pub withheld: Place,
    pub codes: [Place; QuarantineCode::ALL.len()],
}

impl Layout<'_, '_> {
    /// `people_of` are the people of each provider.
    pub(super) fn rows(&mut self, people_of: &[Place]) -> Rows {
        let (providers, is_exact) = (&self.facts.providers, self.is_exact());
        let total = |of: fn(&Provider) -> u64| providers.iter().map(of).sum::<u64>();
        let (records, withheld_rows) = (total(|p| p.records), total(|p| p.withheld_rows));
        let quarantined_rows = total(|p| p.quarantined_rows());
        let table = &mut self.table;
        let read = table.loose("rows, read", records + withheld_rows + quarantined_rows);
        let linked = table.loose("rows, linked", records);
        let quarantined = table.part("rows, quarantined", quarantined_rows);
        let withheld = table.part("rows, withheld", withheld_rows);
        table.sum(read, [linked, quarantined, withheld]);
        let duplicates = table.part("rows, duplicates", records.saturating_sub(self.counts.people));
        if records >= self.counts.people {
            table.sum(linked, [self.people, duplicates]);
        }
        let mut of_provider = Vec::new();
        for (at, provider) in providers.iter().enumerate() {
            let name = rows_name(provider.id);
            let codes = QuarantineCode::ALL
                .map(|code| table.part(&format!("{name}|{}", code.word()), provider.quarantined_for(code)));
            let own = table.part(&format!("{name}|quarantined"), provider.quarantined_rows());
            table.sum(own, codes);
            let withheld = table.part(&format!("{name}|withheld"), provider.withheld_rows);
            let records = table.part(&name, provider.records);
            // Everybody has a row at least, and mostly no more: exact rows would tell exact people.
            if let Some(further) = provider.records.checked_sub(self.counts.of_provider[at]).filter(|_| is_exact) {
                let further = table.unseen(&format!("{name}|further"), further);
                table.sum(records, [people_of[at], further]);
            }
            of_provider.push(ProviderRows { records, quarantined: own, withheld, codes });
        }
        table.sum(linked, of_provider.iter().map(|rows| rows.records));
        table.sum(quarantined, of_provider.iter().map(|rows| rows.quarantined));
        table.sum(withheld, of_provider.iter().map(|rows| rows.withheld));
        Rows { read, linked, quarantined, withheld, duplicates, of_provider }
    }
}
