//! The same extract sent more than once, whoever sent it and whatever it is called: told on the first night and where the run before had it as well,
//! and a reason to publish nothing where it is new.

use super::Gates;
use crate::intake::FileReport;
use crate::run::changes::Changed;
use std::collections::BTreeMap;

/// One place where an extract stands.
struct Sent<'a> {
    provider: &'a str,
    file: &'a str,
    rows: u64,
    /// With changes that an earlier run has read: nothing of it is looked at again.
    read_before: bool,
}

impl Gates<'_> {
    /// Extracts of the same bytes: rows counted twice where one provider has sent them, and the rows of somebody else where two have.
    pub(super) fn extract_twice(&mut self, files: &[FileReport], changed: &Changed) {
        let mut by_bytes: BTreeMap<&str, Vec<Sent>> = BTreeMap::new();
        for file in files.iter().filter(|file| file.skipped.is_none()) {
            let provider = &self.job.providers[usize::from(file.provider)];
            // What one holds that sends only changes is what it has sent, once more.
            if provider.changes.is_none() {
                let sent = Sent { provider: &provider.id, file: &file.name, rows: file.rows, read_before: false };
                by_bytes.entry(&file.blake3).or_default().push(sent);
            }
        }
        for (provider, file) in changed
            .providers
            .iter()
            .flat_map(|provider| provider.files.iter().map(move |file| (&provider.provider, file)))
        {
            let all = by_bytes.entry(&file.blake3).or_default();
            // Of its own it passes over what it has read before.
            if all.iter().all(|sent| sent.provider != provider) {
                all.push(Sent { provider, file: &file.file, rows: file.rows, read_before: file.read_before });
            }
        }
        // Two that say that there is nothing are no mistake.
        by_bytes.retain(|_, all| all.len() > 1 && all.iter().any(|sent| sent.rows > 0));
        let is_first = self.before.rows.is_empty();
        // Beside files with changes that were read on an earlier night, one that the run before had brings nothing new.
        let is_known = |bytes: &str, all: &[Sent]| {
            let read_tonight = all.iter().filter(|sent| !sent.read_before).count();
            let is_old = read_tonight == 0 || (read_tonight == 1 && self.before.extracts.knows(bytes));
            is_old || self.before.twice.contains(bytes)
        };
        let all_known = by_bytes.iter().all(|(bytes, all)| is_known(bytes, all));
        let twice: Vec<&Vec<Sent>> = by_bytes.values().collect();
        let words = |all: &[Sent]| {
            let [first, second, ..] = all else { unreachable!("there are two at least") };
            let Sent { provider, file, .. } = second;
            let rows = all.iter().map(|sent| sent.rows).max().unwrap_or(0);
            format!(
                "{} of provider {} with the same {rows} rows as {file} of provider {provider}",
                first.file, first.provider
            )
        };
        let others = if twice.len() > 1 { format!(" and {} more", twice.len() - 1) } else { String::new() };
        let worst = twice.iter().max_by_key(|all| all.iter().map(|sent| sent.rows).max());
        let saw = worst.map_or_else(|| "no extract twice".to_string(), |all| format!("{}{others}", words(all)));
        if !twice.is_empty() && (is_first || all_known) {
            self.told.push(format!("the same extract is there twice: {saw}; its rows count twice"));
        }
        self.note("extract_twice", (!is_first).then_some(all_known), saw, "every extract once".into());
    }
}
