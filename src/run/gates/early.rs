//! What is judged before anything is linked: the extracts.

use super::columns::PROTECTIVE;
use super::{COLUMN_MISSING, Gates, percent, side_by_side, tell_each};
use crate::failure::{Failure, Result};
use crate::intake::{FileReport, Quarantined};
use crate::job::{Field, Provider, WhenMissing};
use crate::records::{Quality, Records};
use crate::run::changes::Changed;
use crate::run::usable::wholly_quarantined;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Fewer rows than this in quarantine never stop a night, whatever their share: two bad rows of ten are not a broken feed.
const QUARANTINED_MIN: u64 = 5;
/// A provider with fewer rows than this is small: a hospice of ten patients loses three in a week, and that is no broken feed.
const SMALL_BELOW: u64 = 50;
/// A small one may lose half of its rows whatever the job says,
const SMALL_SHRINK: f64 = 0.5;
/// and fewer than so many at any rate.
const SMALL_LOST: u64 = 5;

/// A provider, and how many of its rows have gone.
struct Shrunk {
    is_broken: bool,
    share: f64,
    /// Of its rows this share may go.
    limit: f64,
    words: String,
}

impl Gates<'_> {
    /// Judges what a night begins with, before an extract is read: its date, against `last` (that of the last run in the ledger) and `today`, what
    /// lists hold, whether there is a run to judge by, and whether extracts have the columns that the job maps.
    ///
    /// # Errors
    /// OF0552 where the date is wrong; OF0553 where lists name far fewer than before; OF0554 where no run is kept though there were some; OF0374 where
    /// [`judge_decisions`](Gates::judge_decisions) has missed some; OF0508 where an extract lacks a column and it is not waived, or where it is one
    /// that nobody may waive.
    pub fn judge_beginning(&mut self, last: Option<Date>, today: Date) -> Result<()> {
        self.date(last.max(self.before.as_of), today);
        self.objections_fell();
        self.run_before();
        for field in PROTECTIVE {
            self.needs(field, "whoever it marks would be published as anybody, so that it cannot be waived")?;
        }
        self.judge_headers()
    }

    /// Judges whether extracts have the columns that the job maps, before they are read.
    ///
    /// # Errors
    /// OF0508 where one lacks a column and it is not waived, or where it is that of record_id.
    pub fn judge_headers(&mut self) -> Result<()> {
        self.needs(Field::RecordId, "no night goes on")?;
        let is_first = self.before.rows.is_empty();
        let lacking = self.lacking();
        let holds = (!is_first).then_some(lacking.is_none());
        let saw = lacking.unwrap_or_else(|| "every column".into());
        self.note("column_missing", holds, saw, "every column that the job maps".into());
        self.close()
    }

    /// Every column that an extract lacks, in words.
    fn lacking(&self) -> Option<String> {
        let of_one = |provider: &Provider| {
            let columns: BTreeSet<String> = provider.vanished.iter().map(|column| format!("\"{column}\"")).collect();
            let noun = if columns.len() == 1 { "column" } else { "columns" };
            let listed = columns.into_iter().collect::<Vec<_>>().join(", ");
            format!("an extract of provider {} without its {noun} {listed}", provider.id)
        };
        let lacking = self.job.providers.iter().filter(|provider| !provider.vanished.is_empty());
        let all: Vec<String> = lacking.map(of_one).collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }

    /// # Errors
    /// OF0508 where an extract lacks a column of `field`, which no waiver makes up for; `why` goes on from "without it".
    fn needs(&self, field: Field, why: &str) -> Result<()> {
        let is_gone = |provider: &&Provider| provider.columns.get(&field).is_some_and(|source| provider.lacks(source));
        let lacking: Vec<&Provider> = self.job.providers.iter().filter(is_gone).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let saw = self.lacking().unwrap_or_default();
        let word = field.word().unwrap_or_default();
        let mut words = vec![format!("gate column_missing saw {saw}; without {word} {why}")];
        words.extend(lacking.into_iter().filter_map(way_out));
        Err(Failure::new(&COLUMN_MISSING, words.join("; ")))
    }

    /// Judges what was read and standardised, and what providers sent that send only changes.
    ///
    /// # Errors
    /// OF0512 where every row of an extract is in quarantine; else the codes of the gates.
    pub fn judge_extracts(
        &mut self,
        files: &[FileReport],
        quarantined: &[Quarantined],
        quality: &[Quality],
        records: &Records,
        changed: &Changed,
    ) -> Result<()> {
        if let Some(failure) = wholly_quarantined(self.job, files, quarantined) {
            return Err(failure);
        }
        self.provider_missing();
        self.provider_left();
        self.held_otherwise(changed);
        self.unchanged_for_long(files);
        self.record_ids = side_by_side::record_ids(self.job, files, records);
        self.extract_twice(files, changed);
        self.quarantined(files, quarantined, changed);
        self.provider_shrunk(files);
        self.column_changed(files, quality, records);
        self.close()
    }

    /// Providers whose last good records stand, and are too old for it.
    fn provider_missing(&mut self) {
        let as_of = self.job.as_of;
        let stale = |provider: &Provider| provider.days_old(as_of).map(|days| (days, i64::from(provider.stale_days)));
        let of =
            |provider: &Provider| stale(provider).map(|(days, limit)| (days - limit, days, limit, provider.id.clone()));
        let all: Vec<_> = self.job.providers.iter().filter_map(of).collect();
        let broken = all.iter().filter(|(over, ..)| *over > 0).count();
        let too_old = all.iter().filter(|(over, ..)| *over > 0);
        tell_each("provider_missing", too_old.map(|(_, days, _, id)| format!("provider {id}, {days} days old")));
        let others = if broken > 1 { format!(" and {} more", broken - 1) } else { String::new() };
        let (saw, expected) = match all.iter().max_by_key(|(over, ..)| *over) {
            None => ("every provider's own extract".to_string(), "none older than its stale_days".to_string()),
            Some((_, days, limit, id)) => {
                (format!("the records of provider {id} {days} days old{others}"), format!("at most {limit} days"))
            }
        };
        self.note("provider_missing", Some(broken == 0), saw, expected);
    }

    /// Providers whose extracts are the very same bytes for longer than their last good records might stand: a delivery may have stopped, and
    /// what it brought last lies there. It is told and stops nothing, as with a small provider nobody may have come or gone.
    fn unchanged_for_long(&mut self, files: &[FileReport]) {
        for (at, provider) in self.job.providers.iter().enumerate() {
            // Of those that send only changes, or nothing, it is known how old they are.
            if provider.stale.is_some() || provider.changes.is_some() {
                continue;
            }
            let own = files.iter().filter(|file| usize::from(file.provider) == at);
            let read = own.filter(|file| file.skipped.is_none() && file.rows > 0);
            // Of several, as one a year, the others may stay as they are.
            let Some(since) = read.map(|file| self.before.extracts.since(&file.blake3, self.job.as_of)).max() else {
                continue;
            };
            let days = i64::from((self.job.as_of - since).get_days());
            if days > i64::from(provider.stale_days) {
                let told =
                    format!("has sent the very same extract for {days} days, since {since}: does it still deliver?");
                self.told.push(format!("provider {} {told}", provider.id));
            }
        }
    }

    /// Too many rows in quarantine, in all or in one extract.
    fn quarantined(&mut self, files: &[FileReport], quarantined: &[Quarantined], changed: &Changed) {
        let mut by_file = vec![0u64; files.len()];
        quarantined.iter().for_each(|row| by_file[row.extract as usize] += 1);
        let own = files.iter().zip(&by_file).map(|(file, bad)| (file.name.as_str(), file.rows, *bad));
        let sent = changed.read_tonight().map(|file| (file.file.as_str(), file.rows, file.counts.unusable));
        let all: Vec<(&str, u64, u64)> = own.chain(sent).collect();
        let rows: u64 = all.iter().map(|(_, rows, _)| rows).sum();
        let bad: u64 = all.iter().map(|(_, _, bad)| bad).sum();
        let share = bad as f64 / rows.max(1) as f64;
        let maximum = self.job.gates.maximum_quarantined;
        let worst = all.iter().filter(|(_, _, bad)| *bad > 0).max_by_key(|(_, _, bad)| *bad);
        let worst = worst.map(|(name, ..)| format!(", most of {name}")).unwrap_or_default();
        let saw = format!("{bad} of {rows} rows ({}) in quarantine{worst}", percent(share));
        let holds = bad < QUARANTINED_MIN || share <= maximum;
        self.note("quarantined", Some(holds), saw, format!("at most {}", percent(maximum)));
    }

    /// Providers that have sent far fewer rows than in the run before. One that is small may lose more of them, as each is a large share.
    fn provider_shrunk(&mut self, files: &[FileReport]) {
        let maximum = self.job.gates.maximum_provider_shrink;
        let mut all: Vec<Shrunk> = Vec::new();
        for (at, provider) in self.job.providers.iter().enumerate() {
            let rows: u64 = files.iter().filter(|file| usize::from(file.provider) == at).map(|file| file.rows).sum();
            let before = self.before.rows.get(&provider.id).copied().unwrap_or(0);
            // Without it the night was to go on; that is no shrinking.
            let may_be_gone = rows == 0 && provider.when_missing == WhenMissing::Without;
            if may_be_gone || before < SMALL_LOST {
                continue;
            }
            let lost = before.saturating_sub(rows);
            let share = lost as f64 / before as f64;
            let is_small = before < SMALL_BELOW;
            let (limit, from) = if is_small { (maximum.max(SMALL_SHRINK), SMALL_LOST) } else { (maximum, 0) };
            let words = format!("provider {} with {rows} rows after {before} (-{})", provider.id, percent(share));
            all.push(Shrunk { is_broken: share > limit && lost >= from, share, limit, words });
        }
        let broken = all.iter().filter(|one| one.is_broken).count();
        tell_each("provider_shrunk", all.iter().filter(|one| one.is_broken).map(|one| &one.words));
        let holds = (!all.is_empty()).then_some(broken == 0);
        let others = if broken > 1 { format!(" and {} more", broken - 1) } else { String::new() };
        let worst = all.iter().max_by(|a, b| a.is_broken.cmp(&b.is_broken).then(a.share.total_cmp(&b.share)));
        let saw = worst.map_or_else(|| "no provider to compare".into(), |worst| format!("{}{others}", worst.words));
        let expected = format!("at most {} fewer", percent(worst.map_or(maximum, |worst| worst.limit)));
        self.note("provider_shrunk", holds, saw, expected);
    }
}

/// What helps at once where an extract lacks a column that no night goes on without, and takes no mark from anybody; `None` where there is nothing
/// that could stand in.
fn way_out(provider: &Provider) -> Option<String> {
    let id = &provider.id;
    match (&provider.changes, &provider.stale, provider.when_missing) {
        (Some(_), ..) => Some(format!(
            "take the extract of provider {id} without it away, as what the provider holds stands; where that was kept before the column \
             was mapped, remove {id} below state/changes and let the provider send everything once more"
        )),
        (None, Some(_), _) => Some(format!(
            "the extract of provider {id} that stands in was kept before the column was mapped: the provider has to send its own"
        )),
        (None, None, WhenMissing::Last) => Some(format!(
            "take away what provider {id} has sent: its last good extract stands then, where it has one (when_missing = \"last\")"
        )),
        _ => None,
    }
}
