//! What became of every row, where it came from, and what it holds.

use super::people::EVERYBODY;
use super::read::Reader;

impl Reader<'_> {
    pub fn rows(&mut self) {
        let of_all = ["read", "linked", "quarantined", "withheld"];
        let [read, linked, quarantined, withheld] =
            of_all.map(|what| self.the(&format!("people_by_group.csv|count|accounts|Rows {what}")));
        self.adds_up(read, &[linked, quarantined, withheld]);
        for (whole, column) in [(linked, "records"), (quarantined, "quarantined"), (withheld, "withheld")] {
            let parts = self.beginning(&format!("providers.csv|{column}|"));
            self.adds_up(whole, &parts);
        }
        let (everybody, duplicates) = (self.the(EVERYBODY), self.duplicates());
        // Everybody has a row, but not in every made-up town.
        if self.exact(linked) >= self.exact(everybody) {
            self.adds_up(linked, &[everybody, duplicates]);
        }
        for provider in self.listed() {
            let of = |column: &str| format!("providers.csv|{column}|{}|{}", provider.id, provider.setting);
            let (records, quarantined) = (self.the(&of("records")), self.the(&of("quarantined")));
            self.is_part(provider.people, records);
            let codes = self.beginning(&format!("quarantine.csv|rows|{}|", provider.id));
            self.adds_up(quarantined, &codes);
            self.quality(&provider.id, records);
        }
    }

    /// Of the rows of a provider those that hold a value, and of these those whose value can be used.
    fn quality(&mut self, provider: &str, records: usize) {
        for (field, own) in self.named(&format!("data_quality.csv|records|{provider}|")) {
            let of = |column: &str| format!("data_quality.csv|{column}|{provider}|{field}");
            let (filled, usable) = (self.the(&of("filled")), self.the(&of("usable")));
            self.adds_up(own, &[records]);
            if self.printed[&of("records")].is_none() {
                self.is_part(filled, own);
                self.is_part(usable, filled);
                continue;
            }
            self.rest(&of("filled"), own, filled);
            self.rest(&of("usable"), filled, usable);
            self.rest(&format!("not usable or empty|{}", of("usable")), own, usable);
        }
    }
}
