//! The same extract sent more than once, whoever sent it and whatever it is called, or the same records in an older one beside it (`side_by_side`): told
//! on the first night and where the run before had it as well, and a reason to publish nothing where it is new.

use super::side_by_side::SideBySide;
use super::{Gates, tell_each};
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

/// What there is to say of extracts of the same bytes.
struct SameBytes {
    /// The pair of most rows, in words.
    worst: Option<String>,
    /// There is none that the run before did not have.
    all_known: bool,
}

impl Gates<'_> {
    /// Extracts of the same bytes, or of the same records: rows counted twice where one provider has sent them, and the rows of somebody else where two
    /// have. Goes by `record_ids` where they were counted.
    pub(super) fn extract_twice(&mut self, files: &[FileReport], changed: &Changed) {
        let is_first = self.before.rows.is_empty();
        let SameBytes { worst, all_known } = self.same_bytes(files, changed);
        let SideBySide { new, unknown } = self.side_by_side(files);
        tell_each("extract_twice", &new);
        if let Some(words) = worst.as_ref().filter(|_| is_first || all_known) {
            self.told.push(format!("the same extract is there twice: {words}; its rows count twice"));
        }
        let older = |words: String| format!("{words}: where one is an older delivery, remove it; its rows count too");
        self.told.extend(unknown.into_iter().map(older));
        let holds = all_known && new.is_empty();
        let beside = new.first().map(|first| format!("{first}{}", others(new.len())));
        let saw: Vec<String> = worst.into_iter().chain(beside).collect();
        let saw = if saw.is_empty() { "no extract twice".to_string() } else { saw.join(" and ") };
        self.note("extract_twice", (!is_first).then_some(holds), saw, "every extract once".into());
    }

    fn same_bytes(&self, files: &[FileReport], changed: &Changed) -> SameBytes {
        let mut by_bytes = self.by_bytes(files, changed);
        // Two that say that there is nothing are no mistake.
        by_bytes.retain(|_, all| all.len() > 1 && all.iter().any(|sent| sent.rows > 0));
        // Beside files with changes that were read on an earlier night, one that the run before had brings nothing new.
        let is_known = |bytes: &str, all: &[Sent]| {
            let read_tonight = all.iter().filter(|sent| !sent.read_before).count();
            let is_old = read_tonight == 0 || (read_tonight == 1 && self.before.extracts.knows(bytes));
            is_old || self.before.twice.contains(bytes)
        };
        let all_known = by_bytes.iter().all(|(bytes, all)| is_known(bytes, all));
        let words = |all: &[Sent]| {
            let [first, second, ..] = all else { unreachable!("there are two at least") };
            let Sent { provider, file, .. } = second;
            let rows = all.iter().map(|sent| sent.rows).max().unwrap_or(0);
            format!(
                "{} of provider {} with the same {rows} rows as {file} of provider {provider}",
                first.file, first.provider
            )
        };
        if !all_known {
            tell_each("extract_twice", by_bytes.values().map(|all| words(all)));
        }
        let worst = by_bytes.values().max_by_key(|all| all.iter().map(|sent| sent.rows).max());
        let worst = worst.map(|all| format!("{}{}", words(all), others(by_bytes.len())));
        SameBytes { worst, all_known }
    }

    /// Every place at which extracts of the same bytes stand.
    fn by_bytes<'f>(&'f self, files: &'f [FileReport], changed: &'f Changed) -> BTreeMap<&'f str, Vec<Sent<'f>>> {
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
        by_bytes
    }
}

/// " and 2 more", of so many of which one was named.
fn others(all: usize) -> String {
    if all > 1 { format!(" and {} more", all - 1) } else { String::new() }
}
